"""`PopLoop`: the task of an informer that applies what its queue holds, in time slices.

`applier`, `store_replacement` and `resync` decide; this waits.
Reference: client-go `tools/cache/controller.go` (`processLoop`), `reflector.go` (`startResync`).
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Generic, TypeVar

from kubeloop._kit.text import safe_text
from kubeloop._kit.waiting import to_the_end
from kubeloop.cache.cached_object import CachedObject
from kubeloop.cache.fifo.delta import DeltaType
from kubeloop.cache.fifo.real_fifo import Bookmark, QueuedDelta, RealFIFO, ReplacedAll
from kubeloop.cache.informer.applier import Applier
from kubeloop.cache.time_slice import in_slices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kubeloop.cache.handlers.processor import HandlerRegistration
    from kubeloop.cache.handlers.shared_processor import SharedProcessor
    from kubeloop.cache.informer.informer_metrics import InformerRecorder
    from kubeloop.cache.informer.resync import ResyncSchedule
    from kubeloop.cache.informer.write_tracker import WriteTracker

__all__ = ["PopLoop"]

T = TypeVar("T", bound=CachedObject)

logger = logging.getLogger(__name__)


class PopLoop(Generic[T]):
    """Applies the changes of a queue in their order, and lets other tasks run after each time slice.

    A change stays in the queue until it is applied. A list is applied completely or not at all: when the loop is
    cancelled before readers see the list, nothing has changed; later, the handlers are notified of all of it before the
    loop ends.

    Args:
        name: The name of the informer, for log lines.
        fifo: The queue.
        applier: Applies the changes.
        processor: Knows whether a handler wants the loop to wait.
        resync: When handlers are resynced.
        recorder: Receives how long each change takes.
        writes: The tasks that wait until the store shows a write, which are woken after each time slice.
        on_sync: Is called when the first list is in the store and plain handlers have seen it.

    Concurrency: loop only; `run` may be cancelled at any time.
    """

    def __init__(
        self,
        name: str,
        fifo: RealFIFO[T],
        applier: Applier[T],
        processor: SharedProcessor[T],
        resync: ResyncSchedule[HandlerRegistration[T]],
        recorder: InformerRecorder,
        writes: WriteTracker[T],
        on_sync: Callable[[], None],
    ) -> None:
        self._name = name
        self._fifo = fifo
        self._applier = applier
        self._processor = processor
        self._resync = resync
        self._recorder = recorder
        self._writes = writes
        self._on_sync = on_sync
        self._busy_since: float | None = None
        self._has_synced = False
        # In the order in which they became due.
        self._due: dict[HandlerRegistration[T], None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<PopLoop of {self._name}: {len(self._fifo)} changes>"

    @property
    def queued(self) -> int:
        """The number of changes that wait."""
        return len(self._fifo)

    def busy_seconds(self, now: float) -> float:
        """Return how long the loop has had changes to apply without a break; 0 if none waits."""
        return 0.0 if self._busy_since is None else now - self._busy_since

    async def run(self) -> None:
        """Apply changes until the queue is closed and empty."""
        try:
            await self._run()
        finally:
            if self._timer is not None:
                self._timer.cancel()

    async def _run(self) -> None:
        fifo, processor, time = self._fifo, self._processor, asyncio.get_running_loop().time
        apply = self._recorder.measured(self._applier.apply)
        while await fifo.wait():
            now = time()
            if self._busy_since is None:
                self._busy_since = now
            deadline = now + processor.time_slice
            while (delta := fifo.peek()) is not None:
                try:
                    if delta.key:
                        fifo.pop()
                        apply(delta)
                    else:
                        with self._recorder.measuring():
                            await self._apply_to_all(delta)
                except Exception:
                    what = safe_text(delta.key) or "all objects"
                    logger.exception("%s: could not process %s of %s", self._name, delta.type, what)
                    if fifo.peek() is delta:
                        fifo.pop()
                if time() >= deadline:
                    break
            if delta is None:
                self._busy_since = None
            if self._writes.is_awaited:
                self._writes.store_changed()
            if fifo.has_synced and not self._has_synced:
                self._has_synced = True
                self._on_sync()
                self._check_later(self._resync.begin(time()))
            await processor.turn()

    async def _apply_to_all(self, delta: QueuedDelta[T]) -> None:
        """Apply a change that is not of one object."""
        applier, content = self._applier, delta.object
        if isinstance(content, ReplacedAll):
            replacement = applier.replacement(content)
            await in_slices(replacement.prepare())
            self._fifo.pop()
            self._writes.store_changed()
            # From here on readers see the list, so the handlers must be notified of all of it.
            steps = replacement.notify(applier.registrations)
            try:
                await self._notify(steps)
            except asyncio.CancelledError:
                await to_the_end(in_slices(steps))
                raise
            return
        self._fifo.pop()
        if delta.type is DeltaType.SYNC_ALL:
            due, self._due = tuple(self._due), {}
            await self._notify(applier.resync(due))
        elif isinstance(content, Bookmark):
            applier.bookmark(content)

    async def _notify(self, steps: Iterator[None]) -> None:
        """Do all steps; after each time slice other tasks run, and a handler that is full is waited for."""
        processor, time = self._processor, asyncio.get_running_loop().time
        deadline = time() + processor.time_slice
        for _ in steps:
            if time() >= deadline:
                await processor.turn()
                deadline = time() + processor.time_slice

    def _check_resync(self) -> None:
        due, check_at = self._resync.check(asyncio.get_running_loop().time())
        if due:
            self._due.update(dict.fromkeys(due))
            self._fifo.resync()
        self._check_later(check_at)

    def _check_later(self, when: float | None) -> None:
        if when is not None:
            self._timer = asyncio.get_running_loop().call_at(when, self._check_resync)
