"""Bytes to objects and back, as the wire has them: single objects, LISTs, watch events.

What lives here: which reader a type takes, the choice of a class by apiVersion and kind, the one-step decoder of watch
events. What does not: how one model is read and written (`kubeloop.models`), and anything that moves bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, TypeVar, cast

import msgspec

from kubeloop._kit.value import Value
from kubeloop.errors import DecodeError, Unreadable
from kubeloop.models import _decode, _encode
from kubeloop.models._base import Kind, KindList, Model
from kubeloop.models._guards import is_dict, is_list
from kubeloop.models._plain import plain
from kubeloop.models._views import Pending
from kubeloop.models.scheme import Scheme
from kubeloop.models.unstructured import Unstructured, UnstructuredDraft, UnstructuredList
from kubeloop.wire import documents

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
    "json_dumps",
    "json_loads",
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

    Returns: the typed object; an `Unstructured` when nobody knows its kind. Of a LIST of one kind an item that cannot
        be read is left out, with a warning in the log; see `decode_list`.

    Raises: DecodeError for what is neither JSON nor YAML, several documents, no object, or not as its kind should be;
        it names the path.

    Reference: client-go scheme.Codecs.UniversalDeserializer.
    """
    body = documents.plain(data)
    try:
        said = _type_meta(body)
    except _NO_JSON:
        body = documents.only_body(body)
        said = _type_meta(body)
    return _read_document(body, said, scheme or _BUILT_IN)


def decode_all(data: bytes | str, scheme: Scheme | None = None) -> Iterator[Kind | Unstructured]:
    """Read the objects of a text one after the other: JSON values in a row, or YAML documents between `---`.

    Documents without content are passed over. A `v1 List` is one object. Otherwise as `decode`.

    Raises: DecodeError, once the objects before have been yielded, where it can be known that late; the number of the
        document stands first, counted from 1 without empty ones.

    Reference: apimachinery util/yaml.YAMLOrJSONDecoder.
    """
    for number, body in enumerate(documents.bodies(documents.plain(data)), 1):
        try:
            found = _read_document(body, _type_meta(body), scheme or _BUILT_IN)
        except _NO_JSON as error:
            raise DecodeError(f"document {number}: {_decode.broken('object', body, error)}") from error
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
        return _decode.decode_list_document(body, cls)
    found: Any = _decode.decode_document(body, cls)
    if (said.api_version, said.kind) == ("v1", "List"):
        _decode.replace_items(found, [_read_item(number, each, scheme) for number, each in enumerate(found.items)])
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

    Raises: DecodeError naming the object and the path, or both kinds.
    """
    if cls is Unstructured or cls is UnstructuredList or cls is dict:
        tree = _decode.parse(data, cls.__name__)
        if not is_dict(tree):
            raise DecodeError(f"{cls.__name__}: expected an object, got {type(tree).__name__}")
        if cls is Unstructured:
            return cast("T", Unstructured.owning(tree))
        if cls is UnstructuredList:
            return cast("T", _unstructured_list(tree, None))
        return cast("T", tree)
    return _decode.decode(data, cls)


def decode_list(data: bytes, cls: type[T], *, on_bad_item: Callable[[DecodeError], None] | None = None) -> T:
    """Read a LIST; an item that cannot be read is reported and left out, the rest arrive.

    Args:
        data: the body.
        cls: a KindList or UnstructuredList.
        on_bad_item: gets the error, which names the item and the path; None logs a warning.

    Raises: DecodeError for a body that is no JSON or another kind, never for one item.
    """
    if cls is UnstructuredList:
        tree = _decode.parse(data, "UnstructuredList")
        if not is_dict(tree):
            raise DecodeError(f"UnstructuredList: expected an object, got {type(tree).__name__}")
        return cast("T", _unstructured_list(tree, on_bad_item))
    return _decode.decode_list(data, cls, on_bad_item)


def decoding_list(data: bytes, cls: type[T]) -> Generator[None, None, T]:
    """Do what `decode_list` does, for a KindList, in steps of a few milliseconds; takes a sixth longer in all."""
    return _decode.decoding_list(data, cls)


def _unstructured_list(tree: dict[str, Any], on_bad_item: Callable[[DecodeError], None] | None) -> UnstructuredList:
    items: Any = tree.get("items") or []
    if not is_list(items):
        raise DecodeError(f"UnstructuredList: items: expected a list, got {type(items).__name__}")
    good: list[Any] = []
    for number, item in enumerate(items):
        if is_dict(item):
            good.append(item)
        else:
            report = DecodeError(f"item {number} of UnstructuredList: expected an object, got {type(item).__name__}")
            (on_bad_item or _decode.warn_of_item)(report)
    return UnstructuredList({**tree, "items": good})


_NO_JSON = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


def _type_meta(body: bytes) -> _decode.TypeMeta:
    """What a JSON body says it is.

    Raises: DecodeError for a JSON value that is no object with a kind; one of _NO_JSON for what is no JSON.
    """
    try:
        said: _decode.TypeMeta = _decode.decoder(_decode.TypeMeta).decode(body)
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


class _Head(msgspec.Struct, gc=False):
    """What is read of an event whose object does not fit."""

    object: msgspec.Raw
    type: str = ""


class EventDecoder(Generic[T]):
    """Reads the frames of a watch in one step each.

    Args:
        cls: what the objects are: a Kind, or Unstructured.
    """

    __slots__ = ("_check", "_cls", "_decode")

    def __init__(self, cls: type[T]) -> None:
        self._cls = cls
        wanted: Any = dict[str, Any] if cls is Unstructured else cls
        self._decode = _decode.decoder(WatchEvent[wanted]).decode
        self._check = _decode.check_kind

    def decode(self, line: bytes) -> WatchEvent[T | meta_v1.Status]:
        """Read one frame.

        Returns: the event; the object of an ERROR is a `meta_v1.Status`.

        Raises: DecodeError for a frame that cannot be read; it names the object and the path.
        """
        try:
            event = self._decode(line)
        except msgspec.ValidationError:
            return self._mend(line)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise _decode.broken("watch event", line, error) from error
        if event.type == "ERROR":
            return self._mend(line)
        if self._cls is Unstructured:
            return WatchEvent(type=event.type, object=Unstructured.owning(event.object))  # type: ignore[arg-type]
        self._check(event.object)
        return cast("WatchEvent[T | meta_v1.Status]", event)

    def _mend(self, line: bytes) -> WatchEvent[T | meta_v1.Status]:
        """Read an ERROR, or an event whose object needs the tolerant reader."""
        try:
            head = _decode.decoder(_Head).decode(line)
        except msgspec.ValidationError as wrong:
            raise DecodeError(f"watch event: {_decode.explained(wrong)}") from wrong
        if head.type == "ERROR":
            from kubeloop.models import meta_v1

            status = _decode.decode(bytes(head.object), meta_v1.Status)
            return WatchEvent(type=head.type, object=status)
        return WatchEvent(type=head.type, object=decode_into(bytes(head.object), self._cls))
