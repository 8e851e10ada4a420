"""Discovery as values, for tests of mappers and caches: groups, resource lists, and aggregated documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubeloop.discovery.discovery_format import GroupsAndResources
from kubeloop.meta.gvk import GroupVersion
from kubeloop.models import meta_v1
from tests.support.scripted_transport import ScriptedResponse

__all__ = ["AGGREGATED_TYPE", "aggregated", "aggregated_document", "found", "resource"]

AGGREGATED_TYPE = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

Resources = Mapping[str, list[dict[str, Any]]]
"""The resources by group version, in the order of the server."""


def resource(
    plural: str, kind: str, *, singular: str = "", short: tuple[str, ...] = (), namespaced: bool = True, **more: Any
) -> dict[str, Any]:
    """Return an APIResource."""
    verbs = ["get", "list", "watch"]
    described = {"name": plural, "kind": kind, "singularName": singular, "shortNames": list(short), "verbs": verbs}
    return {**described, "namespaced": namespaced, **more}


def found(
    resources: Resources,
    *,
    preferred: Mapping[str, str] | None = None,
    failures: Mapping[str, Exception] | None = None,
) -> GroupsAndResources:
    """Return what discovery finds; of each group, the first version is preferred unless `preferred` names another."""
    lists = [
        meta_v1.APIResourceList.from_dict({"groupVersion": name, "resources": items})
        for name, items in resources.items()
    ]
    failed = {GroupVersion.parse(name): error for name, error in (failures or {}).items()}
    return GroupsAndResources(_groups(resources, preferred or {}), lists, failed)


def _groups(resources: Resources, preferred: Mapping[str, str]) -> list[meta_v1.APIGroup]:
    versions: dict[str, list[str]] = {}
    for name in resources:
        parsed = GroupVersion.parse(name)
        versions.setdefault(parsed.group, []).append(parsed.version)

    def entry(group: str, version: str) -> dict[str, str]:
        return {"groupVersion": str(GroupVersion(group, version)), "version": version}

    return [
        meta_v1.APIGroup.from_dict({
            "name": group,
            "versions": [entry(group, version) for version in names],
            "preferredVersion": entry(group, preferred.get(group, names[0])),
        })
        for group, names in versions.items()
    ]  # fmt: skip


def aggregated_document(resources: Resources, *, stale: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the aggregated document of some groups."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for name, items in resources.items():
        parsed = GroupVersion.parse(name)
        described = [
            {
                "resource": item["name"], "singularResource": item["singularName"], "shortNames": item["shortNames"],
                "scope": "Namespaced" if item["namespaced"] else "Cluster", "verbs": item["verbs"],
                "categories": item.get("categories", []),
                "responseKind": {"group": parsed.group, "version": parsed.version, "kind": item["kind"]},
            }
            for item in items
        ]  # fmt: skip
        freshness = "Stale" if name in stale else "Current"
        version = {"version": parsed.version, "resources": described, "freshness": freshness}
        groups.setdefault(parsed.group, []).append(version)
    items = [{"metadata": {"name": group}, "versions": versions} for group, versions in groups.items()]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": items}


def aggregated(resources: Resources, *, stale: tuple[str, ...] = (), etag: str = "") -> ScriptedResponse:
    """Return the response with the aggregated document of some groups."""
    headers = {"Content-Type": AGGREGATED_TYPE, **({"ETag": etag} if etag else {})}
    return ScriptedResponse.of(aggregated_document(resources, stale=stale), headers=headers)
