"""What can be measured of a queue: depth, additions, waiting and working times, retries, unfinished work.

A `MetricsSink` is where the numbers go: a few lines around any metrics library. kubeloop exports nothing by itself.
The names under which Kubernetes exports them are `workqueue_depth`, `workqueue_adds_total`,
`workqueue_queue_duration_seconds`, `workqueue_work_duration_seconds`, `workqueue_retries_total`,
`workqueue_unfinished_work_seconds` and `workqueue_longest_running_processor_seconds`, each with the queue's name as a
label.

Reference: client-go util/workqueue/metrics.go. Intended difference: unfinished work is computed when it is asked for
(`WorkQueue.unfinished_work`, at scrape time) instead of twice a second by a task; and there is no global provider.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MetricsSink", "QueueMetrics", "UnfinishedWork"]

T = TypeVar("T")


class MetricsSink(Protocol):
    """Takes the numbers of queues; `queue` is the queue's name. Called in line: it must be quick and must not raise."""

    def depth(self, queue: str, change: int, /) -> None:
        """The number of items to be worked on changed by one: +1 or -1."""

    def added(self, queue: str, /) -> None:
        """An item was added that was not yet due to be worked on."""

    def waited(self, queue: str, seconds: float, /) -> None:
        """An item was taken, this long after it was added."""

    def worked(self, queue: str, seconds: float, /) -> None:
        """A worker is done with an item that it had for this long."""

    def retried(self, queue: str, /) -> None:
        """An item was added with a delay."""


class UnfinishedWork(NamedTuple):
    """The work that is under way: how long all workers together, and the slowest one, have had their present items."""

    total_seconds: float
    longest_seconds: float


class QueueMetrics(Generic[T]):
    """Turns what happens to a queue's items into numbers; reads time from `now`."""

    def __init__(self, name: str, sink: MetricsSink, now: Callable[[], float]) -> None:
        self._name = name
        self._sink = sink
        self._now = now
        self._added: dict[T, float] = {}
        self._taken: dict[T, float] = {}

    def added(self, item: T) -> None:
        self._sink.added(self._name)
        self._sink.depth(self._name, 1)
        self._added.setdefault(item, self._now())

    def taken(self, item: T) -> None:
        now = self._now()
        self._sink.depth(self._name, -1)
        self._taken[item] = now
        added = self._added.pop(item, None)
        if added is not None:
            self._sink.waited(self._name, now - added)

    def finished(self, item: T) -> None:
        taken = self._taken.pop(item, None)
        if taken is not None:
            self._sink.worked(self._name, self._now() - taken)

    def retried(self) -> None:
        self._sink.retried(self._name)

    def unfinished_work(self) -> UnfinishedWork:
        now = self._now()
        ages = [now - taken for taken in self._taken.values()]
        return UnfinishedWork(sum(ages), max(ages, default=0.0))
