"""How lists fail and watches end, and what may follow: the values between the machine and the rules that it asks."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from kubeloop._kit.value import Value
from kubeloop.errors import CacheError, ServerSilent, Unreadable

__all__ = ["ListFailure", "NextAction", "RecoveryRule", "WatchEnd", "lost_track"]

_VERY_SHORT = 1.0


class NextAction(Enum):
    """What follows a list or a watch that ended."""

    REOPEN = "open the next watch from the last version"
    BACK_OFF_AND_REOPEN = "wait, then open the next watch from the last version"
    RELIST = "list at once, then watch"
    BACK_OFF_AND_RELIST = "wait, then list and watch"
    RAISE = "raise the error"

    @property
    def lists(self) -> bool:
        """Whether a list is next, at once or after a wait."""
        return self in (NextAction.RELIST, NextAction.BACK_OFF_AND_RELIST)

    @property
    def is_immediate(self) -> bool:
        """Whether the next request is sent without a wait."""
        return self in (NextAction.REOPEN, NextAction.RELIST)


class ListFailure(Value, frozen=True):
    """A list that failed.

    Attributes:
        error: What reading a page, or delivering the list, raised.
        version: The resourceVersion that was asked for.
        is_first: Whether no watch has been open yet.
    """

    error: Exception
    version: str
    is_first: bool


class WatchEnd(Value, frozen=True):
    """The end of a watch, or of the attempt to open one.

    Attributes:
        error: What opening the watch, or reading it, raised; None when the server ended it.
        now: The time of the end, in seconds.
        open_seconds: How long the watch was open; None when it could not be opened.
        events: The number of events that it brought.
        can_resume: Whether another watch from the last version brings every change that is not known.
        has_bookmarks: Whether the watch brought a bookmark.
        has_progressed: Whether a watch made progress since the version last expired.
        is_first: Whether no watch has been open yet.
    """

    error: Exception | None
    now: float
    open_seconds: float | None
    events: int
    can_resume: bool
    has_bookmarks: bool
    has_progressed: bool
    is_first: bool

    @property
    def was_open(self) -> bool:
        """Whether the watch had been opened."""
        return self.open_seconds is not None

    @property
    def was_very_short(self) -> bool:
        """Whether the watch was over at once, without a single event."""
        return self.open_seconds is not None and self.open_seconds < _VERY_SHORT and self.events == 0

    @property
    def is_silence(self) -> bool:
        """Whether the open watch ended because no byte came for a long time."""
        return self.was_open and isinstance(self.error, ServerSilent)

    @property
    def is_lost(self) -> bool:
        """Whether silence means that the connection is lost.

        A watch that has brought a bookmark brings one per minute from then on. Before that, silence means nothing: the
        watch cache of the server sends only bookmarks of versions after that of the request, and learns of such a
        version from a change of the resource, or from etcd every ten minutes. Events and most aggregated resources have
        no watch cache, and so no bookmarks at all.

        Reference: apiserver pkg/storage/cacher/cache_watcher.go (process), etcd --watch-progress-notify-interval.
        """
        return self.is_silence and self.has_bookmarks


def lost_track(error: Exception | None) -> bool:
    """Return whether a watch ended because of an event that cannot be assigned to an object.

    Such events may come again and again, so they are no progress.
    """
    return isinstance(error, Unreadable | CacheError)


class RecoveryRule(Protocol):
    """What a consumer of the machine does about failures: `ReopenOrRelist` or `ReopenOrRaise`."""

    @property
    def longest_retry_after(self) -> float:
        """The seconds for which a server may ask to wait; 0 to keep to the back-off."""
        ...

    def after_list(self, failure: ListFailure) -> NextAction:
        """Return what follows a list that failed.

        Returns:
            RELIST lists the newest version at once; the others are BACK_OFF_AND_RELIST and RAISE.
        """
        ...

    def after_watch(self, end: WatchEnd) -> NextAction:
        """Return what follows the end of a watch."""
        ...

    def is_failure(self, end: WatchEnd) -> bool:
        """Return whether the end of a watch is worth a warning, or part of every long watch."""
        ...
