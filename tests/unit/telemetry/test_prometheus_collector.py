"""`MetricsCollector`: `prometheus-client` exposes the same families as `Metrics.text()`."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import exposition
from prometheus_client.parser import text_string_to_metric_families

import kubeloop
from kubeloop.telemetry import MetricsCollector
from tests.conformance.component_base.test_metrics_table import Owner, used_metrics

START = datetime(2026, 1, 1, tzinfo=UTC)


def parsed(text: str) -> list[Metric]:
    """Return the families of a text, sorted as their samples are."""
    families = sorted(text_string_to_metric_families(text), key=lambda family: family.name)
    for family in families:
        family.samples.sort(key=lambda sample: (sample.name, sorted(sample.labels.items())))
    return families


def exposed(metrics: kubeloop.Metrics) -> str:
    registry = CollectorRegistry()
    registry.register(MetricsCollector(metrics))
    return generate_latest(registry).decode()


def all_metrics(owner: Owner) -> kubeloop.Metrics:
    """Return metrics with a sample of each kind."""
    metrics = used_metrics(owner, now=lambda: START)
    metrics.certificate_expires("node", datetime(2030, 1, 1, tzinfo=UTC))
    metrics.certificate_rotated("node", 1.0)
    metrics.certificate_renewal_failed("node")
    metrics.event_written("controller")
    metrics.event_dropped("controller", "queue_full")
    return metrics


@pytest.fixture
def owner() -> Owner:
    return Owner()


def text_of(metrics: kubeloop.Metrics) -> str:
    """Return the text, in which the one counter that prometheus-client would rename has no type."""
    return metrics.text().replace("renew_errors counter", "renew_errors untyped")


async def test_the_families_are_those_of_the_text(owner: Owner) -> None:
    metrics = all_metrics(owner)
    families = parsed(exposed(metrics))
    assert families == parsed(text_of(metrics))
    assert {family.name for family in families} == {family.name.removesuffix("_total") for family in metrics.collect()}


async def test_help_types_and_bounds_are_spelled_as_in_the_text(owner: Owner) -> None:
    metrics = all_metrics(owner)
    for pattern in (r"# (?:HELP|TYPE) .*", r'\ble="[^"]*"'):
        assert set(re.findall(pattern, exposed(metrics))) == set(re.findall(pattern, text_of(metrics)))


async def test_each_combination_of_labels_has_its_own_distribution() -> None:
    metrics = kubeloop.Metrics()
    for verb, seconds in (("GET", 0.01), ("GET", 3.0), ("PUT", 100.0)):
        metrics.request_duration(verb, 'a "quoted"\nhost', seconds)
    families = parsed(exposed(metrics))
    assert families == parsed(metrics.text())
    counts = {s.labels["verb"]: s.value for family in families for s in family.samples if s.name.endswith("_count")}
    assert counts == {"GET": 2.0, "PUT": 1.0}


async def test_units_are_those_of_the_names(owner: Owner) -> None:
    registry = CollectorRegistry()
    registry.register(MetricsCollector(all_metrics(owner)))
    units = re.findall(r"# UNIT (\S+) (\S+)", exposition.generate_latest(registry).decode())
    assert ("rest_client_request_duration_seconds", "seconds") in units
    assert ("rest_client_request_size_bytes", "bytes") in units
    assert all(name.endswith(f"_{unit}") for name, unit in units)


async def test_metrics_without_samples_are_left_out_as_in_the_text() -> None:
    assert [family.name for family in parsed(exposed(kubeloop.Metrics()))] == ["rest_client_exec_plugin_ttl_seconds"]


async def test_a_registry_refuses_the_same_names_twice() -> None:
    registry = CollectorRegistry()
    registry.register(MetricsCollector(kubeloop.Metrics()))
    with pytest.raises(ValueError, match="Duplicated timeseries"):
        registry.register(MetricsCollector(kubeloop.Metrics()))


class Ages(kubeloop.Metrics):
    """Metrics that note in which loop they are read."""

    def __init__(self) -> None:
        super().__init__()
        self.loops: list[asyncio.AbstractEventLoop | None] = []

    def collect(self) -> tuple[kubeloop.MetricFamily, ...]:
        try:
            self.loops.append(asyncio.get_running_loop())
        except RuntimeError:
            self.loops.append(None)
        return super().collect()


async def test_another_thread_reads_the_metrics_in_their_loop() -> None:
    metrics = Ages()
    metrics.request_sent("200", "GET", "server")
    registry = CollectorRegistry()
    registry.register(MetricsCollector(metrics))
    text = (await asyncio.to_thread(generate_latest, registry)).decode()
    assert parsed(text) == parsed(metrics.text())
    assert set(metrics.loops) == {asyncio.get_running_loop()}


def test_the_metrics_can_be_read_after_the_loop_was_closed() -> None:
    metrics = Ages()

    async def create() -> MetricsCollector:
        return MetricsCollector(metrics)

    collector = asyncio.run(create())
    assert [family.name for family in collector.collect()] == ["rest_client_exec_plugin_ttl_seconds"]
    assert metrics.loops == [None]


def test_a_collector_is_created_in_a_loop() -> None:
    with pytest.raises(RuntimeError, match="expected a running event loop, got none: create the MetricsCollector in a"):
        MetricsCollector(kubeloop.Metrics())
