"""The stub and the run-time module of every model agree: classes, fields, types, drafts, constants of kinds."""

from __future__ import annotations

import ast
import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import kubeloop.models
from kubeloop.models.kind_index import KINDS, MODULES
from kubeloop.objects.draft import Draft
from kubeloop.objects.model import RESERVED, RESERVED_IN_KINDS, Kind, KindList, Model
from kubeloop.objects.reflection import fields_of

FOLDER = Path(kubeloop.models.__file__).parent
STATIC = {
    "Seq": "Sequence",
    "NullSeq": "Sequence",
    "Lazy": "Sequence",
    "Time": "datetime",
    "MicroTime": "datetime",
    "Quantity": "str",
    "Duration": "str",
    "Bytes": "bytes",
    "NullBytes": "bytes",
    "IntOrString": "int | str",
}


@cache
def _stub(module: str) -> ast.Module:
    return ast.parse((FOLDER / f"{module}.pyi").read_text())


def _classes(module: str) -> dict[str, ast.ClassDef]:
    return {node.name: node for node in _stub(module).body if isinstance(node, ast.ClassDef)}


def _annotations(node: ast.ClassDef) -> dict[str, str]:
    return {
        one.target.id: ast.unparse(one.annotation)
        for one in node.body
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
    }


def _enums() -> set[str]:
    """Return all enum aliases, by module."""
    return {
        f"{module}.{node.target.id}"
        for module in MODULES
        for node in _stub(module).body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        if node.value is not None and ast.unparse(node.value).startswith("Literal[")
    }


ENUMS = _enums()


def _without_enums(text: str, module: str) -> str:
    return re.sub(
        r"[A-Za-z_][\w.]*",
        lambda word: "str" if {word[0], f"{module}.{word[0]}"} & ENUMS else word[0],
        text,
    )


def _static(annotation: str) -> str:
    """Return the type that a run-time annotation has for type checkers."""
    annotation = annotation.replace("float | int", "float")  # to type checkers an int is a float
    words = re.sub(r"(?<![\w.])[A-Za-z]\w*", lambda word: STATIC.get(word[0], word[0]), annotation)
    return re.sub(r"(?<![\w.])(?:Null)?Map\[", "Mapping[str, ", words)


@pytest.mark.parametrize("module", MODULES)
def test_stub_and_run_time_have_the_same_classes_and_fields(module: str) -> None:
    loaded = import_module(f"kubeloop.models.{module}")
    classes = _classes(module)
    models = {
        name for name, value in vars(loaded).items() if isinstance(value, type) and value.__module__ == loaded.__name__
    }
    assert set(classes) == models

    for name, node in classes.items():
        cls: Any = getattr(loaded, name)
        written = {key: _static(hint) for key, hint in _run_time_hints(module)[name].items()}
        stub = {key: _without_enums(hint, module) for key, hint in _annotations(node).items()}
        assert stub == written, name
        assert set(stub) == set(fields_of(cls)), name
        (draft,) = [one for one in node.body if isinstance(one, ast.ClassDef)]
        assert list(_annotations(draft)) == list(stub), name


@cache
def _run_time_hints(module: str) -> dict[str, dict[str, str]]:
    """Return the annotations as the run-time file writes them: the metaclass changes those of its classes."""
    tree = ast.parse((FOLDER / f"{module}.py").read_text())
    return {node.name: _annotations(node) for node in tree.body if isinstance(node, ast.ClassDef)}


@pytest.mark.parametrize("module", MODULES)
def test_every_other_name_of_a_stub_exists_at_run_time(module: str) -> None:
    loaded = import_module(f"kubeloop.models.{module}")
    for node in _stub(module).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            assert hasattr(loaded, node.target.id)


@pytest.mark.parametrize("module", MODULES)
def test_every_model_reads_writes_and_opens_a_draft(module: str) -> None:
    loaded = import_module(f"kubeloop.models.{module}")
    for name in _classes(module):
        cls: Any = getattr(loaded, name)
        assert cls.from_dict({}) == cls()
        assert not cls().draft().finish()


def test_the_index_knows_every_kind_and_nothing_else() -> None:
    for (api_version, kind), module in KINDS.items():
        cls: Any = getattr(import_module(f"kubeloop.models.{module}"), kind)
        assert (cls.api_version, cls.kind) == (api_version, kind)
    for module in MODULES:
        loaded = import_module(f"kubeloop.models.{module}")
        for name in _classes(module):
            cls = getattr(loaded, name)
            if issubclass(cls, Kind):
                assert (cls.api_version, cls.kind) in KINDS


def test_list_kinds_and_their_items_know_each_other() -> None:
    for (_, kind), module in KINDS.items():
        cls: Any = getattr(import_module(f"kubeloop.models.{module}"), kind)
        if issubclass(cls, KindList):
            item = fields_of(cls)["items"].shape.item.model
            assert item.list_type is cls


@pytest.mark.parametrize("base", [Model, Kind, KindList, Draft])
def test_what_models_call_their_own_is_reserved(base: type) -> None:
    """A field of such a name would hide the attribute: each public name is in the tables that the emitter uses."""
    names = {name for name in dir(base) if not name.startswith("_")} - {"items", "metadata", "unreadable"}
    assert names <= RESERVED | RESERVED_IN_KINDS
