"""What the response to an eviction or a deletion of a pod means. Pure functions.

Reference: kubectl pkg/drain/drain.go, evictPods and deletePods.
"""

from __future__ import annotations

from enum import Enum

from kubeloop.errors import (
    APIError,
    Conflict,
    Forbidden,
    NotFound,
    TooManyRequests,
    TransportError,
    UnreadableWriteResponse,
)

__all__ = ["MAX_FAULTS", "RETRY_PAUSE", "Next", "after_attempt"]

RETRY_PAUSE = 5.0
"""Seconds between two attempts, as of kubectl."""
MAX_FAULTS = 12
"""How many times in a row a pod is tried again after a fault of the connection or of the server."""

_TERMINATING = "NamespaceTerminating"


class Next(Enum):
    """What follows an attempt to evict or delete a pod."""

    AWAIT = "wait until the pod is deleted"
    GONE = "the pod does not exist"
    RETRY = "try again after a pause"
    RETRY_IF_BRIEF = "try again after a pause, but not for ever"
    FAIL = "report the error"


def after_attempt(error: Exception | None, name: str, *, is_terminating: bool, uses_eviction: bool) -> Next:
    """Return what follows an attempt.

    Args:
        error: What the attempt raised; None for success.
        name: The name of the pod.
        is_terminating: Whether the pod has a deletion timestamp.
        uses_eviction: Whether the pod was evicted, and not deleted.
    """
    if error is None or isinstance(error, UnreadableWriteResponse):
        return Next.AWAIT
    if isinstance(error, NotFound):
        # A 404 that names no pod says that the server does not serve the request.
        return Next.GONE if error.status.name == name else Next.FAIL
    if isinstance(error, Conflict):
        # Another pod has the name now, which the watch is about to report; or the pod changed meanwhile.
        return Next.RETRY
    if uses_eviction and isinstance(error, TooManyRequests):
        return Next.RETRY
    if uses_eviction and isinstance(error, Forbidden) and error.has_cause(_TERMINATING):
        # No eviction succeeds in a namespace that terminates, and its pods are deleted.
        return Next.AWAIT if is_terminating else Next.RETRY
    if isinstance(error, TransportError):
        return Next.RETRY_IF_BRIEF if error.retryable else Next.FAIL
    if isinstance(error, APIError) and error.code in (502, 503, 504):
        return Next.RETRY_IF_BRIEF
    return Next.FAIL
