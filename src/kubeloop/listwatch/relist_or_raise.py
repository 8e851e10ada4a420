"""The rule of `client.wait()`: list again where that is enough, and raise an error that waiting cannot cure."""

from __future__ import annotations

from kubeloop.errors import ConnectError, DecodeError, TooManyRequests
from kubeloop.listwatch.reopen_or_raise import can_heal
from kubeloop.listwatch.resource_versions import NEWEST, is_expired, lacks_version
from kubeloop.listwatch.watch_end import ListFailure, NextAction, WatchEnd

__all__ = ["RelistOrRaise"]


class RelistOrRaise:
    """Decides what follows failures for a consumer that needs the present state, and not every change.

    Until the first list was delivered, every failure is raised, so that a wrong address or a missing permission is
    reported at once. Later, errors that can heal are waited for: a restart of the server, an overload, a body that
    cannot be decoded. An expired version is replaced by a list.

    Args:
        has_listed: Whether a list was delivered before, by an earlier watch of the same consumer.

    Reference: client-go tools/watch.UntilWithSync, which stands on a reflector. Intended difference: an error that
        cannot heal is raised instead of repeated.
    """

    __slots__ = ("_has_listed",)
    longest_retry_after = 60.0
    """A wait must not be blind for an hour, whatever pause the server asks for."""

    def __init__(self, *, has_listed: bool = False) -> None:
        self._has_listed = has_listed

    def after_list(self, failure: ListFailure) -> NextAction:
        """Return what follows a list that failed: the newest is listed at once if the server lacks a version."""
        if failure.version != NEWEST and lacks_version(failure.error):
            return NextAction.RELIST
        if not self._has_listed or not _can_pass(failure.error):
            return NextAction.RAISE
        return NextAction.BACK_OFF_AND_RELIST

    def after_watch(self, end: WatchEnd) -> NextAction:
        """Return what follows the end of a watch. A watch is opened after a list, so a list was delivered."""
        self._has_listed = True
        error = end.error
        if is_expired(error):
            return NextAction.RELIST if end.has_progressed else NextAction.BACK_OFF_AND_RELIST
        if error is None or (end.is_silence and not end.is_lost):
            return NextAction.REOPEN if end.can_resume else NextAction.BACK_OFF_AND_RELIST
        if not _can_pass(error):
            return NextAction.RAISE
        # A server that cannot be reached, or that is overloaded, has lost none of its history. Whatever else happened,
        # a list shows the present state.
        was_cut = end.was_open and not isinstance(error, DecodeError)
        is_harmless = was_cut or isinstance(error, ConnectError | TooManyRequests)
        can_reopen = end.can_resume and is_harmless
        return NextAction.BACK_OFF_AND_REOPEN if can_reopen else NextAction.BACK_OFF_AND_RELIST

    def is_failure(self, end: WatchEnd) -> bool:
        """Return whether the end of a watch is a failure.

        An end by the server, silence without bookmarks, and the first expiry after progress are none.
        """
        if end.error is None or (is_expired(end.error) and end.has_progressed):
            return False
        return end.is_lost or not end.is_silence


def _can_pass(error: Exception) -> bool:
    """Return whether the same request may succeed later. Garbage may come from a proxy that is being replaced."""
    return can_heal(error) or isinstance(error, DecodeError)
