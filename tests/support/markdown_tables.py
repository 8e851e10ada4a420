"""The tables in a Markdown page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_RULE = re.compile(r"\|(?:\s*:?-+:?\s*\|)+")
_BETWEEN_CELLS = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Row:
    """The cells of a row; `line` is its line in the page."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table with its rows, without the rows of the head."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def tables(text: str) -> list[Table]:
    """Return the tables of a page in their order. In a cell, a vertical bar is written `\\|`."""
    found: list[Table] = []
    for block in _blocks(text):
        if len(block) > 1 and _RULE.fullmatch(block[1][1]):
            rows = tuple(Row(line, _cells(row)) for line, row in block[2:])
            found.append(Table(_cells(block[0][1]), rows))
    return found


def _blocks(text: str) -> Iterator[list[tuple[int, str]]]:
    """Yield the lines that begin with a vertical bar, grouped where no other line is between them."""
    block: list[tuple[int, str]] = []
    is_code = False
    for number, line in enumerate([*text.splitlines(), ""], 1):
        is_code ^= line.lstrip().startswith("```")
        if line.startswith("|") and not is_code:
            block.append((number, line.strip()))
        elif block:
            yield block
            block = []


def _cells(row: str) -> tuple[str, ...]:
    return tuple(cell.strip().replace(r"\|", "|") for cell in _BETWEEN_CELLS.split(row.removesuffix("|"))[1:])
