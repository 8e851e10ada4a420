"""Pickle models as JSON: ten times faster than field by field, and independent of msgspec."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from kubeloop.objects.frozen_struct import FrozenStruct
from kubeloop.objects.given_fields import given_of, noted_document
from kubeloop.objects.json.decoder import decoder
from kubeloop.objects.json.encode import dumps, loads, rewrite
from kubeloop.objects.json.encode_given import written
from kubeloop.objects.type_guards import class_of
from kubeloop.objects.unknown_members import has_rest, with_rest

__all__ = ["pickled"]


def pickled(obj: FrozenStruct) -> tuple[Any, tuple[Any, ...]]:
    """Return the result of a model's `__reduce__`.

    The names of the fields that were given are kept, unless a part of the object was read from a server.
    """
    cls = class_of(obj)
    plain_cls = cls.__plain__ or cls
    if given_of(obj) is not None:
        with suppress(ValueError):
            return _unpickle_document, (plain_cls, dumps(written(obj, strict=True)))
    if has_rest(rewrite(obj)):
        return _unpickle_with_rest, (plain_cls, dumps(obj))
    return _unpickle, (cls, dumps(obj))


def _unpickle(cls: Any, body: bytes) -> Any:
    return decoder(cls).decode(body)


def _unpickle_with_rest(cls: Any, body: bytes) -> Any:
    return with_rest(_unpickle(cls, body), loads(body), everywhere=True)


def _unpickle_document(cls: Any, body: bytes) -> Any:
    return noted_document(_unpickle_with_rest(cls, body), loads(body))
