"""Write the typed clients of a group version, and the class with a property per group version.

Per resource only what differs is written: the accessor, a class that composes the generic verbs that the resource has,
and its subresources. The verbs are in `kubeloop.clients`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from kubeloop.codegen.client_names import ResourceNames, SubresourceNames, client_names
from kubeloop.codegen.layout import WIDTH, fold
from kubeloop.codegen.python_names import class_of_module
from kubeloop.codegen.schema import Module, SchemaError, Subresource
from kubeloop.codegen.source_text import literal
from kubeloop.codegen.target import Target

__all__ = ["emit_clients", "emit_groups"]

_ALL = frozenset({"get", "list", "watch", "create", "update", "patch", "apply", "delete", "deletecollection"})
_VERBS: Mapping[str, str] = {
    "get": "Get[{model}]",
    "list": "List[{model}, {list}]",
    "watch": "Watch[{model}]",
    "create": "Create[{model}]",
    "update": "Update[{model}]",
    "patch": "Patch[{model}]",
    "apply": "Apply[{model}]",
    "delete": "Delete[{model}]",
    "deletecollection": "DeleteCollection",
}
_CREATE_OR_UPDATE = "CreateOrUpdate[{model}]"
"""For a resource with get, create and patch."""
_OTHER_VERBS = (_CREATE_OR_UPDATE, "CreateReturningStatus", "Log", "Status")
_SUB_VERBS: Mapping[str, str] = {
    "get": "GetSub[{response}]",
    "update": "UpdateSub[{response}]",
    "patch": "PatchSub[{response}]",
    "apply": "ApplySub[{response}]",
    "create": "CreateSub[{request}, {response}]",
}

_SCALE = "autoscaling_v1.Scale"


class _Class:
    """A class of the generated module."""

    def __init__(self, name: str, bases: Sequence[str], doc: str, body: Sequence[str] = ()) -> None:
        self.name, self.bases, self.doc, self.body = name, bases, doc, body

    def lines(self) -> list[str]:
        head = fold(f"class {self.name}({', '.join(self.bases)}):")
        return [*head, f'    """{self.doc}"""', *self.body]


def emit_clients(module: Module, target: Target) -> str:
    """Return the text of the module with the clients of a group version."""
    name = class_of_module(module.name)
    group = [
        f"class {name}(GroupClient):",
        f'    """The clients of the resources of {module.api_version}."""',
        "",
        "    __slots__ = ()",
        f"    group_version = {literal(module.api_version)}",
    ]
    classes: list[_Class] = []
    for names in client_names(module):
        group += ["", *_accessor_method(names, module)]
        classes += _resource_classes(names, module)
    bind = [_bind(name, module)] if target.has_bind else []
    text = "\n\n\n".join("\n".join(lines) for lines in [*bind, group, *(one.lines() for one in classes)])
    return "\n".join([*_head(module, classes, target), "", "", text, ""])


def _bind(name: str, module: Module) -> list[str]:
    return [
        f"def bind(clientset: ServerClient) -> {name}:",
        f'    """Return the typed clients of {module.api_version}, over the connections of a Clientset."""',
        f"    return {name}(clientset.rest)",
    ]


def _accessor_method(names: ResourceNames, module: Module) -> list[str]:
    client, method = names.cls, names.accessor
    model = module.model(names.resource.kind)
    if names.resource.namespaced:
        return [
            *fold(f"    def {method}(self, namespace: str | DefaultNamespace | None = None) -> {client}:"),
            f'        """Return the client of {client}, in one namespace or, without one, in all."""',
            *fold(f"        return {client}(self._rest, {model}, namespace)"),
        ]
    return [
        f"    def {method}(self) -> {client}:",
        f'        """Return the client of {client}, which have no namespaces."""',
        *fold(f"        return {client}(self._rest, {model})"),
    ]


def _resource_classes(named: ResourceNames, module: Module) -> list[_Class]:
    client, resource = named.cls, named.resource
    names = {"model": module.model(resource.kind), "list": module.list_model(resource.kind)}
    if unknown := resource.verbs - _ALL:
        raise SchemaError(f"{module.name}: {resource.plural} has unknown verbs {sorted(unknown)}")
    if resource.verbs == _ALL:
        whole = "StatusResourceClient" if resource.status else "ResourceClient"
        bases = ["{whole}[{model}, {list}]".format(whole=whole, **names)]
    else:
        mixins = (
            {**_VERBS, "create": "CreateReturningStatus[{model}]"} if resource.response == "meta_v1.Status" else _VERBS
        )
        bases = [base.format(**names) for verb, base in mixins.items() if verb in resource.verbs]
        if {"get", "create", "patch"} <= resource.verbs and resource.response != "meta_v1.Status":
            bases.append(_CREATE_OR_UPDATE.format(**names))
        bases += ["Status[{model}]".format(**names)] if resource.status else []
    body: list[str] = []
    subresources: list[_Class] = []
    for one in named.subresources:
        if one.sub.text:
            bases.append(_text_verbs(one.sub, module))
            continue
        body += ["", *_subresource_method(one, module)]
        doc = f"The client of the subresource {one.sub.name} of {client}."
        subresources.append(_Class(one.cls, _subresource_bases(one.sub), doc))
    verbs = "every verb" if resource.verbs == _ALL else ", ".join(verb for verb in _VERBS if verb in resource.verbs)
    main = _Class(
        client, bases, f"{client} of {module.api_version}: {verbs}{' and status' if resource.status else ''}.", body
    )
    return [main, *subresources]


def _subresource_method(names: SubresourceNames, module: Module) -> list[str]:
    sub, name = names.sub, names.cls
    if is_scale(sub):
        return _scale_method(names)
    lines = [
        f"    def {names.method}(self, name: str) -> {name}:",
        f'        """Return the client of the subresource {sub.name} of one object."""',
    ]
    owner = sub.response.partition(".")[0]
    if owner != module.name:
        lines += [f"        from kubeloop.models import {owner}", ""]
    return [*lines, *fold(f"        return {name}(self._endpoint, name, {literal(sub.name)}, {sub.response})")]


def is_scale(sub: Subresource) -> bool:
    """Return whether a subresource is the scale of autoscaling/v1, which has a method of its own."""
    return sub.name == "scale" and sub.response == _SCALE and {"get", "update", "patch"} <= sub.verbs


def _scale_method(names: SubresourceNames) -> list[str]:
    """Return the method that returns the client of the scale, or sets the number of replicas."""
    method, cls = names.method, names.cls
    text = f"""
    @overload
    def {method}(self, name: str) -> {cls}: ...
    @overload
    def {method}(
        self, name: str, replicas: int, **options: Unpack[ScaleOptions]
    ) -> Coroutine[Any, Any, {_SCALE}]: ...
    def {method}(self, name: str, replicas: int | None = None, **options: Unpack[ScaleOptions]) -> Any:
        \"\"\"Set the number of replicas (`await ...{method}("web", 5)`), or return the client of the scale without one.

        Args:
            name: The name of the object.
            replicas: The number of replicas.
            **options: Keyword arguments, see `ScaleOptions`:
                current_replicas: int | None
                resource_version: str | None
                dry_run: bool
                field_manager: str | None
                timeout: float | None
        \"\"\"
        from kubeloop.models import autoscaling_v1
