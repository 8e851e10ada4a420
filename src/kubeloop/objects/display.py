"""The `repr` of models and drafts, which shows no secret."""

from __future__ import annotations

from typing import Any, cast

from kubeloop.errors import DecodeError
from kubeloop.objects.markers import LAZY, NULL_MAP, NULL_SEQ
from kubeloop.objects.reflection import Field, fields_of
from kubeloop.objects.type_guards import class_of, is_mapping, is_tuple
from kubeloop.objects.unknown_members import rest_of

__all__ = ["show", "show_field"]

# kubectl stores the whole object in this annotation, including the data of a Secret.
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def show(obj: Any) -> str:
    """Return the `repr` of a model: the call of its constructor, with the size of a secret instead of its value.

    Members that the class does not have come last: `DeploymentSpec(paused=True, **{'replica': 3})`.
    """
    cls, hidden = class_of(obj), cast("Any", type(obj))
    parts: list[str] = []
    for name, field in fields_of(cls).items():
        if field.stored in hidden.__dropped__:
            continue
        try:
            value = getattr(obj, field.stored)
        except DecodeError:  # a lazy object
            parts.append(f"{name}=<unreadable>")
            continue
        if value is field.absent or value is NULL_SEQ or value is NULL_MAP or (field.always and not value):
            continue
        if value is LAZY:
            continue
        parts.append(f"{name}={show_field(field, value)}")
    if rest := rest_of(obj):
        parts.append(f"**{_hidden(rest) if cls.__secret__ else repr(rest)}")
    return f"{cls.__name__}({', '.join(parts)})"


def show_field(field: Field, value: Any) -> str:
    """Return the `repr` of the value of a field, or of a draft's view of it; of a secret only the size."""
    if field.category == "lazy" and not is_tuple(value):
        return f"<{len(bytes(value))} bytes>"
    if field.secret or (field.category == "any" and is_mapping(value) and value.get("kind") == "Secret"):
        return _hidden(value)
    if is_tuple(value):
        return "[" + ", ".join(map(repr, value)) + "]"
    if is_mapping(value) and _LAST_APPLIED in value:
        shown = (f"{key!r}: {_hidden(each) if key == _LAST_APPLIED else repr(each)}" for key, each in value.items())
        return "{" + ", ".join(shown) + "}"
    return repr(value)


def _hidden(value: Any) -> str:
    if isinstance(value, (bytes, str)):
        return f"<{len(value if isinstance(value, bytes) else value.encode())} bytes>"
    if is_mapping(value):
        return "{" + ", ".join(f"{key!r}: {_hidden(each)}" for key, each in value.items()) + "}"
    if is_tuple(value):
        return "[" + ", ".join(map(_hidden, value)) + "]"
    return "<hidden>"
