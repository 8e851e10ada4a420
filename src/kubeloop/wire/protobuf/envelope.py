"""The outermost message of an object: four bytes that mark protobuf, and a message with the kind and the object.

Reference: apimachinery pkg/runtime/serializer/protobuf, runtime.Unknown; KEP: Protobuf serialization of Kubernetes.
"""

from __future__ import annotations

from kubeloop._kit.value import Value
from kubeloop.wire.protobuf.wire_format import LENGTH, Malformed, fields_in, with_length

__all__ = ["MAGIC", "Envelope", "opened", "sealed"]

MAGIC = b"k8s\x00"
_TYPE_META, _RAW, _ENCODING, _CONTENT_TYPE = 1, 2, 3, 4


class Envelope(Value, frozen=True):
    """What the envelope of an object says, and where the object is.

    Attributes:
        api_version: The apiVersion; `""` if the envelope has none.
        kind: The kind; `""` if the envelope has none.
        start: Where the message of the object begins in the data.
        end: Where it ends.
    """

    api_version: str
    kind: str
    start: int
    end: int


def opened(data: bytes) -> Envelope:
    """Read the envelope of an object.

    Raises:
        Malformed: The data do not begin as protobuf of Kubernetes does, or the envelope is not readable.
        UnicodeDecodeError: The kind is not UTF-8.
    """
    if not data.startswith(MAGIC):
        raise Malformed("not readable as protobuf: the first four bytes are not those of a Kubernetes object")
    api_version = kind = b""
    start = end = len(data)
    for tag, begin, stop in fields_in(data, len(MAGIC), len(data)):
        number = tag >> 3
        if number <= _ENCODING and tag & 7 != LENGTH:
            raise Malformed("not readable as protobuf: a field of the envelope has another wire type")
        if number == _TYPE_META:
            for inner, at, until in fields_in(data, begin, stop):
                if inner == 1 << 3 | LENGTH:
                    api_version = data[at:until]
                elif inner == 2 << 3 | LENGTH:
                    kind = data[at:until]
        elif number == _RAW:
            start, end = begin, stop
        elif number == _ENCODING and stop > begin:
            raise Malformed("not readable as protobuf: the object is compressed")
    return Envelope(api_version.decode(), kind.decode(), start, end)


def sealed(api_version: str, kind: str, message: bytes) -> bytes:
    """Return a message of an object within its envelope, byte for byte as Go writes it."""
    meta = with_length(1, api_version.encode()) + with_length(2, kind.encode())
    encoding_and_content_type = with_length(_ENCODING, b"") + with_length(_CONTENT_TYPE, b"")
    return MAGIC + with_length(_TYPE_META, meta) + with_length(_RAW, message) + encoding_and_content_type
