"""Compressed objects: hidden subclasses of kinds, whose members other than the metadata are compressed JSON.

`compressed_class(Pod)` is used like `lazy_class(Pod)`. What is read is decompressed and decoded at each read, and not
kept, so the memory of an object stays what it is. docs/design/models.md has the reasons and the costs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from sys import intern
from typing import Any, TypeVar, cast

from msgspec import Raw

from kubeloop.errors import DecodeError
from kubeloop.objects.frozen_struct import force, make, note_given, note_of
from kubeloop.objects.json.decode import read
from kubeloop.objects.json.encode import loads, rewrite
from kubeloop.objects.json.frames import Compressor, is_frame, text_of
from kubeloop.objects.lazy_object import failed_read, hidden_class, lazy_class, names_of, packed_equal, packed_fields
from kubeloop.objects.markers import LAZY
from kubeloop.objects.reflection import Field, fields_of

__all__ = ["compressed_class", "compressed_metadata"]

T = TypeVar("T")


@cache
def compressed_class(cls: type[T]) -> type[T]:
    """Return the class that keeps a kind compressed: its objects are instances of the kind.

    The class itself is returned if `lazy_class` returns it.

    Args:
        cls: A Kind.
    """
    kind: Any = cls
    packed = packed_fields(kind)
    if not packed:
        return cls
    compressor = Compressor()
    slots = {field.name: getattr(kind, field.name) for field in packed}
    namespace: dict[str, Any] = {
        "__packed__": {name: _json_reader(slot) for name, slot in slots.items()},
        "__post_init__": _compress_members(slots, compressor),
        "__reduce__": _reduce,
        "__unpack__": _whole,
        "compressor": compressor,
        "memory_mode": "compressed",
    }
    readers = {field.name: _reader(kind, field, slots[field.name]) for field in packed}
    metadata = compressed_metadata(fields_of(kind)["metadata"].shape.model, compressor)
    return cast("type[T]", hidden_class(kind, dict.fromkeys(slots, Raw) | {"metadata": metadata}, readers, namespace))


def compressed_metadata(model: Any, compressor: Compressor) -> Any:
    """Return a hidden subclass of ObjectMeta, whose annotations and managed fields are compressed.

    Texts that many objects share, such as the values of labels, are in memory once.

    Args:
        model: ObjectMeta.
        compressor: The compressor of the kind.
    """
    annotations, lazy = model.annotations, {f"_{name}": getattr(model, f"_{name}") for name in model.__lazy__}

    def settle(self: Any) -> None:
        value = annotations.__get__(self)
        if value.__class__ is dict and value:
            annotations.__set__(self, compressor.compress(rewrite(value)))
        for slot in lazy.values():
            value = slot.__get__(self)
            if value is not LAZY and not is_frame(value):
                slot.__set__(self, LAZY if bytes(value) == b"null" else compressor.compress(value))
        labels = self.labels
        if labels.__class__ is dict:
            for name, value in labels.items():
                labels[name] = _shared(value)
        _share(self, ("namespace", "generate_name"))
        for owner in self.owner_references:
            _share(owner, ("api_version", "kind", "name", "uid"))

    def read_annotations(self: Any) -> Any:
        value = annotations.__get__(self)
        return loads(text_of(value)) if value.__class__ is Raw else value

    def read_lazy(slot: Any) -> Callable[[Any], Raw]:
        def read_raw(self: Any) -> Raw:
            value: Raw = slot.__get__(self)
            return value if value is LAZY else Raw(bytes(text_of(value)))

        return read_raw

    namespace: dict[str, Any] = {
        **names_of(model),
        "__class__": property(lambda _: model),
        "__post_init__": settle,
        "__eq__": packed_equal,
        "__ne__": object.__ne__,
        "__hash__": _hash,
        "__reduce__": _reduce_whole,
        "__unpack__": _whole,
    }
    hidden: Any = type(model)(model.__name__, (model,), namespace)
    type.__setattr__(hidden, "annotations", property(read_annotations))
    for name, slot in lazy.items():
        type.__setattr__(hidden, name, property(read_lazy(slot)))
    return hidden


def _share(obj: Any, names: tuple[str, ...]) -> None:
    for name in names:
        force(obj, name, _shared(getattr(obj, name)))


def _shared(value: Any) -> Any:
    return intern(value) if value.__class__ is str else value  # a draft may hold a member of a StrEnum


def _compress_members(slots: dict[str, Any], compressor: Compressor) -> Callable[[Any], None]:
    """Return the `__post_init__` that compresses members."""
    accessors = tuple((slot.__get__, slot.__set__) for slot in slots.values())
    compress = compressor.compress

    def settle(self: Any) -> None:
        for get, put in accessors:
            value = get(self)
            if value.__class__ is Raw and not is_frame(value):
                put(self, compress(value))

    return settle


def _json_reader(slot: Any) -> Callable[[Any], bytes | Raw | None]:
    """Return the function that returns the JSON of a member; None if the member is decoded, or absent."""
    get = slot.__get__

    def read_json(self: Any) -> bytes | Raw | None:
        value = get(self)
        return text_of(value) if value.__class__ is Raw else None

    return read_json


def _reader(kind: Any, field: Field, slot: Any) -> Callable[[Any], Any]:
    """Return the function that reads a member, and decodes it each time."""
    get = slot.__get__
    head = f'{{"{field.wire}":'.encode()

    def read_member(self: Any) -> Any:
        value = get(self)
        if value.__class__ is not Raw:
            return value
        try:
            return get(read(b"".join((head, text_of(value), b"}")), kind))
        except DecodeError as error:
            raise failed_read(self, kind, error) from error

    return read_member


def _whole(self: Any) -> Any:
    """Return an object of the plain class.

    Raises:
        Unreadable: A member cannot be read.
    """
    cls = cast("Any", type(self))
    values = {name: getattr(self, name) for name in cls.__struct_fields__}
    if "metadata" in values:
        values["metadata"] = values["metadata"].__unpack__()
    whole = make(cls.__plain__, **values)
    if (note := note_of(self)) is not None:
        note_given(whole, note)
    return whole


def _hash(self: Any) -> int:
    return hash(self.__unpack__())


def _reduce_whole(self: Any) -> Any:
    return self.__unpack__().__reduce__()


def _reduce(self: Any) -> tuple[Any, ...]:
    """Pickle a lazy copy: what reads the pickle may have no zstd, and has not the dictionary."""
    plain = cast("Any", type(self)).__plain__
    values = {name: getattr(plain, name).__get__(self) for name in plain.__struct_fields__}
    values |= {name: Raw(bytes(text_of(value))) for name, value in values.items() if value.__class__ is Raw}
    copy = make(lazy_class(plain), **values | {"metadata": self.metadata.__unpack__()})
    return copy.__reduce__()  # type: ignore[no-any-return]
