"""Emitting the informer accessors of a group version, and the class with one property per group version."""

from __future__ import annotations

from collections.abc import Iterable

from kubeloop.codegen.client_names import ResourceNames, client_names
from kubeloop.codegen.layout import WIDTH, fold
from kubeloop.codegen.python_names import class_of_module
from kubeloop.codegen.schema import Module
from kubeloop.codegen.source_text import literal
from kubeloop.codegen.target import Target

__all__ = ["emit_group_informers", "emit_informers", "watchable"]


def watchable(module: Module) -> list[ResourceNames]:
    """Return the resources that can be listed and watched, sorted by class."""
    found = [one for one in client_names(module) if {"list", "watch"} <= one.resource.verbs]
    return sorted(found, key=lambda one: one.cls)


def emit_informers(module: Module, target: Target) -> str:
    """Return the text of the module that holds the informer accessors of a group version."""
    name, api_version = class_of_module(module.name), module.api_version
    takes_namespace = any(one.resource.namespaced for one in watchable(module))
    exported = [literal(f"{name}Informers"), *(['"bind"'] if target.has_bind else [])]
    provided = ", ".join(
        [
            "InformerOptions",
            *(["InformerProvider"] if target.has_bind else []),
            *(["Namespaces"] if takes_namespace else []),
        ]
    )
    lines = [
        target.origin(module),
        f'"""The informers of {api_version}, one accessor per resource."""',
        "",
        "from __future__ import annotations",
        "",
        "from typing import TYPE_CHECKING",
        "",
        "from kubeloop.cache.informer_group import InformerGroup",
        target.models(module.name),
        "",
        "if TYPE_CHECKING:",
        "    from typing import Unpack",
        "",
        f"    from kubeloop.cache.informer_provider import {provided}",
        "    from kubeloop.cache.informer.shared_informer import SharedInformer",
        "",
        f"__all__ = [{', '.join(exported)}]",
        "",
        "",
        *(_bind(name, api_version) if target.has_bind else []),
        f"class {name}Informers(InformerGroup):",
        f'    """The informers of {api_version}: those of the factory, which every caller shares."""',
        "",
        "    __slots__ = ()",
        f"    group_version = {literal(api_version)}",
    ]
    for one in watchable(module):
        lines += ["", *_accessor(one, module.model(one.resource.kind))]
    return "\n".join([*lines, ""])


def _bind(name: str, api_version: str) -> list[str]:
    return [
        f"def bind(factory: InformerProvider) -> {name}Informers:",
        f'    """Return the informers of {api_version} that a SharedInformerFactory shares."""',
        f"    return {name}Informers(factory)",
        "",
        "",
    ]


def _accessor(names: ResourceNames, model: str) -> list[str]:
    options = f"**options: Unpack[InformerOptions[{model}]]"
    namespace = "namespace: Namespaces | None = None"
    if not names.resource.namespaced:
        return [
            *fold(f"    def {names.accessor}(self, {options}) -> SharedInformer[{model}]:"),
            f'        """Return the informer of {names.cls}, which belong to no namespace."""',
            *fold(f"        return self._factory.informer({model}, **options)"),
        ]
    return [
        *fold(f"    def {names.accessor}(self, {namespace}, {options}) -> SharedInformer[{model}]:"),
        f'        """Return the informer of {names.cls} in namespaces; None means those of the factory."""',
        *fold(f"        return self._factory.informer({model}, namespace=namespace, **options)"),
    ]


def emit_group_informers(modules: Iterable[Module], origin: str) -> str:
    """Return the text of `cache/informers/__init__.py`: the class `Informers`, which the factory inherits."""
    served = [module for module in modules if watchable(module)]
    lines = [
        origin,
        '"""The accessors of a SharedInformerFactory: one property per group version, imported when first read."""',
        "",
        "from __future__ import annotations",
        "",
        "from typing import TYPE_CHECKING",
        "",
        "from kubeloop.cache.informer_provider import InformerProvider",
        "",
        "if TYPE_CHECKING:",
    ]
    for module in served:
        name = class_of_module(module.name)
        line = f"    from kubeloop.cache.informers.{module.name} import {name}Informers"
        lines += fold(line if len(line) <= WIDTH else line.replace("import ", "import (") + ")")
    lines += ["", '__all__ = ["Informers"]', "", "", "class Informers(InformerProvider):"]
    lines += ['    """The informers, one property per group version."""']
    for module in served:
        lines += _property(module)
    return "\n".join([*lines, ""])


def _property(module: Module) -> list[str]:
    name = f"{class_of_module(module.name)}Informers"
    return [
        "",
        "    @property",
        f"    def {module.name}(self) -> {name}:",
        f'        """The informers of {module.api_version}."""',
        f"        from kubeloop.cache.informers.{module.name} import {name}",
        "",
        f"        return {name}(self)",
    ]
