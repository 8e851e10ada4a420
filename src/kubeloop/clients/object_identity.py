"""The kind, namespace and name of an object that is to be written, whatever form it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from kubeloop._kit.value import Value

if TYPE_CHECKING:
    from kubeloop.meta.keys import Object

__all__ = ["Identity", "identity_of"]


class Identity(Value, frozen=True):
    """The kind, namespace and name of an object; `""` for those that it does not have.

    Attributes:
        generate_name: The `generateName` of an object without a name.
    """

    api_version: str
    kind: str
    namespace: str
    name: str
    generate_name: str


def identity_of(obj: object, what: str) -> Identity:
    """Return the identity of a mapping with the API's field names, or of anything with `metadata`.

    Args:
        obj: The object.
        what: The kind that is expected, for the message.

    Raises:
        TypeError: It is neither, or a field of the identity is not text.
    """
    if isinstance(obj, Mapping):
        data = cast("Mapping[str, Any]", obj)
        metadata: Any = data.get("metadata") or {}
        if not isinstance(metadata, Mapping):
            raise TypeError(f"{what}: expected a mapping as metadata, got {type(metadata).__name__}")
        fields = cast("Mapping[str, Any]", metadata)
        return Identity(
            _text(data, "apiVersion", what),
            _text(data, "kind", what),
            _text(fields, "namespace", what),
            _text(fields, "name", what),
            _text(fields, "generateName", what),
        )
    if not hasattr(obj, "metadata"):
        raise TypeError(f"expected a {what} or a mapping with the API's field names, got {type(obj).__name__}")
    of_object = cast("Object", obj).metadata
    # Any: a Status or a Table has the metadata of a list, without a name, and others have none.
    own: Any = of_object if hasattr(of_object, "name") else None
    name = own.name or "" if own is not None else ""
    return Identity(
        getattr(obj, "api_version", ""),
        getattr(obj, "kind", ""),
        own.namespace or "" if own is not None else "",
        name,
        "" if name else getattr(own, "generate_name", "") or "",
    )


def _text(data: Mapping[str, Any], name: str, what: str) -> str:
    value = data.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"{what}: expected text as {name}, got {type(value).__name__}: {value!r}")
    return value
