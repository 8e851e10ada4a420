"""Draw the packages and the imports between them, as the diagram in docs/design/architecture.md.

`python -m tools.house` writes the diagram into the page; with `--check` it only compares. An arrow means that a package
imports another one at run time. An arrow that follows from two others is left out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

import grimp

PACKAGE = "kubeloop"
PAGE = Path(__file__).resolve().parent.parent / "docs/design/architecture.md"
BEGIN = "<!-- The diagram is written by `make drawing`, from the imports. -->"
END = "<!-- End of the diagram. -->"
BESIDE = frozenset({"codegen", "cli", "testing"})
"""The packages that no other package imports and that users start by themselves."""


def read_imports() -> dict[str, set[str]]:
    """Return for each package at the top level the packages that it imports at run time."""
    graph = grimp.build_graph(PACKAGE, exclude_type_checking_imports=True, cache_dir=None)
    rooms: dict[str, set[str]] = {}
    for importer in graph.modules:
        source = _room(importer)
        if not source:
            continue
        found = rooms.setdefault(source, set())
        found.update(room for each in graph.find_modules_directly_imported_by(importer) if (room := _room(each)))
        found.discard(source)
    return rooms


def _room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def without_shortcuts(imports: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Return the imports without those that follow from others (the transitive reduction of a graph without circles).

    Raises: ValueError if the imports form a circle.
    """
    reach: dict[str, set[str]] = {}

    def reachable(room: str, path: tuple[str, ...] = ()) -> set[str]:
        if room in path:
            raise ValueError(f"expected imports without a circle, got {' -> '.join([*path, room])}")
        if room not in reach:
            below = imports.get(room, set())
            reach[room] = below.union(*(reachable(each, (*path, room)) for each in below))
        return reach[room]

    return {
        room: {each for each in below if not any(each in reachable(other) for other in below - {each})}
        for room, below in imports.items()
        if reachable(room) is not None
    }


def draw(imports: Mapping[str, set[str]]) -> str:
    """Return the diagram in Mermaid's language: one line per package and one per arrow, in a stable order."""
    lines = ["```mermaid", "flowchart TD"]
    lines.extend(f"    {room}([{room}])" if room in BESIDE else f"    {room}[{room}]" for room in sorted(imports))
    for room, below in sorted(without_shortcuts(imports).items()):
        lines.extend(f"    {room} --> {each}" for each in sorted(below))
    return "\n".join([*lines, "```"])


def insert(page: str, diagram: str) -> str:
    """Return the page with the diagram between its two marks.

    Raises: ValueError if the page has no such marks.
    """
    before, found, rest = page.partition(BEGIN)
    _, ends, after = rest.partition(END)
    if not (found and ends):
        raise ValueError(f"expected the marks {BEGIN!r} and {END!r} in the page")
    return f"{before}{BEGIN}\n\n{diagram}\n\n{END}{after}"


def main(arguments: list[str] | None = None) -> int:
    """Write the diagram, or compare it; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.house", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare; the exit status is 1 if they differ")
    options = parser.parse_args(arguments)
    old = PAGE.read_text(encoding="utf-8")
    new = insert(old, draw(read_imports()))
    if old == new:
        return 0
    if options.check:
        print("the diagram in docs/design/architecture.md is not current: run `make drawing`", file=sys.stderr)
        return 1
    PAGE.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
