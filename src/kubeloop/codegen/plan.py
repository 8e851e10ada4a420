"""The plan of a module for both model emitters: its classes in order, their attributes, its imports.

A struct that contains another one by value comes after it, because its default is an instance, and a list kind comes
after the kind of its items. Otherwise the order is alphabetical.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kubeloop.codegen.python_names import KIND_RESERVED, MODEL_RESERVED, attribute
from kubeloop.codegen.schema import Kind, Module, Resource, SchemaError, SchemaField, Struct, identifier, references

__all__ = ["Attribute", "ClassPlan", "imports", "local", "plan"]

_TYPE_META = frozenset({"kind", "apiVersion"})


@dataclass(frozen=True, slots=True)
class Attribute:
    """A field with its attribute name."""

    name: str
    field: SchemaField

    def __post_init__(self) -> None:
        identifier(self.name, "attribute")


@dataclass(frozen=True, slots=True)
class ClassPlan:
    """A class to emit; `kind` and `resource` are None for plain objects and payload kinds."""

    name: str
    struct: Struct
    attributes: Sequence[Attribute]
    kind: Kind | None
    resource: Resource | None

    @property
    def renamed(self) -> dict[str, str]:
        """The names in JSON of the attributes whose names differ."""
        return {one.name: one.field.wire for one in self.attributes if one.name != one.field.wire}


def plan(module: Module) -> list[ClassPlan]:
    """Return the classes of a module, each after those that it contains by value."""
    kinds = {kind.struct: kind for kind in module.kinds.values()}
    resources = {resource.kind: resource for resource in module.resources}
    # What annotations name: an attribute of that name would hide it from those that stand below in its class.
    named = frozenset([module.name, *imports(module), *module.structs, *module.enums, *module.aliases])
    return [_class(module.structs[name], kinds.get(name), resources, named) for name in _order(module)]


def _class(struct: Struct, kind: Kind | None, resources: dict[str, Resource], named: frozenset[str]) -> ClassPlan:
    reserved = named | (MODEL_RESERVED if kind is None else KIND_RESERVED)
    attributes: list[Attribute] = []
    taken: set[str] = set()
    for field in struct.fields:
        if kind is not None and field.wire in _TYPE_META:
            continue
        name = attribute(field.wire, reserved)
        while name in taken or name in reserved:  # fields that differ only by case: custom types may have them
            name += "_"
        taken.add(name)
        attributes.append(Attribute(name, field))
    return ClassPlan(struct.name, struct, attributes, kind, resources.get(kind.kind) if kind else None)


def _order(module: Module) -> Iterator[str]:
    listed = {kind.struct: [kind.items] for kind in module.kinds.values() if kind.items}
    done: set[str] = set()
    pending: list[str] = []

    def visit(name: str) -> Iterator[str]:
        if name in done:
            return
        if name in pending:
            raise SchemaError(f"{module.name}: {' in '.join([*pending, name])}: an object cannot hold itself by value")
        pending.append(name)
        by_value = [field.type.name for field in module.structs[name].fields if field.type.kind == "ref"]
        for needed in [*listed.get(name, ()), *by_value]:
            owner, _, held = needed.partition(".")
            if owner == module.name:
                yield from visit(held)
        pending.pop()
        done.add(name)
        yield name

    for name in sorted(module.structs):
        yield from visit(name)


def imports(module: Module) -> list[str]:
    """Return the other modules whose types the fields of a module use."""
    found = {
        name.partition(".")[0]
        for struct in module.structs.values()
        for field in struct.fields
        for name in [*references(field.type), field.enum]
    }
    found |= {name.partition(".")[0] for name in module.aliases.values()}
    return sorted(found - {module.name, ""})


def local(name: str, module: Module) -> str:
    """Return the name of a type inside a module."""
    owner, _, short = name.partition(".")
    return short if owner == module.name else name
