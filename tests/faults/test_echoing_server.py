"""Servers that echo: a response repeats the request's contents, which must get into no exception and no log line."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

import kubeloop
from kubeloop.config.config import Config
from kubeloop.errors import KubeloopError
from kubeloop.models import core_v1, meta_v1
from kubeloop.objects.model import Kind, Model
from kubeloop.testing.virtual_time import in_virtual_time
from kubeloop.wire.request import Request
from tests.support.reachable import reachable
from tests.support.scripted_transport import ScriptedResponse, ScriptedTransport, error_status, event

TOKEN = "hunter2-hunter2"
CREDENTIALS: dict[str, dict[str, str]] = {
    "token": {"token": TOKEN},
    "basic": {"username": "joe", "password": TOKEN},
}


def headers_of(request: Request) -> str:
    return f"you sent {dict(request.headers)} with {TOKEN}"


def status_of(request: Request) -> dict[str, Any]:
    cause = {"reason": headers_of(request), "message": headers_of(request), "field": headers_of(request)}
    details = {"name": headers_of(request), "kind": headers_of(request), "causes": [cause]}
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 418, "details": details}
    return {**status, "reason": "No", "message": headers_of(request)}


ECHOES: dict[str, Callable[[Request], ScriptedResponse]] = {
    "status": lambda request: ScriptedResponse.of(status_of(request), 418),
    "status with success": lambda request: ScriptedResponse.of(status_of(request)),
    "text": lambda request: ScriptedResponse.text(headers_of(request), 500),
    "page": lambda request: ScriptedResponse.text("x" * 3000 + headers_of(request), 502, headers_of(request)),
    "another kind": lambda request: ScriptedResponse.of({"kind": headers_of(request), "apiVersion": "v1"}),
    "watch error": lambda request: ScriptedResponse(chunks=[event("ERROR", status_of(request))]),
    "no watch event": lambda request: ScriptedResponse(
        chunks=[event(headers_of(request), 5), headers_of(request).encode()]
    ),
    "warning": lambda request: error_status(404, headers={"Warning": f'299 - "{TOKEN}"'}),
}


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("credentials", CREDENTIALS)
@pytest.mark.parametrize("verb", ["get", "create", "delete", "watch", "discovery"])
@in_virtual_time
async def test_no_credential_gets_into_an_exception(
    verb: str, credentials: str, echo: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    transport = ScriptedTransport(ECHOES[echo])
    clientset = kubeloop.Clientset(Config(host="https://server", **CREDENTIALS[credentials]), transport=transport)
    pods = clientset.core_v1.pods("a")
    said = ""
    try:
        if verb == "get":
            await pods.get("p")
        elif verb == "create":
            await pods.create({"metadata": {"name": "p"}})
        elif verb == "delete":
            await pods.delete("p")
        elif verb == "discovery":
            await clientset.discovery.server_groups_and_resources()
        else:
            async with clientset.rest.watch("pods", into=core_v1.Pod) as stream:
                await stream.batch()
    except KubeloopError as error:
        said = reachable(error)
    secrets = [TOKEN, "am9lOmh1bnRlcjItaHVudGVyMg"]
    assert transport.requests
    assert not [secret for secret in secrets if secret in f"{said}{caplog.text}"]


@in_virtual_time
async def test_a_header_that_the_caller_gives_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    busy = error_status(429, "TooManyRequests", headers={"Retry-After": "1"})
    transport = ScriptedTransport(busy, ScriptedResponse.text(f"Authorization: {TOKEN}", 500))
    transport.more_parameters = {"x"}
    rest = kubeloop.RESTClient(Config(host="https://server"), transport=transport)
    with pytest.raises(kubeloop.InternalError) as caught:
        await rest.get("pods", name="a", headers={"Authorization": TOKEN}, params={"x": TOKEN})
    assert "GET /api/v1/pods/a again" in caplog.text
    assert TOKEN not in f"{caplog.text}{reachable(caught.value)}"


@pytest.mark.parametrize("through", ["typed", "dynamic", "rest"])
@in_virtual_time
async def test_a_secret_that_the_server_quotes_gets_into_no_exception(through: str) -> None:
    stored = json.dumps(json.dumps({"kind": "Secret", "data": {"k": "dG9w"}, "immutable": "zz"}))
    message = f'Secret "s" is invalid: patch: Invalid value: {stored}: json: cannot unmarshal string'
    details = {"causes": [{"reason": "FieldValueInvalid", "message": message, "field": "patch"}]}
    transport = ScriptedTransport(error_status(422, "Invalid", message, details=details))
    clientset = kubeloop.Clientset(Config(host="https://server"), transport=transport)
    patch = {"immutable": "zz"}
    calls = {
        "typed": lambda: clientset.core_v1.secrets("a").patch("s", patch),
        "dynamic": lambda: clientset.dynamic.resource("v1", "secrets").namespace("a").patch("s", patch),
        "rest": lambda: clientset.rest.patch("secrets", namespace="a", name="s", body=patch),
    }
    with pytest.raises(kubeloop.Invalid, match="cannot unmarshal string") as caught:
        await calls[through]()
    assert "dG9w" not in reachable(caught.value)
    assert caught.value.causes[0].field == "patch"


@in_virtual_time
async def test_a_page_about_a_secret_is_described_by_its_size_alone() -> None:
    transport = ScriptedTransport(ScriptedResponse.text("your data was topsecret", 502, "text/html"))
    clientset = kubeloop.Clientset(Config(host="https://server"), transport=transport)
    with pytest.raises(kubeloop.InternalError, match="text/html: <23 bytes>") as caught:
        await clientset.core_v1.service_accounts("a").token("default").create({"spec": {}})
    assert "topsecret" not in reachable(caught.value)


class LoginSpec(Model, secret=("password",)):
    """The class that `kubeloop generate` writes for a schema with a field of the format `password`."""

    password: str = ""


class Login(Kind, api_version="example.com/v1", kind="Login", resource="logins", namespaced=True):
    """A custom resource with a secret."""

    metadata: meta_v1.ObjectMeta = meta_v1.ObjectMeta()
    spec: LoginSpec = LoginSpec()


@in_virtual_time
async def test_a_custom_kind_with_a_secret_field_is_kept_as_secret_as_a_secret() -> None:
    message = 'Login "l" is invalid: spec.password: Invalid value: "topsecret": too short, topsecret is no password'
    transport = ScriptedTransport(error_status(422, "Invalid", message, details={"name": "l"}))
    clientset = kubeloop.Clientset(Config(host="https://server"), transport=transport)
    with pytest.raises(kubeloop.Invalid, match=r"spec.password: Invalid value: <9 bytes>: too short") as caught:
        await clientset.resource(Login, "a").create({"metadata": {"name": "l"}, "spec": {"password": "topsecret"}})
    assert "topsecret" not in reachable(caught.value)
