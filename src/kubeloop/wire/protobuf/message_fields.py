"""How each field of a class is encoded: the generated field numbers together with the types of the model.

A class is compiled when the first of its objects is read or written, so that a program pays for the types that it uses.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Any, Literal

from kubeloop._kit.value import Value
from kubeloop.objects.model import Model
from kubeloop.objects.reflection import Field, Shape, fields_of
from kubeloop.wire.protobuf.wire_format import FIXED64, LENGTH, VARINT

__all__ = ["Encoded", "Encoding", "has_message", "message_of", "wire_type"]

Encoding = Literal[
    "text", "int", "bool", "double", "bytes", "message", "time", "micro_time", "quantity", "int_or_string", "json",
    "schema_or_array", "schema_or_bool", "schema_or_strings", "texts",
]  # fmt: skip
Container = Literal["", "list", "map", "lazy"]
_MODELS = "kubeloop.models."


class Encoded(Value, frozen=True):
    """One field of a message.

    Attributes:
        number: The number within its message.
        name: The attribute of the model; `""` for a message that JSON flattens.
        wire: The API field name.
        encoding: How the value, or each item, is encoded.
        container: What holds the items.
        model: The class of a message; of a union, the class of the schemas.
        is_pointer: Zero is written, because absent and zero differ.
        null: The value for which JSON has null is read when the field is absent.
        inner: The fields of a message that JSON flattens.
    """

    number: int
    name: str
    wire: str
    encoding: Encoding
    container: Container = ""
    model: Any = None
    is_pointer: bool = False
    null: bool = False
    inner: tuple[Any, ...] = ()


def has_message(cls: type[Any] | None) -> bool:
    """Return whether a class has a protobuf form: most built-in types have one, and no others."""
    if cls is None or not issubclass(cls, Model):
        return False
    return _plain(cls).__name__ in _numbers_of(_plain(cls).__module__)


@cache
def message_of(cls: Any) -> tuple[Encoded, ...]:
    """Return the fields of the message that a class is, in the order of their numbers.

    Raises:
        KeyError: The class has no protobuf form.
    """
    plain = _plain(cls)
    text = _numbers_of(plain.__module__)[plain.__name__]
    by_wire = {field.wire: field for field in fields_of(plain).values()}
    found: list[tuple[tuple[int, ...], Encoded]] = []
    for part in text.split():
        wire, _, rest = part.rpartition("=")
        path, _, union = rest.partition(":")
        numbers = tuple(map(int, path.split(".")))
        if wire in by_wire:  # kind and apiVersion of a kind are not fields
            found.append((numbers, _encoded(numbers[-1], by_wire[wire], union, plain)))
    return _nested(found)


def _nested(found: list[tuple[tuple[int, ...], Encoded]]) -> tuple[Encoded, ...]:
    """Return fields by number; those with a path are within messages."""
    direct = [field for path, field in found if len(path) == 1]
    below: dict[int, list[tuple[tuple[int, ...], Encoded]]] = {}
    for path, field in found:
        if len(path) > 1:
            below.setdefault(path[0], []).append((path[1:], field))
    groups = [Encoded(number, "", "", "message", inner=_nested(inner)) for number, inner in below.items()]
    return tuple(sorted([*direct, *groups], key=lambda field: field.number))


def _plain(cls: Any) -> Any:
    return cls.__plain__ or cls


@cache
def _numbers_of(module: str) -> Mapping[str, str]:
    name = module.removeprefix(_MODELS)
    if name == module or "." in name:
        return {}
    found: Mapping[str, str] = import_module(f"{_MODELS}field_numbers.{name}").NUMBERS
    return found


def _encoded(number: int, field: Field, union: str, owner: Any) -> Encoded:
    shape = field.shape
    container: Container = ""
    if shape.category == "lazy":
        container = "lazy"
    elif shape.category in ("objects", "list"):
        container = "list"
    elif shape.category in ("object_map", "map"):
        container = "map"
    item = shape if not container else shape.item
    assert item is not None
    encoding: Encoding = union or _encoding(item)  # type: ignore[assignment]
    is_pointer = not container and field.default is None
    null = bool(container) and shape.optional
    model = owner if union else item.model
    return Encoded(number, field.stored, field.wire, encoding, container, model, is_pointer, null)


_SCALARS: Mapping[tuple[type, ...], Encoding] = {
    (str,): "text",
    (int,): "int",
    (bool,): "bool",
    (float, int): "double",
    (bytes,): "bytes",
    (int, str): "int_or_string",
}


def _encoding(shape: Shape) -> Encoding:
    if shape.category == "object":
        return "message"
    if shape.category == "any":
        return "json"
    if shape.category == "list":
        return "texts"  # a named list of texts in a map
    if shape.accepts == (datetime,):
        return "micro_time" if shape.go == "MicroTime" else "time"
    if shape.go == "Quantity":
        return "quantity"
    return _SCALARS[shape.accepts]


def wire_type(encoding: Encoding) -> int:
    """Return the wire type of an encoding."""
    return VARINT if encoding in ("int", "bool") else FIXED64 if encoding == "double" else LENGTH
