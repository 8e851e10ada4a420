"""Bytes to objects and back, as the wire has them: single objects, LISTs, watch events.

What lives here: which reader a type takes, the choice of a class by apiVersion and kind, the one-step decoder of watch
events. What does not: how one model is read and written (`kubeloop.models`), and anything that moves bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, TypeVar, cast

import msgspec

from kubeloop._kit.value import Value
from kubeloop.errors import DecodeError, Unreadable
from kubeloop.objects.draft_views import Pending
from kubeloop.objects.json import decode as _decode
from kubeloop.objects.json import decode_document as _decode_document
from kubeloop.objects.json import decode_errors as _decode_errors
from kubeloop.objects.json import decode_list as _decode_list
from kubeloop.objects.json import decoder as _decoder
from kubeloop.objects.json import encode as _encode
from kubeloop.objects.json import scan as json_scan
from kubeloop.objects.json import status_members
from kubeloop.objects.model import MAP, SEQ, Kind, KindList, Model
from kubeloop.objects.plain_data import plain
from kubeloop.objects.type_guards import is_dict
from kubeloop.scheme import Scheme
from kubeloop.unstructured import Unstructured, UnstructuredDraft, UnstructuredList
from kubeloop.wire import manifests

if TYPE_CHECKING:
    from kubeloop.models import meta_v1

__all__ = [
    "EventDecoder",
    "UnreadableEvent",
    "WatchEvent",
    "decode",
    "decode_all",
    "decode_into",
    "decode_list",
    "decoding_list",
    "encode",
    "identified",
    "identity",
    "json_dumps",
    "json_loads",
    "names_a_kind",
    "read_status",
    "to_data",
]

T = TypeVar("T")
_BUILT_IN = Scheme()
_LIST: Any = KindList  # of whatever kind, for which checkers would ask


def decode(data: bytes | str, scheme: Scheme | None = None) -> Kind | Unstructured:
    """Read one object of whatever kind it says it is, from JSON or YAML.

    Nothing is dropped: members that the class does not have are kept beside the object, see `Model.from_dict`. The
    items of a `v1 List` become what their own kinds say.

    Args:
        data: bytes or text of one document; bytes are UTF-8, or have a byte-order mark of UTF-8 or UTF-16.
        scheme: knows further kinds; None knows the built-in ones.

    Returns: the typed object; an `Unstructured` when nobody knows its kind. Of a LIST an item that cannot be read is
        left out, and stands in its `unreadable`.

    Raises: DecodeError for what is neither JSON nor YAML, several documents, no object, or not as its kind should be;
        it names the path.

    Reference: client-go scheme.Codecs.UniversalDeserializer.
    """
    body = manifests.plain(data)
    said: _decode.TypeMeta | None = None
    with suppress(*_NO_JSON):
        said = _type_meta(body)
    if said is None:
        body = manifests.only_body(body)
        try:
            said = _type_meta(body)
        except _NO_JSON as error:  # half of a surrogate pair, which not every reader of JSON refuses
            raise _decode_errors.broken("object", body, error) from error
    return _read_document(body, said, scheme or _BUILT_IN)


def decode_all(data: bytes | str, scheme: Scheme | None = None) -> Iterator[Kind | Unstructured]:
    """Read the objects of a text one after the other: JSON values in a row, or YAML documents between `---`.

    Documents without content are passed over. A `v1 List` is one object. Otherwise as `decode`.

    Raises: DecodeError, once the objects before have been yielded, where it can be known that late; the number of the
        document stands first, counted from 1 without empty ones.

    Reference: apimachinery util/yaml.YAMLOrJSONDecoder.
    """
    for number, body in enumerate(manifests.bodies(manifests.plain(data)), 1):
        try:
            found = _read_document(body, _type_meta(body), scheme or _BUILT_IN)
        except _NO_JSON as error:
            raise DecodeError(f"document {number}: {_decode_errors.broken('object', body, error)}") from error
        except DecodeError as error:
            raise DecodeError(f"document {number}: {error}") from error
        yield found


def _read_document(body: bytes, said: _decode.TypeMeta, scheme: Scheme) -> Kind | Unstructured:
    cls = scheme.lookup(said.api_version, said.kind)
    if cls is None:
        if not said.kind:
            raise DecodeError("the object does not say its kind")
        return decode_into(body, Unstructured)
    if issubclass(cls, _LIST):
        return _decode_document.decode_list_document(body, cls)
    found: Any = _decode_document.decode_document(body, cls)
    if (said.api_version, said.kind) == ("v1", "List"):
        _decode_list.replace_items(found, [_read_item(number, each, scheme) for number, each in enumerate(found.items)])
    return cast("Kind", found)


def _read_item(number: int, data: Any, scheme: Scheme) -> Kind | Unstructured:
    """Read an item of a `v1 List`; what is written of it later has its kind, as items that were read have."""
    try:
        body = _encode.rewrite(data)
        said = _type_meta(body)
        item = _read_document(body, said, scheme)
    except DecodeError as error:
        raise DecodeError(f"item {number} of List: {error}") from error
    return _decode.as_embedded(item, said) if isinstance(item, Kind) else item


def encode(obj: Any) -> bytes:
    """Write an object as JSON: a model, an Unstructured, a draft of either, or any JSON value.

    Raises: EncodeError for what has no JSON form.
    """
    if isinstance(obj, Model):
        return _encode.encode(obj)
    if isinstance(obj, Unstructured):
        return _encode.dumps(obj._data)
    return _encode.dumps(to_data(obj))


def to_data(obj: Any) -> Any:
    """Return the plain JSON value of a model, a draft, an Unstructured or a mapping; the caller owns it.

    A model is written whole. A draft says everything that was assigned, zeros too, and so do models and drafts in a
    mapping.

    Raises: EncodeError for what has no JSON form (a time without a zone, a Decimal); it names the path.
    """
    if isinstance(obj, Model):
        return _encode.to_data(obj)
    if isinstance(obj, (Unstructured, UnstructuredList, UnstructuredDraft)):
        return obj.to_dict()
    if isinstance(obj, Pending):
        whole = getattr(obj, "to_dict", None)
        return whole() if whole is not None else obj._data()
    return plain(obj)


def json_dumps(value: Any) -> bytes:
    """Write a JSON value.

    Raises: EncodeError for what has none.
    """
    return _encode.dumps(value)


def json_loads(data: bytes | str) -> Any:
    """Read a JSON value.

    Raises: DecodeError; the message never quotes the text.
    """
    return _decode.parse(data, "body")


def decode_into(data: bytes | str, cls: type[T]) -> T:
    """Read one object of a class from JSON.

    Unknown fields are skipped; nulls read as absent. The body's kind must be the class's, if it says one.

    Args:
        data: the body.
        cls: a model, Unstructured, UnstructuredList, or dict.

    Raises: DecodeError naming the object and the path, or both kinds; for an object of the right kind that says its
        name it is an `Unreadable`.
    """
    if cls is UnstructuredList:
        return cast("T", decode_list(data.encode() if isinstance(data, str) else data, UnstructuredList))
    try:
        if cls is Unstructured or cls is dict:
            tree = _object(data, cls)
            return cast("T", Unstructured.owning(tree) if cls is Unstructured else tree)
        return _decode.decode(data, cls)
    except DecodeError as error:
        if cls is Unstructured or (issubclass(cls, Kind) and not issubclass(cls, _LIST)):
            found = _decode_errors.unreadable(data.encode() if isinstance(data, str) else data, cls, error)
            if found.name:
                raise found from error
        raise


def decode_list(data: bytes, cls: type[T]) -> T:
    """Read the response to a LIST. Items that cannot be read are left out and stand in its `unreadable`.

    The body must prove that it is a list: it names a kind that ends in `List` (for a KindList exactly that kind), and
    has `items`, which may be null, or a resourceVersion. Anything else says nothing about what exists.

    Args:
        data: the body.
        cls: a KindList or UnstructuredList.

    Raises: DecodeError for a body that is not JSON or not such a list, never for one item.
    """
    if cls is UnstructuredList:
        return cast("T", _decode_unstructured_list(data))
    listing = _decode_list.decode_list(data, cls)
    _check_list(listing, has_items=listing.items is not SEQ)  # type: ignore[attr-defined]
    return listing


def decoding_list(data: bytes, cls: type[T]) -> Generator[None, None, T]:
    """Do what `decode_list` does, for a KindList, in steps of a few milliseconds; takes a sixth longer in all."""
    listing = yield from _decode_list.decoding_list(data, cls)
    _check_list(listing, has_items=listing.items is not SEQ)  # type: ignore[attr-defined]
    return listing


def read_status(data: bytes) -> meta_v1.Status:
    """Read a Status, of `v1` or of `meta.k8s.io/v1`: servers say either.

    Raises: DecodeError for what is none.
    """
    from kubeloop.models import meta_v1

    tree = _object(data, meta_v1.Status)
    if tree.get("kind") != "Status":
        raise DecodeError(f"expected v1 Status, got {_kind_of(tree)}")
    if tree.get("apiVersion") == "meta.k8s.io/v1":
        del tree["apiVersion"]
    return _decode.decode_data(tree, meta_v1.Status)


def _check_list(listing: Any, *, has_items: bool) -> None:
    if not has_items and not listing.metadata.resource_version:
        raise DecodeError(f"expected a list, got a {listing.kind} without items and without a resourceVersion")


@cache
def _metadata_readers() -> tuple[Callable[[bytes], Any], Callable[[bytes], Any]]:
    """What reads the typed metadata of a list's items, and of an event's object, and skips the rest."""
    from kubeloop.models import meta_v1

    _decoder.decoder(meta_v1.ObjectMeta)  # resolves its annotations
    obj = msgspec.defstruct("_Object", [("metadata", meta_v1.ObjectMeta, meta_v1.ObjectMeta())], gc=False)
    listing = msgspec.defstruct("_Items", [("items", list[obj])], gc=False)  # type: ignore[valid-type]
    event = msgspec.defstruct("_Event", [("object", obj)], gc=False)
    return msgspec.json.Decoder(listing).decode, msgspec.json.Decoder(event).decode


def _decode_unstructured_list(data: bytes) -> UnstructuredList:
    """Read a list of objects without a model.

    The metadata are read by types in a second pass over the body, so that an object whose metadata cannot be read is
    found here and not by whoever uses it later. The pass takes a third of what reading each object's own would.
    """
    unread: Mapping[str, Unreadable] = MAP
    try:
        tree = msgspec.json.decode(data)
        metas = _metadata_readers()[0](data).items
    except (msgspec.ValidationError, *_decode_errors.BROKEN) as error:
        head, raws = _decode_list.split_list(data, "UnstructuredList", error)
        tree = _object(head, UnstructuredList)
        found = _decode_list.finish(_decode_list.read_items(raws or (), UnstructuredList, _whole_object, Unstructured))
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
    obj = Unstructured.owning(tree)
    obj._metadata = read.metadata
    return obj


def _whole_object(raw: msgspec.Raw | bytes) -> Unstructured:
    """Read an object without a model, its metadata included.

    Raises: DecodeError.
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


