"""One class for nested types that are equal, and the final names of all classes of a group version.

Definitions repeat whole trees of types: a pod template is in them once per place. Two nested types are equal if they
have the same fields with the same names, types, defaults and known values, down to the last level. Equal types whose
field names end in the same word (`livenessProbe`, `readinessProbe`) become one class with a short name (`Probe`). A
type in one place is named after its path, or after the end of the path if that is long. A type that is one of
`kubeloop.models` gets no class: see `core_matches`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

from kubeloop.codegen.core_matches import CoreMatches
from kubeloop.codegen.given_names import PLACES, ModuleRecord
from kubeloop.codegen.python_names import camel, type_name, unique
from kubeloop.codegen.schema import Kind, Module, SchemaField, Struct, Type, references

__all__ = ["share_types"]

_LONG = 40
"""The length in letters above which the name of a type in one place is shortened."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


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

    names = _Names(places, record, kinds)
    classes = names.give(kept, record.classes)
    values = names.give(_equal_enums(module, places, enums), record.enums)
    shared = _renamed(module, {**names.final, **core}, classes, [one[0] for one in values])
    return replace(shared, places=names.places, given_attributes=record.attributes, given_clients=record.resources)


def _equal_types(module: Module, places: Mapping[str, str], kinds: Set[str]) -> Sequence[Sequence[str]]:
    signatures = _Signatures(module)
    groups: dict[object, list[str]] = {}
    for name in sorted(module.structs, key=lambda name: _order(places.get(name, name))):
        place = places.get(name, name)
        groups.setdefault(name if name in kinds else (signatures.of(name), _last_word(place)), []).append(name)
    return list(groups.values())


def _equal_enums(module: Module, places: Mapping[str, str], used: Set[str]) -> Iterable[Sequence[str]]:
    enums: dict[object, list[str]] = {}
    for name in sorted(used, key=lambda name: _order(places.get(name, name))):
        enums.setdefault((*module.enums[name], _last_word(places.get(name, name))), []).append(name)
    return enums.values()


