"""Objects without a model: a JSON value with wire names, and its metadata typed.

What lives here: `Unstructured`, its draft, and `UnstructuredList`. Unlike models they keep every field of the wire,
nulls and zeros too. They are values as models are: `to_dict()` gives a copy, `draft()` is how one is changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, cast

from kubeloop._kit.text import safe_text
from kubeloop.objects.json.encode import dumps, loads, rewrite
from kubeloop.objects.markers import MAP
from kubeloop.objects.plain_data import plain
from kubeloop.objects.type_guards import is_dict

if TYPE_CHECKING:
    from kubeloop.errors import Unreadable
    from kubeloop.models import meta_v1
    from kubeloop.objects.change import Change

__all__ = ["Unstructured", "UnstructuredDraft", "UnstructuredList"]


class Unstructured:
    """One object of any kind.

    Args:
        data: the JSON value with wire names; the object keeps a copy of its own.
    """

    __slots__ = ("_data", "_metadata")
    _data: dict[str, Any]
    _metadata: meta_v1.ObjectMeta | None

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = loads(dumps(plain(data)))
        self._metadata = None

    @classmethod
    def owning(cls, data: dict[str, Any]) -> Self:
        """Wrap a JSON value that nobody else holds, without a copy."""
        self = cls.__new__(cls)
        self._data = data
        self._metadata = None
        return self

    @property
    def api_version(self) -> str:
        """The group and version, `""` when the object does not say."""
        return _text(self._data, "apiVersion")

    @property
    def kind(self) -> str:
        """The kind, `""` when the object does not say."""
        return _text(self._data, "kind")

    @property
    def metadata(self) -> meta_v1.ObjectMeta:
        """The metadata as a model, parsed once. What lists and watches deliver has them already.

        Raises: Unreadable when they are not what metadata are.
        """
        if self._metadata is None:
            from kubeloop.errors import DecodeError, EncodeError, Unreadable
            from kubeloop.models import meta_v1
            from kubeloop.objects.json.decode import decode_data

            data: Any = self._data.get("metadata") or {}
            try:
                self._metadata = decode_data(data, meta_v1.ObjectMeta)
            except (DecodeError, EncodeError) as error:
                known = data if is_dict(data) else dict[str, Any]()
                raise Unreadable(
                    str(error),
                    namespace=_text(known, "namespace"),
                    name=_text(known, "name"),
                    uid=_text(known, "uid"),
                    resource_version=_text(known, "resourceVersion"),
                ) from error
        return self._metadata

    def __getitem__(self, key: str) -> Any:
        return self._data[key]

    def __contains__(self, key: object) -> bool:
        return key in self._data

    def get(self, *path: str | int, default: Any = None) -> Any:
        """Read what lies at a path of wire names and list positions: `obj.get("spec", "replicas", default=1)`.

        Returns: the value, which belongs to the object; `default` where the path ends early.
        """
        value: Any = self._data
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return default
        return value

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON value, a copy; the caller owns it."""
        return cast("dict[str, Any]", loads(rewrite(self._data)))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Wrap a copy of a JSON value with wire names."""
        return cls(data)

    def to_yaml(self) -> str:
        """Write YAML with wire names."""
        from kubeloop.meta import yaml

        return yaml.dump(self._data)

    @classmethod
    def from_yaml(cls, text: str | bytes) -> Self:
        """Read one YAML (or JSON) document.

        Raises: DecodeError for text that is no YAML, or no object.
        """
        from kubeloop.errors import DecodeError
        from kubeloop.meta import yaml

        data = yaml.load(text)
        if not isinstance(data, dict):
            raise DecodeError(f"{cls.__name__}: expected an object, got {type(data).__name__}")
        return cls.owning(cast("dict[str, Any]", data))

    def draft(self) -> UnstructuredDraft:
        """Open a mutable copy; its `finish()` gives the new value and the patches."""
        return UnstructuredDraft(self)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._data == other._data

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
        name = "/".join(filter(None, (_text(found, "namespace"), _text(found, "name"))))
        said = " ".join(filter(None, (self.api_version, self.kind, name)))
        return safe_text(f"<{type(self).__name__} {said or 'of no kind'}>")


class UnstructuredDraft(dict[str, Any]):
    """A mutable copy of an Unstructured: a plain dict of plain dicts, with wire names."""

    __slots__ = ("_base",)

    def __init__(self, base: Unstructured) -> None:
        super().__init__(base.to_dict())
        self._base = base

    @property
    def metadata(self) -> dict[str, Any]:
        """The metadata, to be changed; made when there are none."""
        return cast("dict[str, Any]", self.setdefault("metadata", {}))

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON value as it is now, a copy.

        Raises: EncodeError when something was put in that has no JSON form; it names the path.
        """
        return cast("dict[str, Any]", loads(dumps(plain(dict(self)))))

    def finish(self) -> Change[Unstructured]:
        """Give the change; the draft stays usable.

        Raises: EncodeError when something was put in that has no JSON form.
        """
        from kubeloop.objects.change import Change
        from kubeloop.objects.equality import same

        after = self.to_dict()
        base = self._base
        return Change(base, base if same(after, base._data) else type(base).owning(after))

    def __repr__(self) -> str:
        return f"<draft of {self._base!r}>"


