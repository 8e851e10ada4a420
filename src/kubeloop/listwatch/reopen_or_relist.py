"""The rule of informers: reopen the watch from the last version where that is enough, list again where it is not."""

from __future__ import annotations

from kubeloop.errors import ConnectError, InternalError, TooManyRequests, TransportError
from kubeloop.listwatch.resource_versions import NEWEST, is_expired, lacks_version
from kubeloop.listwatch.watch_end import ListFailure, NextAction, WatchEnd

__all__ = ["InternalErrorRetry", "ReopenOrRelist"]

_INTERNAL_ERROR_RESET = 60.0


class ReopenOrRelist:
    """Decides what follows the end of a watch for a consumer that can always list again. Nothing is ever raised.

    Args:
        max_internal_error_retry: Seconds for which a watch that ends with an internal error is reopened; 0 for never.

    Reference: client-go `tools/cache.Reflector` (`list`, `watch`, `isWatchErrorRetriable`).
    """

    __slots__ = ("_internal_errors",)
    longest_retry_after = 0.0
    """An informer keeps to its own back-off, whatever pause the server asks for."""

    def __init__(self, max_internal_error_retry: float = 0.0) -> None:
        self._internal_errors = InternalErrorRetry(max_internal_error_retry)

    def after_list(self, failure: ListFailure) -> NextAction:
        """Return RELIST when the server lacks the version that was asked for: the newest is listed at once."""
        if failure.version != NEWEST and lacks_version(failure.error):
            return NextAction.RELIST
        return NextAction.BACK_OFF_AND_RELIST

    def after_watch(self, end: WatchEnd) -> NextAction:
        """Return what follows the end of a watch.

        The first expiry since a watch made progress is no failure: the server has forgotten a version that was good.
        """
        self._internal_errors.after(end.error, end.now)
        action = self._after_watch(end)
        if action.lists:
            self._internal_errors.reset()
        return action

    def _after_watch(self, end: WatchEnd) -> NextAction:
        error = end.error
        if is_expired(error):
            return NextAction.RELIST if end.has_progressed else NextAction.BACK_OFF_AND_RELIST
        if not end.can_resume:
            return NextAction.BACK_OFF_AND_RELIST
        if not end.was_open:
            # A server that cannot be reached, or that is overloaded, has lost none of its history: a list would only
            # add load.
            is_harmless = isinstance(error, ConnectError | TooManyRequests)
            return NextAction.BACK_OFF_AND_REOPEN if is_harmless else NextAction.BACK_OFF_AND_RELIST
        if end.is_lost:
            return NextAction.BACK_OFF_AND_REOPEN
        if error is None or isinstance(error, TransportError):
            # A cut says nothing about the version. A watch that ends at once may do so again and again: a list shows
            # whether the server is well.
            return NextAction.BACK_OFF_AND_RELIST if end.was_very_short else NextAction.REOPEN
        if isinstance(error, TooManyRequests):
            return NextAction.BACK_OFF_AND_REOPEN
        if isinstance(error, InternalError) and self._internal_errors.should_retry(end.now):
            return NextAction.REOPEN
        return NextAction.BACK_OFF_AND_RELIST

    def is_failure(self, end: WatchEnd) -> bool:
        """Return whether the end of a watch is a failure.

        An end by the server, a cut after a while, silence where there are no bookmarks, and the first expiry after
        progress are part of every long watch.
        """
        if end.is_lost:
            return True
        if end.error is None or (end.was_open and isinstance(end.error, TransportError)):
            return end.was_very_short
        return not (is_expired(end.error) and end.has_progressed)


class InternalErrorRetry:
    """How long a watch that ends with an internal error is just reopened. A list begins a new window.

    Args:
        window: Seconds since the first such error; 0 for never.

    Reference: client-go `tools/cache.RetryWithDeadline`.
    """

    __slots__ = ("_first", "_last", "_window")

    def __init__(self, window: float) -> None:
        self._window = window
        self._first: float | None = None
        self._last: float | None = None

    def after(self, error: Exception | None, now: float) -> None:
        """Record how a watch ended."""
        if isinstance(error, InternalError):
            if self._last is None or now - self._last >= _INTERNAL_ERROR_RESET:
                self._first = None
            if self._first is None:
                self._first = now
            self._last = now

    def should_retry(self, now: float) -> bool:
        """Return whether the window is still open."""
        if self._window <= 0 or self._first is None:
            return False
        return now - self._first <= self._window

    def reset(self) -> None:
        """Forget the errors so far."""
        self._first = self._last = None
