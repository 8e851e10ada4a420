"""The lists and maps of a draft: mutable views that keep what they were made from, so that "unchanged" is known.

What lives here: the run-time views and, for type checkers, the descriptors that stubs name: `Lists[V]`, `Dicts[V]`,
`Objects[M, D]` (a list of structs that reads as drafts) and `ObjectMap[M, D]`. The draft itself is in `draft`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, MutableSequence
from typing import TYPE_CHECKING, Any, Generic, SupportsIndex, TypeVar, overload

from kubeloop.models._base import MAP, SEQ
from kubeloop.models._construct import checked, show_field
from kubeloop.models._encode import value_of
from kubeloop.models._fields import Field, Shape
from kubeloop.models._guards import is_items, is_list, is_mapping
from kubeloop.models._markers import FrozenMap

if TYPE_CHECKING:
    from kubeloop.models._base import Model
    from kubeloop.models.draft import Draft

    M = TypeVar("M", bound=Model)
else:
    M = TypeVar("M")
D = TypeVar("D")
V = TypeVar("V")

__all__ = ["Dicts", "Lists", "ObjectMap", "Objects", "Pending", "freeze", "taken"]


class Pending:
    """What stands in a draft for a value that is not final yet."""

    __slots__ = ()

    def _build(self) -> Any:
        """Give the frozen value; the one that it was made from when nothing changed."""
        raise NotImplementedError

    def _data(self) -> Any:
        """Give the JSON value, with every zero that was assigned."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return bool(self._build() == freeze(other))

    __hash__ = None  # type: ignore[assignment]  # it is mutable

    def __repr__(self) -> str:
        return f"<draft of {self._build()!r}>"


def freeze(value: Any) -> Any:
    """The frozen value of a draft or view, or of plain data that holds some."""
    if isinstance(value, Pending):
        return value._build()
    if is_list(value):
        return tuple(map(freeze, value))
    return value


def taken(shape: Shape, value: Any, owner: str, path: str) -> Any:
    """Check a value that is put into a draft; drafts stay live, data with wire names become models.

    Raises: TypeError naming owner and path.
    """
    if shape.model is not None and is_mapping(value) and shape.category == "object":
        from kubeloop.errors import DecodeError
        from kubeloop.models._decode import decode_data

        try:
            return decode_data(_plain_items(value), shape.model)
        except DecodeError as error:
            raise TypeError(f"{owner}.{path}: {error}") from None
    if isinstance(value, Pending):
        model = getattr(value, "_model", None)
        if shape.category == "object" and model is shape.model:
            return value
        return taken(shape, value._build(), owner, path)
    if shape.item is not None and shape.model is not None and value is not None:
        if is_mapping(value) and shape.category == "object_map":
            return FrozenMap({key: taken(shape.item, each, owner, f"{path}[{key!r}]") for key, each in value.items()})
        if is_items(value):
            return tuple(taken(shape.item, each, owner, f"{path}[{n}]") for n, each in enumerate(value))
    return checked(shape, value if shape.category == "any" else freeze(value), owner, path)


def _plain_items(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: each._data() if isinstance(each, Pending) else each for key, each in value.items()}


def _own(field: Field, base: Any) -> Any:
    """The items of a view: free-form ones are copies, since they can be changed in place."""
    item = field.shape.item
    return value_of(base) if len(base) and item is not None and item.category == "any" else base


