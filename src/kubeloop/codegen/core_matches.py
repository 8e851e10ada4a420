"""Which nested types of custom resources are types of `kubeloop.models`: pod templates, selectors, conditions.

A type of a definition is a core type if two things hold. The core type is *safe* in its place: it has every field of
the definition with the same type, reads what the server sends, and writes nothing that the definition does not have
unless a program sets it. And it is *meant*: its fields, or words beside it, show that the definition embeds this type,
and not another one that happens to have the same fields. docs/design/models.md has the reasons for each rule.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from kubeloop.codegen.core_types import CoreField, CoreType, core_types
from kubeloop.codegen.python_names import words
from kubeloop.codegen.schema import SchemaField, Struct, Type

__all__ = ["CoreMatches"]

_SAME: Mapping[str, frozenset[str]] = {
    "string": frozenset({"string", "quantity", "duration"}),
    "int_or_string": frozenset({"int_or_string", "quantity"}),
    "exact_time": frozenset({"time"}),
    "int": frozenset({"int"}),
    "float": frozenset({"float"}),
    "bool": frozenset({"bool"}),
    "bytes": frozenset({"bytes"}),
    "any": frozenset({"any"}),
}
"""The types of a definition, and the types of core fields that read and write the same values."""

_METADATA = "meta_v1.ObjectMeta"

# fmt: off
_USUAL = frozenset({
    "address", "apiGroup", "apiVersion", "data", "group", "host", "id", "key", "kind", "message", "name", "namespace",
    "path", "port", "reason", "status", "type", "uid", "url", "value", "values", "version",
})
# fmt: on
"""Names of fields that many types have which are not related."""

_META = frozenset({"Condition", "LabelSelector", "LabelSelectorRequirement", "OwnerReference"})


class CoreMatches:
    """Finds the core types of a module's nested types.

    Args:
        module: The name of the module.
        structs: Its types by name, one per place.
        places: The place of each type, see `StructuralReader.places`.
    """

    def __init__(self, module: str, structs: Mapping[str, Struct], places: Mapping[str, str]) -> None:
        self._prefix = f"{module}."
        self._structs = structs
        self._places = places
        self._known: dict[tuple[str, str], bool] = {}
        self._candidates: dict[frozenset[str], Sequence[CoreType]] = {}

    def find(self, name: str) -> str:
        """Return the core type of a type, as module.Name; the empty text if there is none."""
        struct = self._structs[name]
        fields = frozenset(field.wire for field in struct.fields)
        if not struct.atomic and (len(fields) == 1 or fields <= _USUAL):
            return ""
        if fields not in self._candidates:
            self._candidates[fields] = [one for one in core_types().values() if _may_be(fields, one)]
        found = [one for one in self._candidates[fields] if self._is_safe(name, one)]
        if struct.atomic and (whole := [one for one in found if len(one.fields) == len(fields)]):
            found = whole
        place = self._places.get(name, name).rpartition(".")[2]
        return _meant(found, place, [struct.description, *(field.description for field in struct.fields)])

    def _is_safe(self, name: str, core: CoreType) -> bool:
        key = (name, core.name)
        if key not in self._known:
            self._known[key] = False  # what contains itself
            self._known[key] = self._has_size(name, core) and self._is_superset(self._structs[name], core)
        return self._known[key]

    def _has_size(self, name: str, core: CoreType) -> bool:
        """Return whether a type has half of the fields: a definition of an older Kubernetes has fewer than today."""
        return core.name == _METADATA or len(self._structs[name].fields) * 2 >= len(core.fields)

    def _is_superset(self, struct: Struct, core: CoreType) -> bool:
        fields = {field.wire: field for field in struct.fields}
        return (
            not struct.preserve
            and fields.keys() <= core.fields.keys()
            and all(self._is_safe_field(field, core.fields[wire]) for wire, field in fields.items())
            and all(wire in fields and fields[wire].required for wire, other in core.fields.items() if other.always)
        )

    def _is_safe_field(self, field: SchemaField, core: CoreField) -> bool:
        # What is written as null: a required field that may be null, and a list or map that may be.
        is_null = field.nullable or not (field.omit_empty or field.required)
        if is_null or field.secret or not self._is_same(field.type, core.type):
            return False
        if not core.drops_zero:
            return True
        zero = not field.default or core.type.kind == "string" or not json.loads(field.default)
        return zero and not field.required

    def _is_same(self, kind: Type, core: Type) -> bool:
        if kind.kind == "ptr":
            return self._is_same(kind.item, core)
        if kind.kind == "ref":
            if core.kind != "ref":
                return False
            own = kind.name.removeprefix(self._prefix)
            if own == kind.name or own not in self._structs:
                return kind.name == core.name
            return core.name in core_types() and self._is_safe(own, core_types()[core.name])
        if core.kind == "ref":
            # The server keeps the metadata of objects, and not those of templates, whatever schema they have.
            return core.name == _METADATA and kind == Type("map", of=Type("any"))
        if kind.kind in ("list", "map"):
            # An item that may be null is not the zero that a core type reads in its place.
            return kind.kind == core.kind and kind.item.kind != "ptr" and self._is_same(kind.item, core.item)
        return core.kind in _SAME.get(kind.kind, ())


def _may_be(fields: AbstractSet[str], core: CoreType) -> bool:
    """Return whether a type that nothing around it explains can be a core type: it has more than half of the fields."""
    module, _, name = core.name.partition(".")
    # The conditions of core_v1 are those of one kind each, and of meta_v1 few types are embedded in others.
    is_embedded = name in _META if module == "meta_v1" else not name.endswith("Condition")
    return is_embedded and fields <= core.fields.keys() and len(fields) * 2 > len(core.fields)


def _meant(candidates: Sequence[CoreType], place: str, descriptions: Iterable[str]) -> str:
    """Choose the type of whose name all words are there that tell it from the other candidates.

    Args:
        candidates: The types that are safe.
        place: The name of the field, whose words decide if they can.
        descriptions: The texts that decide otherwise.

    Returns:
        The name of the type; the empty text if no type or more than one is left.
    """
    names = {one.name: _words(one.name.partition(".")[2]) for one in candidates}
    common = frozenset[str].intersection(*names.values()) if names else frozenset[str]()
    told = {name: own - common for name, own in names.items()}
    of_field = _words(place)
    first = _most(told, of_field)
    if len(first) == 1 and told[first[0]]:
        return first[0]
    last = _most(told, of_field.union(*map(_words, descriptions)))
    return last[0] if len(last) == 1 else ""


def _most(told: Mapping[str, frozenset[str]], given: frozenset[str]) -> Sequence[str]:
    """Return the names whose words are there, without those of which another such name says the same and more."""
    there = {name: own for name, own in told.items() if own <= given}
    return [name for name, own in there.items() if not any(own < other for other in there.values())]


def _words(text: str) -> frozenset[str]:
    return frozenset(word.lower().removesuffix("s") for word in words(text))
