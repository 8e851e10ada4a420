"""The objects of a list that a manifest contains: a `v1 List`, a typed list, or a list of a custom kind.

Reference: cli-runtime resource.FlattenListVisitor; apimachinery unstructured.UnstructuredList, for items without kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from kubeloop.errors import DecodeError
from kubeloop.objects.model import Kind, KindList
from kubeloop.objects.type_guards import is_items, is_mapping
from kubeloop.unstructured import Unstructured, UnstructuredList

__all__ = ["unfold"]

_LIST: Any = KindList  # of whatever kind, for which checkers would ask
_MAX_DEPTH = 100


def unfold(obj: Any) -> Iterator[Any]:
    """Yield an object, or the objects of a list, in their order; lists in lists are unfolded too.

    Items of a list of a custom kind that name no kind have the kind of the list: `Backup` in a `BackupList`.

    An item that cannot be read as its kind is yielded as its DecodeError; so are lists that are nested too deeply, as
    one that contains itself.
    """
    waiting: list[tuple[Any, int]] = [(obj, 0)]
    while waiting:
        each, depth = waiting.pop()
        items = _items(each)
        if items is None:
            yield each
        elif depth == _MAX_DEPTH:
            yield DecodeError(f"expected objects, got lists in lists, {depth} deep: does the list contain itself?")
            return
        else:
            waiting.extend((item, depth + 1) for item in reversed(items))


def _items(obj: Any) -> list[Any] | None:
    """Return the items of a list; None if the object is no list."""
    if isinstance(obj, (_LIST, UnstructuredList)):
        return [*obj.items, *(DecodeError(f"{obj.kind}: {error}") for error in obj.unreadable.values())]
    if isinstance(obj, Kind):
        is_list = (obj.api_version, obj.kind) == ("v1", "List")
        return list(cast("Any", obj).items) if is_list else None
    if isinstance(obj, Unstructured):
        data: Mapping[str, Any] | None = cast("Mapping[str, Any]", obj)
    else:
        data = obj if is_mapping(obj) else None
    if data is None:
        return None
    kind, items, metadata = data.get("kind"), data.get("items"), data.get("metadata")
    if is_mapping(metadata) and metadata.get("name"):  # a list has no name: a custom object, such as an AllowList
        return None
    if not isinstance(kind, str) or not kind.endswith("List") or not is_items(items):
        return None
    api_version = data.get("apiVersion")
    return [_named(item, number, api_version, kind) for number, item in enumerate(items)]


def _named(item: object, number: int, api_version: object, list_kind: str) -> Any:
    """Return an item of a list with the kind that the list says, unless it names one or the list is a `v1 List`.

    An item that is no object is returned as a DecodeError.
    """
    if isinstance(item, (Kind, Unstructured)):
        return item
    if not is_mapping(item):
        return DecodeError(f"item {number} of {list_kind}: expected an object, got {type(item).__name__}")
    kind = list_kind.removesuffix("List")
    data: dict[str, Any] = dict(item)
    if kind and not data.get("kind"):
        data |= {"apiVersion": data.get("apiVersion") or api_version, "kind": kind}
    return Unstructured.owning(data)
