"""Reading the custom resources of a running server: CustomResourceDefinitions and aggregated APIs."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import TYPE_CHECKING

from kubeloop.codegen.crd import find_definitions, modules_of
from kubeloop.codegen.custom import ModuleNames, built_in_types
from kubeloop.codegen.input_documents import Item, ItemList, ServiceSpec, checked, parse_json, reading
from kubeloop.codegen.openapi import read_openapi
from kubeloop.codegen.schema import Module, SchemaError, check_group_version

if TYPE_CHECKING:
    from kubeloop.rest.client import RESTClient

__all__ = ["read_cluster"]

_DEFINITIONS = ("apiextensions.k8s.io/v1", "customresourcedefinitions")
_DEFINITION = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
_SERVICES = ("apiregistration.k8s.io/v1", "apiservices")


async def read_cluster(
    rest: RESTClient, groups: Collection[str] = (), names: ModuleNames | None = None
) -> tuple[dict[str, Module], bytes]:
    """Read the custom resources of a server.

    Args:
        rest: A client of the server.
        groups: The API groups to read; all that are not built in when empty.
        names: The names of modules that are taken; None begins with those of kubeloop.

    Returns:
        The modules by name, and the text that they were made from, whose hash goes into the generated files.

    Raises:
        SchemaError: The server has none (of those groups), or one cannot be read.
        APIError: The server refused to list them.
    """
    wanted = frozenset(groups)
    names = names or ModuleNames()
    items = [one for one in await _items(rest, *_DEFINITIONS) if not wanted or one.spec.get("group") in groups]
    documents = [{**_DEFINITION, "metadata": {"name": one.metadata.name}, "spec": one.spec} for one in items]
    modules = modules_of(find_definitions(documents, "the cluster"), names, unserved=True) if items else {}
    facts: list[object] = [{"name": one.metadata.name, "spec": one.spec} for one in items]
    for item in await _items(rest, *_SERVICES):
        spec = checked(item.spec, ServiceSpec, f"the cluster's APIService {item.metadata.name!a}")
        group, version = spec.group or "", spec.version or ""
        if spec.service is None or not group or (wanted and group not in wanted):
            continue
        source = f"{group}/{version} of the cluster"
        with reading(source):
            check_group_version(group, version)
        document = parse_json(await rest.get(f"/openapi/v3/apis/{group}/{version}", into=bytes), source)
        module = read_openapi(document, source, built_in_types(), names)
        modules[module.name] = module
        facts.append(document)
    if not modules:
        raise SchemaError(f"the cluster has no custom resources{' in ' + ', '.join(sorted(wanted)) if wanted else ''}")
    with reading("the cluster"):
        return dict(sorted(modules.items())), json.dumps(facts, sort_keys=True).encode()


async def _items(rest: RESTClient, group_version: str, plural: str) -> list[Item]:
    """Return the items of a LIST, by name."""
    source = f"/apis/{group_version}/{plural}"
    body = parse_json(await rest.get(plural, group_version=group_version, into=bytes), source)
    return sorted(checked(body, ItemList, source).items or [], key=lambda item: item.metadata.name)
