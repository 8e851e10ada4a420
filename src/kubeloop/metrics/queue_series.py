"""`QueueSeries`: what is counted for work queues, under the names of component-base's metrics/prometheus/workqueue.

`workqueue_depth_by_priority` is kubeloop's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kubeloop._kit.metric_family import Counter, Gauge, Histogram, MetricFamily
from kubeloop._kit.weak_methods import WeakMethods

if TYPE_CHECKING:
    from kubeloop.workqueue.queue_metrics import UnfinishedWork

__all__ = ["QueueSeries"]

_MOST_PRIORITIES = 25


def _exponential(start: float, factor: float, count: int) -> tuple[float, ...]:
    """Return buckets as component-base computes them, with the same rounding."""
    bounds: list[float] = []
    for _ in range(count):
        bounds.append(start)
        start *= factor
    return tuple(bounds)


_QUEUE_SECONDS = _exponential(10e-9, 10, 10)


class QueueSeries:
    """The series of queues; implements the protocol `MetricsSink`.

    What a queue has now is shown until the last queue of its name has ended. What was counted stays, as in Prometheus,
    so the names of queues should be few.
    """

    def __init__(self) -> None:
        self._queues: WeakMethods[str, UnfinishedWork] = WeakMethods()
        by_name = ("name",)
        self._depth = Gauge("workqueue_depth", "Items that wait in the queue.", by_name)
        self._depth_by_priority = Gauge(
            "workqueue_depth_by_priority", "Items that wait in the priority queue.", ("name", "priority")
        )
        self._priorities: dict[str, set[int]] = {}
        self._adds = Counter("workqueue_adds_total", "Items that were added to the queue.", by_name)
        self._waits = Histogram(
            "workqueue_queue_duration_seconds", "Seconds that items waited in the queue.", _QUEUE_SECONDS, by_name
        )
        self._works = Histogram(
            "workqueue_work_duration_seconds", "Seconds that workers had an item.", _QUEUE_SECONDS, by_name
        )
        self._unfinished = Gauge(
            "workqueue_unfinished_work_seconds", "Seconds that all workers have had their current items.", by_name
        )
        self._longest = Gauge(
            "workqueue_longest_running_processor_seconds",
            "Seconds that the slowest worker has had its current item.",
            by_name,
        )
        self._queue_retries = Counter("workqueue_retries_total", "Items that were added with a delay.", by_name)

    def queue_families(self) -> tuple[MetricFamily, ...]:
        """Return the metrics with their samples at this time."""
        self._forget_dead()
        unfinished: dict[tuple[str, ...], float] = {}
        longest: dict[tuple[str, ...], float] = {}
        for name, readers in self._queues.alive():
            works = [read() for read in readers]
            unfinished[name,] = sum(work.total_seconds for work in works)
            longest[name,] = max(work.longest_seconds for work in works)
        self._unfinished.replace_all(unfinished)
        self._longest.replace_all(longest)
        return tuple(
            metric.collect()
            for metric in (
                self._depth,
                self._depth_by_priority,
                self._adds,
                self._waits,
                self._works,
                self._unfinished,
                self._longest,
                self._queue_retries,
            )
        )

    def _forget_dead(self) -> None:
        for name in self._queues.remove_dead():
            self._depth.remove(name)
            self._depth_by_priority.remove(name)
            self._priorities.pop(name, None)

    # The protocol `MetricsSink`.

    def created(self, queue: str, unfinished_work: Callable[[], UnfinishedWork], /) -> None:
        """Record a new queue, which does not live longer because of that."""
        self._forget_dead()
        self._queues.add(queue, unfinished_work)

    def depth(self, queue: str, change: int, priority: int | None = None, /) -> None:
        """Record that the number of queued items changed by +1 or -1.

        A queue has samples of at most 25 priorities; all others are counted together, as in controller-runtime.
        """
        self._depth.add(change, queue)
        if priority is not None:
            known = self._priorities.setdefault(queue, set())
            if len(known) < _MOST_PRIORITIES:
                known.add(priority)
            label = str(priority) if priority in known else "exceeded_cardinality_limit"
            self._depth_by_priority.add(change, queue, label)

    def added(self, queue: str, /) -> None:
        """Record that an item was added."""
        self._adds.increment(queue)

    def waited(self, queue: str, seconds: float, /) -> None:
        """Record the waiting time of an item."""
        self._waits.observe(seconds, queue)

    def worked(self, queue: str, seconds: float, /) -> None:
        """Record the working time of an item."""
        self._works.observe(seconds, queue)

    def retried(self, queue: str, /) -> None:
        """Record that an item was added with a delay."""
        self._queue_retries.increment(queue)
