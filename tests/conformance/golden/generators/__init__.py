"""Generators of inputs: seeded, so that a seed always yields the same cases, with hand-picked cases first.

Each surface is a function of a `random.Random` that yields cases, plain JSON values. A case must not depend on anything
but the generator: both Go and Python read the case from the file that contains it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from . import (
    documents,
    events,
    exec_plugins,
    headers,
    messages,
    names,
    patches,
    responses,
    rest,
    scripts,
    selectors,
    values,
)
from .jsonpath import jsonpath
from .kubeconfig_changes import kubeconfig_changes
from .kubeconfig_views import kubeconfig_views
from .kubeconfigs import kubeconfig
from .migrations import migrations
from .oidc import oidc
from .priority_queue import priority_queue
from .rest_mapper import rest_mapper
from .tables import tables

__all__ = ["GENERATORS", "cases"]

GENERATORS: dict[str, Callable[[Random], Iterator[Any]]] = {
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
    "jsonpath": jsonpath,
    "kubeconfig": kubeconfig,
    "kubeconfig_changes": kubeconfig_changes,
    "kubeconfig_views": kubeconfig_views,
    "labels": selectors.labels,
    "limiters": scripts.limiters,
    "merge_patches": patches.merge_patches,
    "messages": messages.messages,
    "migrations": migrations,
    "names": names.names,
    "oidc": oidc,
    "patches": documents.patches,
    "priority_queue": priority_queue,
    "proxies": names.proxies,
    "quantities": values.quantities,
    "references": events.references,
    "responses": responses.responses,
    "rest_mapper": rest_mapper,
    "schema": names.schema,
    "strategic_patches": patches.strategic_patches,
    "tables": tables,
    "times": values.times,
    "urls": rest.urls,
    "workqueue": scripts.workqueue,
    "yaml": documents.yaml,
}


def cases(surface: str, seed: int) -> Iterator[Any]:
    """Generate the cases of one surface; the seed and the surface alone determine the cases."""
    return GENERATORS[surface](Random(f"{seed} {surface}"))
