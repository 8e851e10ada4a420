"""Check dictionaries and lists that users pass, and copy them as JSON values.

msgspec would silently write some values in a form of its own: a time without a zone, a Decimal as text, a duration as
ISO 8601. All data of users pass through here first.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kubeloop.errors import EncodeError
from kubeloop.objects.reflection import Shape, fields_of
from kubeloop.objects.type_guards import is_items, is_mapping

__all__ = ["plain", "refuse_unknown"]


def plain(value: Any, where: str = "", error: type[Exception] = EncodeError) -> Any:
    """Return a copy of a value as a JSON value.

    Models, drafts and Unstructured in it are written as by `to_dict`, times with a zone as RFC 3339, bytes as base64.

    Args:
        value: The value that a user passed.
        where: The path of the value, for the error.
        error: The class of the error.

    Raises:
        error: A part of the value has no JSON form; the message names its path.
    """
    try:
        return _copied(value, where, error)
    except RecursionError:
        raise error(f"{where or 'value'}: nested too deeply") from None


def _copied(value: Any, where: str, error: type[Exception]) -> Any:
    # Loops, because a comprehension needs a second frame for each level.
    held: Any = value.__class__
    if value is None or held is str or held is int or held is bool:
        return value
    if isinstance(value, (str, int, float)):  # the encoder refuses NaN, with its path
        return value
    if isinstance(value, (bytes, bytearray)):
        return b64encode(value).decode()
    whole = getattr(value, "to_dict", None)
    if whole is not None:  # a model, a draft, an Unstructured
        return whole()
    if is_mapping(value):
        members: dict[str, Any] = {}
        for key, each in value.items():
            members[_key(key, where, error)] = _copied(each, _at(where, key), error)
        return members
    if is_items(value):
        items: list[Any] = []
        for number, each in enumerate(value):
            items.append(_copied(each, f"{where}[{number}]", error))
        return items
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise error(f"{where or 'value'}: expected a datetime with a time zone, got a naive one")
        return _time_text(value)
    raise error(f"{where or 'value'}: expected a JSON value, got {held.__name__}")


def _time_text(time: datetime) -> str:
    from kubeloop.meta.times import to_utc

    return to_utc(time).isoformat().replace("+00:00", "Z")


def _at(where: str, key: object) -> str:
    return f"{where}.{key}" if where else str(key)


def _key(key: object, where: str, error: type[Exception]) -> str:
    if isinstance(key, str):
        return key
    raise error(f"{where or 'value'}: expected keys of str, got {type(key).__name__}")


def refuse_unknown(shape: Shape, value: Any, where: str) -> None:
    """Check that a mapping in place of a model has only names of the model's fields, at every depth.

    A model that preserves unknown fields accepts any name.

    Raises:
        TypeError: A name is not that of a field. The message has the path, the nearest name, and how to send a field
            that is newer than the models.
    """
    if is_mapping(value):
        if shape.category == "object":
            wires = {field.wire: field for field in fields_of(shape.model).values()}
            for key, each in value.items():
                field = wires.get(key)
                if field is not None:
                    refuse_unknown(field.shape, each, f"{where}.{key}")
                elif not (shape.model.__preserve__ or (key in ("apiVersion", "kind") and shape.model.__kind_head__)):
                    raise TypeError(_unknown(shape.model, key, where, wires))
        elif shape.item is not None:
            for key, each in value.items():
                refuse_unknown(shape.item, each, f"{where}[{key!r}]")
    elif shape.item is not None and is_items(value):
        for number, each in enumerate(value):
            refuse_unknown(shape.item, each, f"{where}[{number}]")


def _unknown(model: Any, key: object, where: str, wires: Mapping[str, Any]) -> str:
    import difflib

    field = fields_of(model).get(str(key))
    near = [field.wire] if field is not None else difflib.get_close_matches(str(key), list(wires), 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return (
        f"{where}: {model.__name__} has no field {key!r}{hint} (mappings use API field names; send a field that is "
        "newer than these models with patch() or the dynamic client)"
    )
