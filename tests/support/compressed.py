"""Classes of compressed objects that have their last dictionary already."""

from __future__ import annotations

from functools import cache
from typing import Any

from kubeloop.objects.compressed_object import compressed_class
from kubeloop.objects.json.frames import SAMPLES, STRIDES, Compressor
from kubeloop.wire.serializers.compressed_unstructured import CompressedUnstructured, form_of
from kubeloop.wire.serializers.lazy_unstructured import lazy_object

__all__ = ["compressed_object", "feed", "with_dictionary"]


def feed(compressor: Compressor) -> None:
    """Compress so many texts that no further dictionary is built."""
    for number in range(SAMPLES * sum(STRIDES)):
        compressor.compress(b'{"nodeName":"n%d","phase":"Running","size":%d}' % (number, number))


@cache
def with_dictionary(kind: Any) -> Any:
    """Return the compressed class of a kind, or the kind if it has nothing to compress."""
    cls: Any = compressed_class(kind)
    if cls is not kind:
        feed(cls.compressor)
    return cls


def compressed_object(body: bytes) -> CompressedUnstructured:
    """Return a compressed object without a model."""
    obj = lazy_object(body, cls=CompressedUnstructured)
    if not _is_fed(obj.api_version, obj.kind):
        obj = lazy_object(body, cls=CompressedUnstructured)
    assert isinstance(obj, CompressedUnstructured)
    return obj


_fed: set[tuple[str, str]] = set()


def _is_fed(api_version: str, kind: str) -> bool:
    if (api_version, kind) in _fed:
        return True
    _fed.add((api_version, kind))
    feed(form_of(api_version, kind)[0])
    return False
