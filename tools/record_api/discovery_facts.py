"""Reads the groups, versions and resources of the real API server, and joins them with the facts of its code."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from typing import Any

from .real_server import RealServer

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
KEPT = ("name", "singularName", "namespaced", "kind", "group", "version", "verbs", "shortNames", "categories")
UNKNOWN = "kubeloop.unknown"
"""The label with which the Go program provokes the error for unknown labels."""
CHECK = re.compile(r"^\[\+\](\S+) ok$", re.MULTILINE)


def read_groups(server: RealServer, code: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the groups in the order of discovery, the core group first, with their versions and resources."""
    by_name = {(fact["group"], fact["version"], fact["resource"], fact.get("subresource", "")): fact for fact in code}
    listed = [*server.document("/api", AGGREGATED)["items"], *server.document("/apis", AGGREGATED)["items"]]
    groups = [_group(server, item, by_name) for item in listed]
    for group, version, resource, subresource in sorted(by_name):
        # The server removes versions whose last release has passed after it has made their storage.
        print(f"not served: {group}/{version} {resource} {subresource}", file=sys.stderr)
    return groups


def read_checks(server: RealServer) -> dict[str, list[str]]:
    """Return the names of the checks of each health path, in their order."""
    return {path: CHECK.findall(server.text(f"/{path}?verbose")) for path in ("healthz", "livez", "readyz")}


def _group(server: RealServer, item: dict[str, Any], code: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    name = item["metadata"].get("name", "")
    versions = []
    for version in item["versions"]:
        path = f"/apis/{name}/{version['version']}" if name else f"/api/{version['version']}"
        listed = server.document(path)["resources"]
        resources = {entry["name"]: _resource(entry) for entry in listed if "/" not in entry["name"]}
        for entry in listed:
            parent, _, subresource = entry["name"].partition("/")
            fact = code.pop((name, version["version"], parent, subresource), {})
            if subresource:
                resource = resources.setdefault(parent, {"name": parent, "onlySubresources": True})
                resource.setdefault("subresources", {})[subresource] = _subresource(entry, fact)
            else:
                resources[parent] |= _code(fact)
        versions.append({"version": version["version"], "resources": list(resources.values())})
    _check_storage_versions(name, versions)
    return {"name": name, "versions": versions}


def _check_storage_versions(group: str, versions: list[dict[str, Any]]) -> None:
    """Replace storage versions that are not served, such as v1beta1 of definitions, by the first that is."""
    served: dict[str, list[str]] = {}
    for version in versions:
        for resource in version["resources"]:
            served.setdefault(resource["name"], []).append(f"{group}/{version['version']}")
    for version in versions:
        for resource in version["resources"]:
            stored = resource.get("storageVersion", "")
            if stored.startswith(f"{group}/") and stored not in served[resource["name"]]:
                resource["storageVersion"] = served[resource["name"]][0]


def _resource(entry: dict[str, Any]) -> dict[str, Any]:
    kept = {name: entry[name] for name in KEPT if entry.get(name)}
    if entry.get("storageVersionHash"):
        kept["storageVersionHash"] = entry["storageVersionHash"]
    return kept


def _subresource(entry: dict[str, Any], fact: dict[str, Any]) -> dict[str, Any]:
    kept = {name: entry[name] for name in KEPT if entry.get(name) and name != "name"}
    return kept | {name: fact[name] for name in ("resetFields", "allowCreateOnUpdate") if fact.get(name)}


def _code(fact: dict[str, Any]) -> dict[str, Any]:
    ignored = {"group", "version", "resource", "subresource", "failures"}
    kept = {name: value for name, value in fact.items() if name not in ignored and value}
    if "unknownFieldLabel" in kept:
        kept["unknownFieldLabel"] = kept["unknownFieldLabel"].replace(UNKNOWN, "{}")
    return kept
