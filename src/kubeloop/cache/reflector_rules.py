"""What a reflector does next: the decisions, without a loop, a clock or a network.

Here live the rules which resourceVersion a list and a watch start from, when a list is paged, how long a watch may
last, what the end of a watch or a refused watch leads to and after which pause, and when an event's version may be
remembered. `reflector` asks them and acts.

The meanings that the rules turn on: a list at `"0"` may answer anything that the server has cached, at a version
nothing older than that, at `""` the newest, read from etcd itself. A watch from `""` or `"0"` begins with made-up ADDED
events in any order, so their versions say nothing about what has been seen.

Reference: client-go `tools/cache/reflector.go`, `retry_with_deadline.go`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import Enum

from kubeloop._kit.backoff import Backoff
from kubeloop.errors import (
    APIError,
    CacheError,
    ConnectError,
    Expired,
    GatewayTimeout,
    Gone,
    InternalError,
    ServerSilent,
    TooManyRequests,
    TransportError,
    Unreadable,
)

__all__ = [
    "AfterWatch",
    "InternalErrorRetry",
    "ListRules",
    "Pace",
    "VersionRule",
    "after_watch",
    "can_resume",
    "is_expired",
    "is_failure",
    "is_lost",
    "is_retriable_refusal",
    "is_too_large_resource_version",
    "lost_track",
    "was_very_short",
    "watch_timeout_seconds",
]

DEFAULT_PAGE_SIZE = 500
MIN_WATCH_TIMEOUT = 300.0
BACKOFF_INITIAL = 0.8
BACKOFF_FACTOR = 2.0
BACKOFF_CAP = 30.0
BACKOFF_JITTER = 1.0
LEAST_BETWEEN_WATCHES = 1.0
VERY_SHORT_WATCH = 1.0
INTERNAL_ERROR_RESET = 60.0
TOO_LARGE_CAUSE = "ResourceVersionTooLarge"
TOO_LARGE_MESSAGE = "Too large resource version"


class AfterWatch(Enum):
    """What follows the end of a watch."""

    REWATCH = "open the next watch from the last version"
    BACK_OFF = "wait, then open the next watch from the last version"
    RELIST = "list at once and watch again"
    BACK_OFF_AND_RELIST = "wait, then list and watch again"


@dataclass(slots=True)
class ListRules:
    """What is remembered from one list to the next.

    Attributes:
        last_version: the resourceVersion of the last list or event, `""` before the first.
        is_unavailable: the server could not answer at `last_version`: read the newest instead.
        is_paginated: a list at `"0"` came in pages, so there is no watch cache that full lists would spare.
    """

    last_version: str = ""
    is_unavailable: bool = False
    is_paginated: bool = False

    def list_version(self) -> str:
        """Return the resourceVersion for the next list."""
        if self.is_unavailable:
            return ""
        return self.last_version or "0"

    def page_size(self, resource_version: str, explicit: int | None = None) -> int:
        """Return the objects a page, 0 for an unpaged list.

        A limit on a list at a version would bypass the server's watch cache and go to etcd; at `"0"` it is ignored.
        """
        if explicit is not None:
            return explicit
        if not self.is_paginated and resource_version not in ("", "0"):
            return 0
        return DEFAULT_PAGE_SIZE

    def should_list_again(self, error: Exception) -> bool:
        """Say if a failed list is to be repeated at once with the newest version, and remember that."""
        if is_expired(error) or is_too_large_resource_version(error):
            self.is_unavailable = True
            return True
        return False

    def listed(self, asked_version: str, answered_version: str, *, paginated: bool) -> None:
        """Take note of a list that succeeded."""
        if asked_version == "0" and paginated:
            self.is_paginated = True
        self.is_unavailable = False
        self.last_version = answered_version


class VersionRule:
    """Says which events of one watch move the version that was last seen."""

    __slots__ = ("_in_order",)

    def __init__(self, start_version: str) -> None:
        self._in_order = can_resume(start_version)

    def moves(self, event_type: str) -> bool:
        """Say if an event's version may be remembered: not those of the made-up ADDED events at the start."""
        if not self._in_order and event_type != "ADDED":
            self._in_order = True
        return self._in_order


