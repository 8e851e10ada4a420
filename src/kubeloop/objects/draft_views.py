"""The lists and maps of a draft: mutable views that know the value they were created from.

Stubs name the views `Lists[V]`, `Dicts[V]`, `Objects[M, D]` (a list of models that reads as drafts), `ObjectMap[M, D]`,
and `Views[V, D]` and `ViewMap[V, D]` for lists and maps of lists and maps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, MutableSequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, SupportsIndex, TypeVar, overload

from kubeloop.objects.construct import checked
from kubeloop.objects.display import show_field
from kubeloop.objects.equality import same
from kubeloop.objects.frozen_struct import FrozenStruct
from kubeloop.objects.json.encode import dumps
from kubeloop.objects.json.encode_given import written
from kubeloop.objects.markers import MAP, SEQ, FrozenMap
from kubeloop.objects.plain_data import plain, refuse_unknown
from kubeloop.objects.reflection import Field, Shape
from kubeloop.objects.type_guards import is_dict, is_items, is_list, is_mapping, is_tuple

if TYPE_CHECKING:
    from kubeloop.objects.draft import Draft

    M = TypeVar("M", bound=FrozenStruct)
else:
    M = TypeVar("M")
D = TypeVar("D")
V = TypeVar("V")

__all__ = [
    "VIEWS",
    "Dicts",
    "Lists",
    "ObjectMap",
    "Objects",
    "Pending",
    "ViewMap",
    "Views",
    "closed",
    "empty_of",
    "opened",
    "pending_data",
    "taken",
]


class Pending:
    """A value within a draft that can still change: a draft, or a view of a list or map."""

    __slots__ = ()
    # The class of the model, if this is a draft.
    _model: ClassVar[Any] = None

    def _build(self) -> Any:
        """Return the frozen value: the value that the draft was created from, if nothing changed."""
        raise NotImplementedError

    def _data(self, path: str = "", *, strict: bool = False) -> Any:
        """Return the JSON value, with every zero that was assigned; see `encode_given.written` for the arguments."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return bool(self._build() == freeze(other))

    __hash__ = None  # type: ignore[assignment]  # it is mutable

    def __repr__(self) -> str:
        return f"<draft of {self._build()!r}>"


def freeze(value: Any) -> Any:
    """Return the frozen value of a draft or view, or of plain data that contains some."""
    if isinstance(value, Pending):
        return value._build()
    if is_list(value):
        return tuple(map(freeze, value))
    if is_dict(value):
        return {key: freeze(each) for key, each in value.items()}
    return value


def taken(shape: Shape, value: Any, owner: str, path: str) -> Any:
    """Check a value that is assigned within a draft; drafts stay live, mappings with API field names become models.

    Raises:
        TypeError: The value does not fit, or a mapping has a name that the model lacks; names owner and path.
    """
    category = shape.category
    if isinstance(value, Pending):
        model = value._model
        if model is None:
            return taken(shape, value._build(), owner, path)
        if category == "object":
            if model is shape.model:
                return value
            raise TypeError(f"{owner}.{path}: expected {shape.model.__name__}, got a draft of {model.__name__}")
        return checked(shape, value if category == "any" else value._build(), owner, path)
    if category == "object" and is_mapping(value):
        return _modelled(shape, value, owner, path)
    item = shape.item
    if item is not None and item.category not in ("scalar", "any"):
        if category in ("objects", "list", "lazy"):
            if is_items(value):
                return tuple(taken(item, each, owner, f"{path}[{n}]") for n, each in enumerate(value))
        elif is_mapping(value) and all(isinstance(key, str) for key in value):
            return FrozenMap({key: taken(item, each, owner, f"{path}[{key!r}]") for key, each in value.items()})
    return checked(shape, value, owner, path)


def _modelled(shape: Shape, value: Mapping[Any, Any], owner: str, path: str) -> Any:
    """Read a mapping with API field names as a model."""
    from kubeloop.errors import DecodeError
    from kubeloop.objects.json.decode_document import decode_document

    where = f"{owner}.{path}"
    refuse_unknown(shape, value, where)
    # Unlike in free-form data, a model is written without its kind.
    body = dumps(plain(_bare(value), where, TypeError))
    try:
        return decode_document(body, shape.model)
    except DecodeError as error:
        raise TypeError(f"{where}: {error}") from None


def _bare(value: Any) -> Any:
    if isinstance(value, Pending):
        return value._data()
    if isinstance(value, FrozenStruct):
        return written(value)
    if is_mapping(value):
        return {key: _bare(each) for key, each in value.items()}
    return [_bare(each) for each in value] if is_list(value) or is_tuple(value) else value


def opened(field: Field, value: Any, owner: str, *, base: Any = None) -> Any:
    """Return the mutable form of a frozen value: a draft, a view, or a copy, which shares no level with the value.

    Args:
        field: Where it stands.
        value: The frozen value.
        owner: The class of the draft, for errors.
        base: What a list or map was before, if it is another.
    """
    category = field.category
    if value is None or isinstance(value, Pending):
        return value
    if category == "object":
        return field.shape.model.Draft(value)
    view = VIEWS.get(category)
    if view is not None:
        return view(owner, field, value if base is None else base, value)
    return _copied(value) if category == "any" and _has_containers(value) else value


