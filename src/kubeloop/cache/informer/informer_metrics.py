"""`InformerMetrics`: the protocol that receives the measurements of informers, and what calls it.

`kubeloop.Metrics` implements it.
Reference: client-go tools/cache/informer_metrics.go, component-base metrics/prometheus/clientgo/fifo. Intended
differences: there is no global provider, and numbers of the present are computed when they are read.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Generator
from typing import NamedTuple, ParamSpec, Protocol

from kubeloop._kit.metrics_guard import MetricsGuard
from kubeloop.cache.informer.informer_statistics import InformerStatistics

__all__ = ["InformerLabels", "InformerMetrics", "InformerRecorder"]

P = ParamSpec("P")


class InformerLabels(NamedTuple):
    """The labels of an informer's metrics; two informers of one process should differ in the name."""

    name: str
    group: str
    version: str
    resource: str


class InformerMetrics(Protocol):
    """Receives the measurements of informers. The calls are synchronous and must be quick.

    An exception loses a measurement and nothing else. The first is logged as an error.
    """

    def informer_created(self, informer: InformerLabels, statistics: Callable[[], InformerStatistics], /) -> None:
        """Record that an informer was created; the bound method `statistics` reads its state at any time.

        A sink that keeps the method should keep a weak reference (`weakref.WeakMethod`).
        """

    def informer_processed(self, informer: InformerLabels, seconds: float, /) -> None:
        """Record how long the store and the plain handlers needed for a change that was taken from the queue."""

    def informer_relisted(self, informer: InformerLabels, reason: str, /) -> None:
        """Record a list after the first; for the reason see `InformerStatistics.relists`."""


class InformerRecorder:
    """Calls the metrics of one informer, or nothing if there are none.

    Args:
        labels: The labels of the informer.
        metrics: Receives the measurements; None if there are none.
    """

    __slots__ = ("_guard", "_labels", "_metrics")

    def __init__(self, labels: InformerLabels, metrics: InformerMetrics | None) -> None:
        self._labels = labels
        self._metrics = metrics
        self._guard = MetricsGuard(labels.name)

    def __repr__(self) -> str:
        return f"<InformerRecorder of {self._labels.name}>"

    def created(self, statistics: Callable[[], InformerStatistics]) -> None:
        """Record a new informer."""
        if self._metrics is not None:
            self._guard(self._metrics.informer_created, self._labels, statistics)

    def relisted(self, reason: str) -> None:
        """Record a list after the first."""
        if self._metrics is not None:
            self._guard(self._metrics.informer_relisted, self._labels, reason)

    def measured(self, process: Callable[P, None]) -> Callable[P, None]:
        """Return a function that also records how long a call takes; the same function if there are no metrics."""
        if self._metrics is None:
            return process

        def measured(*arguments: P.args, **keywords: P.kwargs) -> None:
            with self.measuring():
                process(*arguments, **keywords)

        return measured

    @contextlib.contextmanager
    def measuring(self) -> Generator[None, None, None]:
        """Record how long the block takes, if there are metrics."""
        if self._metrics is None:
            yield
            return
        time = asyncio.get_running_loop().time
        began = time()
        try:
            yield
        finally:
            self._guard(self._metrics.informer_processed, self._labels, time() - began)
