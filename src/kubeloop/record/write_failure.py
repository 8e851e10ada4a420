"""What a failed write of an event means: whether a retry can help, and whether anybody has to know. No loop.

Reference: client-go tools/events/event_broadcaster.go and tools/record/event.go (recordEvent).
"""

from __future__ import annotations

from typing import Literal

from kubeloop.errors import (
    AlreadyExists,
    APIError,
    EncodeError,
    KubeloopError,
    LeadershipLost,
    NotFound,
    ServerTimeout,
    UnreadableWriteResponse,
)

__all__ = ["Outcome", "outcome_of"]

Outcome = Literal["written", "retry", "refused", "terminating", "not_leader"]

_TEMPORARY_CODES = frozenset({429, 502, 503, 504})


def outcome_of(error: Exception, *, was_patched: bool, may_exist: bool) -> Outcome:
    """Return what a failed write of an event means.

    Args:
        error: What the request raised.
        was_patched: Whether the event was to be created only because a patch did not find it.
        may_exist: Whether an earlier attempt may have been carried out, although it failed.

    Returns:
        `"written"` if the event exists; `"retry"` if a later attempt can succeed; otherwise why it cannot.

    Reference: client-go recordEvent, which retries nothing to which the server responded, and everything else. Intended
        difference: the responses 429, 502, 503 and 504 and the reason ServerTimeout are retried too, because servers
        and proxies send them in an outage.
    """
    if isinstance(error, AlreadyExists):
        if was_patched:
            return "retry"  # another request recreated the event meanwhile: the next patch finds it
        return "written" if may_exist else "refused"  # by another event that has the same name by chance
    if isinstance(error, UnreadableWriteResponse):
        return "written"
    if isinstance(error, LeadershipLost):
        return "not_leader"
    if isinstance(error, APIError):
        if error.code in _TEMPORARY_CODES or isinstance(error, ServerTimeout):
            return "retry"
        # Neither a patch nor a create finds anything once the namespace was deleted.
        is_deleted = error.has_cause("NamespaceTerminating") or (was_patched and isinstance(error, NotFound))
        return "terminating" if is_deleted else "refused"
    is_about_the_event = isinstance(error, EncodeError) or not isinstance(error, (KubeloopError, TimeoutError))
    return "refused" if is_about_the_event else "retry"
