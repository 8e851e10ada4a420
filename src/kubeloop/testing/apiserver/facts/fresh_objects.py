"""The objects of a fresh API server without a controller manager: namespaces, roles, priority classes and others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubeloop.objects.type_guards import is_dict, is_list

from .recorded_server import recorded_objects

__all__ = ["fresh_objects"]


def fresh_objects(*, time: str, port: int, authority: str = "") -> list[dict[str, Any]]:
    """Return the objects as plain data that the caller owns; an object follows its namespace.

    They have an apiVersion and a kind, and no uid, resourceVersion, creationTimestamp and managedFields.

    Args:
        time: The time of the start, as in `2026-11-29T08:00:00Z`.
        port: The port of the server, to which the Service `kubernetes` leads.
        authority: The certificates that sign those of clients, in PEM; `""` if the server accepts none.
    """
    values: dict[str, str | int] = {"$time": time, "$date": time[:10], "$port": port, "$authority": authority}
    return [_filled(item, values) for item in recorded_objects()]


def _filled(value: Any, values: Mapping[str, str | int]) -> Any:  # plain data, with placeholders in place of some texts
    if is_dict(value):
        return {name: _filled(member, values) for name, member in value.items() if not _is_left_out(member, values)}
    if is_list(value):
        return [_filled(item, values) for item in value]
    return values.get(value, value) if isinstance(value, str) else value


def _is_left_out(value: Any, values: Mapping[str, str | int]) -> bool:
    return isinstance(value, str) and values.get(value) == ""
