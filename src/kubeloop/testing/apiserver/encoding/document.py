"""Objects as plain data (documents), and the bytes that the storage keeps of them.

A document has `kind` and `apiVersion`; what the storage keeps has neither.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from kubeloop.objects.json.encode import rewrite
from kubeloop.testing.apiserver.encoding.version_conversion import convert
from kubeloop.testing.apiserver.storage.stored import Stored
from kubeloop.wire.serializers.json_serializer import JSON

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.facts.served_resource import ServedResource

__all__ = ["Document", "data_of", "document_of", "with_revision"]

Document = dict[str, Any]
"""An object as plain data, with the field names of the API."""


def document_of(stored: Stored, resource: ServedResource) -> Document:
    """Return a stored object in the version of a resource; the caller owns it."""
    data = cast("Document", JSON.plain_data(stored.data))
    if resource.storage_version != resource.api_version:
        data = convert(data, resource.kind, resource.storage_version, resource.api_version)
    return {"kind": resource.kind, "apiVersion": resource.api_version, **data}


def data_of(document: Document, resource: ServedResource) -> Callable[[int], bytes]:
    """Return what the storage calls to get the bytes of an object, with the revision of the write.

    Args:
        document: The object in the version of the resource. It must not change before the write.
        resource: The resource.
    """

    def data(revision: int) -> bytes:
        content = {name: value for name, value in document.items() if name not in ("kind", "apiVersion")}
        content["metadata"] = {**content.get("metadata", {}), "resourceVersion": str(revision)}
        if resource.storage_version != resource.api_version:
            content = convert(content, resource.kind, resource.api_version, resource.storage_version)
        return rewrite(content)

    return data


def with_revision(stored: Stored, revision: int) -> Stored:
    """Return a stored object that differs in its revision only: the last state of an object that left a watch."""
    data = JSON.plain_data(stored.data)
    data["metadata"]["resourceVersion"] = str(revision)
    return Stored(stored.key, revision, stored.created_revision, rewrite(data))
