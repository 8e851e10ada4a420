"""What both model emitters need to know of a module: its classes in order, their attributes, its imports.

Classes come in the order in which their definition needs one another: a struct that holds another by value has an
instance of it as default, and a list kind names what it lists, so the other comes first. The rest is alphabetical,
so that the text is stable.
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
        return {one.name: one.field.wire for one in self.attributes if one.name != one.field.wire}


def plan(module: Module) -> list[ClassPlan]:
    """The classes of a module, each after those that it holds by value."""
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
    """The other modules whose types the module's fields mention."""
    found = {
        name.partition(".")[0]
        for struct in module.structs.values()
        for field in struct.fields
        for name in [*references(field.type), field.enum]
    }
    found |= {name.partition(".")[0] for name in module.aliases.values()}
    return sorted(found - {module.name, ""})


def local(name: str, module: Module) -> str:
    """A type's name as the module itself writes it."""
    owner, _, short = name.partition(".")
    return short if owner == module.name else name
