"""Breaking long lines of generated code inside their first brackets, with one part per line."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["WIDTH", "fold"]

WIDTH = 120
_CLOSING = {"(": ")", "[": "]", "{": "}"}


def fold(line: str) -> list[str]:
    """Return a line of code as shorter lines, as far as its brackets allow; quoted text is never broken."""
    opening = next((index for index, letter in enumerate(line) if letter in _CLOSING), -1)
    if len(line) <= WIDTH or opening < 0 or '"""' in line:
        return [line]
    closing = line.rfind(_CLOSING[line[opening]])
    indent = " " * (len(line) - len(line.lstrip()))
    parts = list(_parts(line[opening + 1 : closing]))
    # A comma after the only part of a subscript would make it a tuple.
    ends = ["," if line[opening] == "(" or number < len(parts) else "" for number in range(1, len(parts) + 1)]
    folded = [one for part, end in zip(parts, ends, strict=True) for one in fold(f"{indent}    {part}{end}")]
    return [line[: opening + 1], *folded, indent + line[closing:]]


def _parts(text: str) -> Iterator[str]:
    """Split at the commas that are in no brackets and no quotes."""
    depth, start, quoted = 0, 0, False
    for index, letter in enumerate(text):
        if letter == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        elif letter == "," and depth == 0:
            yield text[start:index].strip()
            start = index + 1
    if last := text[start:].strip():
        yield last