def identity(data: bytes) -> dict[str, str]:
    """Read `namespace`, `name`, `uid` and `resource_version` of an object, whatever else of it cannot be read.

    Returns: those that can be read.
    """
    known = json_scan.identity(data)
    return {name: value for name, value in known.items() if name not in ("api_version", "kind")}


def names_a_kind(data: bytes) -> bool:
    """Return whether an object names its kind."""
    return bool(json_scan.identity(data).get("kind"))


_NO_JSON = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


def _type_meta(body: bytes) -> _decode.TypeMeta:
    """What a JSON body says it is.

    Raises: DecodeError for a JSON value that is no object with a kind; one of _NO_JSON for what is no JSON.
    """
    try:
        said: _decode.TypeMeta = _decoder.decoder(_decode.TypeMeta).decode(body)
    except msgspec.ValidationError as error:
        tree = _decode.parse(body, "object")
        found = f", got {type(tree).__name__}" if not is_dict(tree) else ""
        raise DecodeError(f"expected an object with apiVersion and kind{found}") from error
    return said


# --- watch events ----------------------------------------------------------------------------------------------------

if TYPE_CHECKING:
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class WatchEvent(Generic[T]):
        """One event of a watch: `type` is ADDED, MODIFIED, DELETED, BOOKMARK or ERROR (whose object is a Status)."""

        type: str
        object: T

