from __future__ import annotations

import pytest

from kubeloop import errors
from kubeloop.errors import APIError, StatusCause, StatusDetails
from kubeloop.record.write_failure import Outcome, outcome_of


def response(cls: type[APIError], code: int, *causes: str) -> APIError:
    found = tuple(StatusCause(reason=cause) for cause in causes)
    return cls(StatusDetails(code=code, reason=cls.__name__, causes=found))


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (errors.ConnectError("refused"), "retry"),
        (errors.ConnectionLost("cut"), "retry"),
        (errors.RequestTimeout("slow"), "retry"),
        (errors.ServerSilent("silent"), "retry"),
        (errors.TLSError("expired certificate"), "retry"),
        (errors.TransportError("garbage", retryable=False), "retry"),
        (errors.CredentialError("the plugin failed"), "retry"),
        (errors.DecodeError("an unexpected object"), "retry"),
        (TimeoutError(), "retry"),
        (response(errors.TooManyRequests, 429), "retry"),
        (response(APIError, 502), "retry"),
        (response(errors.ServiceUnavailable, 503), "retry"),
        (response(errors.GatewayTimeout, 504), "retry"),
        (response(errors.ServerTimeout, 500), "retry"),
        (response(errors.InternalError, 500), "refused"),
        (response(errors.BadRequest, 400), "refused"),
        (response(errors.Unauthorized, 401), "refused"),
        (response(errors.Forbidden, 403), "refused"),
        (response(errors.Forbidden, 403, "Other", "NamespaceTerminating"), "terminating"),
        (response(errors.Conflict, 409), "refused"),
        (response(errors.Invalid, 422), "refused"),
        (errors.LeadershipLost("another leads"), "not_leader"),
        (errors.EncodeError("a lone surrogate"), "refused"),
        (errors.UnreadableWriteResponse("garbage"), "written"),
        (ValueError("namespace 'a/b' may not contain '/'"), "refused"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value)[:30],
)
def test_a_failure_means(error: Exception, outcome: Outcome) -> None:
    for was_patched in (False, True):
        for may_exist in (False, True):
            assert outcome_of(error, was_patched=was_patched, may_exist=may_exist) == outcome


@pytest.mark.parametrize(
    ("was_patched", "may_exist", "outcome"),
    [(False, True, "written"), (False, False, "refused"), (True, True, "retry"), (True, False, "retry")],
)
def test_an_event_that_exists_was_written_by_an_earlier_attempt_or_has_the_name_of_another(
    was_patched: bool, may_exist: bool, outcome: Outcome
) -> None:
    error = response(errors.AlreadyExists, 409)
    assert outcome_of(error, was_patched=was_patched, may_exist=may_exist) == outcome


def test_a_namespace_that_is_gone_is_quiet_for_events_that_were_written_before() -> None:
    error = response(errors.NotFound, 404)
    assert outcome_of(error, was_patched=True, may_exist=False) == "terminating"
    assert outcome_of(error, was_patched=False, may_exist=False) == "refused"
