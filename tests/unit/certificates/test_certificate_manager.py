from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from kubeloop.certificates import RequestTemplate, encode_private_key, generate_key, parse_private_key, server_usages
from kubeloop.certificates.private_key import PrivateKey
from kubeloop.errors import CredentialError, RequestTimeout
from kubeloop.testing.virtual_time import elapsed, in_virtual_time, settle
from tests.support.managed import NOON, TEMPLATE, Managed, pair_of, wall
from tests.support.scripted_transport import error_status

HOUR = 3600.0
OTHER = TEMPLATE.replace(common_name="system:node:b")
STORED = pair_of(-60, HOUR)
BOOTSTRAP = pair_of(-30, HOUR)
EXPIRED = pair_of(-2 * HOUR, -HOUR)


def common_name(pem: bytes) -> str:
    return x509.load_pem_x509_certificate(pem).subject.rfc4514_string()


# Beginning


@in_virtual_time
async def test_without_a_certificate_it_requests_one() -> None:
    managed = Managed()
    async with managed.manager as manager:
        assert manager.current() is None
        pair = await manager.wait_for_current()
        assert elapsed() == 0.0
    assert pair.certificate == managed.server.issued[0]
    assert managed.store.updates == [pair]
    assert managed.connected_with == [None]
    assert managed.server.transport.open_streams == 0


@in_virtual_time
async def test_the_request_has_the_names_the_signer_and_the_usages() -> None:
    managed = Managed(lifetime=HOUR)
    async with managed.manager as manager:
        pair = await manager.wait_for_current()
    (body,) = managed.server.creates
    assert body["metadata"] == {"generateName": "csr-"}
    assert body["spec"]["signerName"] == "example.com/s"
    assert body["spec"]["usages"] == ["digital signature", "client auth"]
    assert "expirationSeconds" not in body["spec"]
    assert common_name(pair.certificate) == "CN=system:node:a,O=system:nodes"


@in_virtual_time
async def test_the_lifetime_and_other_usages_are_requested() -> None:
    managed = Managed(requested_lifetime=7200.0, usages=server_usages)
    async with managed.manager as manager:
        await manager.wait_for_current()
    (body,) = managed.server.creates
    assert body["spec"]["expirationSeconds"] == 7200
    assert body["spec"]["usages"] == ["digital signature", "server auth"]


@in_virtual_time
async def test_a_stored_certificate_is_current_and_not_renewed_early() -> None:
    managed = Managed(STORED, bootstrap=BOOTSTRAP)
    async with managed.manager as manager:
        assert manager.current() == STORED
        await asyncio.sleep(0.69 * (HOUR + 60) - 60)
        assert managed.server.creates == []
        assert managed.store.updates == []


@in_virtual_time
async def test_a_bootstrap_certificate_is_current_until_the_first_is_issued() -> None:
    managed = Managed(bootstrap=BOOTSTRAP)
    async with managed.manager as manager:
        assert manager.current() == BOOTSTRAP
        await settle()
        assert elapsed() == 0.0
        assert manager.current() == managed.store.pair != BOOTSTRAP
    assert managed.connected_with == [BOOTSTRAP]
    assert managed.store.updates[0] == BOOTSTRAP


@in_virtual_time
async def test_an_expired_certificate_is_replaced_by_the_bootstrap_certificate() -> None:
    managed = Managed(EXPIRED, bootstrap=BOOTSTRAP)
    async with managed.manager as manager:
        assert manager.current() == BOOTSTRAP


@in_virtual_time
async def test_an_expired_certificate_without_bootstrap_is_not_current() -> None:
    managed = Managed(EXPIRED)
    async with managed.manager as manager:
        assert manager.current() is None
        assert (await manager.wait_for_current()).certificate == managed.server.issued[0]
    assert managed.connected_with == [None]


@in_virtual_time
async def test_a_stored_certificate_without_the_names_is_replaced_at_once() -> None:
    managed = Managed(STORED, template=OTHER)
    async with managed.manager as manager:
        assert manager.current() == STORED
        await settle()
        pair = manager.current()
    assert elapsed() == 0.0
    assert pair is not None
    assert common_name(pair.certificate) == "CN=system:node:b,O=system:nodes"
    assert managed.connected_with == [STORED]


