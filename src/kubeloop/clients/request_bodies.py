"""Writing objects: what the verbs send, checked for what would be silently wrong.

Create and update send whole objects, apply and patch only what was set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from kubeloop.objects.draft import Draft
from kubeloop.objects.json.encode_given import configuration, set_fields
from kubeloop.objects.model import Model
from kubeloop.objects.type_guards import is_items, is_mapping
from kubeloop.wire.patch import PatchType, patch_content_type
from kubeloop.wire.plain_values import is_plain, to_data

if TYPE_CHECKING:
    from kubeloop.clients.resource_endpoint import ResourceInfo

__all__ = ["AnyPatch", "configuration_data", "write_object", "write_patch"]

AnyPatch = Mapping[str, Any] | Sequence[Mapping[str, Any]] | Model | Draft[Any]
"""What patch takes: JSON data with wire names, the operations of a JSON patch, or a model or draft of what to set."""


def write_object(obj: object, info: ResourceInfo, *, is_configuration: bool = False) -> object:
    """Return what to send of an object, with `apiVersion` and `kind`.

    Args:
        obj: A model, a draft, an Unstructured, or a mapping with wire names.
        info: What it should be.
        is_configuration: It is for server-side apply: of a model or draft only what was set is written.

    Raises:
        ValueError: It is for apply, and was read from a server: what was set in it is not known.
    """
    if is_configuration:
        return _with_type(configuration_data(obj), info)
    if isinstance(obj, Mapping):
        return _with_type(cast("Mapping[str, Any]", obj), info)
    return obj


def configuration_data(obj: object) -> Mapping[str, Any]:
    """Return the JSON value of what apply sends.

    Raises:
        ValueError: The object was read from a server.
    """
    known = isinstance(obj, (Model, Draft))
    data: Mapping[str, Any] = configuration(obj) if known else to_data(_only_set(obj))
    metadata: Mapping[str, Any] = data.get("metadata") or {}
    if metadata.get("managedFields"):
        raise ValueError(
            "apply sends a configuration, but this object has metadata.managedFields: it was read from the server. "
            "Send only the fields that you want to own"
        )
    return data


def write_patch(patch: AnyPatch, type: PatchType | None) -> tuple[object, str]:
    """Return what to send of a patch and its content type.

    Raises:
        ValueError: A model or draft was read from a server: what was set in it is not known; or an unknown type.
        TypeError: The patch does not fit its type.
    """
    data = set_fields(patch) if isinstance(patch, (Model, Draft)) else patch
    if is_mapping(data) and not is_plain(data):
        data = _only_set(data)
    content_type = patch_content_type(data, type)
    return data, content_type


def _only_set(value: Any) -> Any:
    """Return a mapping in which every model and draft is what was set in it.

    Raises:
        ValueError: One of them was read from a server.
    """
    try:
        return _set_within(value)
    except RecursionError:
        return value  # who writes it says that it is nested too deeply


def _set_within(value: Any) -> Any:
    if isinstance(value, (Model, Draft)):
        return configuration(value)
    if is_mapping(value):
        return {key: _set_within(each) for key, each in value.items()}
    return [_set_within(each) for each in value] if is_items(value) else value


def _with_type(data: Mapping[str, Any], info: ResourceInfo) -> Mapping[str, Any]:
    if data.get("apiVersion") and (data.get("kind") or not info.kind):
        return data
    head: dict[str, Any] = {"apiVersion": str(info.group_version)}
    if info.kind:
        head["kind"] = info.kind
    return {**data, **{name: value for name, value in head.items() if not data.get(name)}}
