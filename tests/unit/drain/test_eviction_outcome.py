"""What the responses to evictions and deletions mean."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop import errors
from kubeloop.drain.eviction_outcome import Next, after_attempt


def failure(cls: type[errors.APIError], code: int, **details: Any) -> errors.APIError:
    return cls(errors.StatusDetails(code=code, reason=cls.__name__, message="no", **details))


TERMINATING = (errors.StatusCause("NamespaceTerminating", "it ends", ""),)


@pytest.mark.parametrize(
    ("error", "follows"),
    [
        (None, Next.AWAIT),
        (failure(errors.NotFound, 404, name="web"), Next.GONE),
        (failure(errors.NotFound, 404), Next.FAIL),
        (failure(errors.NotFound, 404, name="other"), Next.FAIL),
        (failure(errors.TooManyRequests, 429), Next.RETRY),
        (failure(errors.Conflict, 409), Next.RETRY),
        (failure(errors.Forbidden, 403), Next.FAIL),
        (failure(errors.Forbidden, 403, causes=TERMINATING), Next.RETRY),
        (failure(errors.InternalError, 500), Next.FAIL),
        (failure(errors.ServiceUnavailable, 503), Next.RETRY_IF_BRIEF),
        (failure(errors.ServerTimeout, 504), Next.RETRY_IF_BRIEF),
        (errors.ConnectionLost("cut"), Next.RETRY_IF_BRIEF),
        (errors.ServerSilent("silent"), Next.RETRY_IF_BRIEF),
        (errors.TransportError("closed", retryable=False), Next.FAIL),
        (errors.UnreadableWriteResponse("garbage", code=201), Next.AWAIT),
        (errors.DecodeError("garbage"), Next.FAIL),
    ],
)
def test_an_eviction_is_followed_by_what_kubectl_does(error: Exception | None, follows: Next) -> None:
    assert after_attempt(error, "web", is_terminating=False, uses_eviction=True) is follows


def test_a_pod_that_terminates_in_a_namespace_that_terminates_is_awaited() -> None:
    error = failure(errors.Forbidden, 403, causes=TERMINATING)
    assert after_attempt(error, "web", is_terminating=True, uses_eviction=True) is Next.AWAIT


@pytest.mark.parametrize("error", [failure(errors.TooManyRequests, 429), failure(errors.Forbidden, 403)])
def test_a_deletion_is_not_retried_when_it_is_refused(error: errors.APIError) -> None:
    assert after_attempt(error, "web", is_terminating=False, uses_eviction=False) is Next.FAIL
