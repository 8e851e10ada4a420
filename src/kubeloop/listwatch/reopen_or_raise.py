"""The rule of `client.watch()`: reopen the watch from the last version, and raise an error that waiting cannot cure."""

from __future__ import annotations

from kubeloop.errors import APIError, TransportError
from kubeloop.listwatch.watch_end import ListFailure, NextAction, WatchEnd

__all__ = ["ReopenOrRaise", "can_heal"]


class ReopenOrRaise:
    """Decides what follows the end of a watch whose reader has seen every event so far and must not miss one.

    A list cannot take the place of an expired version: it would not show what was deleted. So the expiry is raised.
    Only a watch without a version to resume from begins again with a list. Until the first watch is open, every failure
    is raised, so that opening fails at once.

    Reference: client-go `tools/watch.RetryWatcher`. Intended difference: an error that cannot heal is raised instead of
        repeated.
    """

    __slots__ = ()
    longest_retry_after = 60.0
    """A watch must not be silent for an hour, whatever pause the server asks for."""

    def after_list(self, failure: ListFailure) -> NextAction:
        """Return BACK_OFF_AND_RELIST for an error that can heal, once a watch has been open."""
        if failure.is_first or not can_heal(failure.error):
            return NextAction.RAISE
        return NextAction.BACK_OFF_AND_RELIST

    def after_watch(self, end: WatchEnd) -> NextAction:
        """Return what follows the end of a watch."""
        error = end.error
        if error is None or (end.is_silence and not end.is_lost):
            return NextAction.REOPEN if end.can_resume else NextAction.BACK_OFF_AND_RELIST
        if end.is_first or not can_heal(error):
            return NextAction.RAISE
        return NextAction.BACK_OFF_AND_REOPEN if end.can_resume else NextAction.BACK_OFF_AND_RELIST

    def is_failure(self, end: WatchEnd) -> bool:
        """Return whether the end of a watch is a failure: not an end by the server, nor silence without bookmarks."""
        return end.error is not None and (end.is_lost or not end.is_silence)


def can_heal(error: Exception) -> bool:
    """Return whether the same request may succeed later."""
    if isinstance(error, TransportError):
        return error.retryable
    return isinstance(error, APIError) and (error.code == 429 or error.code >= 500)
