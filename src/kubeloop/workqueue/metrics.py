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

import logging
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MetricsSink", "QueueMetrics", "UnfinishedWork"]

T = TypeVar("T")

logger = logging.getLogger(__name__)


class MetricsSink(Protocol):
    """Takes the numbers of queues; `queue` is the queue's name. Called in line: it must be quick.

    What it raises costs a number and no item: it is logged, the first time as an error.
    """

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
    """Turns what happens to a queue's items into numbers.

    Args:
        name: the queue's.
        sink: takes the numbers; what it raises is logged.
        now: the clock; None while it does not run yet, or no longer, which leaves out the times of what happens then.
    """

    def __init__(self, name: str, sink: MetricsSink, now: Callable[[], float | None]) -> None:
        self._name = name
        self._sink = sink
        self._now = now
        self._has_failed = False
        self._added: dict[T, float] = {}
        self._taken: dict[T, float] = {}

    def added(self, item: T) -> None:
        self._tell(self._sink.added)
        self._tell(self._sink.depth, 1)
        now = self._now()
        if now is not None:
            self._added.setdefault(item, now)

    def taken(self, item: T) -> None:
        now = self._now()
        added = self._added.pop(item, None)
        if now is not None:
            self._taken[item] = now
        self._tell(self._sink.depth, -1)
        if now is not None and added is not None:
            self._tell(self._sink.waited, now - added)

    def finished(self, item: T) -> None:
        now = self._now()
        taken = self._taken.pop(item, None)
        if now is not None and taken is not None:
            self._tell(self._sink.worked, now - taken)

    def retried(self) -> None:
        self._tell(self._sink.retried)

    def unfinished_work(self) -> UnfinishedWork:
        now = self._now()
        ages = [] if now is None else [now - taken for taken in self._taken.values()]
        return UnfinishedWork(sum(ages), max(ages, default=0.0))

    def _tell(self, number: Callable[..., object], *arguments: float) -> None:
        try:
            number(self._name, *arguments)
        except Exception:
            level = logging.DEBUG if self._has_failed else logging.ERROR
            self._has_failed = True
            logger.log(level, "the metrics sink of the work queue %r failed", self._name, exc_info=True)