class _List(Pending, MutableSequence[Any]):
    """A list view: items of structs turn into drafts when they are read."""

    __slots__ = ("_assigned", "_base", "_field", "_items", "_owner")

    def __init__(self, owner: str, field: Field, base: Any, *, assigned: bool = False) -> None:
        self._owner, self._field, self._base, self._assigned = owner, field, base, assigned
        self._items: list[Any] = list(_own(field, base))

    def __len__(self) -> int:
        return len(self._items)

    def __delitem__(self, index: Any) -> None:
        del self._items[index]

    def insert(self, index: SupportsIndex, value: Any) -> None:
        """Insert one item."""
        self._items.insert(index, self._take(value))

    def __setitem__(self, index: Any, value: Any) -> None:
        self._items[index] = [self._take(each) for each in value] if isinstance(index, slice) else self._take(value)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self._open(n) for n in range(*index.indices(len(self._items)))]
        return self._open(index)

    def sort(self, *, key: Callable[[Any], Any] | None = None, reverse: bool = False) -> None:
        """Sort in place."""
        self._items = sorted(self, key=key, reverse=reverse)

    def _build(self) -> Any:
        """Give the tuple; the base when nothing changed."""
        new = tuple(map(freeze, self._items))
        base = self._base
        same = len(new) == len(base) and all(a is b or a == b for a, b in zip(new, base, strict=True))
        return base if same else new

    def __repr__(self) -> str:
        return f"<draft of {show_field(self._field, self._build())}>"

    def _data(self) -> Any:
        """Give the JSON list."""
        item = self._field.shape.item
        return [each._data() if isinstance(each, Pending) else value_of(each, item) for each in self._items]

    def _open(self, index: Any) -> Any:
        value = self._items[index]
        model = self._field.shape.model
        if model is not None and not isinstance(value, Pending):
            value = self._items[index] = model.Draft(value)
        return value

    def _take(self, value: Any) -> Any:
        item = self._field.shape.item
        assert item is not None
        return taken(item, value, self._owner, f"{self._field.name}[]")


class _Map(Pending, MutableMapping[str, Any]):
    """A map view: items of structs turn into drafts when they are read."""

    __slots__ = ("_assigned", "_base", "_field", "_items", "_owner")

    def __init__(self, owner: str, field: Field, base: Any, *, assigned: bool = False) -> None:
        self._owner, self._field, self._base, self._assigned = owner, field, base, assigned
        self._items: dict[str, Any] = dict(_own(field, base))

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __delitem__(self, key: str) -> None:
        del self._items[key]

    def __setitem__(self, key: str, value: Any) -> None:
        item = self._field.shape.item
        assert item is not None
        held: Any = key
        if not isinstance(held, str):
            raise TypeError(f"{self._owner}.{self._field.name}: expected keys of str, got {type(held).__name__}")
        self._items[key] = taken(item, value, self._owner, f"{self._field.name}[{key!r}]")

    def __getitem__(self, key: str) -> Any:
        value = self._items[key]
        model = self._field.shape.model
        if model is not None and not isinstance(value, Pending):
            value = self._items[key] = model.Draft(value)
        return value

    def _build(self) -> Any:
        """Give the map; the base when nothing changed."""
        new = FrozenMap({key: freeze(value) for key, value in self._items.items()})
        base = self._base
        return base if len(new) == len(base) and new == dict(base) else new

    def __repr__(self) -> str:
        return f"<draft of {show_field(self._field, self._build())}>"

    def _data(self) -> Any:
        """Give the JSON object."""
        item = self._field.shape.item
        return {
            key: each._data() if isinstance(each, Pending) else value_of(each, item)
            for key, each in self._items.items()
        }

    def __or__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        return {**self._items, **other}

    def __ior__(self, other: Mapping[str, Any]) -> Any:
        self.update(other)
        return self


def empty_of(shape: Shape) -> Any:
    """The absent value that a view of this shape starts from."""
    return MAP if shape.category in ("map", "object_map") else SEQ


