"""The part that a stored object is in a format and a version; parts are kept with the object.

What a part is, and how parts become objects, lists and events, is in `kubeloop.wire.serializers`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubeloop.errors import DecodeError
from kubeloop.objects.json.encode import rewrite
from kubeloop.scheme import Scheme
from kubeloop.testing.apiserver.encoding.version_conversion import convert, is_same_shape
from kubeloop.wire import refusals
from kubeloop.wire.protobuf.message_fields import has_message
from kubeloop.wire.protobuf.write_message import write_message
from kubeloop.wire.serializers.json_serializer import JSON

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubeloop.objects.model import Kind
    from kubeloop.testing.apiserver.facts.served_resource import ServedResource
    from kubeloop.testing.apiserver.storage.stored import Stored

__all__ = [
    "class_of_kind",
    "json_part",
    "json_parts_of",
    "kept",
    "metadata_part",
    "protobuf_metadata_part",
    "protobuf_part",
]

_SCHEME = Scheme()
_OTHERS = ("application/json", "application/yaml")


_classes: dict[tuple[str, str], type[Kind]] = {}


def class_of_kind(api_version: str, kind: str) -> type[Kind] | None:
    """Return the class of a kind; None for one that is not built in, which is not kept: any client can name one."""
    found = _classes.get((api_version, kind)) or _SCHEME.lookup(api_version, kind)
    if found is not None:
        _classes[api_version, kind] = found
    return found


def kept(stored: Stored) -> dict[Any, Any]:
    """Return what was derived from a stored object and is kept with it."""
    found = stored.derived
    if found is None:
        found = stored.derived = {}
    return found


def json_parts_of(items: Sequence[Stored], resource: ServedResource) -> list[bytes]:
    """Return the JSON of stored objects in the version of a resource, each without its kind."""
    if _is_stored_form(resource):
        return [each.data for each in items]
    return [json_part(each, resource) for each in items]


def json_part(stored: Stored, resource: ServedResource) -> bytes:
    """Return the JSON of a stored object in the version of a resource, without its kind."""
    if _is_stored_form(resource):
        return stored.data
    key = ("json", resource.api_version)
    parts = kept(stored)
    part: bytes | None = parts.get(key)
    if part is None:
        data = JSON.plain_data(stored.data)
        part = parts[key] = rewrite(convert(data, resource.kind, resource.storage_version, resource.api_version))
    return part


def _is_stored_form(resource: ServedResource) -> bool:
    stored_as, served_as = resource.storage_version, resource.api_version
    return stored_as == served_as or is_same_shape(resource.kind, stored_as, served_as)


def protobuf_part(stored: Stored, resource: ServedResource) -> bytes:
    """Return the protobuf message of a stored object in the version of a resource.

    Raises:
        NotAcceptable: The kind has no protobuf form, or Python cannot represent a value of the object. Clients then
            ask for JSON, which is written as it is stored.
    """
    key = ("protobuf", resource.api_version)
    parts = kept(stored)
    part: bytes | None = parts.get(key)
    if part is None:
        cls = class_of_kind(resource.api_version, resource.kind)
        if cls is None or not has_message(cls):
            raise refusals.not_acceptable(_OTHERS)
        try:
            part = parts[key] = write_message(JSON.decode(json_part(stored, resource), cls))
        except DecodeError:
            raise refusals.not_acceptable(_OTHERS) from None
    return part


def metadata_part(stored: Stored) -> bytes:
    """Return the JSON of an object with nothing but the metadata of a stored object."""
    parts = kept(stored)
    part: bytes | None = parts.get("metadata")
    if part is None:
        part = parts["metadata"] = rewrite({"metadata": JSON.plain_data(stored.data).get("metadata", {})})
    return part


def protobuf_metadata_part(stored: Stored) -> bytes:
    """Return the protobuf message of a PartialObjectMetadata with the metadata of a stored object."""
    from kubeloop.models import meta_v1

    parts = kept(stored)
    part: bytes | None = parts.get("protobuf metadata")
    if part is None:
        model = JSON.decode(metadata_part(stored), meta_v1.PartialObjectMetadata)
        part = parts["protobuf metadata"] = write_message(model)
    return part
