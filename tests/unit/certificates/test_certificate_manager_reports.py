"""What a `CertificateManager` tells of itself: the health of the server, metrics, log lines and its `repr`."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

import kubeloop
from kubeloop.testing.virtual_time import in_virtual_time, settle
from tests.support.managed import TEMPLATE, Managed, pair_of, wall
from tests.support.scripted_transport import ScriptedResponse, error_status

HOUR = 3600.0
OTHER = TEMPLATE.replace(common_name="system:node:b")
STORED = pair_of(-60, HOUR)


@pytest.mark.parametrize(
    ("failure", "healthy"),
    [
        (None, True),
        (error_status(500, "InternalError"), False),
        (error_status(401, "Unauthorized"), True),
        (ScriptedResponse.text("<html>", 401, "text/html"), True),
        (ScriptedResponse.text("<html>", 404, "text/html"), False),
        (error_status(404, "NotFound"), True),
        (error_status(403, "Forbidden"), True),
        (error_status(503, "ServiceUnavailable"), False),
        (kubeloop.ConnectError("refused"), False),
        (kubeloop.TLSError("expired"), False),
    ],
)
def test_the_server_is_healthy_after_responses_of_a_working_server(failure: Any, healthy: bool) -> None:
    @in_virtual_time
    async def run() -> None:
        managed = Managed(STORED, template=OTHER)
        if failure is not None:
            managed.server.create_failures.append(failure)
        async with managed.manager as manager:
            assert not manager.server_healthy
            await settle()
            assert manager.server_healthy is healthy
            assert (manager.current() == STORED) is (failure is not None)

    run()


@in_virtual_time
async def test_names_that_cannot_be_requested_are_not_a_fault_of_the_server() -> None:
    managed = Managed(STORED, template=OTHER)
    async with managed.manager as manager:
        await settle()
        assert manager.server_healthy
        manager.set_template(TEMPLATE.replace(dns_names=("bücher.example",)))
        await settle()
        assert isinstance(manager.last_error, ValueError)
        assert manager.server_healthy


@in_virtual_time
async def test_the_server_becomes_healthy_again_and_ill_again() -> None:
    managed = Managed(STORED, template=OTHER)
    failure = error_status(500, "InternalError")
    managed.server.create_failures.append(failure)
    async with managed.manager as manager:
        await settle()
        assert not manager.server_healthy
        await asyncio.sleep(3)
        assert manager.server_healthy
        managed.server.create_failures.append(failure)
        manager.set_template(TEMPLATE)
        await settle()
        assert not manager.server_healthy


@in_virtual_time
async def test_metrics_count_expiry_rotations_and_failures() -> None:
    metrics = kubeloop.Metrics(now=wall)
    managed = Managed(STORED, template=OTHER, metrics=metrics, name="node", lifetime=2 * HOUR)
    managed.server.create_failures.append(error_status(500, "InternalError"))
    async with managed.manager:
        assert metrics.value("certificate_manager_ttl_seconds", name="node") == HOUR
        await asyncio.sleep(100)
        ttl = metrics.value("certificate_manager_ttl_seconds", name="node")
        assert 2 * HOUR - 100 <= ttl <= 2 * HOUR - 97
        assert metrics.value("certificate_manager_rotation_seconds_count", name="node") == 1
        assert 62 <= metrics.value("certificate_manager_rotation_seconds_sum", name="node") <= 63
        assert metrics.value("certificate_manager_expiration_renew_errors", name="node") == 1
    assert 'certificate_manager_ttl_seconds{name="node"}' not in metrics.text()


@in_virtual_time
async def test_the_first_certificate_is_no_rotation() -> None:
    metrics = kubeloop.Metrics(now=wall)
    managed = Managed(metrics=metrics)
    async with managed.manager as manager:
        await manager.wait_for_current()
        assert metrics.value("certificate_manager_rotation_seconds_count", name="example.com/s") == 0
        assert metrics.value("certificate_manager_ttl_seconds", name="example.com/s") == HOUR


@in_virtual_time
async def test_a_failing_metrics_object_costs_no_certificate() -> None:
    class Broken:
        def __getattr__(self, name: str) -> Any:
            def fail(*_: object) -> None:
                raise ValueError(name)

            return fail

    managed = Managed(STORED, template=OTHER, metrics=Broken())
    managed.server.create_failures.append(error_status(500, "InternalError"))
    async with managed.manager as manager:
        await asyncio.sleep(5)
        assert manager.current() != STORED


@in_virtual_time
async def test_log_lines_name_the_manager_and_contain_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    managed = Managed(name="node", lifetime=HOUR)
    managed.server.create_failures.append(error_status(500, "InternalError", "broken"))
    with caplog.at_level(logging.INFO, "kubeloop.certificates"):
        async with managed.manager as manager:
            await manager.wait_for_current()
    lines = [(each.levelname, each.message) for each in caplog.records]
    assert [level for level, _ in lines] == ["INFO", "ERROR", "INFO"]
    assert lines[0][1].startswith("certificate manager node: <tests.support.managed.MemoryStore")
    assert lines[0][1].endswith(" has no certificate; requesting one")
    assert lines[1][1].startswith("certificate manager node: the certificate could not be renewed: POST ")
    assert "broken" in lines[1][1]
    assert lines[1][1].endswith("; next attempt in 2.1 s")
    assert lines[2][1].startswith("certificate manager node: the certificate expires on 2026-11-29T13:00:02")
    assert "BEGIN" not in caplog.text


@in_virtual_time
async def test_a_failure_is_a_warning_while_the_certificate_is_valid(caplog: pytest.LogCaptureFixture) -> None:
    managed = Managed(STORED, template=OTHER)
    managed.server.create_failures.append(error_status(500, "InternalError"))
    async with managed.manager:
        await settle()
    assert [each.levelname for each in caplog.records if "could not be renewed" in each.message] == ["WARNING"]


@in_virtual_time
async def test_the_repr_shows_the_state() -> None:
    managed = Managed(STORED, template=OTHER, name="node")
    assert repr(managed.manager) == "<CertificateManager node: no certificate>"
    managed.server.create_failures.append(error_status(500, "InternalError", "broken"))
    async with managed.manager as manager:
        await settle()
        assert repr(manager).startswith(
            "<CertificateManager node: valid until 2026-11-29T13:00:00+00:00, last error: POST "
        )
