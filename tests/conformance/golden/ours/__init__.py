"""Our results for the inputs, in the form of Go's: one function per surface, found by the name of the surface."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import (
    documents,
    events,
    exec_plugins,
    headers,
    jsonpath,
    kubeconfig_changes,
    kubeconfig_views,
    kubeconfigs,
    messages,
    migrations,
    names,
    oidc,
    patches,
    priority_queue,
    responses,
    rest,
    rest_mapper,
    scripts,
    selectors,
    tables,
    values,
)

__all__ = ["RESULTS"]

RESULTS: dict[str, Callable[[Any], Any]] = {
    "core_events": events.core_events,
    "delta_fifo": scripts.delta_fifo,
    "errors": rest.errors,
    "event_names": events.event_names,
    "event_series": events.event_series,
    "exec_credentials": exec_plugins.exec_credentials,
    "exec_info": exec_plugins.exec_info,
    "exec_policies": exec_plugins.exec_policies,
    "fields": selectors.fields,
    "headers": headers.headers,
    "int_or_string": values.int_or_string,
    "json_patches": patches.json_patches,
    "jsonpath": jsonpath.jsonpath,
    "kubeconfig": kubeconfigs.kubeconfig,
    "kubeconfig_changes": kubeconfig_changes.kubeconfig_changes,
    "kubeconfig_views": kubeconfig_views.kubeconfig_views,
    "labels": selectors.labels,
    "limiters": scripts.limiters,
    "merge_patches": patches.merge_patches,
    "messages": messages.messages,
    "migrations": migrations.migrations,
    "names": names.names,
    "oidc": oidc.oidc,
    "patches": documents.patches,
    "priority_queue": priority_queue.priority_queue,
    "proxies": names.proxies,
    "quantities": values.quantities,
    "references": events.references,
    "responses": responses.responses,
    "rest_mapper": rest_mapper.rest_mapper,
    "schema": names.schema,
    "strategic_patches": patches.strategic_patches,
    "tables": tables.tables,
    "times": values.times,
    "urls": rest.urls,
    "workqueue": scripts.workqueue,
    "yaml": documents.yaml,
}
