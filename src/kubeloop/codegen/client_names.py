"""The names in a module of typed clients: a class and an accessor for each resource and subresource.

They are chosen together, because classes must differ from each other and from imports, and methods from those of all
clients. Informers have the accessors of the clients.
"""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from dataclasses import dataclass

from kubeloop.codegen.python_names import camel, class_of_module, collection, snake, unique
from kubeloop.codegen.schema import Module, Resource, Subresource, identifier

__all__ = ["ResourceNames", "SubresourceNames", "client_names"]

# fmt: off
_IMPORTED = frozenset({
    "Any", "Apply", "ApplySub", "Coroutine", "Create", "CreateOrUpdate", "CreateReturningStatus", "CreateSub",
    "DefaultNamespace", "Delete", "DeleteCollection", "Get", "GetSub", "GroupClient", "List", "Log", "Patch",
    "PatchSub", "ResourceClient", "ScaleOptions", "Status", "StatusResourceClient", "TYPE_CHECKING", "Unpack",
    "Update", "UpdateSub", "Watch", "overload", "scaled",
})
"""The names that modules of clients import."""

_METHODS = frozenset({
    "add_finalizer", "apply", "apply_status", "as_table", "at", "create", "create_or_update", "delete",
    "delete_collection", "edit", "edit_status", "endpoint", "ensure_absent", "exists", "get", "get_or_none",
    "iterate", "list", "log", "log_lines", "patch", "patch_status", "remove_finalizer", "set_annotations",
    "set_labels", "update", "update_status", "wait", "watch",
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
    named = _kept(module, classes, accessors, others)
    classes |= {names[0] for names in named.values()}
    accessors |= {names[1] for key, names in named.items() if "/" not in key}
    for one in ordered:
        if one.plural not in named:
            wanted = collection(one.kind, one.plural)
            named[one.plural] = (unique(_name(wanted), classes), unique(_name(snake(wanted)), accessors))
    return [ResourceNames(one, *named[one.plural], _subresources(one, named, classes, others)) for one in ordered]


def _kept(module: Module, classes: set[str], accessors: set[str], others: set[str]) -> dict[str, tuple[str, str]]:
    """Return the names that an earlier run gave to what the module still has, unless a name is reserved since."""
    found = {one.plural for one in module.resources}
    found |= {f"{one.plural}/{sub.name}" for one in module.resources for sub in _with_methods(one)}
    return {
        key: (cls, method)
        for key, (cls, method) in module.given_clients.items()
        if key in found and cls not in classes and method not in ({*_METHODS, *others} if "/" in key else accessors)
    }


def _with_methods(one: Resource) -> list[Subresource]:
    return sorted((sub for sub in one.subresources if not sub.upgrade), key=lambda sub: sub.name)


def _subresources(
    one: Resource, given: Mapping[str, tuple[str, str]], classes: set[str], others: set[str]
) -> tuple[SubresourceNames, ...]:
    kept = {sub.name: given[key] for sub in _with_methods(one) if (key := f"{one.plural}/{sub.name}") in given}
    methods = {*_METHODS, *others, *(method for _, method in kept.values())}
    found: list[SubresourceNames] = []
    for sub in _with_methods(one):
        names = kept.get(sub.name) or (
            unique(_name(camel(one.kind + camel(sub.name))), classes),
            unique(_name(snake(sub.name)), methods),
        )
        found.append(SubresourceNames(sub, *names))
    return tuple(found)


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
