"""Work queues with client-go's semantics: one worker an item, repeats collapse, failures wait.

    queue: RateLimitingQueue[str] = RateLimitingQueue()
    queue.add("default/web-0")                  # from handlers: a plain call, in microseconds
    while (item := await queue.get()) is not None:
        try:
            await reconcile(item)
            queue.forget(item)
        except Exception:
            queue.add_rate_limited(item)
        finally:
            queue.done(item)

`ledger` and `delays` hold the rules, without a loop; `queue` and `delaying` the waiting; `limiters` say how long;
`metrics` what to measure. `parallelize` needs no queue. Items are most often keys (`kubeloop.object_key(obj)`), but
anything hashable goes.

Reference: client-go util/workqueue.
"""

from __future__ import annotations

from kubeloop.workqueue.delaying import DelayingQueue, RateLimitingQueue
from kubeloop.workqueue.ledger import Order
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
from kubeloop.workqueue.metrics import MetricsSink, UnfinishedWork
from kubeloop.workqueue.parallelizer import parallelize
from kubeloop.workqueue.queue import WorkQueue

__all__ = [
    "BucketRateLimiter",
    "DelayingQueue",
    "ItemExponentialFailureRateLimiter",
    "ItemFastSlowRateLimiter",
    "MaxOfRateLimiter",
    "MetricsSink",
    "Order",
    "RateLimiter",
    "RateLimitingQueue",
    "UnfinishedWork",
    "WithMaxWaitRateLimiter",
    "WorkQueue",
    "default_controller_rate_limiter",
    "default_item_based_rate_limiter",
    "parallelize",
]