@in_virtual_time
async def test_a_certificate_that_expires_is_no_longer_current() -> None:
    managed = Managed(STORED, template=None)
    async with managed.manager as manager:
        await asyncio.sleep(HOUR)
        assert manager.current() == STORED
        await asyncio.sleep(1)
        assert manager.current() is None


# Renewing


@in_virtual_time
async def test_certificates_are_renewed_for_as_long_as_the_manager_runs() -> None:
    managed = Managed(lifetime=HOUR)
    times = []
    async with managed.manager as manager:
        for _ in range(20):
            before = managed.store.pair
            while managed.store.pair == before:
                await asyncio.sleep(10)
            times.append(elapsed())
            assert manager.current() == managed.store.pair
            assert manager.server_healthy
    gaps = [after - before for before, after in pairwise(times)]
    assert all(0.7 * HOUR - 10 <= gap <= 0.9 * HOUR + 10 for gap in gaps)
    assert max(gaps) - min(gaps) > 0.05 * HOUR
    keys = {pair.key for pair in managed.store.updates}
    assert len(keys) == 20
    assert managed.connected_with == [None, *managed.store.updates[:-1]]


@in_virtual_time
async def test_a_renewal_months_away_takes_place() -> None:
    lifetime = 100 * 24 * HOUR
    managed = Managed(pair_of(0, lifetime), lifetime=lifetime)
    async with managed.manager:
        await asyncio.sleep(0.7 * lifetime)
        assert managed.server.creates == []
        await asyncio.sleep(0.2 * lifetime)
        assert len(managed.server.creates) == 1


@in_virtual_time
async def test_a_wall_clock_that_is_set_forward_is_noticed_within_an_hour() -> None:
    skew = [0.0]
    managed = Managed(pair_of(0, 100 * HOUR), lifetime=1000 * HOUR, now=lambda: wall() + timedelta(seconds=skew[0]))
    async with managed.manager:
        await asyncio.sleep(1)
        skew[0] = 95 * HOUR
        await asyncio.sleep(HOUR)
        assert len(managed.server.creates) == 1


@in_virtual_time
async def test_an_attempt_waits_for_fifteen_minutes() -> None:
    managed = Managed(signs=False)
    async with managed.manager as manager:
        await asyncio.sleep(899)
        assert manager.last_error is None
        await asyncio.sleep(2)
        assert "was not approved within 900 s" in str(manager.last_error)
        await asyncio.sleep(2)
        assert len(managed.server.creates) == 2


@in_virtual_time
async def test_failed_attempts_are_repeated_with_growing_pauses() -> None:
    managed = Managed(STORED, template=OTHER)
    managed.server.create_failures.extend([error_status(500, "InternalError")] * 9)
    times = []
    async with managed.manager as manager:
        while managed.server.create_failures:
            left = len(managed.server.create_failures)
            while len(managed.server.create_failures) == left:
                await asyncio.sleep(0.1)
            times.append(elapsed())
            assert manager.current() == STORED
        await asyncio.sleep(36)
        assert manager.last_error is None
        assert manager.current() != STORED
    gaps = [after - before for before, after in pairwise(times)]
    for gap, base in zip(gaps, (2, 4, 8, 16, 32, 32, 32, 32), strict=True):
        assert base - 0.2 <= gap <= base * 1.1 + 0.2


@in_virtual_time
async def test_a_denied_request_is_repeated_with_another_key() -> None:
    managed = Managed(signs=False)
    async with managed.manager as manager:
        await settle()
        managed.server.condition(managed.server.only(), "Denied", "not you")
        await settle()
        assert "was denied: not you" in str(manager.last_error)
        await asyncio.sleep(3)
    first, second = managed.server.creates
    assert first["spec"]["request"] != second["spec"]["request"]


@in_virtual_time
async def test_a_signer_that_changes_the_names_is_asked_again_with_pauses(caplog: pytest.LogCaptureFixture) -> None:
    managed = Managed()
    managed.server.subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "other")])
    async with managed.manager as manager:
        pair = await manager.wait_for_current()
        assert common_name(pair.certificate) == "CN=other"
        await asyncio.sleep(320)
    assert 12 <= len(managed.server.creates) <= 15
    assert "does not have the common name 'system:node:a'; check the signer" in caplog.text


