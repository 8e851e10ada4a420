"""The public names of `kubeloop.cache`, which include all types in the signatures of its public names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import kubeloop
from kubeloop import cache

FOLDER = Path(cache.__file__).parent
STATEMENTS = [
    statement for path in sorted(FOLDER.glob("*.py")) for statement in ast.parse(path.read_text(encoding="utf-8")).body
]
RETURNED = {"HandlerRegistration", "InformerEvents", "NamespaceLister"}
"""Classes that only other classes create: their constructors are not part of the API."""


def defined() -> set[str]:
    """Return the names of the classes, functions and types that the package defines, without type variables."""
    names: set[str] = set()
    for statement in STATEMENTS:
        if isinstance(statement, (ast.ClassDef, ast.FunctionDef)):
            names.add(statement.name)
        elif isinstance(statement, ast.Assign) and "TypeVar" not in ast.dump(statement.value):
            names |= {target.id for target in statement.targets if isinstance(target, ast.Name)}
    return names


def annotations_of(statement: ast.stmt) -> Iterator[ast.expr]:
    """Yield the annotations of the public parts of a class, or of a function."""
    if isinstance(statement, ast.ClassDef):
        for part in statement.body:
            name = getattr(part, "name", "")
            if (name == "__init__" and statement.name not in RETURNED) or not name.startswith("_"):
                yield from annotations_of(part)
    elif isinstance(statement, ast.AnnAssign):
        yield statement.annotation
    elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
        arguments = statement.args
        given = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg)
        yield from (each.annotation for each in given if each is not None and each.annotation is not None)
        if statement.returns is not None:
            yield statement.returns


@pytest.mark.parametrize("name", cache.__all__)
def test_every_name_can_be_imported_from_the_package(name: str) -> None:
    assert getattr(cache, name) is not None
    assert name in dir(cache)


def test_every_type_of_a_public_signature_can_be_imported_from_the_package() -> None:
    missing: dict[str, set[str]] = {}
    for statement in STATEMENTS:
        name = getattr(statement, "name", "")
        if name in cache.__all__:
            nodes = [node for annotation in annotations_of(statement) for node in ast.walk(annotation)]
            used = {node.id for node in nodes if isinstance(node, ast.Name)}
            if hidden := (used & defined()) - set(cache.__all__):
                missing[name] = hidden
    assert missing == {}


def test_machinery_is_offered_by_the_package_and_not_at_the_top() -> None:
    machinery = {"DeltaFIFO", "Delta", "Reflector", "DeletedFinalStateUnknown", "ListWatch", "rest_list_watch"}
    assert machinery <= set(cache.__all__)
    assert not machinery & set(kubeloop.__all__)
