"""One class for nested types that are equal, and the final names of all classes of a group version.

Definitions repeat whole trees of types: a pod template is in them once per place. Two nested types are equal if they
have the same fields with the same names, types, defaults and known values, down to the last level. Equal types whose
field names end in the same word (`livenessProbe`, `readinessProbe`) become one class: `class_names` names it. A type
that is one of `kubeloop.models` gets no class: `core_matches` finds them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from kubeloop.codegen.class_names import ClassNames
from kubeloop.codegen.core_matches import CoreMatches
from kubeloop.codegen.given_names import ModuleRecord
from kubeloop.codegen.python_names import words
from kubeloop.codegen.renaming import renamed
from kubeloop.codegen.schema import Module, SchemaField, Type, references

__all__ = ["share_types"]


def share_types(module: Module, places: Mapping[str, str], record: ModuleRecord) -> Module:
    """Return a module in which equal nested types are one class.

    Args:
        module: The module as it was read: one type per place.
        places: The place of each type and enum, see `StructuralReader.places`.
        record: The names that an earlier run gave; they are kept, and new classes get other names.
    """
    kinds = {kind.struct for kind in module.kinds.values()}
    groups = _equal_types(module, places, kinds)
    core = _core_types(module, places, groups, kinds, record)
    structs, enums = _reachable(module, kinds, core)
    kept = [named for group in groups if (named := [name for name in group if name in structs])]

    names = ClassNames(module, places, record, kinds)
    classes = names.give(kept, record.classes)
    values = names.give(_equal_enums(module, places, enums), record.enums)
    shared = renamed(module, {**names.final, **core}, classes, [one[0] for one in values])
    return replace(shared, places=names.places, given_attributes=record.attributes, given_clients=record.resources)


def _equal_types(module: Module, places: Mapping[str, str], kinds: AbstractSet[str]) -> Sequence[Sequence[str]]:
    signatures = _Signatures(module)
    groups: dict[object, list[str]] = {}
    for name in sorted(module.structs, key=lambda name: _order(places.get(name, name))):
        place = places.get(name, name)
        groups.setdefault(name if name in kinds else (signatures.of(name), _last_word(place)), []).append(name)
    return list(groups.values())


def _equal_enums(module: Module, places: Mapping[str, str], used: AbstractSet[str]) -> Iterable[Sequence[str]]:
    enums: dict[object, list[str]] = {}
    for name in sorted(used, key=lambda name: _order(places.get(name, name))):
        enums.setdefault((*module.enums[name], _last_word(places.get(name, name))), []).append(name)
    return enums.values()


def _core_types(
    module: Module,
    places: Mapping[str, str],
    groups: Iterable[Sequence[str]],
    kinds: AbstractSet[str],
    record: ModuleRecord,
) -> Mapping[str, str]:
    """Return the core types of types, as module.Name. A type that has a class since an earlier run keeps it."""
    matches = CoreMatches(module.name, module.structs, places)
    given = {place for found in record.classes.values() for place in found}
    found: dict[str, str] = {}
    for group in groups:
        if kinds.isdisjoint(group) and not any(places.get(name, name) in given for name in group):
            found |= {name: core for name in group if (core := matches.find(name))}
    return found


def _reachable(
    module: Module, kinds: AbstractSet[str], core: Mapping[str, str]
) -> tuple[AbstractSet[str], AbstractSet[str]]:
    """Return the types and enums that are still used if core types stand in place of some."""
    prefix = f"{module.name}."
    subresources = [sub for resource in module.resources for sub in resource.subresources]
    used = [resource.response for resource in module.resources]
    used += [name for sub in subresources for name in (sub.request, sub.response, *sub.requests_also)]
    pending = [*kinds, *(name.removeprefix(prefix) for name in used if name.startswith(prefix))]
    structs: set[str] = set()
    enums: set[str] = set()
    while pending:
        name = pending.pop()
        if name in structs or name in core:
            continue
        structs.add(name)
        for one in module.structs[name].fields:
            pending += [held.removeprefix(prefix) for held in references(one.type) if held.startswith(prefix)]
            enums |= {one.enum.removeprefix(prefix)} if one.enum else set()
    return structs, enums


class _Signatures:
    """Equal numbers for equal types. A type that contains itself is equal only to itself."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._numbers: dict[object, int] = {}
        self._known: dict[str, int] = {}
        self._open: set[str] = set()

    def of(self, name: str) -> int:
        if name in self._known:
            return self._known[name]
        self._open.add(name)
        struct = self._module.structs[name]
        content = (struct.preserve, *(self._field(one) for one in struct.fields))
        self._open.discard(name)
        number = self._numbers.setdefault(content, len(self._numbers))
        self._known[name] = number
        return number

    def _field(self, field: SchemaField) -> tuple[object, ...]:
        values = self._module.enums.get(field.enum.partition(".")[2], ())
        always = field.required and not field.omit_empty
        flags = (field.omit_empty, field.omit_zero, always, field.nullable, field.secret)
        return (field.wire, self._type(field.type), flags, tuple(values), field.default)

    def _type(self, kind: Type) -> object:
        if kind.kind != "ref":
            return (kind.kind, self._type(kind.of)) if kind.of is not None else kind.kind
        owner, _, name = kind.name.partition(".")
        if owner != self._module.name or name not in self._module.structs:
            return kind.name
        # The module's own classes: kinds are never shared, and a type within itself is only equal to itself.
        is_kind = any(one.struct == name for one in self._module.kinds.values())
        return ("own", name) if is_kind or name in self._open else self.of(name)


def _last_word(place: str) -> str:
    found = words(place.rpartition(".")[2])
    return found[-1].lower() if found else place


def _order(place: str) -> tuple[int, str]:
    return (place.count("."), place)
