"""Objects without a model: a JSON value with API field names and typed metadata, its draft, and a list of such objects.

Unlike models, these objects keep every field of a response, including nulls and zeros.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast, overload

from kubeloop._kit.text import safe_text
from kubeloop.objects.json.encode import dumps, loads, rewrite
from kubeloop.objects.markers import MAP
from kubeloop.objects.plain_data import plain
from kubeloop.objects.type_guards import is_dict, is_list

if TYPE_CHECKING:
    from kubeloop.errors import Unreadable
    from kubeloop.models import meta_v1
    from kubeloop.objects.change import Change

__all__ = ["Unstructured", "UnstructuredDraft", "UnstructuredList", "described", "tree_of", "value_at", "with_kind"]


class Unstructured:
    """One object of any kind: a mapping of its API field names, with its metadata as a model.

    >>> obj["spec"]["replicas"], obj.get_in("spec", "paused", default=False), obj.metadata.labels
    (3, False, {'app': 'web'})

    An Unstructured is a value, like a model: use `draft()` or a client's `edit()` to change it. `obj["spec"]` is a
    plain dictionary that belongs to the object. Python does not refuse a change of this dictionary, but it must be
    treated as read-only, especially in a cache. `to_dict()` returns a copy.

    Args:
        data: The JSON value with API field names, of which the object keeps a copy.
    """

    __slots__ = ("_data", "_metadata")
    list_type: ClassVar[type[UnstructuredList]]
    """The class of lists of such objects."""
    if TYPE_CHECKING:
        _data: dict[str, Any]
        _metadata: meta_v1.ObjectMeta | None

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = loads(dumps(plain(data)))
        self._metadata = None

    @classmethod
    def owning(cls, data: dict[str, Any], metadata: meta_v1.ObjectMeta | None = None) -> Self:
        """Return an object that owns a JSON value, without a copy.

        Args:
            data: The JSON value, which no other code uses.
            metadata: The metadata in `data`, if it is parsed already.
        """
        self = cls.__new__(cls)
        self._data = data
        self._metadata = metadata
        return self

    @property
    def api_version(self) -> str:
        """The group and version; `""` if the object does not have any."""
        return _text(self._data, "apiVersion")

    @property
    def kind(self) -> str:
        """The kind; `""` if the object does not have any."""
        return _text(self._data, "kind")

    @property
    def metadata(self) -> meta_v1.ObjectMeta:
        """The metadata as a model, which is parsed once. Objects from lists and watches contain parsed metadata.

        Raises:
            Unreadable: The field `metadata` is not valid.
        """
        if self._metadata is None:
            from kubeloop.objects.json.decode import decode_data

            self._metadata = _read_metadata(self._data, decode_data)
        return self._metadata

    def __getitem__(self, key: str) -> Any:
        return self._data[key]

    def __contains__(self, key: object) -> bool:
        return key in self._data

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def get(self, key: str, default: Any = None) -> Any:
        """Return one field of the object by its API field name, like `dict.get`: `obj.get("spec", {})`.

        Returns:
            The value, which belongs to the object; `default` if the object has no such field.
        """
        return self._data.get(key, default)

    def get_in(self, *path: str | int, default: Any = None) -> Any:
        """Return the value at a path of API field names and positions: `obj.get_in("spec", "containers", 0, "image")`.

        Returns:
            The value, which belongs to the object; `default` if there is nothing at the path.
        """
        return value_at(self._data, path, default)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON value as a copy; the caller owns it."""
        return cast("dict[str, Any]", loads(rewrite(self._data)))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Create an object from a copy of a JSON value with API field names."""
        return cls(data)

    def to_yaml(self) -> str:
        """Return the object as YAML with API field names."""
        from kubeloop.meta import yaml

        return yaml.dump(self._data)

    @classmethod
    def from_yaml(cls, text: str | bytes) -> Self:
        """Parse one document in YAML or JSON.

        Raises:
            DecodeError: The text is not YAML, or the document is not an object.
        """
        from kubeloop.errors import DecodeError
        from kubeloop.meta import yaml

        data = yaml.load(text)
        if not isinstance(data, dict):
            raise DecodeError(f"{cls.__name__}: expected an object, got {type(data).__name__}")
        return cls.owning(cast("dict[str, Any]", data))

    def draft(self) -> UnstructuredDraft:
        """Return a mutable copy; its `finish()` returns the new value and the patches."""
        return UnstructuredDraft(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unstructured) and self._data == other._data

    def __hash__(self) -> int:
        meta = self._data.get("metadata")
        found = meta if is_dict(meta) else dict[str, Any]()
        return hash((self.api_version, self.kind, *(_text(found, key) for key in ("namespace", "name", "uid"))))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickle, (type(self), rewrite(self._data))

    def __repr__(self) -> str:
        meta = self._data.get("metadata")
        found = meta if is_dict(meta) else dict[str, Any]()
        return described(self, _text(found, "namespace"), _text(found, "name"))


class UnstructuredDraft(MutableMapping[str, Any]):
    """A mutable copy of an Unstructured: its fields by API field name, and its metadata as a typed draft.

    >>> draft["spec"]["replicas"] = 3
    >>> draft.metadata.labels["app"] = "web"

    `draft["metadata"]` is the same metadata with API field names. Change each field of the metadata in only one of
    the two forms.
    """

    # _known: the value of each metadata field in `_data` when the typed draft was created or last written to `_data`.
    # _written: the names of the fields that were written.
    __slots__ = ("_base", "_data", "_known", "_metadata", "_written")
    _metadata: meta_v1.ObjectMeta.Draft | None
    _known: dict[str, Any]
    _written: list[str]

    def __init__(self, base: Unstructured) -> None:
        self._base = base
        self._data = base.to_dict()
        self._metadata = None

    @property
    def api_version(self) -> str:
        """The group and version; `""` if the draft does not have any."""
        return _text(self._data, "apiVersion")

    @property
    def kind(self) -> str:
        """The kind; `""` if the draft does not have any."""
        return _text(self._data, "kind")

    @property
    def metadata(self) -> meta_v1.ObjectMeta.Draft:
        """The metadata as a typed draft: `draft.metadata.labels["app"] = "web"`.

        Raises:
            Unreadable: The field `metadata` is not valid.
        """
        if self._metadata is None:
            from kubeloop.objects.json.decode_document import decode_document

            def read(data: Any, cls: type[meta_v1.ObjectMeta]) -> meta_v1.ObjectMeta:
                return decode_document(dumps(plain(data)), cls)  # keeps unknown fields

            self._metadata = _read_metadata(self._data, read).draft()
            self._known = loads(dumps(plain(self._data.get("metadata") or {})))
            self._written = []
        return self._metadata

    def __getitem__(self, key: str) -> Any:
        return self._settled()[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._settled()[key] = value

    def __delitem__(self, key: str) -> None:
        del self._settled()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._settled())

    def __len__(self) -> int:
        return len(self._settled())

    def __or__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        return {**self._settled(), **other}

    def __ior__(self, other: Mapping[str, Any]) -> Self:
        self.update(other)
        return self

    def get_in(self, *path: str | int, default: Any = None) -> Any:
        """Return the value at a path of API field names and list positions; `default` if there is nothing."""
        return value_at(self._settled(), path, default)

    def to_dict(self) -> dict[str, Any]:
        """Return a copy of the current JSON value.

        Raises:
            EncodeError: An assigned value has no JSON form. The message names its path.
            ValueError: A field of the metadata was changed in both forms.
        """
        return cast("dict[str, Any]", loads(dumps(plain(self._settled()))))

    def finish(self) -> Change[Unstructured]:
        """Return the change; the draft can still be used.

        Raises:
            EncodeError: An assigned value has no JSON form. The message names its path.
            ValueError: A field of the metadata was changed in both forms.
        """
        from kubeloop.objects.change import Change
        from kubeloop.objects.equality import same

        after = self.to_dict()
        base = self._base
        return Change(base, base if same(after, base._data) else type(base).owning(after))

    def _settled(self) -> dict[str, Any]:
        """Return the data after writing the changes of the typed metadata into them."""
        typed = self._metadata
        names = () if typed is None else dict.fromkeys((*typed.finish().changed_fields(), *self._written))
        if typed is None or not names:
            return self._data
        new, held = typed.to_dict(), self._data.get("metadata")
        metadata: dict[str, Any] = held if is_dict(held) else {}
        for name in names:
            if metadata.get(name) == new.get(name):
                continue
            if metadata.get(name) != self._known.get(name):
                raise ValueError(
                    f"{self._base!r}: metadata.{name} was changed both through draft.metadata and through "
                    "draft['metadata']; change it in one of the two forms"
                )
            if name in new:
                metadata[name] = new[name]
            else:
                metadata.pop(name, None)
            self._known[name] = loads(dumps(new.get(name)))
            self._written.append(name)
        self._data["metadata"] = metadata
        return self._data

    def __repr__(self) -> str:
        return f"<draft of {self._base!r}>"


class UnstructuredList:
    """A LIST of objects of any kind: a sequence of its items, so an empty list is false.

    >>> for deployment in await dynamic.resource("apps/v1", "deployments").list():
    ...     print(deployment.metadata.name)

    Args:
        data: The JSON value with API field names, including `items`.
    """

    __slots__ = ("_data", "items", "metadata", "unreadable")
    items: Sequence[Unstructured]
    metadata: meta_v1.ListMeta
    unreadable: Mapping[str, Unreadable]
    """The errors of the items that could not be read, by key. These objects exist, but are not in `items`."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        from kubeloop.models import meta_v1
        from kubeloop.objects.json.decode import decode_data

        self._data = {key: value for key, value in data.items() if key != "items"}
        self.metadata = decode_data(self._data.get("metadata") or {}, meta_v1.ListMeta)
        head = self._head_of_items()
        self.items = tuple(Unstructured.owning(with_kind(each, head)) for each in data.get("items") or ())
        self.unreadable = MAP

    @classmethod
    def holding(
        cls,
        data: dict[str, Any],
        items: Sequence[Unstructured],
        unreadable: Mapping[str, Unreadable],
    ) -> Self:
        """Return a list of decoded items, without a copy.

        Args:
            data: The other fields of the list.
            items: The items, which no other code uses.
            unreadable: The errors of the other items, by key.
        """
        self = cls(data)
        self.name_kind_of(items)
        self.items = items
        self.unreadable = unreadable
        return self

    def name_kind_of(self, items: Iterable[Unstructured]) -> None:
        """Set the kind and the apiVersion that items, which no other code uses, lack to those of the list."""
        if (head := self._head_of_items()) is not None:
            for item in items:
                item._data = with_kind(item._data, head)

    def __iter__(self) -> Iterator[Unstructured]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, index: int) -> Unstructured: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Unstructured]: ...
    def __getitem__(self, index: int | slice) -> Unstructured | Sequence[Unstructured]:
        return self.items[index]

    def _head_of_items(self) -> dict[str, str] | None:
        """Return the kind and apiVersion of items that name none, as most items of a LIST.

        They are those of the list, without the suffix `List`.
        """
        if not self.kind.endswith("List") or self.kind == "List":
            return None
        named = {"apiVersion": self.api_version} if self.api_version else {}
        return {**named, "kind": self.kind.removesuffix("List")}

    @property
    def api_version(self) -> str:
        """The group and version; `""` if the list does not have any."""
        return _text(self._data, "apiVersion")

    @property
    def kind(self) -> str:
        """The kind of the list, for example `PodList`."""
        return _text(self._data, "kind")

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON value as a copy; the caller owns it."""
        return cast("dict[str, Any]", loads(dumps({**self._data, "items": [item._data for item in self.items]})))

    def __repr__(self) -> str:
        return safe_text(f"<UnstructuredList {self.api_version} {self.kind} of {len(self.items)}>")


Unstructured.list_type = UnstructuredList


def described(obj: Unstructured, namespace: str, name: str) -> str:
    """Return the `repr` of an object with this name."""
    said = " ".join(filter(None, (obj.api_version, obj.kind, "/".join(filter(None, (namespace, name))))))
    return safe_text(f"<Unstructured {said or 'of no kind'}>")


def with_kind(data: dict[str, Any], head: dict[str, str] | None) -> dict[str, Any]:
    """Return an item of a list with the kind and the apiVersion of the list in place of those that it lacks."""
    if head is None or (data.get("kind") and data.get("apiVersion")):
        return data
    rest = {key: value for key, value in data.items() if value or key not in head}
    return {**head, **rest}


def _read_metadata(
    data: dict[str, Any], read: Callable[[Any, type[meta_v1.ObjectMeta]], meta_v1.ObjectMeta]
) -> meta_v1.ObjectMeta:
    """Parse the metadata of an object.

    Raises:
        Unreadable: The field `metadata` is not valid.
    """
    from kubeloop.errors import DecodeError, EncodeError, Unreadable
    from kubeloop.models import meta_v1

    metadata: Any = data.get("metadata") or {}
    try:
        return read(metadata, meta_v1.ObjectMeta)
    except (DecodeError, EncodeError) as error:
        known = metadata if is_dict(metadata) else dict[str, Any]()
        raise Unreadable(
            str(error),
            namespace=_text(known, "namespace"),
            name=_text(known, "name"),
            uid=_text(known, "uid"),
            resource_version=_text(known, "resourceVersion"),
        ) from error


def value_at(value: Any, path: tuple[str | int, ...], default: Any) -> Any:
    """Return the value at a path of names and positions in a JSON value, or the default if there is nothing."""
    for step in path:
        if isinstance(step, str):
            value = value.get(step, _NOTHING) if is_dict(value) else _NOTHING
        else:
            value = value[step] if is_list(value) and -len(value) <= step < len(value) else _NOTHING
    return default if value is _NOTHING else value


_NOTHING: Any = object()


def _text(data: dict[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""


def _unpickle(cls: type[Unstructured], body: bytes) -> Unstructured:
    return cls.owning(loads(body))


def tree_of(obj: Unstructured) -> Mapping[str, Any]:
    """Return the JSON value of an object without a copy; the caller must not change it."""
    return obj._data