class UnstructuredList:
    """A LIST of objects of any kind.

    Args:
        data: the JSON value with wire names, `items` among them.
    """

    __slots__ = ("_data", "items", "metadata", "unreadable")
    items: Sequence[Unstructured]
    metadata: meta_v1.ListMeta
    unreadable: Mapping[str, Unreadable]
    """The items of the response that could not be read, by key; they exist, and `items` lacks them."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        from kubeloop.models import meta_v1
        from kubeloop.objects.json.decode import decode_data

        self._data = {key: value for key, value in data.items() if key != "items"}
        self.metadata = decode_data(self._data.get("metadata") or {}, meta_v1.ListMeta)
        head = self._head_of_items()
        self.items = tuple(Unstructured.owning(_with_head(each, head)) for each in data.get("items") or ())
        self.unreadable = MAP

    @classmethod
    def holding(
        cls,
        data: dict[str, Any],
        items: Sequence[Unstructured],
        unreadable: Mapping[str, Unreadable],
    ) -> Self:
        """Make a list of items that were read, and that nobody else holds; `data` is what stands beside them."""
        self = cls(data)
        if (head := self._head_of_items()) is not None:
            for item in items:
                item._data = _with_head(item._data, head)
        self.items = items
        self.unreadable = unreadable
        return self

    def _head_of_items(self) -> dict[str, str] | None:
        """What items say of themselves when they do not: items of a LIST seldom do. It is the list's without `List`."""
        if not self.kind.endswith("List") or self.kind == "List":
            return None
        named = {"apiVersion": self.api_version} if self.api_version else {}
        return {**named, "kind": self.kind.removesuffix("List")}

    @property
    def api_version(self) -> str:
        """The group and version, `""` when the list does not say."""
        return _text(self._data, "apiVersion")

    @property
    def kind(self) -> str:
        """The kind of the list, e.g. `PodList`."""
        return _text(self._data, "kind")

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON value, a copy; the caller owns it."""
        return cast("dict[str, Any]", loads(dumps({**self._data, "items": [item._data for item in self.items]})))

    def __repr__(self) -> str:
        return safe_text(f"<UnstructuredList {self.api_version} {self.kind} of {len(self.items)}>")


def _with_head(data: dict[str, Any], head: dict[str, str] | None) -> dict[str, Any]:
    if head is None or data.get("kind"):
        return data
    rest = {key: value for key, value in data.items() if value or key not in head}
    return {**head, **rest}


def _text(data: dict[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""


def _unpickle(cls: type[Unstructured], body: bytes) -> Unstructured:
    return cls.owning(loads(body))
