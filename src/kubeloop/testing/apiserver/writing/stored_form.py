"""Objects between the storage and the documents that writes decide on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kubeloop.objects.json.encode import rewrite
from kubeloop.testing.apiserver.encoding.document import data_of, document_of
from kubeloop.wire.serializers.json_serializer import JSON

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.facts.served_resource import ServedResource
    from kubeloop.testing.apiserver.storage.stored import Stored
    from kubeloop.testing.apiserver.writing.document_parts import Document

__all__ = ["data_with_revision", "stored_document", "unsaved_data"]


def stored_document(stored: Stored, resource: ServedResource) -> Document:
    """Return an object as plain data in the version of a resource; the caller owns it."""
    return document_of(stored, resource)


def data_with_revision(document: Document, resource: ServedResource) -> Callable[[int], bytes]:
    """Return the function that the storage calls for the JSON of a document, with the revision of the write."""
    return data_of(document, resource)


def unsaved_data(document: Document, resource: ServedResource, revision: int) -> bytes:
    """Return the JSON of a document that is not stored; with the revision 0 it has no resourceVersion."""
    data = data_of(document, resource)(revision)
    if revision:
        return data
    content = JSON.plain_data(data)
    content["metadata"].pop("resourceVersion", None)
    return rewrite(content)