class InternalErrorRetry:
    """For how long a watch that ends with an internal error is just opened again.

    Args:
        window: seconds since the first such error; 0 for never.

    Reference: client-go `tools/cache.RetryWithDeadline`.
    """

    __slots__ = ("_first", "_last", "_window")

    def __init__(self, window: float) -> None:
        self._window = window
        self._first: float | None = None
        self._last: float | None = None

    def after(self, error: Exception | None, now: float) -> None:
        """Take note of how a watch ended."""
        if isinstance(error, InternalError):
            if self._last is None or now - self._last >= INTERNAL_ERROR_RESET:
                self._first = None
            if self._first is None:
                self._first = now
            self._last = now

    def should_retry(self, now: float) -> bool:
        """Say if the window is still open."""
        if self._window <= 0 or self._first is None:
            return False
        if now - self._first <= self._window:
            return True
        self._first = self._last = None
        return False


class Pace:
    """How fast a reflector may go on: every loop is slowed down by time, whatever its watches end with.

    Failed lists and troubled watches have a back-off each. A list that is answered resets that of lists. A watch resets
    that of watches if it made progress: it delivered an event or a bookmark, or it stayed open for as long as the next
    delay. So a server that answers lists and refuses watches is not listed every second, and failures far apart do not
    add up to long delays. Between two openings of a watch there is always a least time.

    Args:
        rng: the source of chance.

    Reference: client-go `tools/cache.Reflector` (`delayHandler`). Intended difference: there the delay is reset every
    two minutes, whatever happened, and watches that end right after an event follow each other without a pause.
    """

    __slots__ = ("_has_progressed", "_lists", "_opened", "_watches")

    def __init__(self, rng: random.Random) -> None:
        self._lists, self._watches = (
            Backoff(BACKOFF_INITIAL, factor=BACKOFF_FACTOR, cap=BACKOFF_CAP, jitter=BACKOFF_JITTER, random=rng)
            for _ in range(2)
        )
        self._has_progressed = False
        self._opened: float | None = None

    def listed(self) -> None:
        """Record that a list was answered."""
        self._lists.reset()

    def after_failed_list(self, now: float) -> float:
        """Return the seconds to wait before the next list."""
        return self._lists.next(now)

    def before_watch(self, now: float) -> float:
        """Return the seconds to wait before the next watch may be opened."""
        return 0.0 if self._opened is None else max(0.0, self._opened + LEAST_BETWEEN_WATCHES - now)

    def opening(self, now: float) -> None:
        """Record that a watch is being opened."""
        self._opened = now

    def watched(self, seconds: float, *, delivered: bool) -> None:
        """Record the end of a watch and how long it was open."""
        if delivered or seconds >= self._watches.delay:
            self._has_progressed = True
            self._watches.reset()

    def after_watch(self, now: float) -> float:
        """Return the seconds to wait after a troubled watch."""
        return self._watches.next(now)

    def take_progress(self) -> bool:
        """Return whether a watch made progress since this was last asked, and begin to look for new progress."""
        has_progressed, self._has_progressed = self._has_progressed, False
        return has_progressed


