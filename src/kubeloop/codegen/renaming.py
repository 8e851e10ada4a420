"""A module in which types have their final names, and equal types are one class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kubeloop.codegen.schema import Kind, Module, SchemaField, Struct, Type

__all__ = ["renamed"]


def renamed(module: Module, final: Mapping[str, str], groups: Sequence[Sequence[str]], enums: Sequence[str]) -> Module:
    """Return a module with other names of types, everywhere in it.

    Args:
        module: The module as it was read.
        final: The new names by the old ones; a name with a module is a type of another module.
        groups: The types that are equal; each group becomes one class.
        enums: The enums that stay.
    """

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