else:

    class WatchEvent(msgspec.Struct, Generic[T], frozen=True, gc=False):
        """One event of a watch: `type` is ADDED, MODIFIED, DELETED, BOOKMARK or ERROR (whose object is a Status)."""

        type: str
        object: T


class UnreadableEvent(Value, frozen=True):
    """A change of an object that its class cannot read: what a watch yields in the place of a `WatchEvent`.

    Code that expects a `WatchEvent` gets the error: reading `object` raises it. `watch()` yields it for ADDED and
    MODIFIED only, because a deletion needs nothing but the key.
    """

    error: Unreadable
    change: str
    """What happened to the object: ADDED, MODIFIED or DELETED."""

    type: ClassVar[str] = "UNREADABLE"

    @property
    def key(self) -> str:
        """The object's key, `namespace/name` or `name`; `""` when its name cannot be read."""
        return self.error.key

    @property
    def resource_version(self) -> str:
        """The object's resourceVersion; `""` when it cannot be read."""
        return self.error.resource_version

    @property
    def object(self) -> NoReturn:
        """There is none.

        Raises: Unreadable, always.
        """
        raise self.error


class _Frame(msgspec.Struct, gc=False):
    """What is read of a frame that is not read in one step."""

    object: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    type: str = ""
    kind: msgspec.Raw = msgspec.Raw()


