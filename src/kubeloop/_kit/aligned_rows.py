"""Tables in which each column is as wide as its longest cell, for people to read."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["aligned_rows"]

_MIN_WIDTH = 6
_PADDING = 3


def aligned_rows(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a line per row: columns as wide as their longest cell and three spaces, the last one as it is.

    Args:
        rows: The rows, with as many cells each.

    Reference: the tables of kubectl whose columns do not change from page to page. `clients.tables.tab_writer` aligns
        those that do.
    """
    widths = [max(_MIN_WIDTH, max(map(len, column)) + _PADDING) for column in zip(*rows, strict=True)][:-1]
    return ["".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]) for row in rows]
