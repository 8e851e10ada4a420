"""Objects of every kind with a protobuf form, with random fields, as JSON and as we write them; and broken messages."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from kubeloop.meta import yaml
from kubeloop.models.kind_index import KINDS
from kubeloop.scheme import Scheme
from kubeloop.wire.protobuf.envelope import opened, sealed
from kubeloop.wire.protobuf.message_fields import Encoded, message_of
from kubeloop.wire.protobuf.wire_format import fields_in, varint, with_length
from kubeloop.wire.serializers.protobuf_serializer import PROTOBUF

__all__ = ["messages"]

Case = dict[str, Any]
_DROPPED = Path(__file__).parents[4] / "tools" / "schema" / "legacy" / "kinds.yaml"
_DEPTH = 7
_READ = [("v1", "Pod"), ("apps/v1", "Deployment"), ("v1", "Status"), ("networking.k8s.io/v1", "NetworkPolicy")]


def messages(random: Random) -> Iterator[Case]:
    """Yield one object of every kind, a few more of those with unusual fields, and broken messages."""
    kinds = list(_kinds())
    unusual = [("apiextensions.k8s.io/v1", "CustomResourceDefinition")] * 10 + [("v1", "Pod"), ("v1", "Event")] * 5
    for api_version, kind in [*kinds, *unusual]:
        value = _object(random, api_version, kind)
        yield {"json": value, "protobuf": _text(PROTOBUF.encode(_model(api_version, kind).from_dict(value)))}
    for api_version, kind in _READ:
        for _ in range(30):
            model = _model(api_version, kind).from_dict(_object(random, api_version, kind))
            yield {"protobuf": _text(_broken(random, PROTOBUF.encode(model)))}


def _kinds() -> Iterator[tuple[str, str]]:
    """Yield the kinds that this version of Kubernetes has, without lists."""
    dropped = yaml.load(_DROPPED.read_text())["dropped"]
    absent = {(entry["package"].replace("/", "_"), kind) for entry in dropped for kind in entry["kinds"]}
    absent.add(("meta_v1", "ApplyOptions"))  # which is not an object of its own in Go
    for (api_version, kind), module in KINDS.items():
        if (module, kind) not in absent and not kind.endswith("List") and PROTOBUF.supports(_model(api_version, kind)):
            yield api_version, kind


def _model(api_version: str, kind: str) -> Any:
    return Scheme().lookup(api_version, kind)


def _object(random: Random, api_version: str, kind: str) -> Case:
    fields = _fields(random, _model(api_version, kind), _DEPTH)
    return {"apiVersion": api_version, "kind": kind, **fields}


def _fields(random: Random, cls: Any, depth: int) -> Case:
    return dict(_some(random, message_of(cls), depth))


def _some(random: Random, fields: tuple[Encoded, ...], depth: int) -> Iterator[tuple[str, Any]]:
    likely = min(0.9, 2.5 / len(fields)) if fields else 0.0
    for field in fields:
        if field.inner:
            yield from _some(random, field.inner, depth)
        elif random.random() < likely and (depth or field.encoding not in ("message", *_UNIONS)):
            yield field.wire, _value(random, field, depth)


def _value(random: Random, field: Encoded, depth: int) -> Any:
    if field.container == "map":
        names = random.sample(["a", "b/c", "d.e", "ä"], random.randint(1, 3))
        return {name: _item(random, field, depth) for name in names}
    if field.container:
        return [_item(random, field, depth) for _ in range(random.randint(1, 2))]
    return _item(random, field, depth)


_UNIONS = ("schema_or_array", "schema_or_bool", "schema_or_strings")
_CHOICES: dict[str, list[Any]] = {
    "text": ["", "a", "web-0", "ä☃𝄞", "x y", "10.0.0.1"],
    "int": [0, 1, -1, 80, 127, 128, 300, 2**31 - 1, -(2**31)],
    "bool": [True, False],
    "double": [0, 1.5, -2.25, 1e20],
    "bytes": ["", "YQ==", "AP+A"],
    "time": ["2026-01-02T03:04:05Z", "1970-01-01T00:00:00Z", "1969-12-31T23:59:59Z"],
    "micro_time": ["2026-01-02T03:04:05.678901Z", "2026-01-02T03:04:05.000000Z"],
    "quantity": ["0", "1", "100m", "1Gi", "128974848"],
    "int_or_string": [0, 80, -1, "", "http", "50%"],
    "json": [{"a": 1}, {"f:metadata": {"f:labels": {".": {}}}}, {"kind": "X", "b": [1, None, "x"]}],
    "texts": [["a"], ["get", "list"]],
}


def _item(random: Random, field: Encoded, depth: int) -> Any:
    if field.encoding == "message":
        return _fields(random, field.model, depth - 1)
    if field.encoding in _UNIONS:
        schema = _fields(random, field.model, min(depth - 1, 2))
        other = {"schema_or_array": [schema], "schema_or_bool": random.random() < 0.5, "schema_or_strings": ["a", "b"]}
        return random.choice([schema, other[field.encoding]])
    return random.choice(_CHOICES[field.encoding])


def _broken(random: Random, data: bytes) -> bytes:
    """Change the message in an envelope as a hostile or a newer server would."""
    where = opened(data)
    message = data[where.start : where.end]
    parts = [(tag, at, end) for tag, at, end in fields_in(message, 0, len(message))]
    kind = random.randrange(6)
    if kind == 0:
        message = message[: random.randrange(len(message) + 1)]
    elif kind == 1:
        message += random.choice(
            [with_length(2000, b"x"), varint(2000 << 3) + b"\x05", varint(2000 << 3 | 1) + b"12345678"]
        )
    elif kind == 2:
        message += varint(2000 << 3 | 3) + with_length(3, b"inside") + varint(2000 << 3 | 4)
    elif kind == 3 and parts:  # a part comes twice
        tag, at, end = random.choice(parts)
        message += with_length(tag >> 3, message[at:end]) if tag & 7 == 2 else varint(tag) + message[at:end]
    elif kind == 4:  # another wire type
        message += random.choice([b"\x08\x01", b"\x0d1234", b"\x10\x01", b"\x1a\x05ab"])
    else:
        message += random.choice([b"\x07", b"\x00", b"\xff", b"\x0c", b"\x12\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02"])
    return sealed(where.api_version, where.kind, message)


def _text(data: bytes) -> str:
    return b64encode(data).decode()
