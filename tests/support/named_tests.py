"""Tests that a text names: `tests/folder/file.py::name` or `tests/folder/file.py::Class::name`."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path


def fault_of(name: str, root: Path) -> str | None:
    """Return why a name is not that of a test below the folder `root`; None if there is such a test.

    The file is parsed and not imported. A class derived by Hypothesis, `TestQueue = QueueMachine.TestCase`, is a test.
    """
    file, *names = name.split("::")
    if not file.startswith("tests/") or not file.endswith(".py") or not 1 <= len(names) <= 2:
        return f"expected tests/folder/file.py::name or tests/folder/file.py::Class::name, got {name}"
    if not (root / file).is_file():
        return f"the file does not exist: {name}"
    if "::".join(names) not in _tests_in(root / file):
        return f"the file has no such test: {name}"
    return None


@cache
def _tests_in(path: Path) -> frozenset[str]:
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            found.update(f"{node.name}::{name}" for inner in node.body if (name := _name_of(inner)))
        elif isinstance(node, ast.Assign):
            found.update(
                target.id for target in node.targets if isinstance(target, ast.Name) and target.id.startswith("Test")
            )
        elif name := _name_of(node):
            found.add(name)
    return frozenset(found)


def _name_of(node: ast.stmt) -> str | None:
    is_test = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    return node.name if is_test else None
