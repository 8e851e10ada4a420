"""Reads the objects of a fresh real API server, without what differs from one start to the next."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from .real_server import RealServer

SETTLED_SECONDS = 6.0
"""How long the objects must stay the same: the slowest hook of the server repeats after 5 s."""
MAX_SECONDS = 120.0

OWN_METADATA = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "selfLink")
"""Fields that every server sets itself."""
TIMES = frozenset({"lastTransitionTime", "lastUpdateTime", "creationTimestamp"})


def read_fresh_objects(server: RealServer, groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Wait until the server's own controllers have created their objects, and return all of them, sorted."""
    deadline = time.monotonic() + MAX_SECONDS
    objects = _read(server, groups)
    while time.monotonic() < deadline:
        time.sleep(SETTLED_SECONDS)
        again = _read(server, groups)
        if objects == again:
            return objects
        objects = again
    raise RuntimeError(f"expected that the objects stay the same within {MAX_SECONDS:.0f} s, got changes")


def _read(server: RealServer, groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    objects = [normalized(item) for path, kind in _lists(groups) for item in _items(server, path, kind)]
    kept = [item for item in objects if not _is_identity(item)]
    return sorted(kept, key=lambda item: item["kind"] != "Namespace")  # an object follows its namespace


def _lists(groups: list[dict[str, Any]]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the path of each stored resource once, in its first version, and the apiVersion and kind of its items."""
    seen = set()
    for group in groups:
        for version in group["versions"]:
            for resource in version["resources"]:
                prefix = resource.get("storagePrefix")
                if prefix is None or prefix in seen or "list" not in resource["verbs"]:
                    continue
                seen.add(prefix)
                api_version = f"{group['name']}/{version['version']}".lstrip("/")
                root = "apis" if group["name"] else "api"
                yield f"/{root}/{api_version}/{resource['name']}", (api_version, resource["kind"])


def _items(server: RealServer, path: str, kind: tuple[str, str]) -> Iterator[dict[str, Any]]:
    for item in server.document(path)["items"]:
        yield {"apiVersion": kind[0], "kind": kind[1], **item}


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
