"""The classes of a module in the order of their definition, their attributes, and the module's imports.

A class whose default contains an instance of another class comes after that class, and a list kind comes after the
kind of its items. Otherwise classes are in alphabetical order, so that the generated text is stable.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kubeloop.codegen.python_names import KIND_RESERVED, MODEL_RESERVED, attribute
from kubeloop.codegen.schema import Kind, Module, Resource, SchemaError, SchemaField, Struct, identifier, references

__all__ = ["Attribute", "ClassPlan", "imports", "local", "plan"]

_TYPE_META = frozenset({"kind", "apiVersion"})


@dataclass(frozen=True, slots=True)
class Attribute:
    """A field and the name of its attribute."""

    name: str
    field: SchemaField

    def __post_init__(self) -> None:
        identifier(self.name, "attribute")


@dataclass(frozen=True, slots=True)
class ClassPlan:
    """A class to generate.

    `kind` is None for a part of an object; `resource` is None as well for a kind without a collection of its own.
    """

    name: str
    struct: Struct
    attributes: Sequence[Attribute]
    kind: Kind | None
    resource: Resource | None

    @property
    def renamed(self) -> dict[str, str]:
        """The field names of the attributes that have another name in Python."""
        return {one.name: one.field.wire for one in self.attributes if one.name != one.field.wire}


def plan(module: Module) -> list[ClassPlan]:
    """Return the classes of a module, each after the classes that it holds by value.

    Raises:
        SchemaError: A class holds itself by value.
    """
    kinds = {kind.struct: kind for kind in module.kinds.values()}
    resources = {resource.kind: resource for resource in module.resources}
    # The names that annotations use: an attribute of the same name would hide them from later annotations of its class.
    named = frozenset([module.name, *imports(module), *module.structs, *module.enums, *module.aliases])
    return [
        _class(module.structs[name], kinds.get(name), resources, named, module.given_attributes.get(name, {}))
        for name in _order(module)
    ]


def _class(
    struct: Struct,
    kind: Kind | None,
    resources: dict[str, Resource],
    named: frozenset[str],
    given: Mapping[str, str],
) -> ClassPlan:
    reserved = named | (MODEL_RESERVED if kind is None else KIND_RESERVED)
    fields = [field for field in struct.fields if kind is None or field.wire not in _TYPE_META]
    kept = {field.wire: given[field.wire] for field in fields if given.get(field.wire, "") not in {"", *reserved}}
    attributes: list[Attribute] = []
    taken = set(kept.values())
    for field in fields:
        name = kept.get(field.wire) or attribute(field.wire, reserved)
        while field.wire not in kept and (name in taken or name in reserved):  # fields can differ only by case
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
    """Return the other modules whose types are used in fields of the module, in alphabetical order."""
    found = {
        name.partition(".")[0]
        for struct in module.structs.values()
        for field in struct.fields
        for name in [*references(field.type), field.enum]
    }
    found |= {name.partition(".")[0] for name in module.aliases.values()}
    return sorted(found - {module.name, ""})


def local(name: str, module: Module) -> str:
    """Return the name of a type as code of the module writes it."""
    owner, _, short = name.partition(".")
    return short if owner == module.name else name
