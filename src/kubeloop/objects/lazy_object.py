"""Lazy objects: hidden subclasses of kinds, whose members other than the metadata stay JSON until they are first read.

`lazy_class(Pod)` is a class like any other for a decoder, a list and a watch, so the mode of a cache is nothing but the
class that it decodes. An object changes its class to `Pod` when its last member is read, and is an ordinary Pod then.
docs/design/models.md has the reasons and the costs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, cast
from weakref import WeakMethod

import msgspec
from msgspec import Raw

from kubeloop.errors import DecodeError, NotKept, Unreadable
from kubeloop.objects.json.decode import read
from kubeloop.objects.json.encode import rewrite
from kubeloop.objects.json.pickling import pickled
from kubeloop.objects.markers import LAZY, NULL_BYTES
from kubeloop.objects.reflection import Field, fields_of
from kubeloop.objects.type_guards import class_of

__all__ = [
    "FailedReads",
    "as_default",
    "borrowing_class",
    "end_borrowing",
    "failed_read",
    "give_list_class",
    "hidden_class",
    "is_packed",
    "lazy_class",
    "names_of",
    "packed_equal",
    "packed_fields",
    "packed_json",
]

T = TypeVar("T")

_NULL = Raw(b"null")
_NOTHING: dict[str, Any] = {}
_struct_equal: Any = msgspec.Struct.__eq__
_set_class: Any = vars(object)["__class__"].__set__


class FailedReads:
    """Calls informers when the first read of a member of an object of one class fails.

    An object does not know which cache it belongs to, because that would take a word in each object. So each class has
    the informers that hold its objects, and each informer checks whether an object is its own.
    """

    def __init__(self) -> None:
        self._methods: list[WeakMethod[Callable[[Any, Unreadable], object]]] = []

    def connect(self, method: Callable[[Any, Unreadable], object]) -> None:
        """Call a bound method with the object and the error of each failed read, for as long as its object lives."""
        self._methods = [each for each in self._methods if each() is not None]
        self._methods.append(WeakMethod(method))

    def report(self, obj: Any, error: Unreadable) -> None:
        """Call the methods. They may be called in any thread."""
        for each in self._methods:
            method = each()
            if method is not None:
                method(obj, error)


@cache
def lazy_class(cls: type[T]) -> type[T]:
    """Return the class that decodes a kind lazily: its objects are instances of the kind.

    Members that are a number, a text or a boolean are decoded with the metadata, because their bytes would take more
    memory than their values. The class itself is returned if it has no other members, or if it preserves unknown
    members of its root, which only the whole object shows.

    Args:
        cls: A Kind.
    """
    kind: Any = cls
    packed = packed_fields(kind)
    if not packed:
        return cls
    slots = {field.name: getattr(kind, field.name) for field in packed}
    namespace: dict[str, Any] = {
        "__packed__": {name: _json_reader(slot) for name, slot in slots.items()},
        "__post_init__": _keep_copies(kind, slots),
        "__unpack__": _unpack,
        "memory_mode": "lazy",
    }
    readers = {field.name: _reader(kind, field, slots) for field in packed}
    return cast("type[T]", hidden_class(kind, dict.fromkeys(slots, Raw), readers, namespace))


def packed_fields(kind: Any) -> list[Field]:
    """Return the fields of a kind that a hidden class keeps as JSON; none if it is its own lazy class."""
    if kind.__preserve__:
        return []
    return [field for field in fields_of(kind).values() if field.name != "metadata" and _can_be_packed(field)]


def hidden_class(
    kind: Any, hints: dict[str, Any], readers: dict[str, Callable[[Any], Any]], namespace: dict[str, Any]
) -> Any:
    """Return a hidden subclass of a kind, and give it a class of lists.

    Args:
        kind: The kind.
        hints: The types of the fields that the decoder reads differently, by name.
        readers: The functions that read the fields which are kept as JSON, by name.
        namespace: `__packed__`, `__post_init__` and `__unpack__`; see `FrozenStruct`.
    """
    defaults: dict[str, Any] = dict(zip(kind.__struct_fields__, kind.__struct_defaults__, strict=True))
    common = {
        "__annotations__": hints,
        **{name: as_default(defaults[name]) for name in hints},
        **names_of(kind),
        # `obj.__class__` is the kind, as of a proxy. `type(obj)` is the hidden class.
        "__class__": property(lambda _: kind),
        "__eq__": packed_equal,
        "__ne__": object.__ne__,
        "__hash__": kind.__hash__,
        "__reduce__": _reduce,
    }
    hidden: Any = type(kind)(kind.__name__, (kind,), common | namespace)
    for name, read_member in readers.items():
        type.__setattr__(hidden, name, property(read_member))
    type.__setattr__(hidden, "failed_reads", FailedReads())
    give_list_class(kind, hidden)
    return hidden


def give_list_class(kind: Any, hidden: Any) -> None:
    """Create the class of lists of a hidden class, if the kind can be listed."""
    listing = getattr(kind, "list_type", None)
    if listing is not None:
        items = {"__annotations__": {"items": tuple[hidden, ...] | None}, "items": listing.__struct_defaults__[-1]}
        type(listing)(listing.__name__, (listing,), {**items, **names_of(listing)}, item=hidden)


def packed_json(obj: Any, name: str) -> bytes | Raw | None:
    """Return the JSON of a member that has not been read yet; None for a member that is decoded, or absent."""
    read_json = getattr(_type_of(obj), "__packed__", _NOTHING).get(name)
    return None if read_json is None else read_json(obj)


def is_packed(obj: Any) -> bool:
    """Return whether an object has members that were not read yet."""
    return any(read_json(obj) is not None for read_json in getattr(_type_of(obj), "__packed__", _NOTHING).values())


def _type_of(obj: Any) -> Any:
    """Return the type of an object, which `obj.__class__` does not show of a lazy one."""
    return cast("Any", type(obj))


def _can_be_packed(field: Field) -> bool:
    is_scalar = field.category == "scalar" and field.default is not NULL_BYTES
    return not (is_scalar or field.nullable or field.category == "lazy")


def as_default(default: Any) -> Any:
    """Return what a class statement has for a default of `__struct_defaults__`."""
    factory = getattr(default, "factory", None)
    return default if factory is None else msgspec.field(default_factory=factory)


def names_of(cls: Any) -> dict[str, Any]:
    """Return the attributes with which a hidden class has the name and the documentation of a class."""
    own = cast("dict[str, Any]", vars(cls))
    return {
        "__module__": cls.__module__,
        "__qualname__": cls.__qualname__,
        "__doc__": own.get("__doc__"),
        "__plain__": cls,
    }


def _keep_copies(kind: Any, slots: dict[str, Any]) -> Callable[[Any], None]:
    """Return the `__post_init__` that copies members, because a decoded Raw keeps the whole body in memory."""
    accessors = tuple((slot.__get__, slot.__set__) for slot in slots.values())

    def settle(self: Any) -> None:
        is_whole = True
        for get, put in accessors:
            value = get(self)
            if value.__class__ is Raw:
                put(self, value.copy())
                is_whole = False
        if is_whole:
            _set_class(self, kind)

    return settle


def _json_reader(slot: Any) -> Callable[[Any], Raw | None]:
    """Return the function that returns the JSON of a member; None if the member is decoded, or absent."""
    get = slot.__get__

    def read_json(self: Any) -> Raw | None:
        value = get(self)
        return value if value.__class__ is Raw else None

    return read_json


def _reader(kind: Any, field: Field, slots: dict[str, Any]) -> Callable[[Any], Any]:
    """Return the function that reads a member, and decodes it the first time."""
    slot = slots[field.name]
    get = slot.__get__
    others = tuple(each.__get__ for each in slots.values() if each is not slot)
    head = f'{{"{field.wire}":'.encode()

    def read_member(self: Any) -> Any:
        value = get(self)
        return value if value.__class__ is not Raw else decode_member(self, value)

    def decode_member(self: Any, raw: Raw) -> Any:
        try:
            # An object with this one member, so that nulls, repairs and errors are those of the whole kind.
            value = get(read(b"".join((head, raw, b"}")), kind))
        except DecodeError as error:
            raise failed_read(self, kind, error) from error
        # Without a lock: threads that read a member for the first time at once may get different, equal instances.
        if get(self) is raw:
            slot.__set__(self, value)
        if not any(each(self).__class__ is Raw for each in others):
            _set_class(self, kind)
        return get(self)

    return read_member


def failed_read(obj: Any, kind: Any, error: DecodeError) -> Unreadable:
    """Report that a member of an object cannot be read, and return the error."""
    meta = obj.metadata
    known = {"namespace": meta.namespace, "name": meta.name, "uid": meta.uid, "resource_version": meta.resource_version}
    text = str(error).removeprefix(f"{kind.__name__}: ")
    who = f"{kind.__name__} {Unreadable('', **known).key}".rstrip()
    failure = Unreadable(f"{who}: {text}", **known)
    _type_of(obj).failed_reads.report(obj, failure)
    return failure


# --- fields that are parts of a body which the object keeps anyway ----------------------------------------------------


@cache
def borrowing_class(cls: type[T]) -> type[T]:
    """Return the class that decodes a model without copies of its lazy fields, which then keep the whole body.

    Pass each decoded object to `end_borrowing`.
    """
    model: Any = cls
    slots = [getattr(model, "_" + name) for name in model.__lazy__]

    def settle(self: Any) -> None:
        for slot in slots:
            if slot.__get__(self) == _NULL:
                slot.__set__(self, LAZY)

    return cast("type[T]", type(model)(model.__name__, (model,), {**names_of(model), "__post_init__": settle}))


def end_borrowing(obj: Any, cls: Any = None) -> None:
    """Change the class of an object from the borrowing class to that of the model, or to another hidden class of it."""
    _set_class(obj, cls or _type_of(obj).__plain__ or _type_of(obj))
    if cls is not None:
        obj.__post_init__()


# --- methods of the hidden classes ------------------------------------------------------------------------------------


def _unpack(self: Any) -> Any:
    """Decode all members that were not read yet, and return the object.

    Raises:
        Unreadable: A member cannot be read.
    """
    cls = _type_of(self)
    for name in cls.__packed__:
        getattr(self, name)
    if type(self) is cls:  # a draft replaced the last member that was not read
        _set_class(self, cls.__plain__)
    return self


def packed_equal(self: Any, other: Any) -> Any:
    """Return whether two objects are equal, as eager objects are.

    Objects that cannot be read are compared as JSON. An object of which fields were dropped equals no whole one.
    """
    kind = class_of(self)
    if not isinstance(other, kind):
        return NotImplemented
    if type(other) is type(self) and _struct_equal(self, other) is True:
        return True
    try:
        return kind.__eq__(self.__unpack__(), other.__unpack__())
    except (DecodeError, NotKept):
        return self is other


def _reduce(self: Any) -> tuple[Any, ...]:
    """Pickle an object of which no member was read as it is, so that its copy is lazy, too."""
    cls = _type_of(self)
    fields = fields_of(cls.__plain__)
    slots = ((getattr(cls.__plain__, name).__get__(self), fields[name].default) for name in cls.__packed__)
    if any(value.__class__ is not Raw and value is not default for value, default in slots):
        return pickled(self.__unpack__())
    return _unpickle, (cls.__plain__, rewrite(self))


def _unpickle(kind: type[Any], body: bytes) -> Any:
    return read(body, lazy_class(kind))  # type: ignore[arg-type]
