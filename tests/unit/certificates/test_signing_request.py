from __future__ import annotations

import asyncio
import base64
import logging
import random
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kubeloop.certificates import (
    RequestTemplate,
    build_request,
    client_usages,
    generate_key,
    request_certificate,
    wait_for_certificate,
)
from kubeloop.errors import (
    AlreadyExists,
    ConnectError,
    CredentialError,
    DecodeError,
    Forbidden,
    Invalid,
    NotFound,
    RequestTimeout,
)
from kubeloop.models.certificates_v1 import CertificateSigningRequest
from kubeloop.testing.virtual_time import elapsed, in_virtual_time, settle
from tests.support.scripted_transport import (
    ScriptedResponse,
    error_status,
    event,
    expired_event,
    query,
    watch_response,
)
from tests.support.signing_server import PATH, SigningServer

KEY = generate_key()
REQUEST = build_request(RequestTemplate("me"), KEY)
NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def server(*, signs: bool = False) -> SigningServer:
    return SigningServer(lambda: NOON, signs=signs)


async def request(
    to: SigningServer, name: str = "", *, signer: str = "example.com/s", **options: Any
) -> CertificateSigningRequest:
    return await request_certificate(
        to.clientset(), REQUEST, KEY, signer_name=signer, usages=client_usages(KEY), name=name, now=NOON, **options
    )


def wait(at: SigningServer, requested: CertificateSigningRequest, **options: Any) -> Coroutine[Any, Any, bytes]:
    return wait_for_certificate(at.clientset(), requested, random=random.Random(1), **options)


def watches(of: SigningServer) -> list[str]:
    return [query(each)["resourceVersion"] for each in of.transport.requests if "watch" in query(each)]


@in_virtual_time
async def test_creates_an_object_with_a_generated_name() -> None:
    signer = server()
    created = await request(signer)
    assert created.metadata.name == "csr-101"
    assert signer.creates == [
        {
            "apiVersion": "certificates.k8s.io/v1",
            "kind": "CertificateSigningRequest",
            "metadata": {"generateName": "csr-"},
            "spec": {
                "request": base64.b64encode(REQUEST).decode(),
                "signerName": "example.com/s",
                "usages": ["digital signature", "client auth"],
            },
        }
    ]


@in_virtual_time
async def test_asks_for_a_lifetime_and_a_name_if_given() -> None:
    signer = server()
    await request(signer, "mine", lifetime=3600.5)
    (body,) = signer.creates
    assert body["metadata"] == {"name": "mine"}
    assert body["spec"]["expirationSeconds"] == 3600


@in_virtual_time
async def test_continues_with_its_own_request_after_a_restart() -> None:
    signer = server()
    first = await request(signer, "mine")
    second = await request(signer, "mine")
    assert second == first


@in_virtual_time
async def test_a_request_of_another_signer_is_not_reused() -> None:
    signer = server()
    await request(signer, "mine", signer="example.com/other")
    with pytest.raises(CredentialError, match="mine exists and cannot be reused: expected the signer"):
        await request(signer, "mine")


@in_virtual_time
async def test_the_expiry_of_a_reused_certificate_is_checked_at_the_given_time() -> None:
    signer = server(signs=True)
    await request(signer, "mine")
    await request(signer, "mine")
    with pytest.raises(CredentialError, match="its certificate expired"):
        await request_certificate(
            signer.clientset(), REQUEST, KEY, signer_name="", usages=[], name="mine", now=NOON + timedelta(hours=2)
        )


@in_virtual_time
async def test_a_conflict_without_a_name_is_raised() -> None:
    signer = server()
    signer.create_failures.append(error_status(409, "AlreadyExists"))
    with pytest.raises(AlreadyExists):
        await request(signer)