# The template


@in_virtual_time
async def test_without_a_template_nothing_is_requested_until_there_is_one() -> None:
    managed = Managed(template=None)
    async with managed.manager as manager:
        await asyncio.sleep(10 * HOUR)
        assert managed.server.transport.requests == []
        manager.set_template(TEMPLATE)
        await manager.wait_for_current()
        assert elapsed() == 10 * HOUR
        assert manager.template == TEMPLATE


@in_virtual_time
async def test_new_names_are_requested_at_once() -> None:
    managed = Managed(STORED)
    async with managed.manager as manager:
        await asyncio.sleep(100)
        manager.set_template(OTHER)
        await settle()
        assert elapsed() == 100
        pair = manager.current()
    assert pair is not None
    assert common_name(pair.certificate) == "CN=system:node:b,O=system:nodes"


@in_virtual_time
async def test_names_that_the_certificate_has_are_not_requested() -> None:
    managed = Managed(STORED)
    async with managed.manager as manager:
        manager.set_template(RequestTemplate("system:node:a"))
        await asyncio.sleep(100)
        assert managed.server.creates == []
        assert manager.current() == STORED


@in_virtual_time
async def test_a_pending_request_for_other_names_is_given_up() -> None:
    managed = Managed(signs=False)
    async with managed.manager as manager:
        await asyncio.sleep(100)
        manager.set_template(OTHER)
        await asyncio.sleep(3)
        assert len(managed.server.creates) == 2
        name = list(managed.server.objects)[1]
        managed.server.condition(name, "Approved")
        managed.server.issue(name)
        pair = await manager.wait_for_current()
    assert elapsed() == 103
    assert common_name(pair.certificate) == "CN=system:node:b,O=system:nodes"


@in_virtual_time
async def test_the_error_of_a_request_that_is_given_up_names_the_reason() -> None:
    managed = Managed(signs=False)
    async with managed.manager as manager:
        await asyncio.sleep(100)
        manager.set_template(None)
        manager.set_template(OTHER)
        await settle()
        assert "is no longer waited for, because the template changed" in str(manager.last_error)


@in_virtual_time
async def test_a_pending_request_for_the_same_names_is_not_given_up() -> None:
    managed = Managed(signs=False)
    async with managed.manager as manager:
        await asyncio.sleep(100)
        manager.set_template(TEMPLATE.replace())
        manager.set_template(TEMPLATE)
        await asyncio.sleep(100)
        assert len(managed.server.creates) == 1


@in_virtual_time
async def test_a_request_is_not_waited_for_if_the_names_changed_while_it_was_created() -> None:
    managed = Managed(signs=False)
    managed.server.create_delay = 5.0
    async with managed.manager as manager:
        await asyncio.sleep(1)
        manager.set_template(OTHER)
        managed.server.signs = True
        await asyncio.sleep(4.1)
        assert "is no longer waited for" in str(manager.last_error)
        pair = await manager.wait_for_current()
    assert common_name(pair.certificate) == "CN=system:node:b,O=system:nodes"


@in_virtual_time
async def test_changing_names_all_the_time_is_paced() -> None:
    managed = Managed(signs=False)
    async with managed.manager as manager:
        for number in range(1000):
            manager.set_template(RequestTemplate(f"user-{number}"))
            await asyncio.sleep(0.1)
    assert len(managed.server.creates) <= 8


# Keys


@pytest.mark.parametrize(
    "key", [generate_key(), ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)]
)
def test_a_key_generator_is_used(key: PrivateKey) -> None:
    @in_virtual_time
    async def run() -> None:
        managed = Managed(generate_key=lambda: key)
        async with managed.manager as manager:
            pair = await manager.wait_for_current()
        assert pair.key == encode_private_key(key)

    run()


@in_virtual_time
async def test_without_a_key_generator_keys_are_on_the_curve_p256() -> None:
    managed = Managed()
    async with managed.manager as manager:
        key = parse_private_key((await manager.wait_for_current()).key)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.curve.name == "secp256r1"


