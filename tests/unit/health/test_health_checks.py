from __future__ import annotations

import asyncio
import logging

import pytest

from kubeloop._kit.metric_family import exposition
from kubeloop.health import CheckResult, HealthChecks
from kubeloop.testing.virtual_time import elapsed, in_virtual_time


def fail() -> None:
    raise ValueError("broken")


@in_virtual_time
async def test_liveness_and_readiness_have_checks_of_their_own() -> None:
    checks = HealthChecks()
    checks.add_liveness("a", fail)
    checks.add_readiness("b", fail)
    checks.add_readiness("a", lambda: None)
    assert [each.name for each in (await checks.liveness()).results] == ["ping", "a"]
    assert [each.name for each in (await checks.readiness()).results] == ["ping", "b", "a"]
    assert (await checks.liveness()).failed == (CheckResult("a", "ValueError: broken"),)
    assert (await checks.readiness(exclude={"b"})).is_healthy


@in_virtual_time
async def test_async_checks_end_before_the_default_timeout_of_the_kubelet() -> None:
    checks = HealthChecks()

    async def hang() -> None:
        while True:
            try:
                await asyncio.sleep(5)
            except asyncio.CancelledError:
                await asyncio.sleep(5)
                return

    checks.add_liveness("hangs", hang)
    await checks.liveness()
    assert elapsed() < 1.0
    await asyncio.sleep(5)


@in_virtual_time
async def test_the_timeout_can_be_chosen() -> None:
    checks = HealthChecks(timeout=7)
    checks.add_readiness("hangs", lambda: asyncio.sleep(60))
    assert (await checks.readiness()).failed == (CheckResult("hangs", "timed out after 7 s"),)
    assert elapsed() == 7


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_a_timeout_is_positive(timeout: float) -> None:
    with pytest.raises(ValueError, match="expected a timeout of more than 0 s"):
        HealthChecks(timeout=timeout)


@in_virtual_time
async def test_readiness_may_fail_at_the_start_and_liveness_may_not(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    checks = HealthChecks()
    checks.add_liveness("a", fail)
    checks.add_readiness("a", fail)
    await checks.liveness()
    await checks.readiness()
    assert [(each.levelname, each.getMessage()) for each in caplog.records] == [
        ("WARNING", "liveness check a: fails: ValueError: broken"),
        ("INFO", "readiness check a: does not pass yet: ValueError: broken"),
    ]


@in_virtual_time
async def test_the_results_are_metrics_with_the_names_of_kubernetes() -> None:
    checks = HealthChecks()
    checks.add_readiness("a", fail)
    assert exposition(checks.collect()) == ""
    await checks.liveness()
    for _ in range(2):
        await checks.readiness()
    await checks.readiness(exclude=["a"])
    samples = [line for line in exposition(checks.collect()).splitlines() if not line.startswith("#")]
    assert samples == [
        'kubernetes_healthcheck{name="ping",type="livez"} 1',
        'kubernetes_healthcheck{name="ping",type="readyz"} 1',
        'kubernetes_healthcheck{name="a",type="readyz"} 0',
        'kubernetes_healthchecks_total{name="ping",type="livez",status="success"} 1',
        'kubernetes_healthchecks_total{name="ping",type="readyz",status="success"} 3',
        'kubernetes_healthchecks_total{name="a",type="readyz",status="error"} 2',
    ]


def test_the_repr_names_the_checks() -> None:
    checks = HealthChecks()
    checks.add_readiness("a", fail)
    assert repr(checks) == "<HealthChecks, liveness: ping; readiness: ping, a>"
