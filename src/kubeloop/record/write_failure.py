"""What a failed write of an event means: whether a retry can help, and whether anybody has to know. No loop.

Reference: client-go tools/events/event_broadcaster.go and tools/record/event.go (recordEvent).
"""

from __future__ import annotations

from typing import Literal

from kubeloop.errors import (
    AlreadyExists,
    APIError,
    CredentialError,
    LeadershipLost,
    ServerTimeout,
    TLSError,
    TransportError,
    UnreadableWriteResponse,
)

__all__ = ["Outcome", "outcome_of"]

Outcome = Literal["written", "retry", "refused", "terminating", "not_leader"]

_TEMPORARY_CODES = frozenset({429, 502, 503, 504})


def outcome_of(error: Exception, *, was_patched: bool) -> Outcome:
    """Return what a failed write of an event means.

    Args:
        error: What the request raised.
        was_patched: Whether the event was created because a patch did not find it.

    Returns:
        `"written"` if the event exists; `"retry"` if a later attempt can succeed; otherwise why it cannot.

    Reference: client-go recordEvent, which retries nothing to which the server responded, and everything else. Intended
        difference: the responses 429, 502, 503 and 504 and the reason ServerTimeout are retried too, because servers
        and proxies send them in an outage.
    """
    if isinstance(error, AlreadyExists):
        # An event exists after a lost response, or because another request recreated it meanwhile: patch that.
        return "retry" if was_patched else "written"
    if isinstance(error, UnreadableWriteResponse):
        return "written"
    if isinstance(error, LeadershipLost):
        return "not_leader"
    if isinstance(error, APIError):
        if error.code in _TEMPORARY_CODES or isinstance(error, ServerTimeout):
            return "retry"
        return "terminating" if error.has_cause("NamespaceTerminating") else "refused"
    if isinstance(error, TransportError):
        return "retry" if error.retryable or isinstance(error, TLSError) else "refused"
    return "retry" if isinstance(error, (CredentialError, TimeoutError)) else "refused"