def _core_types(
    module: Module,
    places: Mapping[str, str],
    groups: Iterable[Sequence[str]],
    kinds: Set[str],
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


def _reachable(module: Module, kinds: Set[str], core: Mapping[str, str]) -> tuple[Set[str], Set[str]]:
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


class _Names:
    """The final names, by the names that the reader gave."""

    def __init__(self, places: Mapping[str, str], record: ModuleRecord, kinds: set[str]) -> None:
        self.final: dict[str, str] = {}
        self.places: dict[str, Sequence[str]] = {}
        self._places = places
        self._kinds = kinds
        self._taken = {*record.classes, *record.enums}

    def give(self, groups: Iterable[Sequence[str]], recorded: Mapping[str, Sequence[str]]) -> list[Sequence[str]]:
        """Name groups of equal types: as recorded, then kinds, then what is in one place, then what is shared.

        Returns:
            One group per name: types that have become equal and have two recorded names stay two.
        """
        owners = {place: name for name, places in recorded.items() for place in places}
        kept: dict[str, Sequence[str]] = {}
        pending: list[Sequence[str]] = []
        for group in groups:
            for owner, members in self._divided(group, owners).items():
                if owner and owner not in kept:  # of types that are no longer equal, the first keeps the name
                    kept[owner] = members
                else:
                    pending.append(members)
        for owner, members in kept.items():
            self._set(members, owner)
        pending.sort(key=lambda group: (group[0] not in self._kinds, len(group) > 1))
        for group in pending:
            wanted = list(self._wanted(group)) if len(group) > 1 else [*self._short(group[0]), group[0]]
            free = next((name for name in wanted if name not in self._taken), wanted[-1])
            self._set(group, unique(free, self._taken))
        return [*kept.values(), *pending]

    def _divided(self, group: Sequence[str], owners: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
        """Return the members by recorded name; those without one join the first name, or the empty text."""
        named = {name: owners[place] for name in group if (place := self._place(name)) in owners}
        first = next(iter(named.values()), "")
        found: dict[str, list[str]] = {}
        for name in group:
            found.setdefault(named.get(name, first), []).append(name)
        return found

    def _place(self, name: str) -> str:
        return self._places.get(name, name)

    def _set(self, group: Sequence[str], final: str) -> None:
        self.places[final] = [self._place(name) for name in group[:PLACES]]
        for name in group:
            self.final[name] = final

    def _short(self, name: str) -> Iterator[str]:
        """Yield shorter names for the long name of a type in one place: endings of its path, the preferred first."""
        if name in self._kinds or len(name) <= _LONG:
            return
        steps = _steps(self._place(name))
        endings = [type_name(camel("-".join(steps[-length:]))) for length in range(1, len(steps))]
        first = max((number for number, one in enumerate(endings) if len(one) <= _LONG), default=0)
        # The name of another type in one place stays with that type.
        yield from (one for one in endings[first:] if one not in self._places)

    def _wanted(self, group: Sequence[str]) -> Iterator[str]:
        """Yield the names of a shared type, the shortest first: what the last field names have in common, then more."""
        steps = [_steps(self._place(name)) for name in group]
        words = _common_ending([_WORD.findall(one[-1]) or [one[-1]] for one in steps])
        yield type_name("".join(word[:1].upper() + word[1:] for word in words))
        shortest = steps[0]
        for length in range(1, len(shortest) + 1):
            yield type_name(camel("-".join(shortest[-length:])))


def _common_ending(lists: Sequence[Sequence[str]]) -> Sequence[str]:
    """Return the words that all lists end with."""
    length = 0
    for words in zip(*(reversed(one) for one in lists), strict=False):
        if len({word.lower() for word in words}) > 1:
            break
        length += 1
    return lists[0][len(lists[0]) - length :]


def _steps(place: str) -> list[str]:
    return place.split(".")


def _last_word(place: str) -> str:
    words = _WORD.findall(_steps(place)[-1])
    return words[-1].lower() if words else place


def _order(place: str) -> tuple[int, str]:
    return (place.count("."), place)


def _renamed(module: Module, final: Mapping[str, str], groups: Sequence[Sequence[str]], enums: Sequence[str]) -> Module:
    def qualified(name: str) -> str:
        owner, dot, short = name.partition(".")
        if not dot or owner != module.name:
            return name
        new = final.get(short, short)
        return new if "." in new else f"{owner}.{new}"

    def typed(kind: Type) -> Type:
        if kind.kind == "ref":
            return Type("ref", name=qualified(kind.name))
        return replace(kind, of=typed(kind.of)) if kind.of is not None else kind

    def struct(group: Sequence[str]) -> Struct:
        members = [module.structs[name] for name in group]
        fields: list[SchemaField] = []
        for number, one in enumerate(members[0].fields):
            text = _common(member.fields[number].description for member in members)
            fields.append(replace(one, type=typed(one.type), enum=qualified(one.enum), description=text))
        return replace(
            members[0],
            name=final[group[0]],
            fields=fields,
            description=_common(member.description for member in members),
        )

    kinds: dict[str, Kind] = {
        name: replace(kind, struct=final[kind.struct], items=qualified(kind.items))
        for name, kind in module.kinds.items()
    }
    structs = [struct(group) for group in groups]
    return replace(
        module,
        structs={one.name: one for one in structs},
        kinds=kinds,
        enums={final[name]: module.enums[name] for name in enums},
        resources=[
            replace(
                resource,
                response=qualified(resource.response),
                subresources=[
                    replace(
                        sub,
                        request=qualified(sub.request),
                        response=qualified(sub.response),
                        requests_also=[qualified(name) for name in sub.requests_also],
                    )
                    for sub in resource.subresources
                ],
            )
            for resource in module.resources
        ],
    )


def _common(texts: Iterable[Any]) -> str:
    """Return the text that all places have: a description of one place would be wrong for the others."""
    found = set(texts)
    return str(found.pop()) if len(found) == 1 else ""
