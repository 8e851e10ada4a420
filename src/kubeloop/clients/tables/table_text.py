"""The text of a table, byte for byte as kubectl prints it. Pure functions.

Reference: cli-runtime pkg/printers/tableprinter.go and terminal.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kubeloop.clients.tables.tab_writer import TabWriter
from kubeloop.jsonpath.printed_value import printed
from kubeloop.objects.type_guards import is_items, is_mapping

if TYPE_CHECKING:
    from kubeloop.clients.tables.printed_table import TableColumn, TableRow

__all__ = ["cell_text", "table_text"]

_LINES_AT_ONCE = 100
"""The number of rows after which kubectl aligns what it has."""

_BREAK = re.compile("[\f\n\r]")
# Control characters but for the tab and the vertical tab, which separate cells; and what turns the direction of text.
_CONTROLS = re.compile("[\0-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def table_text(
    columns: Sequence[TableColumn],
    pages: Iterable[Sequence[TableRow]],
    *,
    wide: bool,
    no_headers: bool,
    label_columns: Sequence[str],
    show_labels: bool,
    kind: str,
    with_namespace: bool,
) -> str:
    """Return the lines of a table.

    Args:
        columns: The columns of the server.
        pages: The rows, in the pages in which they arrived.
        wide: Whether columns of lower priority are shown.
        no_headers: Whether the line with the names of the columns is left out.
        label_columns: The keys of labels that have columns.
        show_labels: Whether all labels are in the last column.
        kind: What is written before names; `""` for nothing.
        with_namespace: Whether the first column is the namespace.
    """
    named = _name_column(columns) if kind else None
    labels = [key.rpartition("/")[2] for key in label_columns] + ["Labels"] * show_labels
    names = ["Namespace"] * with_namespace + [column.name for column in columns] + labels
    priorities = [0] * with_namespace + [column.priority for column in columns] + [0] * len(labels)
    shown = [number for number, priority in enumerate(priorities) if wide or priority == 0]
    head = [cell_text(_upper(names[number])) for number in shown]
    writer = TabWriter()
    has_headers = no_headers
    for page in pages:
        rows: list[list[str]] = []
        for row in page:
            cells = [_raw(cell) for cell in row.cells]
            if named is not None and named < len(cells):
                cells[named] = f"{kind}/{cells[named]}"
            if row.object is None:
                cells = [""] * with_namespace + cells
                if with_namespace or labels or named is not None:
                    # Half of the missing cells, as kubectl does; they are empty in any case.
                    cells += [""] * ((len(names) - len(cells) + 1) // 2)
            else:
                metadata = row.object.metadata
                cells = [metadata.namespace] * with_namespace + cells
                cells += _label_cells(metadata.labels, label_columns, show_labels)
            rows.append([cells[number] for number in shown if number < len(cells)])
        if rows:
            _write_page(writer, rows, head, has_headers=has_headers)
            has_headers = True
    return writer.text()


def cell_text(text: str) -> str:
    """Return the text of a cell without line breaks and without what controls terminals."""
    found = _BREAK.search(text)
    if found is not None:
        text = text[: found.start()] + "..."
    return _CONTROLS.sub(_caret, text)


def _caret(found: re.Match[str]) -> str:
    """Return a control character as kubectl writes the escape character, `^[`; those beyond ASCII as escapes."""
    code = ord(found[0])
    return f"^{chr(code ^ 0x40)}" if code < 0x80 else found[0].encode("unicode_escape").decode("ascii")


def _write_page(writer: TabWriter, rows: list[list[str]], head: list[str], *, has_headers: bool) -> None:
    # Every line that is aligned together with later ones must know their widths. kubectl pads the first line of a page
    # to the widest cell, and counts bytes there.
    widths = [max((_size(row[number]) for row in rows if number < len(row)), default=0) for number in range(len(head))]
    if not has_headers:
        writer.write("\t".join(_padded(head, head, widths)))
    for number, row in enumerate(rows):
        cells = [cell_text(cell) for cell in row]
        if has_headers and number == 0:
            cells = _padded(cells, row, widths)
        writer.write("\t".join(cells))
        if not (number + 1) % _LINES_AT_ONCE:
            writer.flush()


def _padded(cells: Sequence[str], raw: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Return cells with spaces up to the widths, except for the last one."""
    last = len(widths) - 1
    return [
        cell if number >= last else cell + " " * (widths[number] - _size(raw[number]))
        for number, cell in enumerate(cells)
    ]


def _name_column(columns: Sequence[TableColumn]) -> int | None:
    return next((number for number, each in enumerate(columns) if (each.format, each.type) == ("name", "string")), None)


def _label_cells(labels: Mapping[str, str], keys: Sequence[str], show_labels: bool) -> list[str]:
    cells = [labels.get(key, "") for key in keys]
    if show_labels:
        cells.append(",".join(f"{key}={labels[key]}" for key in sorted(labels)) or "<none>")
    return cells


def _upper(text: str) -> str:
    """Return a text in upper case, letter by letter as Go does: "ß" stays."""
    return text.upper() if text.isascii() else "".join(up if len(up := each.upper()) == 1 else each for each in text)


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _raw(cell: Any) -> str:
    """Return the text of a value as Go's `fmt.Sprint` writes it, but nothing for null."""
    return "" if cell is None else _sprint(cell)


def _sprint(value: Any) -> str:
    if value is None:
        return "<nil>"
    if is_mapping(value):
        return f"map[{' '.join(f'{key}:{_sprint(value[key])}' for key in sorted(value))}]"
    if is_items(value):
        return f"[{' '.join(map(_sprint, value))}]"
    return printed(value)
