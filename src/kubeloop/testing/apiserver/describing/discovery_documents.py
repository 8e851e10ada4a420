"""The documents of discovery, made from what is served: lists of groups, versions and resources.

Reference: apimachinery meta/v1 (APIVersions, APIGroupList, APIResourceList), k8s.io/api apidiscovery/v2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from kubeloop.testing.apiserver.facts.served_resource import Resources, ServedGroup, ServedResource, Subresource

__all__ = ["Document", "aggregated_groups", "core_versions", "group_document", "group_list", "resource_list"]

Document: TypeAlias = "dict[str, object]"
"""Plain data, in the order in which the real server writes the members."""


def core_versions(resources: Resources, address: str) -> Document:
    """Return the document of `/api`: the versions of the core group. `address` is host and port of the server."""
    core = resources.group("")
    return {
        "kind": "APIVersions",
        "versions": list(core.versions) if core is not None else [],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def group_list(resources: Resources) -> Document:
    """Return the document of `/apis`: all groups except the core group."""
    groups = [_group(group) for group in resources.groups if group.name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def group_document(group: ServedGroup) -> Document:
    """Return the document of `/apis/{group}`."""
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(group)}


def resource_list(group: ServedGroup, version: str) -> Document:
    """Return the document of `/apis/{group}/{version}` or `/api/{version}`: the resources with their subresources."""
    group_version = f"{group.name}/{version}" if group.name else version
    entries = [entry for resource in group.versions[version] for entry in _entries(resource)]
    listed = {"groupVersion": group_version, "resources": entries}
    # The core group does not name the version of its list.
    return {"kind": "APIResourceList", **({"apiVersion": "v1"} if group.name else {}), **listed}


def aggregated_groups(resources: Resources, *, core: bool) -> Document:
    """Return the aggregated document of `/api` (`core`) or of `/apis`."""
    groups = [group for group in resources.groups if (not group.name) == core]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": [_aggregated_group(group) for group in groups],
    }


def _group(group: ServedGroup) -> Document:
    versions = [{"groupVersion": f"{group.name}/{version}", "version": version} for version in group.versions]
    return {"name": group.name, "versions": versions, "preferredVersion": versions[0]}


def _entries(resource: ServedResource) -> Iterator[Document]:
    yield {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
        **_names(resource),
        **({"storageVersionHash": resource.storage_version_hash} if resource.storage_version_hash else {}),
    }
    for subresource in resource.subresources.values():
        is_foreign = _is_foreign(resource, subresource)
        yield {
            "name": f"{resource.plural}/{subresource.name}",
            "singularName": "",
            "namespaced": resource.namespaced,
            **({"group": subresource.group, "version": subresource.version} if is_foreign else {}),
            "kind": subresource.kind,
            "verbs": list(subresource.verbs),
        }


def _is_foreign(resource: ServedResource, subresource: Subresource) -> bool:
    return (subresource.group, subresource.version) != (resource.group, resource.version)


def _names(resource: ServedResource) -> Document:
    names: Document = {}
    if resource.short_names:
        names["shortNames"] = list(resource.short_names)
    if resource.categories:
        names["categories"] = list(resource.categories)
    return names


def _aggregated_group(group: ServedGroup) -> Document:
    versions = [
        {
            "version": version,
            "resources": [_aggregated_resource(resource) for resource in resources],
            "freshness": "Current",
        }
        for version, resources in group.versions.items()
    ]
    return {"metadata": {"name": group.name} if group.name else {}, "versions": versions}


def _aggregated_resource(resource: ServedResource) -> Document:
    subresources = [_aggregated_subresource(resource, one) for one in resource.subresources.values()]
    return {
        "resource": resource.plural,
        "responseKind": {"group": "", "version": "", "kind": resource.kind},
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
        **_names(resource),
        **({"subresources": subresources} if subresources else {}),
    }


def _aggregated_subresource(resource: ServedResource, subresource: Subresource) -> Document:
    # The server names the group and version of a kind only if they are not those of the resource.
    is_foreign = _is_foreign(resource, subresource)
    group, version = (subresource.group, subresource.version) if is_foreign else ("", "")
    return {
        "subresource": subresource.name,
        "responseKind": {"group": group, "version": version, "kind": subresource.kind},
        "verbs": list(subresource.verbs),
    }
