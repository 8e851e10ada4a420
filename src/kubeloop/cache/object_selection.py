"""`ObjectSelection`: which objects an informer holds, decided in the client for an object that a write returned."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kubeloop import fields, labels
from kubeloop.objects.type_guards import is_dict

if TYPE_CHECKING:
    from kubeloop.cache.cached_object import CachedObject

__all__ = ["ObjectSelection"]


class ObjectSelection:
    """The namespaces and selectors of an informer, as a function of an object.

    The server decides what an informer gets. The decision here is the same where it can be made. A field whose value
    the object does not show, for instance `involvedObject.name` of an event of `events.k8s.io`, excludes no object.

    Args:
        namespaces: The namespaces; none of them means all.
        label_selector: The text of the selector; `""` selects every object.
        field_selector: The text of the selector; `""` selects every object.
    """

    def __init__(self, namespaces: Collection[str] = (), label_selector: str = "", field_selector: str = "") -> None:
        self._namespaces = namespaces
        self._label_selector = label_selector
        self._field_selector = field_selector

    def __repr__(self) -> str:
        return f"<ObjectSelection {self._namespaces} {self._label_selector!r} {self._field_selector!r}>"

    def __call__(self, obj: CachedObject) -> bool:
        """Return whether an informer with this selection holds the object, as far as the object shows it."""
        metadata = obj.metadata
        if self._namespaces and metadata.namespace not in self._namespaces:
            return False
        if not self._labels.matches(metadata.labels):
            return False
        for requirement in self._fields.requirements:
            value = _text_at(obj, requirement.field)
            if value is not None and (value == requirement.value) is not requirement.equal:
                return False
        return True

    @cached_property
    def _labels(self) -> labels.Selector:
        return labels.Selector.parse(self._label_selector)

    @cached_property
    def _fields(self) -> fields.Selector:
        return fields.Selector.parse(self._field_selector)


def _text_at(obj: CachedObject, path: str) -> str | None:
    """Return the value of a field as the server compares it; None if the object does not show it."""
    if path == "metadata.name":
        return obj.metadata.name
    if path == "metadata.namespace":
        return obj.metadata.namespace
    to_dict = getattr(obj, "to_dict", None)
    # Any: plain data of any shape.
    value: Any = None if to_dict is None else to_dict()
    first, *others = path.split(".")
    if not is_dict(value) or first not in value:
        return None
    value = value[first]
    for name in others:
        if not is_dict(value):
            return None
        value = value.get(name, "")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (str, int)) else None
