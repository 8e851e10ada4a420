"""Writing objects: the bytes of what create, update and apply send, checked for what would be silently wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from kubeloop.rest.body import write_body
from kubeloop.wire import codec

if TYPE_CHECKING:
    from kubeloop.clients.endpoint import ResourceInfo

__all__ = ["write_object"]


def write_object(obj: object, info: ResourceInfo, *, is_configuration: bool = False) -> bytes | None:
    """Return the JSON bytes of an object, with `apiVersion` and `kind`.

    Args:
        obj: A model, a draft, an Unstructured, or a mapping with wire names.
        info: What it should be.
        is_configuration: It is for server-side apply, and must not have managedFields.

    Raises:
        ValueError: It has managedFields and must not.
    """
    if not is_configuration and not isinstance(obj, Mapping):
        return write_body(obj)
    data = cast("Mapping[str, Any]", codec.to_data(obj))
    metadata: Mapping[str, Any] = data.get("metadata") or {}
    if is_configuration and metadata.get("managedFields"):
        raise ValueError(
            "apply sends a configuration, but this object has metadata.managedFields: it was read from the server. "
            "Send only the fields that you want to own"
        )
    return write_body(_with_type(data, info))


def _with_type(data: Mapping[str, Any], info: ResourceInfo) -> Mapping[str, Any]:
    if data.get("apiVersion") and (data.get("kind") or not info.kind):
        return data
    head: dict[str, Any] = {"apiVersion": str(info.group_version)}
    if info.kind:
        head["kind"] = info.kind
    return {**data, **{name: value for name, value in head.items() if not data.get(name)}}
