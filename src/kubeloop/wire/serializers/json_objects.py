"""Objects and lists as JSON: which reader and which writer a class takes.

How one model is read and written is in `kubeloop.objects`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec

from kubeloop.errors import DecodeError, Unreadable
from kubeloop.objects.frozen_struct import force
from kubeloop.objects.json import decode as _decode
from kubeloop.objects.json import decode_errors as _decode_errors
from kubeloop.objects.json import decode_list as _decode_list
from kubeloop.objects.json import decoder as _decoder
from kubeloop.objects.json import encode as _encode
from kubeloop.objects.json.list_reader import ListReader, guess_items
from kubeloop.objects.list_items import check_has_items_or_version, finish
from kubeloop.objects.markers import PartialItems
from kubeloop.objects.model import MAP, SEQ, Kind, KindList, Model
from kubeloop.objects.reflection import fields_of
from kubeloop.objects.type_guards import is_dict, is_list
from kubeloop.unstructured import Unstructured, UnstructuredList, tree_of
from kubeloop.wire.plain_values import is_plain, to_data
from kubeloop.wire.serializers.lazy_unstructured import LazyUnstructured, LazyUnstructuredList, lazy_object

if TYPE_CHECKING:
    from kubeloop.models import meta_v1

__all__ = [
    "decode_any",
    "decode_into",
    "decode_list",
    "encode",
    "list_reader",
    "metadata_readers",
    "read_status",
    "whole_object",
]

T = TypeVar("T")
_LIST: Any = KindList  # of whatever kind, for which checkers would ask


def encode(obj: Any) -> bytes:
    """Write a value as JSON; see `Serializer.encode`."""
    if isinstance(obj, Model):
        return _encode.encode(obj)
    if isinstance(obj, Unstructured):
        return _encode.dumps(tree_of(obj))
    return _encode.dumps(obj if is_plain(obj) else to_data(obj))


def decode_any(data: bytes) -> Any:
    """Read whatever a body says that it is; see `Serializer.decode_any`."""
    tree = _decode.parse(data, "body")
    if not is_dict(tree) or not (isinstance(tree.get("kind"), str) and isinstance(tree.get("apiVersion"), str)):
        return tree
    if _is_list_kind(tree["kind"]) and is_list(tree.get("items")):
        return _unstructured_list(data, tree)
    return Unstructured.owning(tree)


def decode_into(data: bytes | str, cls: type[T]) -> T:
    """Read one object of a class from JSON.

    Unknown fields are skipped, and nulls are read as absent. A kind in the body must be that of the class.

    Args:
        data: The body.
        cls: A model, Unstructured, UnstructuredList, or dict.

    Raises:
        Unreadable: The body is an object of the right kind and with a name, but cannot be read as the class.
        DecodeError: The body is anything else; names the object and the path, or both kinds.
    """
    if cls is UnstructuredList:
        return cast("T", decode_list(data.encode() if isinstance(data, str) else data, UnstructuredList))
    try:
        if issubclass(cls, LazyUnstructured):
            return cast("T", lazy_object(data.encode() if isinstance(data, str) else data, cls=cls))
        if cls is Unstructured or cls is dict:
            tree = _object(data, cls)
            return cast("T", Unstructured.owning(tree) if cls is Unstructured else tree)
        return _decode.decode(data, cls)
    except DecodeError as error:
        if issubclass(cls, Unstructured) or (issubclass(cls, Kind) and not issubclass(cls, _LIST)):
            found = _decode_errors.unreadable(data.encode() if isinstance(data, str) else data, cls, error)
            if found.name:
                raise found from error
        raise


def decode_list(data: bytes, cls: type[T]) -> T:
    """Read the response to a LIST. Items that cannot be read are left out and are in its `unreadable`.

    The body must prove that it is a list: it names a kind that ends in `List` (for a KindList exactly that kind), and
    has `items`, which may be null, or a resourceVersion. Anything else does not say which objects exist.

    Args:
        data: The body.
        cls: A KindList or UnstructuredList.

    Raises:
        DecodeError: The body is not JSON or not such a list. One item never raises it.
    """
    if cls is UnstructuredList:
        return cast("T", _unstructured_list(data))
    if issubclass(cls, LazyUnstructuredList):
        return cast("T", finish(decoding_lazy_list(data, cls)))
    listing = _decode_list.decode_list(data, cls)
    _check_list(listing, has_items=listing.items is not SEQ)  # type: ignore[attr-defined]
    return listing


def list_reader(cls: type[T], **options: Any) -> ListReader[T]:
    """Return the reader of one LIST of a class, a KindList or UnstructuredList, whose body arrives in pieces.

    Args:
        cls: The class.
        options: Those of `ListReader`.
    """
    # Any: the class is known at run time only.
    items: Any
    if issubclass(cls, UnstructuredList):
        items = _LazyItems(cls) if issubclass(cls, LazyUnstructuredList) else _UnstructuredItems()
        return ListReader(UnstructuredList.__name__, items, **options)
    items = _ModelItems(cls)
    return ListReader(cls.__name__, items, **options)


class _ModelItems:
    """Reads the items of a KindList."""

    __slots__ = ("_cls", "_item", "many")

    def __init__(self, cls: Any) -> None:
        self._cls = cls
        item: Any = fields_of(cls)["items"].shape.model or Any
        self._item = item
        self.many = _decoder.decoder(list[item]).decode

    def whole(self, body: bytes) -> Any:
        return decode_list(body, self._cls)

    def begin(self, listing: Any) -> None:
        pass

    def one(self, raw: bytes) -> Any:
        return _decode.read(raw, self._item)

    def describe(self, raw: bytes, error: DecodeError, where: str) -> Unreadable:
        return _decode_errors.unreadable(raw, self._item, error, where)

    def attach(self, listing: Any, items: Sequence[Any], unreadable: Mapping[str, Unreadable]) -> Any:
        force(listing, "items", PartialItems.of(items, unreadable))
        return listing


class _UnstructuredItems:
    """Reads the items of an UnstructuredList. Their metadata are read by types in a second pass; see `decode_list`."""

    __slots__ = ("_listing",)

    def __init__(self) -> None:
        self._listing: UnstructuredList | None = None

    def whole(self, body: bytes) -> UnstructuredList:
        return _unstructured_list(body)

    def begin(self, listing: UnstructuredList) -> None:
        if listing.api_version:
            self._listing = listing

    def many(self, text: bytes) -> Sequence[Unstructured]:
        metas = metadata_readers()[2](text)
        return self._named(list(map(_with_metadata, msgspec.json.decode(text), metas)))

    def one(self, raw: bytes) -> Unstructured:
        return self._named([whole_object(raw)])[0]

    def describe(self, raw: bytes, error: DecodeError, where: str) -> Unreadable:
        return _decode_errors.unreadable(raw, Unstructured, error, where)

    def attach(
        self, listing: UnstructuredList, items: Sequence[Unstructured], unreadable: Mapping[str, Unreadable]
    ) -> UnstructuredList:
        if self._listing is None:
            listing.name_kind_of(items)
        listing.items, listing.unreadable = tuple(items), unreadable or MAP
        return listing

    def _named(self, items: Sequence[Unstructured]) -> Sequence[Unstructured]:
        if self._listing is not None:
            self._listing.name_kind_of(items)
        return items


class _LazyItems:
    """Reads the items of a LazyUnstructuredList."""

    __slots__ = ("_begun", "_cls", "_has_kindless", "_head")

    def __init__(self, cls: type[LazyUnstructuredList]) -> None:
        self._cls = cls
        self._begun = self._has_kindless = False
        self._head = b""

    def whole(self, body: bytes) -> LazyUnstructuredList:
        listing: LazyUnstructuredList = finish(decoding_lazy_list(body, self._cls))
        return listing

    def begin(self, listing: LazyUnstructuredList) -> None:
        if listing.api_version:
            self._begun, self._head = True, listing.head_of_items()

    def many(self, text: bytes) -> Sequence[Unstructured]:
        try:
            return [self.one(item) for item in guess_items(text)]
        except DecodeError:
            return [self.one(raw) for raw in _decoder.decoder(list[msgspec.Raw]).decode(text)]

    def one(self, raw: msgspec.Raw | bytes | memoryview) -> Unstructured:
        obj = lazy_object(raw, self._head, self._cls.item_type)
        self._has_kindless = self._has_kindless or (not self._begun and _lacks_kind(obj))
        return obj

    def describe(self, raw: bytes, error: DecodeError, where: str) -> Unreadable:
        return _decode_errors.unreadable(raw, Unstructured, error, where)

    def attach(
        self, listing: LazyUnstructuredList, items: Sequence[Unstructured], unreadable: Mapping[str, Unreadable]
    ) -> LazyUnstructuredList:
        if self._has_kindless:
            head = listing.head_of_items()
            cls = self._cls.item_type
            items = [
                lazy_object(each.text, head, cls) if isinstance(each, LazyUnstructured) and _lacks_kind(each) else each
                for each in items
            ]
        listing.items, listing.unreadable = tuple(items), unreadable or MAP
        return listing


def _lacks_kind(obj: Unstructured) -> bool:
    return not (obj.kind and obj.api_version)


def decoding_lazy_list(data: bytes, cls: type[LazyUnstructuredList]) -> Generator[None, None, LazyUnstructuredList]:
    """Read a list of objects without a model, which keep their JSON, in steps."""
    head, raws = _decode_list.split_list(data, "UnstructuredList", None)
    tree = _object(head, UnstructuredList)
    if not _is_list_kind(tree.get("kind")):
        raise DecodeError(f"expected a list, got {_kind_of(tree)}")
    listing = cls(tree)
    start = listing.head_of_items()
    found = yield from _decode_list.read_items(
        raws or (), UnstructuredList, lambda raw: lazy_object(raw, start, cls.item_type), Unstructured
    )
    listing.items, listing.unreadable = tuple(found), getattr(found, "unreadable", MAP)
    _check_list(listing, has_items=raws is not None)
    return listing


def read_status(data: bytes) -> meta_v1.Status:
    """Read a Status of `v1` or of `meta.k8s.io/v1`; servers send both.

    Raises:
        DecodeError: The body is not a Status.
    """
    from kubeloop.models import meta_v1

    tree = _object(data, meta_v1.Status)
    if tree.get("kind") != "Status":
        raise DecodeError(f"expected v1 Status, got {_kind_of(tree)}")
    if tree.get("apiVersion") == "meta.k8s.io/v1":
        del tree["apiVersion"]
    return _decode.decode_data(tree, meta_v1.Status)


def _check_list(listing: Any, *, has_items: bool) -> None:
    check_has_items_or_version(listing.kind, listing.metadata.resource_version, has_items=has_items)


@cache
def metadata_readers() -> tuple[Callable[[bytes], Any], Callable[[bytes], Any], Callable[[bytes], Any]]:
    """Return the decoders of only the typed metadata: of a list's items, of an event's object, of items alone."""
    from kubeloop.models import meta_v1

    _decoder.decoder(meta_v1.ObjectMeta)  # resolves its annotations
    obj = msgspec.defstruct("_Object", [("metadata", meta_v1.ObjectMeta, meta_v1.ObjectMeta())], gc=False)
    listing = msgspec.defstruct("_Items", [("items", list[obj])], gc=False)  # type: ignore[valid-type]
    event = msgspec.defstruct("_Event", [("object", obj)], gc=False)
    decoders = (msgspec.json.Decoder(each) for each in (listing, event, list[obj]))  # type: ignore[valid-type]
    of_list, of_event, of_items = (each.decode for each in decoders)
    return of_list, of_event, of_items


def _unstructured_list(data: bytes, tree: Any = None) -> UnstructuredList:
    """Read a list of objects without a model; `tree` is the body as plain data, if that was read before.

    The metadata are read by types in a second pass over the body, so that an object whose metadata cannot be read is
    found here and not when it is used later. The pass takes a third of the time of reading each object's own.
    """
    unread: Mapping[str, Unreadable] = MAP
    try:
        tree = tree or msgspec.json.decode(data)
        metas = metadata_readers()[0](data).items
    except (msgspec.ValidationError, *_decode_errors.BROKEN) as error:
        head, raws = _decode_list.split_list(data, "UnstructuredList", error)
        tree = _object(head, UnstructuredList)
        found = finish(_decode_list.read_items(raws or (), UnstructuredList, whole_object, Unstructured))
        items, unread = tuple(found), getattr(found, "unreadable", MAP)
        has_items = raws is not None
    else:
        items = tuple(map(_with_metadata, tree.pop("items"), metas))
        has_items = True
    if not _is_list_kind(tree.get("kind")):
        raise DecodeError(f"expected a list, got {_kind_of(tree)}")
    listing = UnstructuredList.holding(tree, items, unread)
    _check_list(listing, has_items=has_items)
    return listing


def _with_metadata(tree: dict[str, Any], read: Any) -> Unstructured:
    return Unstructured.owning(tree, read.metadata)


def whole_object(raw: msgspec.Raw | bytes) -> Unstructured:
    """Read an object without a model, its metadata included.

    Raises:
        DecodeError: The bytes are not an object, or its metadata cannot be read.
    """
    obj = Unstructured.owning(_object(raw, Unstructured))
    obj.metadata  # noqa: B018  # reads it
    return obj


def _object(data: bytes | str | msgspec.Raw, cls: type[Any]) -> dict[str, Any]:
    tree = _decode.parse(data, cls.__name__)
    if not is_dict(tree):
        raise DecodeError(f"{cls.__name__}: expected an object, got {type(tree).__name__}")
    return tree


def _is_list_kind(kind: object) -> bool:
    return isinstance(kind, str) and kind.endswith("List")


def _kind_of(tree: dict[str, Any]) -> str:
    api_version, kind = tree.get("apiVersion"), tree.get("kind")
    if not isinstance(kind, str) or not kind:
        return "an object that names no kind"
    return f"{api_version} {kind}" if isinstance(api_version, str) and api_version else kind
