"""One request to the server: who may send it, where it leads, and how an error becomes a Status."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kubeloop.testing import APIServer
from kubeloop.testing.apiserver import handler
from kubeloop.testing.apiserver.call import Context
from kubeloop.testing.apiserver.handler import MAX_BODY_BYTES, refuse
from kubeloop.testing.apiserver.storage.storage import Storage
from kubeloop.testing.apiserver.storage.storage_error import StorageFull
from kubeloop.testing.apiserver.storage.stored import Change
from kubeloop.wire.request import Request
from kubeloop.wire.response import Response

MAPS = "/api/v1/namespaces/default/configmaps"


def sent(api: APIServer, target: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Response:
    reply = api.handle(Request(method, target, headers, body), 1000.0)
    assert isinstance(reply, Response)
    return reply


def status(response: Response) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(response.body)
    assert (document["kind"], document["status"], document["code"]) == ("Status", "Failure", response.status)
    return document


@pytest.fixture(scope="module")
def api() -> APIServer:
    return APIServer(controllers=())


@pytest.fixture(scope="module")
def closed() -> APIServer:
    """A server that requires a token."""
    return APIServer(controllers=(), token="secret")


@pytest.mark.parametrize("given", ["Bearer secret", "bearer  secret "])
def test_the_token_opens_the_server(closed: APIServer, given: str) -> None:
    assert sent(closed, MAPS, Authorization=given).status == 200


@pytest.mark.parametrize("name", ["Impersonate-User", "impersonate-group"])
def test_a_client_that_is_to_act_as_somebody_else_is_refused(api: APIServer, name: str) -> None:
    assert status(sent(api, MAPS, "GET", None, **{name: "jane"}))["reason"] == "NotImplemented"


@pytest.mark.parametrize("path", [MAPS, "/readyz"])
@pytest.mark.parametrize("given", ["Bearer other", "Bearer", "Basic secret", "", "Bearer sécret"])
def test_another_credential_is_refused(closed: APIServer, path: str, given: str) -> None:
    assert status(sent(closed, path, Authorization=given))["reason"] == "Unauthorized"


def test_without_a_credential_only_the_health_and_the_version_are_readable(closed: APIServer) -> None:
    assert [sent(closed, path).status for path in ("/healthz", "/livez", "/readyz", "/version")] == [200] * 4
    assert [sent(closed, path).status for path in ("/api", "/apis", "/openapi/v3", "/livez/ping", MAPS)] == [401] * 5


def test_without_a_token_every_request_passes(api: APIServer) -> None:
    assert sent(api, MAPS, Authorization="Bearer anything").status == 200


def test_a_body_has_a_limit(api: APIServer) -> None:
    large = status(sent(api, MAPS, "POST", b" " * (MAX_BODY_BYTES + 1)))
    assert (large["code"], large["reason"]) == (413, "RequestEntityTooLarge")
    assert sent(api, MAPS, "POST", b" " * MAX_BODY_BYTES).status == 400


def test_a_fault_of_the_server_is_a_status_and_a_traceback_in_the_log(
    api: APIServer, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> Response:
        raise ZeroDivisionError

    api_context = Context(api.storage, api.cache, api._resources, api._random, 1000.0)
    reply = handler.handle(Request("GET", MAPS), api_context, api._discovery, broken)
    assert isinstance(reply, Response)
    assert status(reply)["reason"] == "InternalError"
    assert "ZeroDivisionError" in caplog.text


class FullDisk:
    """A journal without space, while `is_full` is set."""

    def __init__(self) -> None:
        self.is_full = False

    def write_change(self, change: Change) -> None:
        """Refuse a change."""
        if self.is_full:
            raise StorageFull("cannot write the journal: No space left on device: /data/journal")

    def write_compaction(self, revision: int) -> None:
        """Refuse a compaction."""

    def shorten(self, history: object) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


def test_a_full_disk_refuses_writes_with_a_status_and_permits_reads(caplog: pytest.LogCaptureFixture) -> None:
    disk = FullDisk()
    api = APIServer(storage=Storage(disk), controllers=())
    assert sent(api, MAPS, "POST", b'{"metadata":{"name":"a"}}').status == 201
    disk.is_full = True

    refused = status(sent(api, MAPS, "POST", b'{"metadata":{"name":"b"}}'))

    assert (refused["code"], refused.get("reason")) == (500, None)
    assert refused["message"] == "cannot write the journal: No space left on device: /data/journal"
    [record] = caplog.records
    assert (record.levelname, record.exc_info) == ("ERROR", None)
    assert sent(api, f"{MAPS}/a").status == 200
    assert sent(api, f"{MAPS}/b").status == 404
    disk.is_full = False
    assert sent(api, MAPS, "POST", b'{"metadata":{"name":"b"}}').status == 201


def test_a_request_is_acknowledged_although_a_controller_cannot_write() -> None:
    disk = FullDisk()
    api = APIServer(storage=Storage(disk))
    written: list[bool] = []

    def fill(change: Change) -> None:
        disk.is_full = True  # after the first write of a request
        written.append(True)

    end = api.storage.subscribe(fill)
    assert sent(api, "/api/v1/namespaces", "POST", b'{"metadata":{"name":"n"}}').status == 201
    assert written == [True]
    assert sent(api, "/api/v1/namespaces/n/serviceaccounts/default").status == 404
    end()
    disk.is_full = False
    assert sent(api, MAPS).status == 200  # any request

    assert sent(api, "/api/v1/namespaces/n/serviceaccounts/default").status == 200
    assert sent(api, "/api/v1/namespaces/n/configmaps/kube-root-ca.crt").status == 200


def test_a_request_that_could_not_be_read_gets_a_status() -> None:
    assert status(refuse(415, "what is this"))["message"] == "what is this"
    assert status(refuse(431, "the head is too long"))["message"] == "the head is too long"
    assert status(refuse(400, "no request"))["reason"] == "BadRequest"
    large = status(refuse(413, ""))
    assert (large["reason"], large["message"]) == (
        "RequestEntityTooLarge",
        f"Request entity too large: limit is {MAX_BODY_BYTES}",
    )