def closed(field: Field, value: Any, owner: str) -> Any:
    """Return the frozen value of a result of `opened`, or of a value that was never opened.

    Raises:
        TypeError: Free-form data contains a value without a JSON form.
    """
    if isinstance(value, Pending):
        return value._build()
    if (is_dict(value) or is_list(value)) and field.category == "any":
        return checked(field.shape, value, owner, field.name)
    return value


def _has_containers(value: Any) -> bool:
    """Return whether a value can be changed in place, or contains a value that can."""
    return is_dict(value) or is_list(value) or (is_tuple(value) and any(map(_has_containers, value)))


def _copied(value: Any) -> Any:
    if is_dict(value):
        return {key: _copied(each) for key, each in value.items()}
    return [_copied(each) for each in value] if is_list(value) or is_tuple(value) else value


class _View(Pending):
    """The base of the views of lists and maps.

    Args:
        owner: The class of the draft.
        field: The field, or the place in a list or map, that the view is a value of.
        base: The value that was read, to know if it changed.
        value: What it starts with.
    """

    __slots__ = ("_base", "_field", "_item", "_items", "_owner")
    _items: Any
    _item: Shape

    def __init__(self, owner: str, field: Field, base: Any, value: Any) -> None:
        assert field.shape.item is not None
        self._owner, self._field, self._base, self._item = owner, field, base, field.shape.item
        self._items = self._start(value)

    def _start(self, value: Any) -> Any:
        raise NotImplementedError

    def _place(self, label: str) -> Field:
        """Return the description of an item as a field."""
        field = self._field
        return Field(field.name + label, "", self._item, None, always=False, secret=field.secret)

    def _open(self, key: Any) -> Any:
        """Return the mutable form of an item, and keep it."""
        value = self._items[key]
        item = self._item
        category = item.category
        if category in ("scalar", "any") or value is None or isinstance(value, Pending):
            return value
        own = item.model.Draft(value) if category == "object" else opened(self._place(f"[{key!r}]"), value, self._owner)
        self._items[key] = own
        return own

    def _take(self, label: str, value: Any) -> Any:
        """Check a new item. Lists and maps may contain live drafts, and become views."""
        place = self._place(label)
        value = taken(self._item, value, self._owner, place.name)
        return value if self._item.category == "object" else opened(place, value, self._owner)

    def _close(self, key: object, value: Any) -> Any:
        if isinstance(value, Pending):
            built = value._build()
            return self._item.model() if built is None else built  # a draft of nothing
        if self._item.category == "any":
            return closed(self._place(f"[{key!r}]"), value, self._owner)
        return value

    def _written(self, key: object, value: Any, path: str, *, strict: bool) -> Any:
        at = f"{path}[{key!r}]"
        if isinstance(value, Pending):
            return value._data(at, strict=strict)
        return written(self._close(key, value), self._item, at, strict=strict)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return f"<draft of {show_field(self._field, self._build())}>"


class DraftList(_View, MutableSequence[Any]):
    """The view of a list: reading an item that is a model returns its draft, and a list or map returns its view."""

    __slots__ = ()
    _items: list[Any]

    def _start(self, value: Any) -> list[Any]:
        return list(_copied(value) if self._item.category == "any" else value)

    def __len__(self) -> int:
        return len(self._items)

    def __delitem__(self, index: Any) -> None:
        del self._items[index]

    def insert(self, index: SupportsIndex, value: Any) -> None:
        """Insert one item."""
        self._items.insert(index, self._take_item(value))

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            self._items[index] = [self._take_item(each) for each in value]
        elif value is not self._items[index]:  # `view[0] += ...` puts the same view back, which stays live
            self._items[index] = self._take_item(value)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self._open(n) for n in range(*index.indices(len(self._items)))]
        return self._open(index)

    def sort(self, *, key: Callable[[Any], Any] | None = None, reverse: bool = False) -> None:
        """Sort in place."""
        self._items = sorted(self, key=key, reverse=reverse)

    def _build(self) -> Any:
        """Return the tuple: the base if nothing changed."""
        items: Iterable[Any] = self._items
        if self._item.category != "scalar":
            items = [self._close(number, each) for number, each in enumerate(items)]
        new, base = tuple(items), self._base
        unchanged = len(new) == len(base) and all(map(same, new, base))
        return base if unchanged else new

    def _data(self, path: str = "", *, strict: bool = False) -> Any:
        """Return the JSON list."""
        return [self._written(number, each, path, strict=strict) for number, each in enumerate(self._items)]

    def _take_item(self, value: Any) -> Any:
        return self._take("[]", value)


