"""The streaming list: a watch that begins with the objects that exist, and what follows one that ends too early.

Reference: KEP-3157 (WatchList); client-go `tools/cache.Reflector.watchList`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop.errors import ConnectError, RequestTimeout, TooManyRequests, TransportError
from kubeloop.listwatch.resource_versions import NEWEST, lacks_version
from kubeloop.listwatch.watch_end import NextAction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubeloop.listwatch.watch_end import WatchEnd

__all__ = ["INITIAL_EVENTS_SILENCE", "StreamingList", "ends_initial_events"]

INITIAL_EVENTS_SILENCE = 10.0
"""Seconds without an event after which a streaming list is given up; client-go only logs a warning then."""

_INITIAL_EVENTS_END = "k8s.io/initial-events-end"


def ends_initial_events(annotations: Mapping[str, str] | None) -> bool:
    """Return whether a bookmark with these annotations is the end of a streaming list."""
    return annotations is not None and annotations.get(_INITIAL_EVENTS_END) == "true"


class StreamingList:
    """Decides whether the next list is streamed, and what follows a stream that did not bring the whole list.

    A list that cannot be streamed is read in pages, until one was delivered; the next list is streamed again. A server
    that opens the watch and never sends the bookmark does not know the parameter: from then on all lists have pages.

    Args:
        is_supported: Whether the consumer can stream a list.

    Reference: client-go `tools/cache.Reflector.watchList`. Intended differences: there a server that never sends the
        bookmark is waited for without a limit, and a stream that is cut again and again is opened again and again.
    """

    __slots__ = ("_is_supported", "_reads_pages", "_was_cut")

    def __init__(self, *, is_supported: bool) -> None:
        self._is_supported = is_supported
        self._reads_pages = False
        self._was_cut = False

    @property
    def is_next(self) -> bool:
        """Whether the next list is streamed."""
        return self._is_supported and not self._reads_pages

    def delivered(self) -> None:
        """Record that a list was delivered, streamed or not."""
        self._reads_pages = self._was_cut = False

    def ended(self, end: WatchEnd, version: str) -> NextAction:
        """Record the end of a stream before its bookmark, and return what follows.

        Args:
            end: The end of the watch, or of the attempt to open it.
            version: The version that was asked for.

        Returns:
            RELIST or BACK_OFF_AND_RELIST; `is_next` then shows whether the list is streamed.
        """
        error = end.error
        if isinstance(error, ConnectError | TooManyRequests):
            return NextAction.BACK_OFF_AND_RELIST
        if end.was_open and isinstance(error, RequestTimeout):
            self._is_supported = False
        elif version != NEWEST and lacks_version(error):
            pass  # The caller asks for the newest version instead.
        elif _was_cut(end) and not self._was_cut:
            self._was_cut = True
        else:
            self._reads_pages = True
        return NextAction.RELIST


def _was_cut(end: WatchEnd) -> bool:
    """Return whether an open stream ended without a reason: by the server, or because the connection broke."""
    is_cut = end.error is None or isinstance(end.error, TransportError)
    return end.was_open and is_cut and not end.was_very_short
