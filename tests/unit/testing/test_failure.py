"""The errors of rules: those of the real server."""

from __future__ import annotations

import pytest

import kubeloop
from kubeloop import errors
from kubeloop.errors import APIError, StatusDetails, TransportError
from kubeloop.testing import FakeTransport
from kubeloop.testing.action import Action
from kubeloop.testing.failure import Failure, error_for, status_response
from kubeloop.testing.virtual_time import in_virtual_time

CLASSES = [*APIError.__subclasses__(), errors.Expired]
CLASSES.remove(errors.StoreReadError)
UPDATE = Action("update", "deployments.apps", "web", namespace="x")


@pytest.mark.parametrize(
    ("failure", "code", "reason", "message"),
    [
        (
            errors.Conflict,
            409,
            "Conflict",
            'Operation cannot be fulfilled on deployments.apps "web": the object has been modified; please apply your '
            "changes to the latest version and try again",
        ),
        (errors.NotFound, 404, "NotFound", 'deployments.apps "web" not found'),
        (errors.AlreadyExists, 409, "AlreadyExists", 'deployments.apps "web" already exists'),
        (409, 409, "Conflict", "the server reported a conflict (put deployments.apps web)"),
        (
            503,
            503,
            "ServiceUnavailable",
            "the server is currently unable to handle the request (put deployments.apps web)",
        ),
        (errors.Expired, 410, "Expired", "The resourceVersion for the provided watch is too old."),
        (errors.Invalid, 422, "Invalid", 'deployments.apps "web" is invalid'),
    ],
)
def test_an_error_has_the_message_of_the_server(failure: Failure, code: int, reason: str, message: str) -> None:
    error = error_for(failure, UPDATE)
    assert isinstance(error, APIError)
    assert (error.code, error.reason, error.status.message) == (code, reason, message)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
@in_virtual_time
async def test_each_class_becomes_a_response_that_clients_read_as_the_same_class(cls: type[APIError]) -> None:
    error = error_for(cls, UPDATE, retry_after=1.5)
    assert type(error) is cls
    response = status_response(error)
    assert response.headers["Retry-After"] == "2"
    async with kubeloop.Clientset(kubeloop.Config(), transport=FakeTransport(lambda _: response)) as clientset:
        with pytest.raises(cls) as caught:
            await clientset.core_v1.pods("x").get("a")
    assert (type(caught.value), caught.value.retry_after) == (cls, 2.0)


@pytest.mark.parametrize("seconds", [0, 0.0, 7])
def test_a_header_names_the_seconds_to_wait_even_if_there_are_none(seconds: float) -> None:
    error = error_for(errors.TooManyRequests, UPDATE, retry_after=seconds)
    assert isinstance(error, APIError)
    assert status_response(error).headers["Retry-After"] == str(int(seconds))


def test_an_instance_is_used_as_it_is() -> None:
    error = errors.TooManyRequests(
        StatusDetails(code=429, reason="TooManyRequests", message="slow down", retry_after=3.0)
    )
    assert error_for(error, UPDATE) is error
    again = error_for(error, UPDATE, retry_after=7)
    assert (again.status.message, again.status.retry_after) == ("slow down", 7)  # type: ignore[union-attr]
    lost = errors.ConnectionLost("reset by peer")
    assert error_for(lost, UPDATE) is lost
    assert "Retry-After" not in status_response(error_for(errors.NotFound, UPDATE)).headers  # type: ignore[arg-type]


@pytest.mark.parametrize("cls", [errors.ConnectError, errors.ConnectionLost, errors.RequestTimeout, errors.TLSError])
def test_a_failure_of_the_network_names_the_request(cls: type[TransportError]) -> None:
    error = error_for(cls, Action.of(kubeloop.Request("GET", "/api/v1/pods?limit=5")))
    assert type(error) is cls
    assert str(error) == "GET /api/v1/pods: a rule of the test"
    assert str(error_for(cls, UPDATE)) == "a rule of the test"


def test_the_kind_of_the_body_is_that_of_an_invalid_object() -> None:
    action = Action("create", "pods", "a", object={"kind": "Pod"})
    assert error_for(errors.Invalid, action).status.message == 'Pod "a" is invalid'  # type: ignore[union-attr]
