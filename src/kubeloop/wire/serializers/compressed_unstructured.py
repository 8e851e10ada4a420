"""`CompressedUnstructured`: an object without a model that keeps its JSON compressed.

Its metadata are decoded, except for annotations and managed fields. This module needs zstd, as `objects.json.frames`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from kubeloop.objects.compressed_object import compressed_metadata
from kubeloop.objects.json.frames import Compressor, text_of
from kubeloop.objects.lazy_object import FailedReads, end_borrowing
from kubeloop.wire.serializers.lazy_unstructured import LazyUnstructured, LazyUnstructuredList

__all__ = ["MOST_FORMS", "CompressedUnstructured", "CompressedUnstructuredList", "form_of"]

MOST_FORMS = 256
"""The number of kinds that have a compressor of their own."""


class CompressedUnstructured(LazyUnstructured, frozen=True, gc=False):
    """A `LazyUnstructured` whose body is compressed, and is decompressed at each read."""

    failed_reads = FailedReads()
    memory_mode: ClassVar[str] = "compressed"
    if not TYPE_CHECKING:
        __lent__ = ()

    @classmethod
    def holding(cls, body: bytes, api_version: str, kind: str, metadata: Any) -> Self:
        """Return the object of a body whose metadata were read, and may borrow parts of it."""
        compressor, metadata_class = form_of(api_version, kind)
        end_borrowing(metadata, metadata_class)
        # Any: the body is a Raw here, which `text` alone reads.
        compressed: Any = compressor.compress(body)
        return cls(compressed, api_version, kind, metadata)

    @property
    def text(self) -> bytes:
        """The JSON of the object."""
        raw: Any = self.body
        return bytes(text_of(raw))


class CompressedUnstructuredList(LazyUnstructuredList):
    """An `UnstructuredList` whose items are compressed."""

    __slots__ = ()
    item_type: ClassVar[type[LazyUnstructured]] = CompressedUnstructured


CompressedUnstructured.list_type = CompressedUnstructuredList


def form_of(api_version: str, kind: str) -> tuple[Compressor, Any]:
    """Return the compressor of a kind, and the class of its metadata.

    The first kinds have their own. All others share one, because dictionaries are never freed.
    """
    named = (api_version, kind)
    form = _forms.get(named)
    if form is None:
        if len(_forms) >= MOST_FORMS:
            named = ("", "")
        form = _forms.get(named) or _forms.setdefault(named, _new_form())
    return form


_forms: dict[tuple[str, str], tuple[Compressor, Any]] = {}


def _new_form() -> tuple[Compressor, Any]:
    from kubeloop.models import meta_v1

    compressor = Compressor()
    return compressor, compressed_metadata(meta_v1.ObjectMeta, compressor)
