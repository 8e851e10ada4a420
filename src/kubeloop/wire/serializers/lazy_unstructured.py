"""`LazyUnstructured`: an object without a model that keeps its JSON, and decodes a part of it each time it is read.

Dynamic informers hold such objects. Nothing that was decoded is kept, so the garbage collector finds nothing to visit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from sys import intern
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

import msgspec
from msgspec import Raw

from kubeloop._kit.value import Value
from kubeloop.errors import DecodeError
from kubeloop.meta.keys import object_key
from kubeloop.objects.json.cut import ABSENT, names_in, value_in
from kubeloop.objects.json.decode_errors import BROKEN, broken, explained, unreadable
from kubeloop.objects.json.decoder import decoder
from kubeloop.objects.json.encode import dumps, loads, rewrite
from kubeloop.objects.lazy_object import FailedReads, borrowing_class, end_borrowing
from kubeloop.objects.type_guards import class_of
from kubeloop.unstructured import Unstructured, UnstructuredList, described, value_at, with_kind

__all__ = ["LazyUnstructured", "LazyUnstructuredList", "lazy_object"]

_HEADS = (b'{"kind":', b'{"apiVersion":')
_HEAD_BYTES = max(map(len, _HEADS))


class _WithoutInit(Unstructured):
    """An Unstructured as a base of structs: msgspec refuses a base that itself defines `__init__`."""

    __slots__ = ()


class LazyUnstructured(_WithoutInit, Value, frozen=True, gc=False):
    """An `Unstructured` that holds its JSON and the typed metadata.

    Args:
        body: The whole object.
        api_version: The group and version.
        kind: The kind.
        metadata: The metadata, whose managed fields may be a part of `body`.
    """

    body: bytes
    api_version: str  # pyright: ignore[reportIncompatibleMethodOverride]
    kind: str  # pyright: ignore[reportIncompatibleMethodOverride]
    metadata: Any  # a meta_v1.ObjectMeta, which is not imported before the first object is read

    failed_reads = FailedReads()
    memory_mode: ClassVar[str] = "lazy"
    keep: ClassVar[tuple[str, ...]] = ()
    """The paths of the fields to which the class cuts the JSON; none of them means all fields."""
    if not TYPE_CHECKING:
        # What creates an object from data creates an eager one.
        owning = Unstructured.owning
        from_dict = Unstructured.from_dict
        from_yaml = Unstructured.from_yaml

        @property
        def _data(self) -> dict[str, Any]:
            """The whole JSON value, decoded at each read."""
            return self._read(value_in, ())

        @property
        def replace(self) -> NoReturn:
            """Hide `Value.replace`, whose copy would have other metadata than its JSON.

            Raises:
                AttributeError: Always.
            """
            raise AttributeError(f"{Unstructured.__name__!r} object has no attribute 'replace'")

    @classmethod
    def holding(cls, body: bytes, api_version: str, kind: str, metadata: Any) -> Self:
        """Return the object of a body whose metadata were read, and may borrow parts of it."""
        end_borrowing(metadata)
        return cls(body, api_version, kind, metadata)

    @property
    def text(self) -> bytes:
        """The JSON of the object."""
        return self.body

    @property
    def __lent__(self) -> list[Any]:
        """The bytes that the metadata hold, which are parts of the body."""
        return [getattr(self.metadata, f"_{name}") for name in class_of(self.metadata).__lazy__]

    def __getitem__(self, key: str) -> Any:
        value = self._read(value_in, (key,))
        if value is ABSENT:
            raise KeyError(key)
        return value

    def __contains__(self, key: object) -> bool:
        return key in self._read(names_in)

    def __iter__(self) -> Iterator[str]:
        return iter(self._read(names_in))

    def get(self, key: str, default: Any = None) -> Any:
        """Return one field of the object by its API field name, or `default`; it is decoded at each read."""
        value = self._read(value_in, (key,))
        return default if value is ABSENT else value

    def get_in(self, *path: str | int, default: Any = None) -> Any:
        """Return the value at a path, or `default`; it is decoded at each read, and nothing else."""
        names = next((n for n, step in enumerate(path) if not isinstance(step, str)), len(path))
        value = self._read(value_in, path[:names])
        return default if value is ABSENT else value_at(value, path[names:], default)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, LazyUnstructured):
            if other.keep:
                return False  # because other fields were dropped
            if other.text == self.text:
                return True
        return Unstructured.__eq__(self, other)

    def __hash__(self) -> int:
        meta = self.metadata
        return hash((self.api_version, self.kind, meta.namespace, meta.name, meta.uid))

    def __reduce__(self) -> tuple[Any, ...]:
        return lazy_object, (self.text,)

    def __repr__(self) -> str:
        return described(self, self.metadata.namespace, self.metadata.name)

    def _read(self, read: Callable[..., Any], *path: tuple[Any, ...]) -> Any:
        """Decode a part of the JSON.

        Raises:
            Unreadable: The part is not valid UTF-8, or nested too deeply.
        """
        text = self.text
        try:
            return read(text, *path)
        except BROKEN as error:
            failure = unreadable(text, Unstructured, broken(f"Unstructured {object_key(self)}", text, error))
            self.failed_reads.report(self, failure)
            raise failure from error


class LazyUnstructuredList(UnstructuredList):
    """An `UnstructuredList` whose items keep their JSON."""

    __slots__ = ()
    item_type: ClassVar[type[LazyUnstructured]] = LazyUnstructured

    def head_of_items(self) -> bytes:
        """Return the members that begin an item which names no kind, and a comma; `b""` for a `v1 List`."""
        head = self._head_of_items()
        return rewrite(head)[1:-1] + b"," if head else b""


LazyUnstructured.list_type = LazyUnstructuredList


def lazy_object(
    raw: bytes | memoryview | Raw, head: bytes = b"", cls: type[LazyUnstructured] = LazyUnstructured
) -> LazyUnstructured:
    """Return the object that a JSON text is. Its metadata are decoded, and the syntax of the other members is checked.

    Args:
        raw: The JSON, which is copied if it is a part of another text.
        head: The members `apiVersion` and `kind` with a comma behind them, for an item of a list that lacks them.
        cls: The class of the object.

    Raises:
        DecodeError: The text is not an object, or its metadata cannot be read.
    """
    body = _with_head(raw, head) if head else bytes(raw)
    try:
        found = _reader()(body)
    except (msgspec.ValidationError, *BROKEN):
        found = None
    if found is None or found.metadata is None:
        api_version, kind, metadata = _mended(body)
    else:
        api_version, kind, metadata = intern(found.api_version), intern(found.kind), found.metadata
    if head and not (api_version and kind):
        return lazy_object(_with_kind(body, head), cls=cls)
    return cls.holding(body, api_version, kind, metadata)


def _with_head(raw: bytes | memoryview | Raw, head: bytes) -> bytes:
    """Return an object with the members of a head, unless it begins with them."""
    view = memoryview(raw)
    start = bytes(view[:_HEAD_BYTES])
    if not start.startswith(b"{") or start.startswith(_HEADS):
        return bytes(raw)
    if not start.startswith(b'{"') and bytes(view[1:]).lstrip().startswith(b"}"):
        head = head[:-1]  # without the comma
    return b"".join((b"{", head, view[1:]))


def _with_kind(body: bytes, head: bytes) -> bytes:
    """Return an item that names only one of kind and apiVersion, or an empty one, with what it lacks.

    Raises:
        DecodeError: The text cannot be read.
    """
    try:
        return dumps(with_kind(loads(body), loads(b"{" + head[:-1] + b"}")))
    except BROKEN as error:
        raise broken("Unstructured", body, error) from error


def _mended(body: bytes) -> tuple[str, str, Any]:
    """Return the apiVersion, kind and metadata of a body in which they are not those of a well-formed one.

    Raises:
        DecodeError: As for `lazy_object`.
    """
    try:
        names_in(body)
        members = {name: value_in(body, (name,)) for name in ("apiVersion", "kind", "metadata")}
    except msgspec.ValidationError as error:
        raise DecodeError(f"Unstructured: {explained(error)}") from error
    except BROKEN as error:
        raise broken("Unstructured", body, error) from error
    known = Unstructured.owning({name: value for name, value in members.items() if value is not ABSENT})
    return known.api_version, known.kind, known.metadata


@cache
def _reader() -> Callable[[bytes], Any]:
    """Return the decoder of what an object without a model has decoded."""
    from kubeloop.models import meta_v1

    decoder(meta_v1.ObjectMeta)  # resolves its annotations
    metadata = borrowing_class(meta_v1.ObjectMeta)
    fields = [("api_version", str, ""), ("kind", str, ""), ("metadata", metadata | None, None)]
    head = msgspec.defstruct("_Head", fields, gc=False, rename={"api_version": "apiVersion"})
    return msgspec.json.Decoder(head).decode
