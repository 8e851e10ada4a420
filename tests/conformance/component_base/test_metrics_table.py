"""Our metrics have the names, types, labels and buckets that component-base's source declares."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import kubeloop
from kubeloop.cache import HandlerStatistics, InformerLabels, InformerStatistics
from kubeloop.workqueue import UnfinishedWork

TABLE = json.loads(Path(__file__).with_name("metrics.json").read_text(encoding="utf-8"))["metrics"]

MISSING = {
    "rest_client_dns_resolution_duration_seconds": "component-base declares it and never registers it",
    "rest_client_transport_cache_entries": "there is no cache of transports: each client has its own",
    "rest_client_transport_cache_gc_calls_total": "there is no cache of transports",
    "rest_client_transport_cert_rotation_gc_calls_total": "there is no goroutine that rotates certificates",
    "rest_client_transport_create_calls_total": "there is no cache of transports",
}

# The kubelet's metrics of its certificate managers, whose names are part of the names of the metrics there:
# kubelet_certificate_manager_server_ttl_seconds. And our own metrics of informers.
OTHERS = {
    "event_recorder_dropped_total",
    "event_recorder_written_total",
    "informer_handler_backlog",
    "informer_handler_backlog_seconds",
    "informer_lag_seconds",
    "informer_last_heard_seconds",
    "informer_memory_bytes",
    "informer_objects",
    "informer_relists_total",
    "informer_unreadable_objects",
    "certificate_manager_expiration_renew_errors",
    "certificate_manager_rotation_seconds",
    "certificate_manager_ttl_seconds",
    "workqueue_depth_by_priority",
}


DIFFERENT = {
    # component-base declares the two results as two labels, passes one value, and so never registers the metric.
    "rest_client_exec_plugin_policy_call_total": {"type": "counter", "labels": ["status"]},
}


class Owner:
    """A plugin, a queue with work, and an informer."""

    def unfinished_work(self) -> UnfinishedWork:
        return UnfinishedWork(1.0, 1.0)

    def statistics(self) -> InformerStatistics:
        return InformerStatistics(
            name="pods",
            state="synced",
            objects=3,
            memory_bytes=4096,
            unreadable=1,
            resource_version="123456789012345678",
            relists={"Expired": 1},
            heard_seconds=2.0,
            lag_seconds=0.5,
            queued=4,
            handlers=(HandlerStatistics("f", 5, 0.5),),
            last_error="",
        )


def used_metrics(owner: Owner, **settings: Any) -> kubeloop.Metrics:
    """Return metrics with a sample of each kind."""
    metrics = kubeloop.Metrics(**settings)
    for record in (metrics.request_duration, metrics.rate_limiter_duration):
        record("GET", "server", 1.0)
    for measure in (metrics.request_size, metrics.response_size):
        measure("GET", "server", 1)
    metrics.request_sent("200", "GET", "server")
    metrics.request_retried("200", "GET", "server")
    metrics.exec_plugin_called(0, "no_error")
    metrics.exec_plugin_policy_checked("allowed")
    metrics.certificate_authority_reloaded("success", "updated")
    metrics.exec_plugin_certificate(owner, datetime(2030, 1, 1, tzinfo=UTC))
    metrics.exec_plugin_certificate_replaced(1.0)
    metrics.created("pods", owner.unfinished_work)
    metrics.depth("pods", 1)
    metrics.depth("nodes", 1, -100)
    metrics.added("pods")
    metrics.waited("pods", 1.0)
    metrics.worked("pods", 1.0)
    metrics.retried("pods")
    informer = InformerLabels("pods", "", "v1", "pods")
    metrics.informer_created(informer, owner.statistics)
    metrics.informer_processed(informer, 1.0)
    metrics.informer_relisted(informer, "Expired")
    metrics.leader_changed("pods", True)
    metrics.leader_slow_path("pods")
    return metrics


def described(family: kubeloop.MetricFamily) -> dict[str, Any]:
    """Return type, labels and buckets of a metric, as in the table."""
    labels = [name for name, _ in family.samples[0].labels]
    entry: dict[str, Any] = {"type": family.type, "labels": labels}
    if family.type == "histogram":
        assert labels.pop() == "le"
        bounds = [dict(sample.labels)["le"] for sample in family.samples if sample.name.endswith("_bucket")]
        assert bounds.pop() == "+Inf"
        entry["buckets"] = [float(bound) for bound in bounds]
    return entry


def test_names_types_labels_and_buckets_are_those_of_component_base() -> None:
    owner = Owner()
    ours = {family.name: described(family) for family in used_metrics(owner).collect() if family.name not in OTHERS}
    assert ours == {name: entry for name, entry in {**TABLE, **DIFFERENT}.items() if name not in MISSING}


def test_the_missing_metrics_are_those_with_a_reason() -> None:
    names = {family.name for family in kubeloop.Metrics().collect()}
    assert set(TABLE) - names == set(MISSING)
    assert names - set(TABLE) == OTHERS
    assert all(TABLE[name] != entry for name, entry in DIFFERENT.items())
