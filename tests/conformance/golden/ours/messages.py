"""Protobuf messages: read, and written as they are in the inputs."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

from kubeloop.errors import DecodeError
from kubeloop.scheme import Scheme
from kubeloop.wire import documents
from kubeloop.wire.protobuf.envelope import opened
from kubeloop.wire.serializers.protobuf_serializer import PROTOBUF

from .refused import REFUSED

_NOTHING: tuple[Any, ...] = (None, False, 0, "", "0", {})


def messages(case: dict[str, Any]) -> Any:
    """Read a message; if the case has its object as JSON, return whether the message is what we write of the object."""
    data = b64decode(case["protobuf"])
    where = opened(data)
    cls: Any = Scheme().lookup(where.api_version, where.kind)
    try:
        found = without_nothing(json.loads(documents.encode(PROTOBUF.decode(data, cls))))
    except DecodeError:
        return REFUSED
    if "json" not in case:
        return {"json": found}
    return {"json": found, "equal": PROTOBUF.encode(cls.from_dict(case["json"])) == data}


def without_nothing(value: Any) -> Any:
    """Return a value without the zeros, nulls and empty objects that are values of objects."""
    if isinstance(value, list):
        return [without_nothing(each) for each in value]
    if isinstance(value, dict):
        pruned = {name: without_nothing(each) for name, each in value.items()}
        return {name: each for name, each in pruned.items() if isinstance(each, list) or each not in _NOTHING}
    return value
