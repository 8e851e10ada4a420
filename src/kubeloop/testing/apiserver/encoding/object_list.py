"""Lists of stored objects, joined from parts that are encoded already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kubeloop.objects.json.encode import dumps
from kubeloop.testing.apiserver.encoding import table_form
from kubeloop.testing.apiserver.encoding.single_object import for_people, go_type
from kubeloop.testing.apiserver.encoding.written_part import (
    json_parts_of,
    metadata_part,
    protobuf_metadata_part,
    protobuf_part,
)
from kubeloop.wire import refusals
from kubeloop.wire.serializers import json_parts, protobuf_parts

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.encoding.output import Output
    from kubeloop.testing.apiserver.facts.served_resource import ServedResource
    from kubeloop.testing.apiserver.storage.stored import Stored

__all__ = ["encode_list"]


def encode_list(
    items: Sequence[Stored],
    resource: ServedResource,
    output: Output,
    *,
    revision: int,
    continue_: str = "",
    remaining: int | None = None,
) -> bytes:
    """Return a list as the body of a response.

    Args:
        items: The objects of the page, in order.
        resource: The resource.
        output: The format and the form.
        revision: The revision of which the list is a snapshot.
        continue_: The token of the next page; `""` on the last page.
        remaining: How many objects follow the page; None if that is not known, or if none follow.

    Raises:
        NotAcceptable: The list has no such form.
    """
    metadata: dict[str, Any] = {"resourceVersion": str(revision)}
    if continue_:
        metadata["continue"] = continue_
    if remaining is not None:
        metadata["remainingItemCount"] = remaining
    return for_people(_joined(items, resource, output, metadata), output)


def _joined(items: Sequence[Stored], resource: ServedResource, output: Output, metadata: dict[str, Any]) -> bytes:
    kind = f"{resource.kind}List"
    if output.transform == "Table":
        return dumps(table_form.table(items, resource, output, metadata))
    if output.transform == "PartialObjectMetadata":
        raise refusals.not_acceptable_form(
            f"you requested PartialObjectMetadata, but the requested object is a list ({go_type(resource)}List)"
        )
    if output.transform:
        api_version, item_kind = f"meta.k8s.io/{output.version}", "PartialObjectMetadata"
        if output.format == "protobuf":
            return protobuf_parts.join_list(map(protobuf_metadata_part, items), api_version, output.transform, metadata)
        if not items:  # as the real server writes a list that Go never made
            head = {"kind": output.transform, "apiVersion": api_version, "metadata": metadata}
            return dumps({**head, "items": None})
        parts = (json_parts.join_object(metadata_part(each), api_version, item_kind) for each in items)
        return json_parts.join_list(parts, api_version, output.transform, metadata)
    if output.format == "protobuf":
        messages = (protobuf_part(each, resource) for each in items)
        return protobuf_parts.join_list(messages, resource.api_version, kind, metadata)
    return json_parts.join_list(json_parts_of(items, resource), resource.api_version, kind, metadata)
