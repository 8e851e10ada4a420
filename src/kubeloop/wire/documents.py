"""Documents that users write: JSON or YAML to the object whose kind the text names, and any object to JSON.

Bodies of requests and responses are the serializers' (`kubeloop.wire.serializers`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Protocol, cast

import msgspec

from kubeloop.errors import DecodeError
from kubeloop.objects.json import decode as _decode
from kubeloop.objects.json import decode_document as _decode_document
from kubeloop.objects.json import decode_errors as _decode_errors
from kubeloop.objects.json import decode_list as _decode_list
from kubeloop.objects.json import decoder as _decoder
from kubeloop.objects.json import encode as _encode
from kubeloop.objects.model import Kind, KindList
from kubeloop.objects.type_guards import is_dict
from kubeloop.scheme import Scheme
from kubeloop.unstructured import Unstructured
from kubeloop.wire import split_documents as manifests
from kubeloop.wire.serializers import json_objects

__all__ = ["decode", "encode", "parse_manifests", "read_documents"]

_BUILT_IN = Scheme()
_LIST: Any = KindList  # of whatever kind, for which checkers would ask


def decode(data: bytes | str, scheme: Scheme | None = None) -> Kind | Unstructured:
    """Parse one document, in JSON or YAML, and return the object of the class that its apiVersion and kind name.

    No field is dropped: unknown fields are kept beside the object, see `Model.from_dict`. Each item of a `v1 List` has
    the class of its own kind.

    Args:
        data: The document as text or bytes. Bytes are UTF-8, or have a byte-order mark of UTF-8 or UTF-16.
        scheme: The scheme that maps kinds to classes. None means the built-in kinds.

    Returns:
        The typed object, or an `Unstructured` if the scheme has no class for its kind. An item of a list that cannot be
        read is not in the list's `items`; its error is in the list's `unreadable`.

    Raises:
        DecodeError: The data are neither JSON nor YAML, are more than one document, are no object, or do not fit the
            class. The message names the path of the field.

    Reference: client-go scheme.Codecs.UniversalDeserializer.
    """
    body = manifests.plain(data)
    said: _decode.TypeMeta | None = None
    with suppress(*_decode_errors.BROKEN):
        said = _type_meta(body)
    if said is None:
        body = manifests.only_body(body)
        try:
            said = _type_meta(body)
        except _decode_errors.BROKEN as error:  # half of a surrogate pair, which not every reader of JSON refuses
            raise _decode_errors.broken("object", body, error) from error
    return _read_document(body, said, scheme or _BUILT_IN)


class _Stream(Protocol):
    def read(self) -> bytes | str: ...


def parse_manifests(data: bytes | str | _Stream, scheme: Scheme | None = None) -> list[Kind | Unstructured]:
    """Parse a text of several documents, YAML between `---` lines or JSON values in a row, and return their objects.

    Empty documents are skipped. A `v1 List` is one object. Otherwise as `decode`.

    Args:
        data: The text or bytes, as for `decode`; or a stream such as `sys.stdin`, which is read to its end.
        scheme: The scheme, as for `decode`.

    Returns:
        The objects in the order of the text.

    Raises:
        DecodeError: A document cannot be parsed; no object is returned then. The message names the number of the
            document, counted from 1 without empty documents, and its line.

    Reference: apimachinery util/yaml.YAMLOrJSONDecoder.
    """
    read = getattr(data, "read", None)
    # Any: `read_documents` refuses what is neither text nor bytes.
    text: Any = data if read is None else read()
    return [obj for _, _, obj in read_documents(text, scheme)]


def read_documents(data: bytes | str, scheme: Scheme | None = None) -> Iterator[tuple[int, int, Kind | Unstructured]]:
    """Yield the number, the line and the object of each document of a text; otherwise as `parse_manifests`.

    Raises:
        DecodeError: A document cannot be parsed, so that the documents behind it are unknown.
    """
    chosen = scheme or _BUILT_IN
    for number, (line, body) in enumerate(manifests.bodies(manifests.plain(data)), 1):
        try:
            obj = _read_document(body, _type_meta(body), chosen)
        except _decode_errors.BROKEN as error:
            problem = _decode_errors.broken("object", body, error)
            raise DecodeError(f"document {number}, line {line}: {problem}") from error
        except DecodeError as error:
            raise DecodeError(f"document {number}, line {line}: {error}") from error
        yield number, line, obj


def _read_document(body: bytes, said: _decode.TypeMeta, scheme: Scheme) -> Kind | Unstructured:
    cls = scheme.lookup(said.api_version, said.kind)
    if cls is None:
        if not said.kind:
            raise DecodeError("expected an object with apiVersion and kind, got an object without kind")
        return json_objects.decode_into(body, Unstructured)
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
    return json_objects.encode(obj)


def _type_meta(body: bytes) -> _decode.TypeMeta:
    """Return the kind and apiVersion that a JSON body names.

    Raises: DecodeError for a JSON value that is no object with a kind; one of BROKEN for what is not JSON.
    """
    try:
        said: _decode.TypeMeta = _decoder.decoder(_decode.TypeMeta).decode(body)
    except msgspec.ValidationError as error:
        tree = _decode.parse(body, "object")
        if not is_dict(tree):
            raise DecodeError(f"expected an object with apiVersion and kind, got {type(tree).__name__}") from error
        name = next(name for name in ("apiVersion", "kind") if not isinstance(tree.get(name, ""), str))
        hint = "; in YAML, put it in quotes" if isinstance(tree[name], (bool, int, float)) else ""
        raise DecodeError(f"expected a text as {name}, got {type(tree[name]).__name__}{hint}") from error
    return said