@in_virtual_time
async def test_an_existing_request_that_was_deleted_meanwhile_is_an_error() -> None:
    signer = server()
    signer.create_failures.append(error_status(409, "AlreadyExists"))
    with pytest.raises(NotFound):
        await request(signer, "mine")


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (error_status(403, "Forbidden"), Forbidden),
        (error_status(422, "Invalid"), Invalid),
        (error_status(404, "NotFound"), NotFound),
        (ConnectError("connection refused"), ConnectError),
    ],
)
def test_a_refused_request_keeps_the_class_of_its_error(failure: Any, expected: type[Exception]) -> None:
    @in_virtual_time
    async def run() -> None:
        signer = server()
        signer.create_failures.append(failure)
        with pytest.raises(expected, match=f"POST {PATH}"):
            await request(signer)

    if isinstance(failure, ConnectError):
        failure = ConnectError("connection refused", method="POST", path=PATH)
    run()


@in_virtual_time
async def test_returns_a_certificate_that_is_issued_already_without_a_watch() -> None:
    signer = server(signs=True)
    await request(signer, "mine")
    requested = await request(signer, "mine")
    assert await wait(signer, requested) == signer.issued[0]
    assert watches(signer) == []


@in_virtual_time
async def test_waits_for_the_approval_and_for_the_certificate() -> None:
    signer = server()
    requested = await request(signer)
    waiting = asyncio.create_task(wait(signer, requested))
    await settle()
    signer.condition(signer.only(), "Approved")
    await settle()
    assert not waiting.done()
    certificate = signer.issue(signer.only())
    assert await waiting == certificate
    assert watches(signer) == [requested.metadata.resource_version]
    assert signer.transport.open_streams == 0


@in_virtual_time
async def test_a_certificate_that_is_issued_before_the_approval_is_not_used() -> None:
    signer = server()
    waiting = asyncio.create_task(wait(signer, await request(signer)))
    await settle()
    certificate = signer.issue(signer.only())
    await settle()
    assert not waiting.done()
    signer.condition(signer.only(), "Approved")
    assert await waiting == certificate


@in_virtual_time
async def test_events_between_the_request_and_the_watch_are_not_lost() -> None:
    signer = server()
    requested = await request(signer)
    signer.condition(signer.only(), "Approved")
    certificate = signer.issue(signer.only())
    assert await wait(signer, requested) == certificate


@pytest.mark.parametrize(("type", "message"), [("Denied", "was denied: no"), ("Failed", "has failed: no")])
def test_a_denied_or_failed_request_ends_the_wait(type: str, message: str) -> None:
    @in_virtual_time
    async def run() -> None:
        signer = server()
        waiting = asyncio.create_task(wait(signer, await request(signer)))
        await settle()
        signer.condition(signer.only(), type, "no")
        with pytest.raises(CredentialError, match=message):
            await waiting

    run()


@in_virtual_time
async def test_a_deleted_request_ends_the_wait() -> None:
    signer = server()
    waiting = asyncio.create_task(wait(signer, await request(signer)))
    await settle()
    signer.delete(signer.only())
    with pytest.raises(CredentialError, match="csr-101 was deleted before it was issued"):
        await waiting
    assert elapsed() == 0.0


@in_virtual_time
async def test_a_request_that_is_created_again_ends_the_wait() -> None:
    signer = server()
    requested = await request(signer, "mine")
    signer.watch_failures.append(watch_response(expired_event()))
    body = signer.creates[0]
    signer.delete("mine")
    signer.create(body)
    with pytest.raises(CredentialError, match="mine was deleted and created again by another client"):
        await wait(signer, requested)


@in_virtual_time
async def test_the_wait_ends_after_its_timeout() -> None:
    signer = server()
    requested = await request(signer)
    with pytest.raises(RequestTimeout, match="csr-101 was not approved within 900 s") as caught:
        await wait(signer, requested)
    assert elapsed() == 900.0
    assert not caught.value.retryable
    signer.condition(signer.only(), "Approved")
    with pytest.raises(RequestTimeout, match="csr-101 was approved, but not issued within 10 s"):
        await wait(signer, requested, timeout=10.0)
    assert elapsed() == 910.0


