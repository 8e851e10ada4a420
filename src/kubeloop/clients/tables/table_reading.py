"""Read tables from responses. Pure functions.

A server that has no Table for a resource, as behind the aggregation layer, sends the objects; kubectl then shows their
names and ages, and so do these functions.

Reference: kubectl pkg/cmd/get/table_printer.go; cli-runtime pkg/printers/tableprinter.go, printObjectMeta.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kubeloop._kit.value import Value
from kubeloop.clients.tables.printed_table import Table, TableColumn, TableRow
from kubeloop.errors import DecodeError
from kubeloop.meta.times import human_duration
from kubeloop.models import meta_v1
from kubeloop.objects.type_guards import is_list, is_mapping
from kubeloop.unstructured import Unstructured, UnstructuredList

if TYPE_CHECKING:
    from kubeloop.clients.resource_info import ResourceInfo

__all__ = ["FORMS", "TablePage", "joined", "kind_text", "read_page"]

FORMS = ("as=Table;v=v1;g=meta.k8s.io", "as=Table;v=v1beta1;g=meta.k8s.io")
"""What kubectl asks for in the `Accept` header."""

_TABLES = ("meta.k8s.io/v1", "meta.k8s.io/v1beta1")
_OF_METADATA = (TableColumn("Name", format="name"), TableColumn("Age"))


class TablePage(Value, frozen=True):
    """A page of a table.

    Attributes:
        columns: The columns.
        rows: The rows.
        continue_: The token of the next page; `""` on the last one.
        resource_version: The resource version of the list.
    """

    columns: tuple[TableColumn, ...]
    rows: tuple[TableRow, ...]
    continue_: str = ""
    resource_version: str = ""


def read_page(found: object, now: datetime) -> TablePage:
    """Return the page that a response contains.

    Args:
        found: The response as `Result.read()` returns it.
        now: The wall-clock time, for the ages of objects that come without a table.

    Raises:
        DecodeError: The response is neither a table nor an object nor a list of objects.
    """
    if isinstance(found, UnstructuredList):
        metadata = found.metadata
        rows = tuple(_row_of(item, now) for item in found.items)
        return TablePage(_OF_METADATA, rows, metadata.continue_, metadata.resource_version)
    if not isinstance(found, Unstructured):
        raise DecodeError(f"expected a Table, got {type(found).__name__}")
    if found.kind == "Table" and found.api_version in _TABLES:
        return _read_table(found)
    if not found.metadata.name:
        raise DecodeError(f"expected a Table, got {found.api_version} {found.kind}")
    return TablePage(_OF_METADATA, (_row_of(found, now),))


def joined(pages: Sequence[TablePage], *, kind: str, with_namespace: bool | None) -> Table:
    """Return the table of all pages.

    Args:
        pages: At least one page.
        kind: See `Table`.
        with_namespace: See `Table`; None means that it is so if an object has a namespace.

    Raises:
        DecodeError: The pages have different columns.
    """
    columns: tuple[TableColumn, ...] = ()
    for page in pages:
        columns = columns or page.columns
        if page.columns and page.columns != columns:
            raise DecodeError(
                f"expected a page with the columns {_names(columns)} like the first, got {_names(page.columns)}: "
                "read the table again"
            )
    rows = [row for page in pages for row in page.rows]
    if with_namespace is None:
        with_namespace = any(row.object is not None and row.object.metadata.namespace for row in rows)
    version = pages[0].resource_version
    sizes = [len(page.rows) for page in pages]
    return Table(columns, rows, kind=kind, with_namespace=with_namespace, resource_version=version, page_sizes=sizes)


def kind_text(info: ResourceInfo) -> str:
    """Return the kind and group of a resource as kubectl writes them before names: `pod`, `deployment.apps`."""
    name = (info.kind or info.plural).lower()
    return f"{name}.{info.group_version.group}" if info.group_version.group else name


def _read_table(data: Unstructured) -> TablePage:
    columns = tuple(map(_column, _items(data, "columnDefinitions")))
    rows = tuple(map(_row, _items(data, "rows")))
    metadata: Any = data.get("metadata")
    listed: Mapping[str, Any] = metadata if is_mapping(metadata) else {}
    return TablePage(columns, rows, _text(listed, "continue"), _text(listed, "resourceVersion"))


def _column(data: Any) -> TableColumn:
    fields: Mapping[str, Any] = data if is_mapping(data) else {}
    priority = fields.get("priority")
    return TableColumn(
        _text(fields, "name"),
        _text(fields, "type"),
        _text(fields, "format"),
        _text(fields, "description"),
        priority if isinstance(priority, int) else 0,
    )


def _row(data: Any) -> TableRow:
    fields: Mapping[str, Any] = data if is_mapping(data) else {}
    obj = fields.get("object")
    return TableRow(tuple(_items(fields, "cells")), _metadata_of(obj) if is_mapping(obj) else None)


def _row_of(obj: Unstructured, now: datetime) -> TableRow:
    created = obj.metadata.creation_timestamp
    age = "<unknown>" if created is None else human_duration(now - created)
    return TableRow((obj.metadata.name, age), _metadata_of(obj))


def _metadata_of(data: Mapping[str, Any] | Unstructured) -> meta_v1.PartialObjectMetadata:
    metadata = Unstructured.owning({"metadata": data.get("metadata")}).metadata  # read as that of a response
    return meta_v1.PartialObjectMetadata(metadata=metadata)


def _items(data: Mapping[str, Any] | Unstructured, name: str) -> list[Any]:
    value = data.get(name)
    if value is None:
        return []
    if not is_list(value):
        raise DecodeError(f"expected a list as {name} of a Table, got {type(value).__name__}")
    return value


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""


def _names(columns: Sequence[TableColumn]) -> str:
    return ", ".join(column.name for column in columns)
