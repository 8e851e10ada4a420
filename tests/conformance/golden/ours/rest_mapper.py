"""Our results for the names of kinds and resources."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kubeloop.discovery import GroupsAndResources, ResourceTable, RESTMapping
from kubeloop.errors import AmbiguousMatch, NoMatch
from kubeloop.meta.gvk import GroupKind, GroupVersion, GroupVersionResource
from kubeloop.models import meta_v1

__all__ = ["rest_mapper"]


def rest_mapper(case: Any) -> Any:
    """Look for a text, a partial resource or a kind in what a server serves."""
    table = ResourceTable(served(case["groups"]))
    if "text" in case:
        return {"mapping": _one(lambda: _shown(table.resolve(case["text"])))}
    if "kind" in case:
        kind = GroupKind(*case["kind"])
        versions = case["versions"]
        return {
            "mapping": _one(lambda: _shown(table.mapping(kind, *versions))),
            "mappings": _all(lambda: map(_shown, table.mappings(kind, *versions))),
        }
    partial = GroupVersionResource(*case["partial"])
    return {
        "resource": _one(lambda: str(table.resource_for(partial))),
        "kind": _one(lambda: str(table.kind_for(partial))),
        "resources": _all(lambda: map(str, table.resources_for(partial))),
        "kinds": _all(lambda: map(str, table.kinds_for(partial))),
        "others": [str(each) for each in table.short_name_choices(partial)[1:]],
    }


def served(groups: list[Any]) -> GroupsAndResources:
    """Return what discovery finds on a server."""
    found: list[meta_v1.APIGroup] = []
    lists: list[meta_v1.APIResourceList] = []
    for group in groups:
        versions: list[meta_v1.GroupVersionForDiscovery] = []
        for version in group["versions"]:
            name = str(GroupVersion(group["name"], version["version"]))
            versions.append(meta_v1.GroupVersionForDiscovery(group_version=name, version=version["version"]))
            resources = [
                meta_v1.APIResource(
                    name=each["name"],
                    singular_name=each["singular"],
                    kind=each["kind"],
                    short_names=each["short"],
                    namespaced=each["namespaced"],
                )
                for each in version["resources"]
            ]
            lists.append(meta_v1.APIResourceList(group_version=name, resources=resources))
        preferred = meta_v1.GroupVersionForDiscovery(version=group["preferred"])
        found.append(meta_v1.APIGroup(name=group["name"], versions=versions, preferred_version=preferred))
    return GroupsAndResources(found, lists, {})


def _shown(mapping: RESTMapping) -> str:
    return f"{mapping.resource} {'namespace' if mapping.namespaced else 'root'}"


def _one(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except NoMatch:
        return "none"
    except AmbiguousMatch:
        return "ambiguous"


def _all(ask: Callable[[], Any]) -> list[str]:
    try:
        return sorted(ask())
    except NoMatch:
        return []
