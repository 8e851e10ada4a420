"""Measurements of a queue: depth, additions, waiting and working times, retries and unfinished work.

`kubeloop.Metrics` is a `MetricsSink`; another one adapts a metrics library.
Reference: client-go util/workqueue/metrics.go. Intended differences: unfinished work is computed when it is read
(`WorkQueue.unfinished_work`) instead of twice per second by a task, and there is no global provider.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

from kubeloop._kit.metrics_guard import MetricsGuard

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MetricsSink", "QueueMetrics", "UnfinishedWork"]

T = TypeVar("T")


class MetricsSink(Protocol):
    """Receives the measurements of queues; `queue` is the queue's name. The calls are synchronous and must be quick.

    Kubernetes exports these as `workqueue_depth`, `workqueue_adds_total`, `workqueue_queue_duration_seconds`,
    `workqueue_work_duration_seconds`, `workqueue_retries_total`, and from `WorkQueue.unfinished_work`
    `workqueue_unfinished_work_seconds` and `workqueue_longest_running_processor_seconds`, with the name as a label.

    An exception of a sink loses a measurement and no item. The first is logged as an error.
    """

    def created(self, queue: str, unfinished_work: Callable[[], UnfinishedWork], /) -> None:
        """Record that a queue was created; the bound method `unfinished_work` reads its unfinished work at any time.

        A sink that keeps the method should keep a weak reference (`weakref.WeakMethod`).
        """

    def depth(self, queue: str, change: int, priority: int | None = None, /) -> None:
        """Record that the number of queued items changed by +1 or -1.

        A `PriorityQueue` also passes the priority; an item that is raised leaves one priority (-1) for another (+1).
        """

    def added(self, queue: str, /) -> None:
        """Record that an item was added that was not queued yet."""

    def waited(self, queue: str, seconds: float, /) -> None:
        """Record that an item was taken, with its waiting time."""

    def worked(self, queue: str, seconds: float, /) -> None:
        """Record that a worker is done with an item, with its working time."""

    def retried(self, queue: str, /) -> None:
        """Record that an item was added with a delay."""


class UnfinishedWork(NamedTuple):
    """How long all workers together, and the slowest worker, have had their current items."""

    total_seconds: float
    longest_seconds: float


class QueueMetrics(Generic[T]):
    """Converts the events of a queue's items into measurements.

    Args:
        name: The name of the queue.
        sink: Receives the measurements. Its exceptions are logged.
        now: Returns the time in seconds, or None while no loop runs; times are not measured then.

    Attributes:
        priority: Returns the priority of an item that was added or taken; None for a queue without priorities.
    """

    def __init__(self, name: str, sink: MetricsSink, now: Callable[[], float | None]) -> None:
        self._name = name
        self._sink = sink
        self._now = now
        self._tell = MetricsGuard(f"work queue {name!r}")
        self._added: dict[T, float] = {}
        self._taken: dict[T, float] = {}
        self.priority: Callable[[T], int] | None = None
        self._tell(sink.created, name, self.unfinished_work)

    def added(self, item: T) -> None:
        """Record that an item was queued, or was added while a worker has it."""
        self._tell(self._sink.added, self._name)
        self._change_depth(item, 1)
        now = self._now()
        if now is not None:
            self._added.setdefault(item, now)

    def taken(self, item: T) -> None:
        """Record that a worker took an item."""
        now = self._now()
        added = self._added.pop(item, None)
        if now is not None:
            self._taken[item] = now
        self._change_depth(item, -1)
        if now is not None and added is not None:
            self._tell(self._sink.waited, self._name, now - added)

    def finished(self, item: T) -> None:
        """Record that a worker is done with an item."""
        now = self._now()
        taken = self._taken.pop(item, None)
        if now is not None and taken is not None:
            self._tell(self._sink.worked, self._name, now - taken)

    def raised(self, former: int, priority: int) -> None:
        """Record that a queued item has another priority."""
        self._tell(self._sink.depth, self._name, -1, former)
        self._tell(self._sink.depth, self._name, 1, priority)

    def retried(self) -> None:
        """Record that an item was added with a delay."""
        self._tell(self._sink.retried, self._name)

    def unfinished_work(self) -> UnfinishedWork:
        """Return how long workers have had their current items, in seconds."""
        now = self._now()
        ages = [] if now is None else [now - taken for taken in self._taken.values()]
        return UnfinishedWork(sum(ages), max(ages, default=0.0))

    def _change_depth(self, item: T, change: int) -> None:
        if self.priority is None:
            self._tell(self._sink.depth, self._name, change)
        else:
            self._tell(self._sink.depth, self._name, change, self.priority(item))
