"""What a running server serves beyond the built-in types: its CustomResourceDefinitions and aggregated APIs."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from kubeloop.codegen.crd import read_crds
from kubeloop.codegen.custom import built_in_types
from kubeloop.codegen.openapi import read_openapi
from kubeloop.codegen.schema import Module, SchemaError

if TYPE_CHECKING:
    from kubeloop.rest.client import RESTClient

__all__ = ["read_cluster"]

_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"


async def read_cluster(rest: RESTClient, groups: Collection[str] = ()) -> tuple[dict[str, Module], bytes]:
    """Read the custom resources of a server.

    Args:
        rest: A client of the server.
        groups: The API groups to read; all that are not built in when empty.

    Returns:
        The modules by name, and the text that they were made from, whose hash goes into the generated files.

    Raises:
        SchemaError: The server has none (of those groups), or one cannot be read.
        APIError: The server refused to list them.
    """
    wanted = frozenset(groups)
    definitions: list[dict[str, Any]] = [
        {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", **item}
        for item in await _items(rest, _DEFINITIONS)
        if not wanted or item["spec"]["group"] in wanted
    ]
    modules = read_crds(definitions, "the cluster") if definitions else {}
    facts: list[object] = [{"name": item["metadata"]["name"], "spec": item["spec"]} for item in definitions]
    for service in await _items(rest, _SERVICES):
        spec = service["spec"]
        if spec.get("service") is None or (wanted and spec["group"] not in wanted):
            continue
        path = f"/openapi/v3/apis/{spec['group']}/{spec['version']}"
        document = json.loads(await rest.get(path, into=bytes))
        module = read_openapi(document, f"{spec['group']}/{spec['version']} of the cluster", built_in_types())
        modules[module.name] = module
        facts.append(document)
    if not modules:
        raise SchemaError(f"the cluster has no custom resources{' in ' + ', '.join(sorted(wanted)) if wanted else ''}")
    return dict(sorted(modules.items())), json.dumps(facts, sort_keys=True).encode()


async def _items(rest: RESTClient, path: str) -> list[Mapping[str, Any]]:
    body: Any = json.loads(await rest.get(path, into=bytes))
    items: list[Mapping[str, Any]] = body.get("items") or []
    return sorted(items, key=lambda item: str(item["metadata"]["name"]))