if TYPE_CHECKING:
    # What checkers see: one descriptor a shape, with different types for reading and assigning.

    class Lists(_List, Generic[V]):
        """A list of plain values."""

        def __get__(self, obj: Draft[Any], owner: object = None) -> Lists[V]: ...
        def __set__(self, obj: Draft[Any], value: Iterable[V] | None) -> None: ...
        def __delete__(self, obj: Draft[Any]) -> None: ...
        def __iter__(self) -> Iterator[V]: ...
        @overload
        def __getitem__(self, index: SupportsIndex) -> V: ...
        @overload
        def __getitem__(self, index: slice) -> list[V]: ...
        def __getitem__(self, index: Any) -> Any: ...
        @overload
        def __setitem__(self, index: SupportsIndex, value: V) -> None: ...
        @overload
        def __setitem__(self, index: slice, value: Iterable[V]) -> None: ...
        def __setitem__(self, index: Any, value: Any) -> None: ...
        def append(self, value: V) -> None: ...
        def insert(self, index: SupportsIndex, value: V) -> None: ...
        def extend(self, values: Iterable[V]) -> None: ...
        def remove(self, value: V) -> None: ...
        def pop(self, index: SupportsIndex = -1) -> V: ...
        def sort(self, *, key: Callable[[V], Any] | None = None, reverse: bool = False) -> None: ...
        def __iadd__(self, values: Iterable[V]) -> Lists[V]: ...

    class Objects(_List, Generic[M, D]):
        """A list of structs: reads as drafts, takes models, drafts and data with wire names."""

        def __get__(self, obj: Draft[Any], owner: object = None) -> Objects[M, D]: ...
        def __set__(self, obj: Draft[Any], value: Iterable[M | D | Mapping[str, object]] | None) -> None: ...
        def __delete__(self, obj: Draft[Any]) -> None: ...
        def __iter__(self) -> Iterator[D]: ...
        @overload
        def __getitem__(self, index: SupportsIndex) -> D: ...
        @overload
        def __getitem__(self, index: slice) -> list[D]: ...
        def __getitem__(self, index: Any) -> Any: ...
        @overload
        def __setitem__(self, index: SupportsIndex, value: M | D | Mapping[str, object]) -> None: ...
        @overload
        def __setitem__(self, index: slice, value: Iterable[M | D | Mapping[str, object]]) -> None: ...
        def __setitem__(self, index: Any, value: Any) -> None: ...
        def append(self, value: M | D | Mapping[str, object]) -> None: ...
        def insert(self, index: SupportsIndex, value: M | D | Mapping[str, object]) -> None: ...
        def extend(self, values: Iterable[M | D | Mapping[str, object]]) -> None: ...
        def remove(self, value: M | D) -> None: ...
        def pop(self, index: SupportsIndex = -1) -> D: ...
        def sort(self, *, key: Callable[[D], Any] | None = None, reverse: bool = False) -> None: ...
        def __iadd__(self, values: Iterable[M | D | Mapping[str, object]]) -> Objects[M, D]: ...

    class Dicts(dict[str, V], Generic[V]):
        """A map of plain values."""

        def __get__(self, obj: Draft[Any], owner: object = None) -> dict[str, V]: ...
        def __set__(self, obj: Draft[Any], value: Mapping[str, V] | None) -> None: ...
        def __delete__(self, obj: Draft[Any]) -> None: ...

    class ObjectMap(_Map, Generic[M, D]):
        """A map of structs: reads as drafts, takes models, drafts and data with wire names."""

        def __get__(self, obj: Draft[Any], owner: object = None) -> ObjectMap[M, D]: ...
        def __set__(self, obj: Draft[Any], value: Mapping[str, M | D | Mapping[str, object]] | None) -> None: ...
        def __delete__(self, obj: Draft[Any]) -> None: ...
        def __getitem__(self, key: str) -> D: ...
        def __setitem__(self, key: str, value: M | D | Mapping[str, object]) -> None: ...

else:

    class Lists(_List):
        """A list of plain values."""

        __slots__ = ()

    class Objects(_List):
        """A list of structs."""

        __slots__ = ()

    class Dicts(_Map):
        """A map of plain values."""

        __slots__ = ()

    class ObjectMap(_Map):
        """A map of structs."""

        __slots__ = ()
