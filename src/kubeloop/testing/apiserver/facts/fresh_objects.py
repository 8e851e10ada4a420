"""The objects of a fresh API server without a controller manager: namespaces, roles, priority classes and others."""

from __future__ import annotations

import json
from typing import Any

from .recorded_server import objects_text

__all__ = ["fresh_objects"]


def fresh_objects(*, time: str, port: int, authority: str = "") -> list[dict[str, Any]]:
    """Return the objects as plain data that the caller owns; an object follows its namespace.

    They have an apiVersion and a kind, and no uid, resourceVersion, creationTimestamp and managedFields.

    Args:
        time: The time of the start, as in `2026-11-29T08:00:00Z`.
        port: The port of the server, to which the Service `kubernetes` leads.
        authority: The certificates that sign those of clients, in PEM; `""` if the server accepts none.
    """
    values = {"$time": time, "$date": time[:10], "$port": port, "$authority": authority}
    text = objects_text()
    for placeholder, value in values.items():
        text = text.replace(f'"{placeholder}"', json.dumps(value))
    objects: list[dict[str, Any]] = json.loads(text)
    if not authority:
        for item in objects:
            if item["metadata"]["name"] == "extension-apiserver-authentication":
                del item["data"]["client-ca-file"]
    return objects
