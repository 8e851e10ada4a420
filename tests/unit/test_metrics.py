"""`Metrics`: what is counted for queues and certificates; for requests see `rest/test_call_report.py`."""

from __future__ import annotations

import asyncio
import gc
from datetime import UTC, datetime, timedelta
from math import inf

import pytest

import kubeloop
from kubeloop import Metrics, PriorityQueue, RateLimitingQueue, WorkQueue
from kubeloop.testing.virtual_time import in_virtual_time

START = datetime(2026, 1, 1, tzinfo=UTC)


@in_virtual_time
async def test_a_queue_is_measured_under_its_name() -> None:
    metrics = Metrics()
    queue: RateLimitingQueue[str] = RateLimitingQueue(name="pods", metrics=metrics)
    queue.add("a")
    queue.add("b")
    queue.add_after("c", 60.0)
    await asyncio.sleep(2.0)
    assert await queue.get() == "a"
    await asyncio.sleep(3.0)
    numbers = {
        name: metrics.value(f"workqueue_{name}", name="pods")
        for name in (
            "adds_total", "depth", "retries_total", "queue_duration_seconds_sum", "queue_duration_seconds_count",
            "work_duration_seconds_count", "unfinished_work_seconds", "longest_running_processor_seconds",
        )
    }  # fmt: skip
    assert list(numbers.values()) == [2, 1, 1, 2.0, 1, 0, 3.0, 3.0]
    queue.done("a")
    assert metrics.value("workqueue_work_duration_seconds_sum", name="pods") == 3.0
    assert metrics.value("workqueue_unfinished_work_seconds", name="pods") == 0.0
    queue.shut_down()


@in_virtual_time
async def test_queues_of_one_name_are_added_up_and_a_forgotten_queue_is_left_out() -> None:
    metrics = Metrics()
    queues = [WorkQueue[str](name="pods", metrics=metrics) for _ in range(2)]
    for seconds, queue in enumerate(queues, start=1):
        queue.add("a")
        await queue.get()
        await asyncio.sleep(seconds)
    assert metrics.value("workqueue_unfinished_work_seconds", name="pods") == 3.0 + 2.0
    assert metrics.value("workqueue_longest_running_processor_seconds", name="pods") == 3.0
    del queue, queues
    gc.collect()
    assert metrics.value("workqueue_unfinished_work_seconds", name="pods") == 0.0
    assert "workqueue_unfinished_work_seconds" not in metrics.text()


@in_virtual_time
async def test_the_present_of_an_ended_queue_is_forgotten_and_what_was_counted_stays() -> None:
    metrics = Metrics()
    kept = PriorityQueue[str](name="pods 1", metrics=metrics)
    for number in range(50):
        queue = PriorityQueue[str](name=f"pods {number}", metrics=metrics)
        queue.add("a")
        queue.add("b")
    del queue
    gc.collect()
    another = WorkQueue[str](name="another", metrics=metrics)
    assert repr(metrics).startswith("<Metrics: 2 queues")
    names = {sample.labels for family in metrics.collect() if "depth" in family.name for sample in family.samples}
    assert names == {(("name", "pods 1"),), (("name", "pods 1"), ("priority", "0"))}
    assert metrics.value("workqueue_depth", name="pods 1") == 2.0
    assert metrics.value("workqueue_adds_total", name="pods 7") == 2.0
    del kept, another
    gc.collect()
    metrics.collect()
    assert repr(metrics).startswith("<Metrics: 0 queues")
    assert "depth" not in metrics.text()


class Plugin:
    """Something that has a certificate."""


def test_the_first_certificate_that_expires_decides_the_gauge() -> None:
    metrics = Metrics(now=lambda: START)
    assert metrics.value("rest_client_exec_plugin_ttl_seconds") == inf
    assert "rest_client_exec_plugin_ttl_seconds +Inf\n" in metrics.text()
    first, second = Plugin(), Plugin()
    metrics.exec_plugin_certificate(first, START + timedelta(hours=1))
    metrics.exec_plugin_certificate(second, START - timedelta(minutes=1))
    assert metrics.value("rest_client_exec_plugin_ttl_seconds") == -60.0
    metrics.exec_plugin_certificate(second, None)
    assert metrics.value("rest_client_exec_plugin_ttl_seconds") == 3600.0
    del first
    gc.collect()
    assert metrics.value("rest_client_exec_plugin_ttl_seconds") == inf


def test_an_unknown_sample_is_zero() -> None:
    assert Metrics().value("rest_client_requests_total", code="200", method="GET", host="server") == 0.0


def test_a_misspelt_sample_or_label_is_an_error_and_not_zero() -> None:
    metrics = Metrics()
    metrics.request_sent("200", "GET", "server")
    with pytest.raises(
        ValueError, match=r"got 'rest_client_request_total'; did you mean 'rest_client_requests_total'\?"
    ):
        metrics.value("rest_client_request_total")
    with pytest.raises(ValueError, match=r"did you mean 'workqueue_queue_duration_seconds_"):
        metrics.value("workqueue_queue_duration_seconds", name="pods")
    with pytest.raises(ValueError, match="expected the labels code, host, method, got code, host, verb: rest_client"):
        metrics.value("rest_client_requests_total", code="200", verb="GET", host="server")
    assert metrics.value("workqueue_queue_duration_seconds_count", name="pods") == 0.0


def test_the_repr_shows_the_state() -> None:
    metrics = Metrics()
    metrics.request_sent("200", "GET", "server")
    assert repr(metrics) == "<Metrics: 0 queues, <Counter rest_client_requests_total: 1 samples>>"


@pytest.mark.parametrize("metrics", [None, Metrics()])
def test_a_config_takes_metrics_and_is_still_a_value(metrics: Metrics | None) -> None:
    config = kubeloop.Config(host="https://server", metrics=metrics)
    assert config.metrics is metrics
    assert config.replace(timeout=1.0).metrics is metrics
