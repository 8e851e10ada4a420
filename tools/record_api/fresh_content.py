"""Reads the objects of a fresh real API server, without what differs from one start to the next."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from .real_server import RealServer

ListedResource: TypeAlias = tuple[str, str, str]
"""The apiVersion, plural and kind of a resource."""

SETTLED_SECONDS = 6.0
"""How long the objects must stay the same: the slowest hook of the server repeats after 5 s."""
MAX_SECONDS = 120.0

OWN_METADATA = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "selfLink")
"""Fields that every server sets itself."""
TIMES = frozenset({"lastTransitionTime", "lastUpdateTime", "creationTimestamp"})


def read_fresh_objects(server: RealServer, resources: Iterable[ListedResource]) -> list[dict[str, Any]]:
    """Wait until the server's own controllers have created their objects, and return all objects, namespaces first.

    Args:
        server: A server without a controller manager.
        resources: Each resource that is stored, once.
    """
    deadline = time.monotonic() + MAX_SECONDS
    listed = list(resources)
    objects = _read(server, listed)
    while time.monotonic() < deadline:
        time.sleep(SETTLED_SECONDS)
        again = _read(server, listed)
        if objects == again:
            return objects
        objects = again
    raise RuntimeError(f"expected that the objects stay the same within {MAX_SECONDS:.0f} s, got changes")


def _read(server: RealServer, resources: Iterable[ListedResource]) -> list[dict[str, Any]]:
    objects = [normalized(item) for resource in resources for item in _items(server, *resource)]
    kept = [item for item in objects if not _is_identity(item)]
    return sorted(kept, key=lambda item: item["kind"] != "Namespace")  # an object follows its namespace


def stored_resources(groups: Iterable[dict[str, Any]]) -> Iterator[ListedResource]:
    """Yield each resource that is stored once, in its first version."""
    seen = set()
    for group in groups:
        for version in group["versions"]:
            for resource in version["resources"]:
                stored_as = resource.get("storedAs")
                if stored_as is not None and stored_as not in seen:
                    seen.add(stored_as)
                    api_version = f"{group['name']}/{version['version']}".lstrip("/")
                    yield api_version, resource["name"], resource["kind"]


def _items(server: RealServer, api_version: str, plural: str, kind: str) -> Iterator[dict[str, Any]]:
    root = "apis" if "/" in api_version else "api"
    for item in server.document(f"/{root}/{api_version}/{plural}")["items"]:
        yield {"apiVersion": api_version, "kind": kind, **item}


def _is_identity(item: dict[str, Any]) -> bool:
    # The lease of one server process, whose name is a hash of its host and which it renews all the time.
    return item["kind"] == "Lease" and "apiserver.kubernetes.io/identity" in item["metadata"].get("labels", {})


def normalized(item: dict[str, Any]) -> dict[str, Any]:
    """Return an object without what the server that holds it sets, and with placeholders for times and its port."""
    item = _without_times(item)
    item["metadata"] = {name: value for name, value in item["metadata"].items() if name not in OWN_METADATA}
    name = item["metadata"]["name"]
    if item["kind"] == "Service" and name == "kubernetes":
        for port in item["spec"]["ports"]:
            port["targetPort"] = "$port"
    elif name == "kube-apiserver-legacy-service-account-token-tracking":
        item["data"] = {"since": "$date"}
    elif name == "extension-apiserver-authentication":
        item["data"] = {key: "$authority" if key == "client-ca-file" else text for key, text in item["data"].items()}
    return item


def _without_times(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_times(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: "$time" if name in TIMES and isinstance(member, str) else _without_times(member)
        for name, member in value.items()
    }
