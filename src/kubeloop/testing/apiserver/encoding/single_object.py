"""One object as the body of a response, in the format, version and form that are asked for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kubeloop.objects.json.encode import dumps
from kubeloop.testing.apiserver.encoding import table_form
from kubeloop.testing.apiserver.encoding.written_part import (
    json_part,
    metadata_part,
    protobuf_metadata_part,
    protobuf_part,
)
from kubeloop.wire import refusals
from kubeloop.wire.serializers import json_parts, protobuf_parts
from kubeloop.wire.serializers.json_serializer import JSON

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.encoding.output import Output
    from kubeloop.testing.apiserver.facts.served_resource import ServedResource
    from kubeloop.testing.apiserver.storage.stored import Stored

__all__ = ["encode_document", "encode_object", "for_people", "go_type", "whole_object"]


def encode_object(stored: Stored, resource: ServedResource, output: Output) -> bytes:
    """Return a stored object as the body of a response.

    Raises:
        NotAcceptable: The object has no such form.
    """
    if output.transform == "PartialObjectMetadataList":
        raise refusals.not_acceptable_form(
            f"you requested PartialObjectMetadataList, but the requested object is not a list ({go_type(resource)})"
        )
    return for_people(whole_object(stored, resource, output), output)


def go_type(resource: ServedResource) -> str:
    """Return the name of the internal Go type of a kind, which messages of the real server show: `*core.Pod`."""
    group = "" if resource.stored_as == "events" else resource.group
    return f"*{group.partition('.')[0] or 'core'}.{resource.kind}"


def whole_object(stored: Stored, resource: ServedResource, output: Output) -> bytes:
    """Return a stored object with its kind, in JSON or protobuf, before it is made pretty or turned into YAML."""
    if output.transform == "Table":
        return dumps(table_form.table([stored], resource, output, {"resourceVersion": str(stored.revision)}))
    if output.transform:
        api_version, kind = f"meta.k8s.io/{output.version}", "PartialObjectMetadata"
        if output.format == "protobuf":
            return protobuf_parts.join_object(protobuf_metadata_part(stored), api_version, kind)
        return json_parts.join_object(metadata_part(stored), api_version, kind)
    if output.format == "protobuf":
        return protobuf_parts.join_object(protobuf_part(stored, resource), resource.api_version, resource.kind)
    return json_parts.join_object(json_part(stored, resource), resource.api_version, resource.kind)


def encode_document(document: dict[str, Any], output: Output) -> bytes:
    """Return a document that is not stored, such as a Status or a Scale, as the body of a response.

    Args:
        document: The document, with its kind.
        output: The format; a Table or PartialObjectMetadata is not made of it.

    Raises:
        NotAcceptable: The kind has no protobuf form.
    """
    if output.format == "protobuf":
        from kubeloop.testing.apiserver.encoding.written_part import class_of_kind
        from kubeloop.wire.serializers.protobuf_serializer import PROTOBUF

        cls = class_of_kind(document["apiVersion"], document["kind"])
        if cls is None or not PROTOBUF.supports(cls):
            raise refusals.not_acceptable(["application/json", "application/yaml"])
        return PROTOBUF.encode(JSON.decode(dumps(document), cls))
    return for_people(dumps(document), output)


def for_people(body: bytes, output: Output) -> bytes:
    """Return a body in YAML or with indentation if that was asked for."""
    if output.format == "yaml":
        from kubeloop.meta import yaml

        return yaml.dump(JSON.plain_data(body)).encode()
    if output.pretty:
        return json.dumps(JSON.plain_data(body), indent=2, ensure_ascii=False).encode()
    return body