@in_virtual_time
async def test_an_rsa_key_may_encipher_keys() -> None:
    key = rsa.generate_private_key(65537, 2048)
    managed = Managed(generate_key=lambda: key)
    async with managed.manager as manager:
        await manager.wait_for_current()
    assert managed.server.creates[0]["spec"]["usages"] == ["digital signature", "key encipherment", "client auth"]


def fails() -> PrivateKey:
    raise ValueError("no randomness")


@pytest.mark.parametrize(
    ("generate", "message"),
    [
        (lambda: rsa.generate_private_key(65537, 1024), "expected an RSA key of 2048 bits or more"),
        (lambda: ec.generate_private_key(ec.SECP224R1()), "expected an elliptic key on the curve secp224r1 of 256"),
        (fails, "no randomness"),
    ],
)
def test_a_weak_key_or_a_failing_generator_is_a_failed_attempt(generate: Any, message: str) -> None:
    @in_virtual_time
    async def run() -> None:
        managed = Managed(STORED, template=OTHER, generate_key=generate)
        async with managed.manager as manager:
            await settle()
            assert message in str(manager.last_error)
            assert manager.current() == STORED
        assert managed.server.transport.requests == []

    run()


# Waiting and leaving


@in_virtual_time
async def test_a_wait_for_the_certificate_ends_with_its_timeout_and_the_last_error() -> None:
    managed = Managed(signs=False, name="node")
    async with managed.manager as manager:
        with pytest.raises(RequestTimeout, match="node: no certificate within 5 s; the request is pending"):
            await manager.wait_for_current(timeout=5.0)
        managed.server.condition(managed.server.only(), "Denied", "not you")
        with pytest.raises(RequestTimeout, match=r"within 1 s; the last error: .* was denied: not you"):
            await manager.wait_for_current(timeout=1.0)


@in_virtual_time
async def test_several_callers_wait_for_one_certificate() -> None:
    managed = Managed(signs=False)
    async with managed.manager as manager:
        callers = [asyncio.create_task(manager.wait_for_current()) for _ in range(3)]
        await settle()
        managed.server.condition(managed.server.only(), "Approved")
        managed.server.issue(managed.server.only())
        assert len({id(await caller) for caller in callers}) == 1


@in_virtual_time
async def test_leaving_ends_the_attempt_and_the_waits() -> None:
    managed = Managed(signs=False)
    async with managed.manager as manager:
        waiting = asyncio.create_task(manager.wait_for_current())
        await settle()
        assert managed.server.transport.open_streams == 1
    assert managed.server.transport.open_streams == 0
    with pytest.raises(RuntimeError, match="runs inside of its block"):
        await waiting
    assert elapsed() == 0.0


@in_virtual_time
async def test_a_manager_that_is_not_entered_is_an_error() -> None:
    manager = Managed().manager
    assert manager.current() is None
    with pytest.raises(RuntimeError, match="runs inside of its block: async with manager"):
        await manager.wait_for_current()


@in_virtual_time
async def test_a_manager_is_entered_once_at_a_time() -> None:
    managed = Managed()
    async with managed.manager as manager:
        with pytest.raises(RuntimeError, match="was entered before"):
            await manager.__aenter__()
        first = await manager.wait_for_current()
    async with managed.manager as manager:
        assert manager.current() == first
    assert len(managed.server.creates) == 1


@in_virtual_time
async def test_leaving_while_a_certificate_waits_for_its_renewal_returns_at_once() -> None:
    managed = Managed(STORED)
    async with managed.manager:
        await asyncio.sleep(10)
    assert elapsed() == 10.0


@in_virtual_time
async def test_a_store_that_cannot_be_read_is_an_error_of_entering() -> None:
    managed = Managed()
    managed.store.failure = CredentialError("cannot read it")
    with pytest.raises(CredentialError, match="cannot read it"):
        async with managed.manager:
            raise AssertionError("the manager runs")
    managed.store.failure = None
    async with managed.manager as manager:
        await manager.wait_for_current()


def test_the_times_of_these_tests_are_those_of_the_pairs() -> None:
    assert STORED.leaf.not_valid_before_utc < NOON < STORED.leaf.not_valid_after_utc
    assert EXPIRED.leaf.not_valid_after_utc < NOON
