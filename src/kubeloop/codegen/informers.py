"""Emits the informers and listers of a group version, and the classes with a property a group version."""

from __future__ import annotations

from collections.abc import Iterable

from kubeloop.codegen.client_names import ResourceNames, client_names
from kubeloop.codegen.layout import WIDTH, fold
from kubeloop.codegen.python_names import class_of_module
from kubeloop.codegen.schema import Module
from kubeloop.codegen.target import Target

__all__ = ["emit_group_informers", "emit_informers", "watchable"]


def watchable(module: Module) -> list[ResourceNames]:
    """The resources that can be listed and watched, by class."""
    found = [one for one in client_names(module) if {"list", "watch"} <= one.resource.verbs]
    return sorted(found, key=lambda one: one.cls)


def emit_informers(module: Module, target: Target) -> str:
    """The text of the module that holds a group version's informers and listers."""
    name, api_version = class_of_module(module.name), module.api_version
    lines = [
        target.origin(module),
        f'"""The informers and the listers of {api_version}, one accessor for each resource."""',
        "",
        "from __future__ import annotations",
        "",
        "from typing import TYPE_CHECKING",
        "",
        target.models(module.name),
        "",
        "if TYPE_CHECKING:",
        "    from kubeloop.cache.factory import SharedInformerFactory",
        "    from kubeloop.cache.lister import Lister",
        "    from kubeloop.cache.shared_informer import SharedInformer",
        "",
        f'__all__ = ["{name}Informers", "{name}Listers"]',
    ]
    lines += _class(f"{name}Informers", f"The informers of {api_version}: the factory's own, the same for every asker.")
    for one in watchable(module):
        model = module.model(one.resource.kind)
        lines += [
            "",
            *fold(f"    def {one.accessor}(self) -> SharedInformer[{model}]:"),
            f'        """The informer of {one.cls}."""',
            f"        return self._factory.of({model})",
        ]
    lines += _class(f"{name}Listers", f"The listers of {api_version}: each reads the store of the factory's informer.")
    for one in watchable(module):
        model = module.model(one.resource.kind)
        lines += [
            "",
            *fold(f"    def {one.accessor}(self) -> Lister[{model}]:"),
            f'        """The lister of {one.cls}."""',
            f"        return self._factory.of({model}).lister",
        ]
    return "\n".join([*lines, ""])


def _class(name: str, doc: str) -> list[str]:
    return [
        "",
        "",
        f"class {name}:",
        f'    """{doc}"""',
        "",
        '    __slots__ = ("_factory",)',
        "",
        "    def __init__(self, factory: SharedInformerFactory) -> None:",
        "        self._factory = factory",
    ]


def emit_group_informers(modules: Iterable[Module], origin: str) -> str:
    """The text of `cache/informers/__init__.py`: `Informers` for the factory to inherit, `Listers` for it to give."""
    served = [module for module in modules if watchable(module)]
    lines = [
        origin,
        '"""What a SharedInformerFactory offers: a property a group version, imported when it is first read."""',
        "",
        "from __future__ import annotations",
        "",
        "from typing import TYPE_CHECKING, cast",
        "",
        "if TYPE_CHECKING:",
        "    from kubeloop.cache.factory import SharedInformerFactory",
    ]
    for module in served:
        name = class_of_module(module.name)
        line = f"    from kubeloop.cache.informers.{module.name} import {name}Informers, {name}Listers"
        lines += fold(line if len(line) <= WIDTH else line.replace("import ", "import (") + ")")
    lines += ["", '__all__ = ["Informers", "Listers"]', "", "", "class Informers:"]
    lines += ['    """The informers, a property a group version."""']
    for module in served:
        lines += _property(module, "Informers", 'cast("SharedInformerFactory", self)')
    lines += _class("Listers", "The listers, a property a group version.")
    for module in served:
        lines += _property(module, "Listers", "self._factory")
    return "\n".join([*lines, ""])


def _property(module: Module, suffix: str, factory: str) -> list[str]:
    name = class_of_module(module.name) + suffix
    return [
        "",
        "    @property",
        f"    def {module.name}(self) -> {name}:",
        f'        """The {suffix.lower()} of {module.api_version}."""',
        f"        from kubeloop.cache.informers.{module.name} import {name}",
        "",
        f"        return {name}({factory})",
    ]
