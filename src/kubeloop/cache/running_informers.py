"""`RunningInformers`: the informers of a factory, started and stopped together; the life cycle of `factory`.

Reference: client-go `informers/factory.go` (Start, WaitForCacheSync, Shutdown).
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Self

from kubeloop._kit.durations import in_seconds
from kubeloop._kit.tasks import cancel_and_wait
from kubeloop.cache.informer.shared_informer import SharedInformer
from kubeloop.cache.informer_scope import InformerScope
from kubeloop.errors import NotSynced

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["RunningInformers"]

logger = logging.getLogger(__name__)


class RunningInformers:
    """Informers by scope, and the tasks that run them.

    Concurrency: loop only.
    """

    def __init__(self) -> None:
        self._informers: dict[InformerScope, SharedInformer[Any]] = {}
        self._tasks: dict[SharedInformer[Any], asyncio.Task[None]] = {}
        self._is_started = False
        self._is_shut_down = False

    @property
    def informers(self) -> tuple[SharedInformer[Any], ...]:
        """The informers of the factory, in the order in which they were first asked for."""
        return tuple(self._informers.values())

    def start(self) -> None:
        """Start the informers that are not running; entering the `async with` block does this.

        Raises:
            RuntimeError: There is no running loop, or the factory has been shut down.
        """
        if self._is_shut_down:
            raise RuntimeError("the factory has been shut down; create another one")
        asyncio.get_running_loop()
        self._is_started = True
        for informer in self._informers.values():
            self._start(informer)

    async def wait_for_cache_sync(self, *, timeout: float | None = None) -> None:
        """Wait until every informer of the factory has synced and its plain handlers have seen all objects.

        Args:
            timeout: Seconds; None waits as long as it takes.

        Raises:
            NotSynced: An informer has not synced in time, or has stopped. The message names each of them, with its last
                error or what it waits for.
            RuntimeError: The factory has not been started.

        Concurrency: safe to cancel.

        Reference: client-go `SharedInformerFactory.WaitForCacheSync`; without polling.
        """
        if not self._is_started:
            raise RuntimeError("the factory has not been started: use it as `async with factory:`")
        waited_for = [*self._informers.values()]
        try:
            async with asyncio.timeout(timeout):
                for informer in waited_for:
                    await informer.wait_until_settled()
        except TimeoutError:
            why = f"within {in_seconds(timeout)}" if timeout is not None else "in time"
        else:
            why = "before they stopped"
        missing = [informer for informer in waited_for if not informer.has_synced]
        if missing:
            names = ", ".join(
                f"{informer.name} ({informer.last_error})" if informer.last_error else informer.name
                for informer in missing
            )
            raise NotSynced(f"informers have not synced {why}: {names}")

    async def stop(self, informer: SharedInformer[Any]) -> None:
        """Stop one informer and wait until its tasks have ended; the other informers keep running.

        The factory forgets the informer at once: the next call for the same objects creates a new informer, which lists
        them again. The store of the stopped informer stays readable as it is then, and its handlers are not called any
        more. Stopping an informer again does nothing.

        Raises:
            BaseException: What the informer ended with, if not with this stop.
            ValueError: The informer is not one of this factory.
            RuntimeError: Called from within an async event handler of the informer, whose end it would wait for.

        Concurrency: when the call is cancelled, the tasks have ended all the same.

        Reference: controller-runtime `cache.Informers.RemoveInformer`; client-go stops the informers of a factory only
        together.
        """
        scope = next((scope for scope, known in self._informers.items() if known is informer), None)
        if scope is None and informer not in self._tasks:
            if informer.is_stopped:
                return
            raise ValueError(f"{informer!r} is not an informer of this factory")
        _refuse_in_handler(informer, "stop()")
        if scope is not None:
            del self._informers[scope]
        task = self._tasks.get(informer)
        try:
            if task is not None:
                await cancel_and_wait(task)
        finally:
            self._tasks.pop(informer, None)
            informer.retire()

    async def shutdown(self) -> None:
        """Stop all informers and wait until their tasks have ended; another call waits for that too.

        Raises:
            BaseException: What an informer ended with, if not with this stop; the first call raises it.
            RuntimeError: Called from within an async event handler of one of the informers, whose end it would wait
                for. Let the handler tell the program to stop, for instance by an `asyncio.Event`. A handler that waits
                for another task which calls this, as `asyncio.wait_for` creates one before Python 3.12, is not noticed:
                both wait for ever.

        Concurrency: when the first call is cancelled, the tasks have ended all the same.
        """
        informers = (*self._informers.values(), *self._tasks)
        for informer in informers:
            _refuse_in_handler(informer, "shutdown()")
        is_first, self._is_shut_down = not self._is_shut_down, True
        if is_first:
            try:
                await cancel_and_wait(*self._tasks.values())
            finally:
                self._tasks.clear()  # A cancelled task keeps a reference to everything that it used.
                for informer in informers:
                    informer.retire()
        elif pending := [task for task in self._tasks.values() if not task.done()]:
            await asyncio.wait(pending)

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.shutdown()
        except Exception:
            if error is None:
                raise
            # The exception of the block is the one that the caller must see.
            logger.exception("an informer had failed before the factory was shut down")

    def _add(self, scope: InformerScope, informer: SharedInformer[Any]) -> None:
        """Add an informer, and start it if the others have started."""
        self._informers[scope] = informer
        if self._is_started:
            self._start(informer)

    def _start(self, informer: SharedInformer[Any]) -> None:
        if informer not in self._tasks:
            task = asyncio.get_running_loop().create_task(informer.run(), name=f"informer of {informer.name}")
            task.add_done_callback(_report_end)
            self._tasks[informer] = task


def _refuse_in_handler(informer: SharedInformer[Any], call: str) -> None:
    if informer.is_in_handler():
        raise RuntimeError(
            f"{call} was called from within an event handler of {informer.name}, whose end it would wait for; "
            "let the handler tell the program to stop, for instance by an asyncio.Event"
        )


def _report_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("%s has failed and no longer follows the server", task.get_name(), exc_info=error)
