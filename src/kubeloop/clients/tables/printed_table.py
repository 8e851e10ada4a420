"""Table: the rows of objects with the columns that the server computes, as values for programs and as kubectl's text.

Reference: meta.k8s.io/v1 Table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

from kubeloop._kit.value import Value
from kubeloop.clients.tables.table_text import table_text
from kubeloop.models import meta_v1

__all__ = ["Table", "TableColumn", "TableRow"]


class TableColumn(Value, frozen=True):
    """A column of a table.

    Attributes:
        name: The name, in the case of the server: `Ready`.
        type: The type of the values: `string`, `integer`, `number`, `boolean` or `date`.
        format: `name` for the column with the names of the objects, otherwise mostly `""`.
        description: The description of the values.
        priority: 0 for a column that is always shown; other columns are shown with `wide=True`.
    """

    name: str
    type: str = "string"
    format: str = ""
    description: str = ""
    priority: int = 0


class TableRow(Value, frozen=True):
    """A row of a table: one object.

    Attributes:
        cells: A value per column: text, numbers, booleans or None.
        object: The metadata of the object; None if the server sent none.
    """

    cells: tuple[Any, ...]
    object: meta_v1.PartialObjectMetadata | None = None

    unshown = frozenset({"object"})


class Table(Sequence[TableRow]):
    """The rows of objects of one kind. `print(table)` shows what `kubectl get` prints.

        table = await clientset.core_v1.pods("default").as_table()
        print(table)
        print(table.text(wide=True, label_columns=["app"]))
        restarts = sum(value for value in table.values("Restarts") if isinstance(value, int))

    It is immutable.

    Attributes:
        columns: The columns.
        rows: The rows, in the order of the server.
        kind: The kind and group as kubectl writes them before names: `deployment.apps`.
        with_namespace: Whether the rows may be of several namespaces, so that the text has a column for them.
        resource_version: The resource version of the list; `""` for a table of single objects.
    """

    __slots__ = ("_page_sizes", "columns", "kind", "resource_version", "rows", "with_namespace")

    def __init__(
        self,
        columns: Sequence[TableColumn],
        rows: Sequence[TableRow],
        *,
        kind: str = "",
        with_namespace: bool = False,
        resource_version: str = "",
        page_sizes: Sequence[int] | None = None,
    ) -> None:
        self.columns = tuple(columns)
        self.rows = tuple(rows)
        self.kind = kind
        self.with_namespace = with_namespace
        self.resource_version = resource_version
        # kubectl aligns each page when it has arrived.
        self._page_sizes = (len(self.rows),) if page_sizes is None else tuple(page_sizes)

    def values(self, column: str) -> list[Any]:
        """Return the values of a column, one per row; None where a row has none.

        Args:
            column: The name of the column, in any case.

        Raises:
            KeyError: There is no such column.
        """
        for number, each in enumerate(self.columns):
            if each.name.lower() == column.lower():
                return [row.cells[number] if number < len(row.cells) else None for row in self.rows]
        raise KeyError(f"expected one of {', '.join(each.name for each in self.columns)} as the column, got {column}")

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return a mapping per row, with the names of the columns as keys."""
        names = [each.name for each in self.columns]
        return [dict(zip(names, row.cells, strict=False)) for row in self.rows]

    def text(
        self,
        *,
        wide: bool = False,
        no_headers: bool = False,
        label_columns: Sequence[str] = (),
        show_labels: bool = False,
        show_kind: bool = False,
        with_namespace: bool | None = None,
    ) -> str:
        """Return what `kubectl get` prints, without the last line break; `""` if there are no rows.

        Args:
            wide: Whether to show the columns of lower priority (`-o wide`).
            no_headers: Whether to leave out the line with the names of the columns (`--no-headers`).
            label_columns: The keys of labels that are shown as columns (`-L`).
            show_labels: Whether to show all labels in the last column (`--show-labels`).
            show_kind: Whether to show the kind before the name (`--show-kind`).
            with_namespace: Whether to show the namespace in the first column; None shows it for a table of all
                namespaces.
        """
        return table_text(
            self.columns,
            self._pages(),
            wide=wide,
            no_headers=no_headers,
            label_columns=label_columns,
            show_labels=show_labels,
            kind=self.kind if show_kind else "",
            with_namespace=self.with_namespace if with_namespace is None else with_namespace,
        ).removesuffix("\n")

    def _pages(self) -> Iterator[Sequence[TableRow]]:
        start = 0
        for size in self._page_sizes:
            yield self.rows[start : start + size]
            start += size

    @overload
    def __getitem__(self, index: int) -> TableRow: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[TableRow, ...]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[TableRow]:
        return iter(self.rows)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Table):
            return NotImplemented
        return (self.columns, self.rows, self.kind) == (other.columns, other.rows, other.kind)

    def __hash__(self) -> int:
        return hash((self.columns, self.kind, len(self.rows)))

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return (
            f"<Table of {self.kind or 'objects'}: {len(self)} rows of {', '.join(each.name for each in self.columns)}>"
        )
