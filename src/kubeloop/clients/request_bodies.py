"""The bodies of requests: what the verbs send, checked for what would be silently wrong.

Create and update send whole objects, apply and patch only what was set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from kubeloop.objects.draft import Draft, configuration, set_fields
from kubeloop.objects.model import Model
from kubeloop.objects.type_guards import is_items, is_mapping
from kubeloop.unstructured import Unstructured, UnstructuredDraft
from kubeloop.wire.patch import PatchType, patch_content_type
from kubeloop.wire.plain_values import is_plain, to_data

if TYPE_CHECKING:
    from kubeloop.clients.resource_info import ResourceInfo
    from kubeloop.objects.change import Change

__all__ = ["AnyPatch", "configuration_data", "write_change", "write_object", "write_patch"]

AnyPatch: TypeAlias = "Mapping[str, Any] | Sequence[Mapping[str, Any]] | Model | Draft[Any] | Change[Any]"
"""The types of a patch: JSON data with the API's field names, the operations of a JSON patch, a model or draft of the
fields to set, or the change that `draft.finish()` returns."""


def write_object(obj: object, info: ResourceInfo, *, verb: str, is_configuration: bool = False) -> object:
    """Return what to send of an object, with `apiVersion` and `kind`.

    Args:
        obj: A model, a draft, an Unstructured, or a mapping with the API's field names.
        info: The resource that it is sent to.
        verb: The verb, for messages.
        is_configuration: Whether it is for server-side apply: of a model or draft only what was set is written.

    Raises:
        ValueError: It is for apply, and was read from a server, so that it is not known what was set in it; or its kind
            is not known.
    """
    if is_configuration:
        return _with_type(configuration_data(obj), info, verb)
    if isinstance(obj, UnstructuredDraft) or (isinstance(obj, Unstructured) and not (obj.kind and obj.api_version)):
        return _with_type(obj.to_dict(), info, verb)
    return _with_type(cast("Mapping[str, Any]", obj), info, verb) if isinstance(obj, Mapping) else obj


def configuration_data(obj: object) -> Mapping[str, Any]:
    """Return the JSON value that apply sends.

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
    """Return what to send of a patch, and its content type.

    Raises:
        ValueError: A model or draft was read from a server, so that it is not known what was set in it; a change has no
            resourceVersion; or the type is unknown.
        TypeError: The patch does not fit its type.
    """
    if isinstance(patch, (Model, Draft)):
        data: Any = set_fields(patch)
    elif isinstance(patch, (Mapping, Sequence)):
        given: object = patch  # the argument of an unchecked caller may be anything
        if isinstance(given, (str, bytes, bytearray)):
            raise _not_a_patch(given)
        data = patch
    else:
        from kubeloop.objects.change import Change

        if not isinstance(patch, Change):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise _not_a_patch(patch)
        return write_change(patch, type)
    if is_mapping(data) and not is_plain(data):
        data = _only_set(data)
    content_type = patch_content_type(data, type)
    return data, content_type


def _not_a_patch(value: object) -> TypeError:
    return TypeError(
        "expected a mapping, a list of operations, a model, a draft or a Change as the patch, "
        f"got {type(value).__name__}"
    )


def write_change(change: Change[Any], type: PatchType | None = None) -> tuple[object, str]:
    """Return the smallest patch that makes a change and loses nothing, and its content type.

    The patch has the resourceVersion that was read, so that the server refuses it if the object has changed since.

    Raises:
        ValueError: The object was not read from a server: it has no resourceVersion; or the type is another one.
    """
    if type not in (None, "merge", "json"):
        raise ValueError(f"expected a patch of the type 'merge' or 'json' for a Change, got {type!r}")
    # A merge patch replaces lists whole, and with them what the model does not know of their items.
    uses_json_patch = change.rewrites_objects() if type is None else type == "json"
    patch = change.json_patch(guard=True) if uses_json_patch else change.merge_patch(guard=True)
    return patch, patch_content_type(patch, None)


def _only_set(value: Any) -> Any:
    """Return a mapping in which every model and draft is what was set in it.

    Raises:
        ValueError: One of them was read from a server.
    """
    try:
        return _set_within(value)
    except RecursionError:
        return value  # the encoder says that it is nested too deeply


def _set_within(value: Any) -> Any:
    if isinstance(value, (Model, Draft)):
        return configuration(value)
    if isinstance(value, Unstructured):
        return value.to_dict()
    if is_mapping(value):
        return {key: _set_within(each) for key, each in value.items()}
    return [_set_within(each) for each in value] if is_items(value) else value


def _with_type(data: Mapping[str, Any], info: ResourceInfo, verb: str) -> Mapping[str, Any]:
    """Return the data with `apiVersion` and `kind`.

    Raises:
        ValueError: Neither the object nor the client says the kind.
    """
    if not data.get("kind") and not info.kind:
        raise ValueError(
            f"{verb}: the object has no kind, and a client of {info} does not know it: set `kind` in the object, or "
            "use clientset.resource(...), which asks the server"
        )
    head = {"apiVersion": str(info.group_version), "kind": info.kind}
    missing = {name: value for name, value in head.items() if not data.get(name)}
    return {**data, **missing} if missing else data