@in_virtual_time
async def test_an_expired_version_is_read_again_and_paced() -> None:
    signer = server()
    requested = await request(signer)
    signer.watch_failures.extend([watch_response(expired_event()), error_status(410, "Expired")])
    waiting = asyncio.create_task(wait(signer, requested))
    await asyncio.sleep(20)
    signer.condition(signer.only(), "Approved")
    certificate = signer.issue(signer.only())
    assert await waiting == certificate
    reads = [each for each in signer.transport.requests if each.path == f"{PATH}/csr-101"]
    assert len(reads) == 2


@in_virtual_time
async def test_a_request_that_was_deleted_while_the_watch_was_interrupted_ends_the_wait() -> None:
    signer = server()
    requested = await request(signer)
    signer.watch_failures.append(watch_response(expired_event()))
    signer.delete(signer.only())
    with pytest.raises(CredentialError, match="was deleted before it was issued"):
        await wait(signer, requested)


@pytest.mark.parametrize(
    "failure",
    [
        error_status(503, "ServiceUnavailable"),
        error_status(429, "TooManyRequests"),
        ConnectError("connection refused", method="GET", path=PATH),
        ScriptedResponse.text("<html>", 502, "text/html"),
    ],
)
def test_failures_that_can_heal_are_waited_out(failure: Any, caplog: pytest.LogCaptureFixture) -> None:
    @in_virtual_time
    async def run() -> None:
        signer = server()
        requested = await request(signer)
        signer.watch_failures.extend([failure] * 4)
        waiting = asyncio.create_task(wait(signer, requested))
        await asyncio.sleep(60)
        signer.condition(signer.only(), "Approved")
        certificate = signer.issue(signer.only())
        assert await waiting == certificate

    run()
    assert len([each for each in caplog.records if "watching again in" in each.message]) == 4


@in_virtual_time
async def test_failures_for_a_long_time_are_retried_at_most_every_thirty_seconds() -> None:
    signer = server()
    requested = await request(signer)
    signer.watch_failures.extend([error_status(503, "ServiceUnavailable")] * 1000)
    with pytest.raises(RequestTimeout):
        await wait(signer, requested)
    assert 15 <= len(watches(signer)) <= 40


@in_virtual_time
async def test_a_refused_watch_is_raised_at_once() -> None:
    signer = server()
    requested = await request(signer)
    signer.watch_failures.append(error_status(403, "Forbidden"))
    with pytest.raises(Forbidden):
        await wait(signer, requested)
    assert elapsed() == 0.0


@in_virtual_time
async def test_an_object_that_cannot_be_read_is_raised() -> None:
    signer = server()
    requested = await request(signer)
    bad = {"metadata": {"name": "csr-101", "uid": "u", "resourceVersion": "102"}, "status": {"certificate": 7}}
    kind = {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest"}
    signer.watch_failures.append(watch_response(event("MODIFIED", {**kind, **bad})))
    with pytest.raises(DecodeError, match="certificate"):
        await wait(signer, requested)


@in_virtual_time
async def test_a_cancelled_wait_closes_its_watch() -> None:
    signer = server()
    waiting = asyncio.create_task(wait(signer, await request(signer)))
    await settle()
    assert signer.transport.open_streams == 1
    waiting.cancel()
    await asyncio.wait([waiting])
    assert signer.transport.open_streams == 0


@in_virtual_time
async def test_log_lines_name_the_request_and_contain_no_certificate(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "kubeloop.certificates"):
        signer = server()
        waiting = asyncio.create_task(wait(signer, await request(signer)))
        await settle()
        signer.condition(signer.only(), "Approved")
        await settle()
        signer.issue(signer.only())
        await waiting
    assert [each.message for each in caplog.records] == [
        "certificate signing request csr-101: created",
        "certificate signing request csr-101: approved, not issued yet",
    ]
