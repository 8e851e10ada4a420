"""The names in a module of typed clients: a class and an accessor for each resource and subresource.

They are chosen together, because classes must differ from each other and from imports, and methods from those of all
clients. Informers have the accessors of the clients.
"""

from __future__ import annotations

import keyword
from dataclasses import dataclass

from kubeloop.codegen.python_names import camel, class_of_module, collection, snake, unique
from kubeloop.codegen.schema import Module, Resource, Subresource, identifier

__all__ = ["ResourceNames", "SubresourceNames", "client_names"]

# fmt: off
_IMPORTED = frozenset({
    "Apply", "ApplySub", "Create", "CreateReturningStatus", "CreateSub", "DefaultNamespace", "Delete",
    "DeleteCollection", "Get", "GetSub", "GroupClient", "List", "Log", "Patch", "PatchSub",
    "ResourceClient", "Status", "StatusResourceClient", "TYPE_CHECKING", "Update", "UpdateSub", "Watch",
})
"""The names that modules of clients import."""

_METHODS = frozenset({
    "apply", "apply_status", "at", "create", "delete", "delete_collection", "edit", "edit_status", "exists", "get",
    "get_or_none", "iterate", "list", "log", "log_lines", "patch", "patch_status", "update", "update_status", "watch",
})
"""The methods that the clients of resources and of subresources inherit."""
# fmt: on


@dataclass(frozen=True, slots=True)
class SubresourceNames:
    """A subresource of a resource: its class, and the method of the resource's client that returns one."""

    sub: Subresource
    cls: str
    method: str

    def __post_init__(self) -> None:
        identifier(self.cls, "class")
        identifier(self.method, "method")


@dataclass(frozen=True, slots=True)
class ResourceNames:
    """A resource: its client class, the accessor that returns one, and its subresources that have methods."""

    resource: Resource
    cls: str
    accessor: str
    subresources: tuple[SubresourceNames, ...]

    def __post_init__(self) -> None:
        identifier(self.cls, "class")
        identifier(self.accessor, "method")


def client_names(module: Module) -> list[ResourceNames]:
    """Return the resources of a module with their names, by accessor."""
    others = {module.name, "str", *_type_modules(module)}
    classes, accessors = {*_IMPORTED, *others, class_of_module(module.name)}, {*others, "group_version"}
    ordered = sorted(module.resources, key=lambda one: (snake(collection(one.kind, one.plural)), one.plural))
    given = {one.plural: module.given_clients[one.plural] for one in ordered if one.plural in module.given_clients}
    named = {plural: names for plural, names in given.items() if names[0] not in classes and names[1] not in accessors}
    classes |= {names[0] for names in named.values()}
    accessors |= {names[1] for names in named.values()}
    for one in ordered:
        if one.plural not in named:
            wanted = collection(one.kind, one.plural)
            named[one.plural] = (unique(_name(wanted), classes), unique(_name(snake(wanted)), accessors))
    return [ResourceNames(one, *named[one.plural], _subresources(one, classes, others)) for one in ordered]


def _subresources(one: Resource, classes: set[str], others: set[str]) -> tuple[SubresourceNames, ...]:
    methods = {*_METHODS, *others}
    found = sorted((sub for sub in one.subresources if not sub.upgrade), key=lambda sub: sub.name)
    return tuple(
        SubresourceNames(
            sub, unique(_name(camel(one.kind + camel(sub.name))), classes), unique(_name(snake(sub.name)), methods)
        )
        for sub in found
    )


def _type_modules(module: Module) -> set[str]:
    """Return the modules of models that subresources mention."""
    return {
        name.partition(".")[0]
        for one in module.resources
        for sub in one.subresources
        for name in (sub.request, sub.response, *sub.requests_also)
        if name
    }


def _name(name: str) -> str:
    return name + "_" if keyword.iskeyword(name) else name
