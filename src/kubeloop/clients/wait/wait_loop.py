"""The loop of a wait: it reads a list and then one watch, and reports both to the machine.

What a list or an event means is decided in `wait_machine`, and what follows a failure in `listwatch.relist_or_raise`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from kubeloop._kit import waiting
from kubeloop.clients.resuming_watch import ResumingWatch
from kubeloop.clients.wait.wait_machine import WholeList
from kubeloop.errors import RequestTimeout
from kubeloop.listwatch.relist_or_raise import RelistOrRaise

if TYPE_CHECKING:
    from kubeloop.clients.resource_endpoint import ResourceEndpoint
    from kubeloop.clients.wait.wait_machine import WaitMachine
    from kubeloop.wire.options import WatchOptions
    from kubeloop.wire.watch_events import UnreadableEvent, WatchEvent

__all__ = ["WaitLoop", "whole_list"]

T = TypeVar("T")


class WaitLoop(Generic[T]):
    """Runs one machine on the objects of one resource in one namespace, or in all namespaces.

    Args:
        endpoint: The collection.
        machine: Decides.
        selection: The selectors of the wait, which choose the objects.

    Attributes:
        endpoint: The collection.
        machine: The machine.
        last_error: Why the server could not be read when the time was over; None if it could be read.
    """

    def __init__(self, endpoint: ResourceEndpoint[T], machine: WaitMachine[T], selection: WatchOptions) -> None:
        self.endpoint = endpoint
        self.machine = machine
        self.last_error: Exception | None = None
        self._selection = selection

    async def run(self, deadline: float | None, *, reads_once: bool = False) -> None:
        """Read until the machine is done, or the deadline has passed.

        Args:
            deadline: The time of the event loop at which the wait ends; None for never.
            reads_once: Whether only one list is read.

        Raises:
            NotFound: An object does not exist, or was deleted.
            APIError: The first list failed, or reading was refused for good.
            TransportError: The server could not be reached for the first list.
        """
        has_listed = False
        while not self.machine.is_done:
            left = None if deadline is None else deadline - waiting.now()
            if left is not None and left <= 0:
                return
            selection, is_selected = self._selection_now()
            watch = ResumingWatch(
                self.endpoint,
                {**selection, "timeout": left},
                rule=RelistOrRaise(has_listed=has_listed),
                events_of_pages=whole_list,
            )
            try:
                async with watch:
                    if not await self._follow(watch, is_selected=is_selected, reads_once=reads_once):
                        self.last_error = watch.last_error
                        return
            except RequestTimeout:
                if deadline is None or waiting.now() < deadline:
                    raise
                self.last_error = watch.last_error
                return
            has_listed = True

    async def _follow(self, watch: ResumingWatch[T], *, is_selected: bool, reads_once: bool) -> bool:
        """Report what a watch yields until the machine needs no more of it; return False if the time is over."""
        while not self.machine.is_done and not (is_selected and self.machine.must_widen):
            # No variable holds the batch, which can be a large list, while this waits for the next one.
            if not self._report(await watch.batch(), is_selected) or reads_once:
                return False
        return True

    def _report(self, batch: Sequence[WatchEvent[T] | UnreadableEvent], is_selected: bool) -> bool:
        """Report a list or events to the machine; return False for an empty batch."""
        if not batch:
            return False
        # With `events_of_pages`, a list arrives as a WholeList, alone in its batch.
        first: object = batch[0]
        if isinstance(first, WholeList):
            self.machine.listed(cast("WholeList[T]", first), is_selected=is_selected)
        else:
            self.machine.changed(batch, is_selected=is_selected)
        return True

    def _selection_now(self) -> tuple[WatchOptions, bool]:
        """Return the selectors of the next list and watch, and whether they are those of the wait."""
        name = self.machine.only_name
        if name:
            # The server can watch one name for less, and a user may be permitted to read this name only.
            return {"field_selector": f"metadata.name={name}"}, False
        is_selected = bool(self._selection) and not self.machine.must_widen
        return (self._selection if is_selected else {}), is_selected


def whole_list(pages: Sequence[Any]) -> list[Any]:
    """Return what a watch yields for the pages of a list: one `WholeList`."""
    unreadable = {key: error for page in pages for key, error in page.unreadable.items()}
    return [WholeList((item for page in pages for item in page.items), unreadable)]
