"""The structure of the types of `kubeloop.models` that custom resources embed, read from the text of the modules.

Only types that are part of an object are read: a Kind is never a part of another class's schema under its own name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kubeloop.codegen.schema import SchemaError, Type

__all__ = ["CoreField", "CoreType", "core_types"]

MODULES = ("core_v1", "meta_v1")
"""The modules whose types are read."""

_ZEROS = frozenset({"STR", "INT", "FLOAT", "BOOL", "BYTES"})
_SCALARS: Mapping[str, str] = {
    "str": "string",
    "int": "int",
    "float": "float",
    "bool": "bool",
    "Any": "any",
    "Bytes": "bytes",
    "NullBytes": "bytes",
    "Time": "time",
    "MicroTime": "microtime",
    "Duration": "duration",
    "Quantity": "quantity",
    "IntOrString": "int_or_string",
}
_COLLECTIONS = {"Seq": "list", "NullSeq": "list", "Lazy": "list", "Map": "map", "NullMap": "map"}


@dataclass(frozen=True, slots=True)
class CoreField:
    """A field of such a type.

    Attributes:
        type: Its type, without the pointer around it.
        always: Whether it is written as zero if nobody set it. A null is written too, but servers drop it.
        drops_zero: Whether a zero is not written: not so for pointers, which tell zero from absent, and for containers.
    """

    type: Type
    always: bool
    drops_zero: bool


@dataclass(frozen=True, slots=True)
class CoreType:
    """A type of `kubeloop.models`: its name as module.Name, and its fields by the names of the API."""

    name: str
    fields: Mapping[str, CoreField]


@cache
def core_types() -> Mapping[str, CoreType]:
    """Return the types by module.Name.

    Raises:
        SchemaError: The text of a module is not what the generator writes.
    """
    folder = Path(__file__).resolve().parent.parent / "models"
    return {one.name: one for module in MODULES for one in _types(module, folder / f"{module}.py")}


def _types(module: str, path: Path) -> Iterator[CoreType]:
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.ClassDef) and [ast.unparse(base) for base in statement.bases] == ["Model"]:
            renamed: dict[str, str] = {}
            for keyword in statement.keywords:
                if keyword.arg == "rename":
                    renamed = ast.literal_eval(keyword.value)
            fields = dict(_field(module, renamed, one) for one in statement.body if isinstance(one, ast.AnnAssign))
            yield CoreType(f"{module}.{statement.name}", fields)


def _field(module: str, renamed: Mapping[str, str], statement: ast.AnnAssign) -> tuple[str, CoreField]:
    name, annotation, default = ast.unparse(statement.target), statement.annotation, statement.value
    kind = _type(module, annotation)
    always = isinstance(default, ast.Name) and default.id in _ZEROS
    zero = isinstance(default, ast.Constant) and default.value is not None
    return renamed.get(name, name), CoreField(kind, always, zero)


def _type(module: str, annotation: ast.expr) -> Type:
    """Return the type of an annotation; `None` beside a type is passed over."""
    match annotation:
        case ast.BinOp(left=left, op=ast.BitOr()):  # T | None, float | int
            return _type(module, left)
        case ast.Subscript(value=ast.Name(id=name), slice=item) if name in _COLLECTIONS:
            return Type(_COLLECTIONS[name], of=_type(module, item))
        case ast.Attribute():
            return Type("ref", name=ast.unparse(annotation))
        case ast.Name(id=name):
            return Type(_SCALARS[name]) if name in _SCALARS else Type("ref", name=f"{module}.{name}")
        case _:
            raise SchemaError(f"{module}: an annotation of another form: {ast.unparse(annotation)}")
