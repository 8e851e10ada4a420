"""The client's own rate limit: which limiter counts, and what is logged. As in client-go's TestRESTClientLimiter."""

from __future__ import annotations

import asyncio
import logging
import math
from typing import Any

import pytest

import kubeloop
from kubeloop.config.config import Config
from kubeloop.rest.client import RESTClient
from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from tests.support.scripted_transport import ScriptedResponse, ScriptedTransport, error_status, watch_response

POD = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a"}}


def client(*script: Any, **settings: Any) -> RESTClient:
    transport = ScriptedTransport(*(script or (lambda _: ScriptedResponse.of(POD),)))
    return RESTClient(Config(host="https://server", **settings), transport=transport)


class Recorded:
    """A limiter with scripted delays."""

    def __init__(self, *delays: float) -> None:
        self.delays = list(delays)
        self.reserved: list[float] = []
        self.given_back = 0

    def reserve(self, now: float) -> float:
        self.reserved.append(now)
        return self.delays.pop(0)

    def give_back(self, now: float) -> None:
        self.given_back += 1


@pytest.mark.parametrize(
    ("settings", "seconds"),
    [
        ({}, 0.0),
        ({"qps": None}, 0.0),
        ({"qps": 0.0}, 0.0),
        ({"qps": -1.0}, 0.0),
        ({"qps": -0.5}, 0.0),
        ({"qps": -1.0, "burst": 0}, 0.0),
        ({"qps": math.inf, "burst": 1}, 0.0),
        ({"qps": 10.0}, 1.0),
        ({"qps": 10.0, "burst": 1}, 1.9),
        ({"rate_limiter": kubeloop.TokenBucket(2.0, 1)}, 9.5),
        ({"rate_limiter": kubeloop.TokenBucket(2.0, 1), "qps": 1000.0}, 9.5),
        ({"rate_limiter": kubeloop.TokenBucket(2.0, 1), "qps": -1.0}, 9.5),
        ({"rate_limiter": kubeloop.TokenBucket(math.inf, 1), "qps": 1.0}, 0.0),
    ],
    ids=repr,
)
@pytest.mark.parametrize("resource", ["pods", "/version"])
@in_virtual_time
async def test_a_limiter_comes_before_qps_and_without_both_there_is_no_limit(
    settings: dict[str, Any], seconds: float, resource: str
) -> None:
    if isinstance(bucket := settings.get("rate_limiter"), kubeloop.TokenBucket):
        settings = {**settings, "rate_limiter": kubeloop.TokenBucket(bucket._rate, bucket._burst)}
    rest = client(**settings)
    for _ in range(20):
        await rest.get(resource, into=bytes)
    assert elapsed() == pytest.approx(seconds)


@pytest.mark.parametrize(
    "settings", [{"qps": 5.0, "burst": 0}, {"qps": 5.0, "burst": -1}, {"timeout": math.nan}], ids=repr
)
def test_settings_with_which_no_request_would_be_sent_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(kubeloop.ConfigError, match=r"^expected a"):
        Config(**settings)


def test_a_limiter_that_is_none_is_refused() -> None:
    with pytest.raises(TypeError, match=r"rate_limiter must be RequestRateLimiter or None, not float"):
        Config(rate_limiter=5.0)  # type: ignore[arg-type]


@in_virtual_time
async def test_clients_of_one_limiter_share_its_rate() -> None:
    shared = kubeloop.TokenBucket(1.0, 1)
    for rest in (client(rate_limiter=shared), client(rate_limiter=shared, namespace="other")):
        await rest.get("pods", name="a")
        await rest.get("pods", name="a")
    assert elapsed() == pytest.approx(3.0)


@in_virtual_time
async def test_a_limiter_is_asked_before_each_attempt_and_after_the_pause() -> None:
    limiter = Recorded(0.0, 0.5, -1.0)
    busy = error_status(429, "TooManyRequests", headers={"Retry-After": "2"})
    rest = client(busy, busy, ScriptedResponse.of(POD), rate_limiter=limiter)
    await rest.get("pods", name="a")
    assert limiter.reserved == [0.0, 2.0, 4.5]
    assert (elapsed(), limiter.given_back) == (4.5, 0)


@in_virtual_time
async def test_the_first_attempt_of_a_watch_is_not_limited_and_its_retries_are() -> None:
    limiter = Recorded(0.25)
    busy = error_status(503, headers={"Retry-After": "2"})
    rest = client(busy, watch_response(), rate_limiter=limiter)
    async with rest.watch("pods", into=kubeloop.Unstructured):
        assert limiter.reserved == [2.0]
        assert elapsed() == 2.25


