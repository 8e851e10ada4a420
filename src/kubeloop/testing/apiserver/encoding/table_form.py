"""Tables with the name and the age of each object; the other columns of a kind are not implemented.

Reference: apiserver pkg/registry/rest/table.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from kubeloop.meta.times import human_duration, parse_time
from kubeloop.testing.apiserver.encoding.written_part import json_part, metadata_part
from kubeloop.testing.apiserver.facts.served_resource import Column
from kubeloop.wire.serializers.json_serializer import JSON

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.encoding.output import Output
    from kubeloop.testing.apiserver.facts.served_resource import ServedResource
    from kubeloop.testing.apiserver.storage.stored import Stored

__all__ = ["table"]

_NAME = Column("Name", "string", "name", "The name of the object.", 0)
_CREATED = Column("Created At", "date", "", "The time of creation.", 0)


def _columns(resource: ServedResource) -> list[Column]:
    """Return the columns of the name and of the age or the time of creation."""
    return [column for column in resource.columns if column.name in ("Name", "Age", _CREATED.name)] or [_NAME, _CREATED]


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
    columns = _columns(resource)
    rows = [_row(each, resource, columns, output) for each in items]
    is_default = columns[-1].name == _CREATED.name  # which has no list of rows if there are no objects
    return {
        "kind": "Table",
        "apiVersion": f"meta.k8s.io/{output.version}",
        "metadata": metadata,
        "columnDefinitions": [_definition(column) for column in columns] if output.has_columns else None,
        "rows": None if is_default and not rows else rows,
    }


def _definition(column: Column) -> dict[str, Any]:
    names = ("name", "type", "format", "description", "priority")
    return {name: getattr(column, name) for name in names}


def _row(stored: Stored, resource: ServedResource, columns: list[Column], output: Output) -> dict[str, Any]:
    partial = JSON.plain_data(metadata_part(stored))
    created = partial["metadata"].get("creationTimestamp")
    values = {"Name": stored.key.name, "Created At": created, "Age": _age(created, output.now)}
    cells = [values[column.name] for column in columns]
    if output.included == "Object":
        whole = JSON.plain_data(json_part(stored, resource))
        return {"cells": cells, "object": {"kind": resource.kind, "apiVersion": resource.api_version, **whole}}
    if output.included == "None":
        return {"cells": cells, "object": None}
    said = {"kind": "PartialObjectMetadata", "apiVersion": f"meta.k8s.io/{output.version}"}
    return {"cells": cells, "object": {**said, **partial}}


def _age(created: str | None, now: float) -> str:
    return human_duration(now - parse_time(created).timestamp()) if created else "<unknown>"
