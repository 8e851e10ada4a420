"""Every generated module: the code that runs (`.py`) and the code that type checkers read (`.pyi`) agree."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path
from typing import Any

import pytest

import kubeloop.models
from kubeloop.models.kind_index import MODULES
from kubeloop.objects.model import RESERVED, RESERVED_IN_KINDS, Kind, KindList, Model
from kubeloop.objects.reflection import Field, Shape, fields_of

FOLDER = Path(kubeloop.models.__file__).parent


def aliases_of(module: str) -> dict[str, str]:
    """Return what a stub's aliases mean: `str` for enumerations (`Literal[...] | str`), otherwise a class of another
    module.
    """
    found: dict[str, str] = {}
    for node in ast.parse((FOLDER / f"{module}.pyi").read_text()).body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "TypeAlias":
            assert isinstance(node.target, ast.Name)
            assert node.value is not None
            value = ast.unparse(node.value)
            enumeration = value.startswith("Literal[") and value.endswith("] | str")
            found[node.target.id] = "str" if enumeration else value
    return found


ALIASES = {module: aliases_of(module) for module in MODULES}


def plain(annotation: str, module: str) -> str:
    """Return an annotation of a stub without aliases."""

    def resolve(match: re.Match[str]) -> str:
        home, _, name = match[0].rpartition(".")
        return ALIASES.get(home or module, {}).get(name, match[0])

    return re.sub(r"[\w.]+", resolve, annotation)


def stub_classes(module: str) -> dict[str, ast.ClassDef]:
    tree = ast.parse((FOLDER / f"{module}.pyi").read_text())
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


def annotations(node: ast.ClassDef, module: str) -> dict[str, str]:
    found = {}
    for item in node.body:
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            found[item.target.id] = plain(ast.unparse(item.annotation), module)
    return found


def models_of(module: str) -> dict[str, Any]:
    loaded = importlib.import_module(f"kubeloop.models.{module}")
    return {
        name: value
        for name, value in vars(loaded).items()
        if isinstance(value, type) and issubclass(value, Model) and value.__module__ == loaded.__name__
    }


def name_of(cls: Any, module: str) -> str:
    home = cls.__module__.rpartition(".")[2]
    return str(cls.__name__) if home == module else f"{home}.{cls.__name__}"


def static(shape: Shape, module: str) -> str:
    """Return the type that a stub declares for a field of this type at run time."""
    text = _static(shape, module)
    return f"{text} | None" if shape.optional and shape.category != "any" else text


def _static(shape: Shape, module: str) -> str:
    if shape.category == "object":
        return name_of(shape.model, module)
    if shape.category in ("objects", "list", "lazy"):
        assert shape.item is not None
        return f"Sequence[{static(shape.item, module)}]"
    if shape.category in ("map", "object_map"):
        assert shape.item is not None
        return f"Mapping[str, {static(shape.item, module)}]"
    if shape.category == "any":
        return "Any"
    if shape.accepts == (float, int):
        return "float"
    return " | ".join(kind.__name__ for kind in shape.accepts)


def in_reader(field: Field, module: str) -> str:
    """Return the type as the reader sees it: null lists and maps never reach the reader."""
    if field.category in ("objects", "list", "map", "object_map", "lazy") or field.shape.accepts == (bytes,):
        return _static(field.shape, module)
    return static(field.shape, module)


def in_draft(field: Field, module: str) -> str:
    shape = field.shape
    if shape.model is not None:
        name = name_of(shape.model, module)
        kind = {"object": "Nested", "objects": "Objects", "lazy": "Objects", "object_map": "ObjectMap"}[field.category]
        return f"{kind}[{name}, {name}.Draft]"
    if field.category in ("list", "map"):
        return view_of(shape, module)
    return in_reader(field, module)


def view_of(shape: Shape, module: str) -> str:
    """Return the type of a list or map of plain values in a draft; lists in it can be changed, too."""
    assert shape.item is not None
    is_list = shape.category == "list"
    item = static(shape.item, module)
    if shape.item.category in ("list", "map"):
        return f"{'Views' if is_list else 'ViewMap'}[{item}, {view_of(shape.item, module)}]"
    return f"{'Lists' if is_list else 'Dicts'}[{item}]"


@pytest.mark.parametrize("module", MODULES)
def test_stub_and_run_time_agree(module: str) -> None:
    stubs, models = stub_classes(module), models_of(module)
    assert set(stubs) == set(models)
    for name, cls in models.items():
        fields = fields_of(cls)
        seen = annotations(stubs[name], module)
        draft = next(node for node in stubs[name].body if isinstance(node, ast.ClassDef) and node.name == "Draft")
        assert seen == {key: in_reader(field, module) for key, field in fields.items()}, name
        assert annotations(draft, module) == {key: in_draft(field, module) for key, field in fields.items()}, name
        (base,) = map(ast.unparse, stubs[name].bases)
        kind = "KindList[" if issubclass(cls, KindList) else "Kind" if issubclass(cls, Kind) else "Model"
        assert base.startswith(kind), name


@pytest.mark.parametrize("module", MODULES)
def test_names_keep_out_of_each_others_way(module: str) -> None:
    for name, cls in models_of(module).items():
        taken = RESERVED | (RESERVED_IN_KINDS if issubclass(cls, Kind) else frozenset())
        assert not taken & set(fields_of(cls)), name
        wires = [field.wire for field in fields_of(cls).values()]
        assert len(wires) == len(set(wires)), name


@pytest.mark.parametrize("module", MODULES)
def test_the_empty_object_of_every_class_can_be_written_and_read(module: str) -> None:
    for cls in models_of(module).values():
        empty = cls()
        assert cls.from_dict(empty.to_dict()) == empty
        assert repr(empty) == f"{cls.__name__}()"
        assert not empty.draft().finish()


def test_every_kind_with_a_resource_knows_its_list() -> None:
    for module in MODULES:
        for name, cls in models_of(module).items():
            if issubclass(cls, Kind) and cls.resource and f"{name}List" in models_of(module):
                assert cls.list_type is models_of(module)[f"{name}List"]


@pytest.mark.parametrize("module", MODULES)
def test_aliases_are_what_they_stand_for_at_run_time(module: str) -> None:
    loaded = importlib.import_module(f"kubeloop.models.{module}")
    for name, meaning in ALIASES[module].items():
        value = getattr(loaded, name)
        assert (value.__name__ if meaning == "str" else name_of(value, module)) == meaning