"""
    call = f'        return scaled({cls}(self._endpoint, name, "scale", {_SCALE}), replicas, options)'
    return [*text.strip("\n").split("\n"), "", *fold(call)]


def _text_verbs(sub: Subresource, module: Module) -> str:
    """Return the mixin with the verbs of a subresource that is text: the log of a pod is the only one.

    Raises:
        SchemaError: It is another one.
    """
    if sub.name != "log":
        raise SchemaError(f"{module.name}: the subresource {sub.name} is text, and only that of a log is known")
    return "Log"


def _subresource_bases(sub: Subresource) -> list[str]:
    return [
        base.format(request=literal(_request(sub)), response=literal(sub.response))
        for verb, base in _SUB_VERBS.items()
        if verb in sub.verbs
    ]


def _request(sub: Subresource) -> str:
    return " | ".join([sub.request, *sub.requests_also])


def _head(module: Module, classes: Sequence[_Class], target: Target) -> list[str]:
    bases = {base.partition("[")[0] for one in classes for base in one.bases}
    verbs = sorted(bases & {base.partition("[")[0] for base in [*_VERBS.values(), *_OTHER_VERBS]})
    subs = sorted(bases & {base.partition("[")[0] for base in _SUB_VERBS.values()})
    mentioned = {
        name.partition(".")[0]
        for resource in module.resources
        for sub in resource.subresources
        for name in (sub.request, sub.response, *sub.requests_also)
        if name
    }
    others = sorted(mentioned - {module.name})
    takes_namespace = any(resource.namespaced for resource in module.resources)
    has_scale = any(is_scale(sub) for resource in module.resources for sub in resource.subresources)
    typed = _import("kubeloop.meta.namespaces", ["DefaultNamespace"] if takes_namespace else [])
    typed += _import("kubeloop.models", others)
    if target.has_bind:
        typed = [*_import("kubeloop.rest.server_client", ["ServerClient"]), *typed]
    lines = [
        target.origin(module),
        f'"""The typed clients of {module.api_version}, one class per resource."""',
        "",
        "from __future__ import annotations",
        "",
        *_typing(bool(typed), has_scale),
    ]
    lines += _import("kubeloop.clients.group_client", ["GroupClient"])
    lines += _import("kubeloop.clients.replica_count", ["ScaleOptions", "scaled"] if has_scale else [])
    lines += _import("kubeloop.clients.resource_client", sorted(bases & {"ResourceClient", "StatusResourceClient"}))
    lines += _import("kubeloop.clients.subresource", subs)
    lines += _import("kubeloop.clients.verbs", verbs)
    lines += [target.models(module.name), ""]
    if typed:
        lines += ["if TYPE_CHECKING:", *("    " + line for line in typed), ""]
    names = sorted([class_of_module(module.name), *(one.name for one in classes)])
    names += ["bind"] if target.has_bind else []
    return [*lines, "__all__ = [", *(f'    "{name}",' for name in names), "]"]


def _typing(has_typed: bool, has_scale: bool) -> list[str]:
    """Return the imports of the standard library."""
    if has_scale:
        return [
            "from collections.abc import Coroutine",
            "from typing import TYPE_CHECKING, Any, Unpack, overload",
            "",
        ]
    return ["from typing import TYPE_CHECKING", ""] if has_typed else []


def _import(module: str, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    line = f"from {module} import {', '.join(names)}"
    return [line] if len(line) <= WIDTH - 4 else [f"from {module} import (", *(f"    {name}," for name in names), ")"]


def emit_groups(modules: Iterable[Module], origin: str) -> str:
    """Return the text of `clients/groups/__init__.py`: a property per group version, which imports its clients."""
    served = [module for module in modules if module.resources]
    lines = [
        origin,
        '"""The group versions of a Clientset: a property for each, which imports its clients when it is read."""',
        "",
        "from __future__ import annotations",
        "",
        "from typing import TYPE_CHECKING",
        "",
        "if TYPE_CHECKING:",
        *(f"    from kubeloop.clients.groups.{one.name} import {class_of_module(one.name)}" for one in served),
        "    from kubeloop.rest.client import RESTClient",
        "",
        '__all__ = ["Groups"]',
        "",
        "",
        "class Groups:",
        '    """A property per group version."""',
        "",
        "    if TYPE_CHECKING:",
        "",
        "        @property",
        "        def rest(self) -> RESTClient: ...",
    ]
    for module in served:
        name = class_of_module(module.name)
        lines += [
            "",
            "    @property",
            f"    def {module.name}(self) -> {name}:",
            f'        """The clients of the resources of {module.api_version}."""',
            f"        from kubeloop.clients.groups.{module.name} import {name}",
            "",
            f"        return {name}(self.rest)",
        ]
    return "\n".join([*lines, ""])