class DraftMap(_View, MutableMapping[str, Any]):
    """The view of a map: reading an item that is a model returns its draft, and a list or map returns its view."""

    __slots__ = ()
    _items: dict[str, Any]

    def _start(self, value: Any) -> dict[str, Any]:
        return dict(_copied(value) if self._item.category == "any" else value)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __delitem__(self, key: str) -> None:
        del self._items[key]

    def __setitem__(self, key: str, value: Any) -> None:
        held: Any = key
        if not isinstance(held, str):
            raise TypeError(f"{self._owner}.{self._field.name}: expected keys of str, got {type(held).__name__}")
        if value is not self._items.get(key, _MISSING):  # `view[key] += ...` puts the same view back
            self._items[key] = self._take(f"[{key!r}]", value)

    def __getitem__(self, key: str) -> Any:
        return self._open(key)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return an item, after adding `default` if there is none. The result is the view's own form of the item."""
        if key not in self._items:
            self[key] = default
        return self[key]

    def _build(self) -> Any:
        """Return the map: the base if nothing changed."""
        items = self._items
        if self._item.category != "scalar":
            items = {key: self._close(key, value) for key, value in items.items()}
        new, base = FrozenMap(items), self._base
        return base if len(new) == len(base) and same(new, base) else new

    def _data(self, path: str = "", *, strict: bool = False) -> Any:
        """Return the JSON object."""
        return {key: self._written(key, each, path, strict=strict) for key, each in self._items.items()}

    def __or__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        return {**self, **other}

    def __ior__(self, other: Mapping[str, Any]) -> Any:
        self.update(other)
        return self


_MISSING = object()


def empty_of(shape: Shape) -> Any:
    """Return the absent value that a view of this shape starts from."""
    return MAP if shape.category in ("map", "object_map") else SEQ


if TYPE_CHECKING:
    # For type checkers: one descriptor per shape, with different types for reading and assigning.

    class Lists(DraftList, Generic[V]):
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

    class Objects(DraftList, Generic[M, D]):
        """A list of models: items read as drafts; models, drafts and mappings with API field names can be assigned."""

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

    class ObjectMap(DraftMap, Generic[M, D]):
        """A map of models: items read as drafts; models, drafts and mappings with API field names can be assigned."""

        def __get__(self, obj: Draft[Any], owner: object = None) -> ObjectMap[M, D]: ...
        def __set__(self, obj: Draft[Any], value: Mapping[str, M | D | Mapping[str, object]] | None) -> None: ...
        def __delete__(self, obj: Draft[Any]) -> None: ...
        def __getitem__(self, key: str) -> D: ...
        def __setitem__(self, key: str, value: M | D | Mapping[str, object]) -> None: ...

    class Views(DraftList, Generic[V, D]):
        """A list of lists or maps: items read as views D, and plain lists or maps V can be assigned."""

        def __get__(self, obj: Draft[Any], owner: object = None) -> Views[V, D]: ...
        def __set__(self, obj: Draft[Any], value: Iterable[V | D] | None) -> None: ...
        def __delete__(self, obj: Draft[Any]) -> None: ...
        def __iter__(self) -> Iterator[D]: ...
        @overload
        def __getitem__(self, index: SupportsIndex) -> D: ...
        @overload
        def __getitem__(self, index: slice) -> list[D]: ...
        def __getitem__(self, index: Any) -> Any: ...
        @overload
        def __setitem__(self, index: SupportsIndex, value: V | D) -> None: ...
        @overload
        def __setitem__(self, index: slice, value: Iterable[V | D]) -> None: ...
        def __setitem__(self, index: Any, value: Any) -> None: ...
        def append(self, value: V | D) -> None: ...
        def insert(self, index: SupportsIndex, value: V | D) -> None: ...
        def extend(self, values: Iterable[V | D]) -> None: ...
        def remove(self, value: V | D) -> None: ...
        def pop(self, index: SupportsIndex = -1) -> D: ...
        def sort(self, *, key: Callable[[D], Any] | None = None, reverse: bool = False) -> None: ...
        def __iadd__(self, values: Iterable[V | D]) -> Views[V, D]: ...

    class ViewMap(DraftMap, Generic[V, D]):
        """A map of lists or maps: items read as views D, and plain lists or maps V can be assigned."""

        def __get__(self, obj: Draft[Any], owner: object = None) -> ViewMap[V, D]: ...
        def __set__(self, obj: Draft[Any], value: Mapping[str, V | D] | None) -> None: ...
        def __delete__(self, obj: Draft[Any]) -> None: ...
        def __getitem__(self, key: str) -> D: ...
        def __setitem__(self, key: str, value: V | D) -> None: ...

else:

    class Lists(DraftList):
        """A list of plain values."""

        __slots__ = ()

    class Objects(DraftList):
        """A list of models."""

        __slots__ = ()

    class Dicts(DraftMap):
        """A map of plain values."""

        __slots__ = ()

    class ObjectMap(DraftMap):
        """A map of models."""

        __slots__ = ()

    Views, ViewMap = Lists, Dicts


VIEWS: dict[str, Callable[..., Any]] = {
    "objects": Objects,
    "lazy": Objects,
    "list": Lists,
    "map": Dicts,
    "object_map": ObjectMap,
}
"""The view of each category of fields that has one."""


def pending_data(value: Pending) -> Any:
    """Return the JSON value of a part of a draft, with all assigned zeros."""
    return value._data()
