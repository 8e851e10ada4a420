"""Encode models as JSON bytes and as plain JSON values.

Beside msgspec's encoder: `kind` and `apiVersion` at the top, lists that are null, MicroTime with six digits, and the
refusal of NaN.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from typing import Any

import msgspec
from msgspec import Raw

from kubeloop._kit.raising import raise_alone
from kubeloop.errors import EncodeError
from kubeloop.objects.exact_time import ExactTime
from kubeloop.objects.frozen_struct import FrozenStruct
from kubeloop.objects.markers import LAZY, NULL_BYTES, NULL_MAP, NULL_SEQ, NULLABLE
from kubeloop.objects.reflection import Field, Shape, fields_of
from kubeloop.objects.type_guards import class_of, is_list, is_mapping, is_tuple
from kubeloop.objects.unknown_members import has_rest, splice

__all__ = ["dumps", "encode", "is_below", "lazy_bytes", "loads", "rewrite", "to_data", "value_of"]


def _hook(value: Any) -> Any:
    if value is NULL_SEQ or value is NULL_MAP or value is NULL_BYTES:
        return None
    if type(value) is ExactTime:
        return value.as_written()
    if is_mapping(value):
        return dict(value)
    plain = getattr(value, "to_dict", None)
    if plain is not None:
        return plain()
    raise EncodeError(f"cannot write a {type(value).__name__} as JSON")


_encode = msgspec.json.Encoder(enc_hook=_hook).encode
_pack = msgspec.msgpack.Encoder(enc_hook=_hook).encode
# MessagePack contains doubles as they are, so a search of its bytes tells quickly whether there may be NaN or infinity.
_not_finite = re.compile(rb"\xcb[\x7f\xff][\xf0-\xff]").search
loads: Any = msgspec.json.decode


def dumps(value: Any) -> bytes:
    """Return any JSON value as JSON; models in it are written without kind and apiVersion.

    Raises:
        EncodeError: A part of the value has no JSON form.
    """
    if isinstance(value, FrozenStruct):
        value = value.__unpack__()
    try:
        body = _encode(value)
        if has_rest(body):
            body = _encode(splice(loads(body)))
    except (TypeError, ValueError, RecursionError) as error:
        # Alone: a UnicodeEncodeError holds the whole text, which may be a secret.
        raise_alone(EncodeError(f"{type(value).__name__}: {error}"))
    if (
        (not isinstance(value, FrozenStruct) or _has_float(class_of(value)))
        and b"null" in body
        and _may_be_no_number(value)
    ):
        _refuse_no_number(value, "")
    return body


def _may_be_no_number(value: Any) -> bool:
    try:
        return _not_finite(_pack(value)) is not None
    except OverflowError:  # an integer that MessagePack cannot represent, but JSON can
        return True


def rewrite(value: Any) -> bytes:
    """Return a JSON value as JSON, unchecked: it was read as JSON or checked before."""
    return _encode(value)


def encode(obj: FrozenStruct) -> bytes:
    """Return a model as JSON; that of a Kind begins with its apiVersion and kind.

    Raises:
        EncodeError: A part of the model has no JSON form.
    """
    body = dumps(obj)
    cls = class_of(obj)
    if _has_micro_time(cls) and _any_whole_second(obj):
        body = dumps(_with_six_digits(obj, loads(body)))
    # A hidden field that was read from JSON (of an embedded object that named its kind) is in the body already.
    missing = [head for name, head, absent in cls.__kind_head__ if getattr(obj, name) is absent]
    if not missing:
        return body
    return b"{" + b",".join(missing) + (b"}" if body == b"{}" else b"," + body[1:])


def to_data(value: Any) -> Any:
    """Return the plain JSON value of a model, with API field names, as Python data that the caller owns.

    Raises:
        EncodeError: A part of the model has no JSON form, for example a lazy field whose bytes are not UTF-8.
    """
    try:
        return loads(encode(value))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise_alone(EncodeError(f"{type(value).__name__}: {error}"))


def value_of(value: Any, shape: Shape | None = None) -> Any:
    """Return the plain JSON value of the value of a field; a model is written without kind and apiVersion."""
    if type(value) is datetime and shape is not None and shape.go == "MicroTime":
        return _micro_text(value)
    if is_tuple(value) and value and isinstance(value[0], FrozenStruct):
        return [value_of(item) for item in value]
    data = loads(dumps(value))
    return (
        _with_six_digits(value, data) if isinstance(value, FrozenStruct) and _has_micro_time(class_of(value)) else data
    )


def lazy_bytes(items: Any) -> Raw:
    """Return the bytes that store the items of a lazy field."""
    return Raw(dumps(items)) if items else LAZY


# --- NaN and infinity: msgspec writes null for them, which would delete the field -------------------------------------


def _refuse_no_number(value: Any, path: str) -> None:
    """Check that a value has no number that JSON cannot represent.

    Raises:
        EncodeError: It has such a number; the message names its path.
    """
    if isinstance(value, float):
        if not math.isfinite(value):
            raise EncodeError(f"{path or 'value'}: {value} has no JSON form")
    elif isinstance(value, FrozenStruct):
        if _has_float(class_of(value)):
            for field in fields_of(class_of(value)).values():
                _refuse_no_number(getattr(value, field.stored), f"{path}.{field.wire}".lstrip("."))
    elif is_mapping(value):
        for key, each in value.items():
            _refuse_no_number(each, f"{path}.{key}".lstrip("."))
    elif is_tuple(value) or is_list(value):
        for number, each in enumerate(value):
            _refuse_no_number(each, f"{path}[{number}]")


@cache
def _has_float(cls: Any) -> bool:
    """Return whether a field of a class, at any depth, can hold a float or free-form data."""
    return is_below(cls, lambda shape: shape.category == "any" or float in shape.accepts)


def is_below(cls: Any, holds: Callable[[Shape], bool]) -> bool:
    """Return whether a condition is true for the shape of a field, or of an item, of a class at any depth."""
    seen: set[Any] = set()
    todo = [cls]
    while todo:
        seen.add(one := todo.pop())
        for field in fields_of(one).values():
            if field.category == "lazy":
                continue
            shape: Shape | None = field.shape
            while shape is not None:
                if holds(shape):
                    return True
                if shape.model is not None and shape.model not in seen:
                    todo.append(shape.model)
                shape = shape.item
    return False


# --- MicroTime: Go always writes six digits, msgspec writes none for a whole second -----------------------------------


def _micro_text(value: datetime) -> str:
    from kubeloop.meta.times import format_micro_time

    return format_micro_time(value)


@cache
def _has_micro_time(cls: Any) -> bool:
    """Return whether a field of a class, at any depth, can hold a MicroTime."""
    return is_below(cls, lambda shape: shape.go == "MicroTime")


def _children(obj: Any) -> Iterator[tuple[Field, Any]]:
    for field in fields_of(class_of(obj)).values():
        value = getattr(obj, field.stored)
        model = field.shape.model
        if value is not field.default and value is not None and value is not NULLABLE:  # noqa: SIM102 (two questions)
            if field.shape.go == "MicroTime" or (
                model is not None and field.category != "lazy" and _has_micro_time(model)
            ):
                yield field, value


def _any_whole_second(obj: Any) -> bool:
    for field, value in _children(obj):
        if isinstance(value, datetime):
            if not value.microsecond:
                return True
        elif field.category == "object":
            if _any_whole_second(value):
                return True
        elif any(map(_any_whole_second, value.values() if field.category == "object_map" else value)):
            return True
    return False


def _with_six_digits(obj: Any, data: dict[str, Any]) -> dict[str, Any]:
    for field, value in _children(obj):
        wire = field.wire
        if isinstance(value, datetime):
            data[wire] = _micro_text(value)
        elif field.category == "object":
            _with_six_digits(value, data[wire])
        elif field.category == "object_map":
            for key, each in value.items():
                _with_six_digits(each, data[wire][key])
        else:
            for each, place in zip(value, data[wire], strict=True):
                _with_six_digits(each, place)
    return data
