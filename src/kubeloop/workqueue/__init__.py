"""Work queues with client-go's semantics: one worker per item, deduplication, delays and rate-limited retries.

Parts: `item_states`, `delay_heap` and `priority_order` contain the rules, without a loop; `queue`, `delaying` and
`priority_queue` wait; `limiters` and `item_backoff` compute delays; `queue_metrics` measures; `parallelizer` needs no
queue. Items are usually keys (`kubeloop.object_key(obj)`).
Reference: client-go util/workqueue, util/flowcontrol; controller-runtime pkg/controller/priorityqueue.
"""

from __future__ import annotations

from kubeloop.workqueue.delaying import DelayingQueue, RateLimitingQueue
from kubeloop.workqueue.item_backoff import ItemBackoff
from kubeloop.workqueue.item_states import Order
from kubeloop.workqueue.limiters import (
    BucketRateLimiter,
    ItemExponentialFailureRateLimiter,
    ItemFastSlowRateLimiter,
    MaxOfRateLimiter,
    RateLimiter,
    WithMaxWaitRateLimiter,
    default_controller_rate_limiter,
    default_item_based_rate_limiter,
)
from kubeloop.workqueue.parallelizer import parallelize
from kubeloop.workqueue.priority_queue import LOW_PRIORITY, PriorityQueue
from kubeloop.workqueue.queue import WorkQueue
from kubeloop.workqueue.queue_metrics import MetricsSink, UnfinishedWork

__all__ = [
    "LOW_PRIORITY",
    "BucketRateLimiter",
    "DelayingQueue",
    "ItemBackoff",
    "ItemExponentialFailureRateLimiter",
    "ItemFastSlowRateLimiter",
    "MaxOfRateLimiter",
    "MetricsSink",
    "Order",
    "PriorityQueue",
    "RateLimiter",
    "RateLimitingQueue",
    "UnfinishedWork",
    "WithMaxWaitRateLimiter",
    "WorkQueue",
    "default_controller_rate_limiter",
    "default_item_based_rate_limiter",
    "parallelize",
]
