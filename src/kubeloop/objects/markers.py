"""The markers in generated models: default values that mean "absent" or "null", and the types of fields.

docs/design/models.md explains each of them. The types have their meaning for msgspec at run time; type checkers read
the stubs of the generated modules instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import msgspec
from msgspec import Raw

from kubeloop.objects import exact_time

if TYPE_CHECKING:
    from kubeloop.errors import Unreadable

_C = TypeVar("_C")
HOW_TO_CHANGE = "objects are immutable values: use obj.draft(), or edit() of a client"

# --- the values that mean "absent" and "null" -------------------------------------------------------------------------


def _shown_as(name: str) -> Callable[[type[_C]], type[_C]]:
    """Return a decorator that sets the name by which Python's messages call a class."""

    def rename(cls: type[_C]) -> type[_C]:
        cls.__name__ = name
        return cls

    return rename


class _NoList:
    """Refuses changes of an absent list with a message that says how an object is changed."""

    __slots__ = ()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute {name!r}: {HOW_TO_CHANGE}")

        def __setitem__(self, *_args: object) -> NoReturn:
            raise TypeError(f"'{type(self).__name__}' object does not support item assignment: {HOW_TO_CHANGE}")

        def __delitem__(self, _index: object) -> NoReturn:
            raise TypeError(f"'{type(self).__name__}' object does not support item deletion: {HOW_TO_CHANGE}")


@_shown_as("tuple")
class _AbsentSeq(_NoList, tuple[Any, ...]):
    """The value of an absent list. It equals `()`, but a decoded `[]` is another instance."""

    __slots__ = ()

    def __reduce__(self) -> str:
        return "SEQ"


@_shown_as("dict")
class FrozenMap(dict[str, Any]):
    """A map that a constructor or a draft created: it cannot be changed, and its copies are plain dictionaries.

    Decoding creates plain dictionaries, because converting them would cost time for each object of a LIST.
    """

    __slots__ = ()

    def _refuse(self, *_args: object, **_kwargs: object) -> NoReturn:
        raise TypeError(HOW_TO_CHANGE)

    if not TYPE_CHECKING:
        __setitem__ = __delitem__ = update = pop = popitem = clear = setdefault = __ior__ = _refuse

    def __reduce__(self) -> Any:
        return dict, (dict(self),)


@_shown_as("dict")
class _AbsentMap(FrozenMap):
    """The value of an absent map."""

    __slots__ = ()

    def __reduce__(self) -> Any:
        return "MAP"


@_shown_as("tuple")
class _NullSeq(_NoList, Sequence[Any]):
    """The value of a list that a server sent as null: it reads as empty and is written as null."""

    __slots__ = ()

    def __len__(self) -> int:
        return 0

    def __getitem__(self, index: Any) -> Any:
        return ()[index]

    def __add__(self, other: Any) -> Any:
        return (*other,) if isinstance(other, tuple) else NotImplemented

    def __radd__(self, other: Any) -> Any:
        return self + other

    def __eq__(self, other: object) -> bool:
        return other is self or (isinstance(other, tuple) and not other)

    def __hash__(self) -> int:
        return hash(())

    def __repr__(self) -> str:
        return "()"

    def __reduce__(self) -> str:
        return "NULL_SEQ"


@_shown_as("dict")
class _NullMap(Mapping[str, Any]):
    """The value of a map that a server sent as null: it reads as empty and is written as null."""

    __slots__ = ()

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __getitem__(self, key: str) -> Any:
        raise KeyError(key)

    def __or__(self, other: Any) -> Any:
        return {**other}

    __ror__ = __or__

    def __repr__(self) -> str:
        return "{}"

    def __reduce__(self) -> str:
        return "NULL_MAP"


@_shown_as("bytes")
class _NullBytes(bytes):
    """The value of absent bytes for which Go writes null: it reads as empty and is written as null."""

    __slots__ = ()

    def __reduce__(self) -> str:
        return "NULL_BYTES"


@_shown_as("tuple")
class Mended(tuple[Any, ...]):
    """A list with an item that was null in the response: a patch replaces it, because its indexes are ours."""

    __slots__ = ()


@_shown_as("tuple")
class PartialItems(tuple[Any, ...]):
    """The items of a LIST some items of which could not be read. It carries their errors, so other lists cost nothing.

    Attributes:
        unreadable: The errors by key; the key of an item whose name cannot be read is `"#<index>"`.
    """

    unreadable: Mapping[str, Unreadable]

    @classmethod
    def of(cls, items: Sequence[Any], unreadable: Mapping[str, Unreadable]) -> Sequence[Any]:
        """Return the items with the errors of the unreadable ones; as a plain tuple if there are none."""
        if not unreadable:
            return tuple(items)
        self = cls(items)
        self.unreadable = unreadable
        return self


SEQ: Sequence[Any] = _AbsentSeq()
MAP: Mapping[str, Any] = _AbsentMap()
NULL_SEQ: Sequence[Any] = _NullSeq()
NULL_MAP: Mapping[str, Any] = _NullMap()
LAZY = Raw()
# Fields that Go writes even when zero: omit_defaults never omits a default that has a factory.
BOOL = msgspec.field(default_factory=bool)
INT = msgspec.field(default_factory=int)
FLOAT = msgspec.field(default_factory=float)
STR = msgspec.field(default_factory=str)
BYTES = msgspec.field(default_factory=bytes)
NULL: Any = msgspec.field(default_factory=type(None))
NULL_BYTES = _NullBytes()
BYTES_OR_NULL: Any = msgspec.field(default_factory=lambda: NULL_BYTES)
# The stored value of an absent field in which null is a value; absent and null both read as None.
NULLABLE: Any = msgspec.UNSET


# --- the markers of types ---------------------------------------------------------------------------------------------

Bytes = bytes
Time = Annotated[datetime, msgspec.Meta(tz=True)]
MicroTime = Annotated[datetime, msgspec.Meta(tz=True, extra={"go": "MicroTime"})]
ExactTime = exact_time.ExactTime
Quantity = Annotated[str, msgspec.Meta(extra={"go": "Quantity"})]
Duration = str
IntOrString = int | str
NullBytes = bytes | None

if TYPE_CHECKING:
    _T = TypeVar("_T")
    Seq = Sequence
    NullSeq = Sequence
    Lazy = Sequence
    Map = Mapping[str, _T]
    NullMap = Mapping[str, _T]
else:

    class Seq:
        """A list: a tuple at run time, a `Sequence` for type checkers."""

        def __class_getitem__(cls, item: Any) -> Any:
            return tuple[item, ...]

    class NullSeq:
        """A list without omitempty."""

        def __class_getitem__(cls, item: Any) -> Any:
            return tuple[item, ...] | None

    class Map:
        """A map: a dictionary at run time, a `Mapping` for type checkers."""

        def __class_getitem__(cls, item: Any) -> Any:
            return dict[str, item]

    class NullMap:
        """A map without omitempty."""

        def __class_getitem__(cls, item: Any) -> Any:
            return dict[str, item] | None

    class Lazy:
        """A list of structs that is kept as bytes until it is read."""

        def __class_getitem__(cls, item: Any) -> Any:
            return tuple[item, ...]