class EventDecoder(Generic[T]):
    """Reads the frames of a watch in one step each.

    Args:
        cls: what the objects are: a Kind, or Unstructured.
    """

    __slots__ = ("_check", "_cls", "_decode", "_has_names")

    def __init__(self, cls: type[T]) -> None:
        self._cls = cls
        wanted: Any = dict[str, Any] if cls is Unstructured else cls
        self._decode = _decoder.decoder(WatchEvent[wanted]).decode
        self._check = _decode.check_kind
        self._has_names = cls is Unstructured or hasattr(cls, "metadata")

    def decode(self, line: bytes) -> WatchEvent[T | meta_v1.Status] | UnreadableEvent:
        """Read one frame.

        Returns: the event. The object of an ERROR is a `meta_v1.Status` that has what could be read of it; a frame that
            is a bare Status is such an event, too. A change of an object that cannot be read, that is of another kind
            or that has no name is an `UnreadableEvent`.

        Raises: DecodeError for a frame that is no event.
        """
        try:
            event = self._decode(line)
            if event.type == "ERROR":
                return self._slowly(line)
            if self._cls is Unstructured:
                obj = Unstructured.owning(event.object)
                obj._metadata = metadata = _metadata_readers()[1](line).object.metadata
                event = WatchEvent(type=event.type, object=obj)
            else:
                self._check(event.object)
                metadata = event.object.metadata if self._has_names else None
        except (DecodeError, msgspec.ValidationError, *_decode_errors.BROKEN) as error:
            return self._slowly(line, error)
        if metadata is not None and not metadata.name and event.type != "BOOKMARK":
            return self._slowly(line)
        return cast("WatchEvent[T | meta_v1.Status]", event)

    def _slowly(self, line: bytes, error: Exception | None = None) -> WatchEvent[T | meta_v1.Status] | UnreadableEvent:
        """Read an ERROR, or an event whose object needs the tolerant reader."""
        kind, body, is_status = _parts_of_frame(line, error)
        if kind == "ERROR" or is_status:
            return WatchEvent(type="ERROR", object=_status_of_error(body))
        cls = self._cls
        try:
            obj: Any = _whole_object(body) if cls is Unstructured else _decode.decode(body, cls)
            if self._has_names and not obj.metadata.name and kind != "BOOKMARK":
                raise DecodeError(f"{cls.__name__}: an object without a name")
        except DecodeError as problem:
            found = _decode_errors.unreadable(body, cls, problem)
            if kind == "BOOKMARK":  # it has nothing but a version, or not even that
                return WatchEvent(type=kind, object=identified(cls, found))
            return UnreadableEvent(error=found, change=kind)
        return WatchEvent(type=kind, object=obj)