@in_virtual_time
async def test_a_delay_that_is_not_a_number_is_an_error_and_not_a_hang() -> None:
    rest = client(rate_limiter=Recorded(math.nan), timeout=5.0)
    with pytest.raises(kubeloop.TransportError, match="admits no more requests"):
        await rest.get("pods", name="a")
    assert elapsed() == 0.0


@in_virtual_time
async def test_a_limiter_that_admits_nothing_is_an_error_and_not_a_hang() -> None:
    rest = client(rate_limiter=kubeloop.TokenBucket(0.0, 1))
    await rest.get("pods", name="a")
    with pytest.raises(kubeloop.TransportError, match=r"^GET /api/v1/pods/a: TokenBucket.* admits no more") as caught:
        await rest.get("pods", name="a")
    assert not caught.value.retryable


@in_virtual_time
async def test_a_wait_is_measured_and_a_refusal_is_not() -> None:
    metrics = kubeloop.Metrics()
    rest = client(rate_limiter=Recorded(-1.0, 0.5, math.inf), metrics=metrics)
    for _ in range(2):
        await rest.get("pods", name="a")
    with pytest.raises(kubeloop.TransportError):
        await rest.get("pods", name="a")
    labels = {"verb": "GET", "host": "server"}
    assert metrics.value("rest_client_rate_limiter_duration_seconds_sum", **labels) == 0.5
    assert metrics.value("rest_client_rate_limiter_duration_seconds_count", **labels) == 2


@in_virtual_time
async def test_a_turn_is_given_back_by_a_caller_without_time_and_by_one_that_is_cancelled() -> None:
    limiter = Recorded(9.0, 9.0)
    rest = client(rate_limiter=limiter)
    with pytest.raises(kubeloop.RequestTimeout, match="the request was not sent"):
        await rest.get("pods", name="a", timeout=9)
    assert (elapsed(), limiter.given_back) == (0.0, 1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(3):
            await rest.get("pods", name="a")
    assert (elapsed(), limiter.given_back) == (3.0, 2)


@in_virtual_time
async def test_an_exception_of_a_limiter_is_the_callers() -> None:
    with pytest.raises(IndexError):
        await client(rate_limiter=Recorded()).get("pods", name="a")


OWN = "the client's own rate limit, not the server's priority and fairness"


@pytest.mark.parametrize(
    ("delay", "level"),
    [(0.0, None), (0.05, None), (0.06, logging.DEBUG), (1.0, logging.DEBUG), (1.01, logging.WARNING)],
)
@in_virtual_time
async def test_a_long_wait_is_logged_before_it_and_a_very_long_one_as_a_warning(
    delay: float, level: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "kubeloop.rest.rate_limit")
    await client(rate_limiter=Recorded(delay)).get("pods", name="a")
    line = f"GET /api/v1/pods/a waits for {delay:.3f} s: {OWN}"
    assert [(each.levelno, each.getMessage()) for each in caplog.records] == ([(level, line)] if level else [])


@in_virtual_time
async def test_very_long_waits_are_warned_of_every_ten_seconds(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "kubeloop.rest.rate_limit")
    rest = client(rate_limiter=Recorded(*[1.9] * 5, 1.1, 1.1))
    begins, warned = list[float](), list[float]()
    for _ in range(7):
        before = len(caplog.records)
        begins.append(elapsed())
        await rest.get("pods", name="a")
        warned += begins[-1:] * (len(caplog.records) - before)
    assert begins[-2:] == pytest.approx([9.5, 10.6])
    assert warned == [0.0, begins[-1]]


@in_virtual_time
async def test_the_wait_before_a_retry_names_the_failure_and_the_flow_schema(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "kubeloop.rest")
    headers = {
        "Retry-After": "1",
        "X-Kubernetes-PF-FlowSchema-UID": "schema-7",
        "X-Kubernetes-PF-PriorityLevel-UID": "l",
    }
    busy = error_status(429, "TooManyRequests", "too many", headers=headers)
    await client(busy, ScriptedResponse.of(POD), rate_limiter=Recorded(0.0, 0.5)).get("pods", name="a")
    lines = [line for line in caplog.messages if "too many" in line]
    assert len(lines) == 2
    assert lines[0].startswith("sending GET /api/v1/pods/a again in 1 s: ")
    assert lines[1].startswith(f"GET /api/v1/pods/a waits for 0.500 s: {OWN}; a retry after: ")
    assert all(line.endswith("(flow schema schema-7)") for line in lines)
