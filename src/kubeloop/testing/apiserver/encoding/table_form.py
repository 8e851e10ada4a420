"""Tables with a name and a time of creation per object: the form of kinds without columns of their own.

Reference: apiserver pkg/registry/rest/table.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from kubeloop.testing.apiserver.encoding.written_part import json_part, metadata_part
from kubeloop.wire.serializers.json_serializer import JSON

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.encoding.output import Output
    from kubeloop.testing.apiserver.facts.served_resource import ServedResource
    from kubeloop.testing.apiserver.storage.stored import Stored

__all__ = ["table"]

_COLUMNS = (
    {"name": "Name", "type": "string", "format": "name", "description": "The name of the object.", "priority": 0},
    {"name": "Created At", "type": "date", "format": "", "description": "The time of creation.", "priority": 0},
)


def table(
    items: Iterable[Stored], resource: ServedResource, output: Output, metadata: dict[str, Any]
) -> dict[str, Any]:
    """Return the Table of some objects as plain data.

    Args:
        items: The objects.
        resource: The resource, in the version in which rows include objects.
        output: The version of the Table, and what rows include.
        metadata: The ListMeta of the Table.
    """
    return {
        "kind": "Table",
        "apiVersion": f"meta.k8s.io/{output.version}",
        "metadata": metadata,
        "columnDefinitions": [dict(column) for column in _COLUMNS] if output.has_columns else None,
        "rows": [_row(each, resource, output) for each in items],
    }


def _row(stored: Stored, resource: ServedResource, output: Output) -> dict[str, Any]:
    partial = JSON.plain_data(metadata_part(stored))
    cells = [stored.key.name, partial["metadata"].get("creationTimestamp")]
    if output.included == "Object":
        whole = JSON.plain_data(json_part(stored, resource))
        return {"cells": cells, "object": {"kind": resource.kind, "apiVersion": resource.api_version, **whole}}
    if output.included == "None":
        return {"cells": cells, "object": None}
    said = {"kind": "PartialObjectMetadata", "apiVersion": f"meta.k8s.io/{output.version}"}
    return {"cells": cells, "object": {**said, **partial}}