def identified(cls: type[T], error: Unreadable) -> T:
    """Return an object of a class that has only what identifies the object which could not be read."""
    known = {
        "namespace": error.namespace,
        "name": error.name,
        "uid": error.uid,
        "resourceVersion": error.resource_version,
    }
    return decode_into(_encode.dumps({"metadata": {key: value for key, value in known.items() if value}}), cls)


def _parts_of_frame(line: bytes, error: Exception | None) -> tuple[str, bytes, bool]:
    """Return the type and the object of a frame, and whether it is a bare Status, which then is the object.

    Raises: DecodeError for what is no event.
    """
    try:
        frame = _decoder.decoder(_Frame).decode(line)
        kind, body, said = frame.type, frame.object, frame.kind
        body = body if body is msgspec.UNSET else bytes(body)
    except msgspec.ValidationError as wrong:
        raise DecodeError(f"watch event: {_decode_errors.explained(wrong)}") from wrong
    except _decode_errors.BROKEN as wrong:
        try:
            parts = {key: line[start:end] for key, start, end in json_scan.whole_members(line)}
            kind = _decoder.decoder(str).decode(parts.get(b'"type"', b'""'))
        except (json_scan.Malformed, msgspec.ValidationError, *_decode_errors.BROKEN):
            raise _decode_errors.broken("watch event", line, error or wrong) from wrong
        body, said = parts.get(b'"object"', msgspec.UNSET), parts.get(b'"kind"', b"")
    if not kind and body is msgspec.UNSET and bytes(said) == b'"Status"':
        return "", line, True
    if not kind or body is msgspec.UNSET:
        raise DecodeError(f"watch event: it has no {'object' if kind else 'type'}")
    return kind, body, False


def _status_of_error(body: bytes) -> meta_v1.Status:
    """Read the Status of an ERROR, whatever shape it has: what is not as it should be is left out."""
    from kubeloop.models import meta_v1

    found = status_members.members(body) or {}
    said = {name: value for name, value in found.items() if name not in ("kind", "status")}
    code = said.get("code")
    if isinstance(code, str) and code.isascii() and code.isdigit():
        code = said["code"] = int(code[:9])
    if type(code) is not int or not 0 <= code < 1000:
        said.pop("code", None)
    try:
        status = _decode.decode_data({**said, "status": "Failure"}, meta_v1.Status)
    except DecodeError:
        plain = {name: value for name, value in said.items() if type(value) is (int if name == "code" else str)}
        status = _decode.decode_data({**plain, "status": "Failure"}, meta_v1.Status)
    if status.code or status.reason or status.message:
        return status
    return meta_v1.Status(status="Failure", message="the server sent an ERROR event without a Status")
