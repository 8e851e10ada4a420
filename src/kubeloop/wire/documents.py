"""Documents that users write: JSON or YAML to the object whose kind the text names, and any object to JSON.

Bodies of requests and responses are the serializers' (`kubeloop.wire.serializers`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, cast

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
from kubeloop.wire import manifests
from kubeloop.wire.serializers import json_objects

__all__ = ["decode", "decode_all", "encode"]

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
    with suppress(*_decode_errors.BROKEN):
        said = _type_meta(body)
    if said is None:
        body = manifests.only_body(body)
        try:
            said = _type_meta(body)
        except _decode_errors.BROKEN as error:  # half of a surrogate pair, which not every reader of JSON refuses
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
        except _decode_errors.BROKEN as error:
            raise DecodeError(f"document {number}: {_decode_errors.broken('object', body, error)}") from error
        except DecodeError as error:
            raise DecodeError(f"document {number}: {error}") from error
        yield found


def _read_document(body: bytes, said: _decode.TypeMeta, scheme: Scheme) -> Kind | Unstructured:
    cls = scheme.lookup(said.api_version, said.kind)
    if cls is None:
        if not said.kind:
            raise DecodeError("the object does not say its kind")
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
    """What a JSON body says it is.

    Raises: DecodeError for a JSON value that is no object with a kind; one of BROKEN for what is not JSON.
    """
    try:
        said: _decode.TypeMeta = _decoder.decoder(_decode.TypeMeta).decode(body)
    except msgspec.ValidationError as error:
        tree = _decode.parse(body, "object")
        found = f", got {type(tree).__name__}" if not is_dict(tree) else ""
        raise DecodeError(f"expected an object with apiVersion and kind{found}") from error
    return said
