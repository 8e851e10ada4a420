"""TabWriter: aligns cells that end with tabs, as the writer does through which kubectl prints tables.

Reference: github.com/liggitt/tabwriter with the settings of cli-runtime pkg/printers/tabwriter.go: a minimal width of
6, a padding of 3, and remembered widths.
"""

from __future__ import annotations

__all__ = ["TabWriter"]

_MIN_WIDTH = 6
_PADDING = 3


class TabWriter:
    """Lines of cells. A column is a block of consecutive lines that have a cell in it, and as wide as its widest cell.

    The last cell of a line belongs to no column. Widths are remembered: later blocks of a column are not narrower.
    """

    __slots__ = ("_lines", "_remembered", "_text", "_widths")

    def __init__(self) -> None:
        self._lines: list[list[str]] = []
        self._text: list[str] = []
        self._remembered: list[int] = []
        self._widths: list[int] = []

    def write(self, line: str) -> None:
        """Add a line without its line break; its cells are separated by tabs."""
        cells = line.replace("\v", "\t").split("\t")
        self._lines.append(cells)
        if len(cells) == 1:
            # It ends all columns.
            self.flush()

    def flush(self) -> None:
        """Align the lines that were added since the last call."""
        lines, self._lines = self._lines, []
        self._format(lines, 0, len(lines))

    def text(self) -> str:
        """Return the aligned lines, each with its line break."""
        self.flush()
        return "".join(self._text)

    def _format(self, lines: list[list[str]], first: int, end: int) -> None:
        column = len(self._widths)
        this = first
        while this < end:
            if column >= len(lines[this]) - 1:
                this += 1
                continue
            self._write_lines(lines, first, this)
            first = this
            while this < end and column < len(lines[this]) - 1:
                this += 1
            width = max(_MIN_WIDTH, *(len(line[column]) + _PADDING for line in lines[first:this]))
            self._widths.append(self._remember(column, width))
            self._format(lines, first, this)
            self._widths.pop()
            first = this
            # The line after a block has no cell in this column, so that it needs no second look.
            this += 1
        self._write_lines(lines, first, end)

    def _remember(self, column: int, width: int) -> int:
        remembered = self._remembered
        if len(remembered) < column:
            remembered.extend(self._widths[len(remembered) :])
        if len(remembered) == column:
            remembered.append(width)
        remembered[column] = max(remembered[column], width)
        return remembered[column]

    def _write_lines(self, lines: list[list[str]], first: int, end: int) -> None:
        widths = self._widths
        for cells in lines[first:end]:
            padded = [cell.ljust(widths[number]) if number < len(widths) else cell for number, cell in enumerate(cells)]
            self._text.append("".join(padded) + "\n")

    def __repr__(self) -> str:
        return f"<TabWriter: {len(self._text)} lines, and {len(self._lines)} that are not aligned yet>"