def after_watch(
    error: Exception | None,
    *,
    was_open: bool,
    was_short: bool,
    can_resume: bool,
    retry: InternalErrorRetry,
    pace: Pace,
    now: float,
    has_bookmarks: bool,
) -> AfterWatch:
    """Decide what follows a watch that ended or was refused.

    Args:
        error: what the stream, or opening it, raised; None when the server ended it.
        was_open: whether the watch had been opened.
        was_short: see `was_very_short`.
        can_resume: whether another watch would tell all that is not known: see `can_resume`; False after an incomplete
            list too.
        retry: the window for internal errors.
        pace: knows whether the first expiry since a watch made progress is at hand, which is no failure: the server has
            forgotten a version that was good.
        now: the loop's time.
        has_bookmarks: whether any watch of this reflector brought a bookmark: see `is_lost`.
    """
    retry.after(error, now)
    if error is not None and is_expired(error):
        return AfterWatch.RELIST if pace.take_progress() else AfterWatch.BACK_OFF_AND_RELIST
    if not can_resume:
        return AfterWatch.BACK_OFF_AND_RELIST
    if not was_open:
        return AfterWatch.BACK_OFF if error and is_retriable_refusal(error) else AfterWatch.BACK_OFF_AND_RELIST
    if is_lost(error, has_bookmarks=has_bookmarks):
        return AfterWatch.BACK_OFF
    if error is None or isinstance(error, TransportError):
        # A cut is no news about the version: what was seen has been seen. A watch that ends at once may do so again and
        # again: a list tells whether the server is well.
        return AfterWatch.BACK_OFF_AND_RELIST if was_short else AfterWatch.REWATCH
    if isinstance(error, TooManyRequests):
        return AfterWatch.BACK_OFF
    if isinstance(error, InternalError) and retry.should_retry(now):
        return AfterWatch.REWATCH
    return AfterWatch.BACK_OFF_AND_RELIST


def is_lost(error: Exception | None, *, has_bookmarks: bool) -> bool:
    """Return whether the silence that an open watch ended with means that the connection is lost.

    A server that sends bookmarks sends one a minute. Others say nothing as long as nothing happens: Events and most
    aggregated resources have no watch cache, and so no bookmarks.

    Args:
        error: what the watch ended with.
        has_bookmarks: whether it, or an earlier watch of the same resource, brought a bookmark.
    """
    return has_bookmarks and isinstance(error, ServerSilent)


def is_failure(
    error: Exception | None, next_: AfterWatch, *, was_open: bool, was_short: bool, has_bookmarks: bool
) -> bool:
    """Return whether the end of a watch is a failure to be told of.

    An end by the server, a cut after a while, silence where there are no bookmarks, and the first expiry after progress
    are part of every long watch.
    """
    if was_open and is_lost(error, has_bookmarks=has_bookmarks):
        return True
    if error is None or (was_open and isinstance(error, TransportError)):
        return was_short
    return next_ is not AfterWatch.RELIST


def can_resume(version: str) -> bool:
    """Return whether a watch from this version tells all that happened after it.

    One from `""` or `"0"` begins with what there is now, and never tells of what was deleted before that. Some servers
    answer lists without a resourceVersion.
    """
    return version not in ("", "0")


def lost_track(error: Exception | None) -> bool:
    """Return whether a watch ended because an event came that cannot be assigned to an object.

    Such events may come again and again, so they are not counted as progress.
    """
    return isinstance(error, Unreadable | CacheError)


def is_retriable_refusal(error: Exception) -> bool:
    """Say if a watch that could not be opened is to be tried again later from the same version, without a list.

    A server that nobody answers for, or that is overloaded, has lost none of its history: a list would only add load.
    """
    return isinstance(error, ConnectError | TooManyRequests)


def was_very_short(seconds: float, events: int) -> bool:
    """Say if a watch was none: over at once, without a single event."""
    return seconds < VERY_SHORT_WATCH and events == 0


def is_expired(error: Exception) -> bool:
    """Say if the server no longer has the version that was asked for (old servers say Gone)."""
    return isinstance(error, Expired | Gone)


def is_too_large_resource_version(error: Exception) -> bool:
    """Say if the server does not have the version that was asked for yet (old servers say it in the text only)."""
    if not isinstance(error, APIError):
        return False
    if error.has_cause(TOO_LARGE_CAUSE):
        return True
    if not isinstance(error, GatewayTimeout):
        return False
    texts = [error.status.message, *(cause.message for cause in error.causes)]
    return any(TOO_LARGE_MESSAGE in text for text in texts)


def watch_timeout_seconds(rng: random.Random, minimum: float | None = None) -> int:
    """Draw how long the next watch may last, so that many watches do not end together.

    Args:
        rng: the source of chance.
        minimum: seconds; less than 5 minutes counts as 5 minutes.

    Returns:
        Seconds, from the minimum to twice that.
    """
    return int(max(MIN_WATCH_TIMEOUT, minimum or MIN_WATCH_TIMEOUT) * (1 + rng.random()))
