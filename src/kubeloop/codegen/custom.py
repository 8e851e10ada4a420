"""A package of custom resources: models, clients and informers, from the modules of any reader.

For each group version the package has the modules `models/<group>_<version>.py` and `.pyi`, as in kubeloop.models,
`clients/<group>_<version>.py` with the class `<Group><Version>`, and `informers/<group>_<version>.py` with the class
`<Group><Version>Informers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from kubeloop.codegen.accessors import emit_clients
from kubeloop.codegen.client_names import client_names
from kubeloop.codegen.given_names import FILE, GivenNames, ModuleRecord, names_text
from kubeloop.codegen.informers import emit_informers, watchable
from kubeloop.codegen.input_documents import reading
from kubeloop.codegen.model_files import emit_models, emit_stub
from kubeloop.codegen.plan import plan
from kubeloop.codegen.python_names import class_of_module, module_of, unique
from kubeloop.codegen.schema import Module, SchemaError, check_group_version
from kubeloop.codegen.target import Target

__all__ = ["ModuleNames", "built_in_types", "generate_package"]


def generate_package(modules: Mapping[str, Module], origin: str) -> dict[str, str]:
    """Return the files of a package by their relative paths. `origin` is the first line of each.

    The package imports itself with relative imports, so it can be in any folder under any name.
    """
    target = Target("..models", lambda _: origin, has_bind=True)
    files = {
        "__init__.py": _init(origin, "Custom resources: models, clients and informers.", modules),
        "models/__init__.py": _init(origin, "Models of custom resources, one module for each group version.", modules),
        "clients/__init__.py": _init(
            origin, "Typed clients of custom resources, one module for each group version.", modules
        ),
        "informers/__init__.py": _init(
            origin, "Informers of custom resources, one module for each group version.", modules
        ),
    }
    for name, module in modules.items():
        with reading(module.source):
            files[f"models/{name}.py"] = emit_models(module, target)
            files[f"models/{name}.pyi"] = emit_stub(module, target)
            files[f"clients/{name}.py"] = emit_clients(module, target)
            if watchable(module):
                files[f"informers/{name}.py"] = emit_informers(module, target)
    files[FILE] = names_text({module.api_version: _record(module) for module in modules.values()})
    return files


def _record(module: Module) -> ModuleRecord:
    resources = client_names(module)
    clients = {one.resource.plural: (one.cls, one.accessor) for one in resources}
    clients |= {
        f"{one.resource.plural}/{each.sub.name}": (each.cls, each.method)
        for one in resources
        for each in one.subresources
    }
    return ModuleRecord(
        module=module.name,
        classes={name: list(module.places.get(name, [name])) for name in module.structs},
        enums={name: list(module.places.get(name, [name])) for name in module.enums},
        attributes={one.name: {each.field.wire: each.name for each in one.attributes} for one in plan(module)},
        resources=clients,
    )


class ModuleNames:
    """The module names of one generated package, which are unique and differ from those of kubeloop's models.

    Args:
        given: The names that an earlier run gave, which stay; None for a new package.

    Raises:
        SchemaError: A module of an earlier run has the name of a module of kubeloop's models.
    """

    def __init__(self, given: GivenNames | None = None) -> None:
        self._given = given or GivenNames()
        for name in self._given.modules():
            if name in built_in_types():
                raise SchemaError(
                    f"{FILE}: the module name {name} is that of a module of kubeloop.models; choose another"
                )
        self._names: set[str] = {*built_in_types(), *self._given.modules()}
        self._owners: dict[tuple[str, str], str] = {}

    def take(self, group: str, version: str, where: str) -> str:
        """Reserve and return the name of a group version's module.

        Args:
            group: The API group.
            version: Its version.
            where: What the message calls the document that brings the group version.

        Raises:
            SchemaError: Kubernetes does not allow the names, or another document has brought the group version.
        """
        check_group_version(group, version)
        if not group:
            raise SchemaError(f"{where}: an empty group: the core group has no custom resources")
        if other := self._owners.get((group, version)):
            raise SchemaError(f"{where}: {group}/{version} has already come from {other}")
        self._owners[group, version] = where
        return self.record(group, version).module or unique(module_of(group, version), self._names, "_")

    def record(self, group: str, version: str) -> ModuleRecord:
        """Return the names that an earlier run gave to what a group version contains."""
        return self._given.record(f"{group}/{version}")


def _init(origin: str, doc: str, modules: Mapping[str, Module]) -> str:
    # Names that Kubernetes and Python allow: nothing in them can end the docstring.
    lines = [f"- {name}: {module.api_version} (`{class_of_module(name)}`)" for name, module in modules.items()]
    return "\n".join([origin, f'"""{doc}', "", *lines, '"""', ""])


@cache
def built_in_types() -> dict[str, frozenset[str]]:
    """Return the types of `kubeloop.models` by module, read from the stubs without importing a model."""
    folder = Path(__file__).resolve().parent.parent / "models"
    found: dict[str, frozenset[str]] = {}
    for path in sorted(folder.glob("[a-z]*_v[0-9]*.pyi")):
        heads = (line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("class "))
        found[path.stem] = frozenset(line[len("class ") :].partition("(")[0] for line in heads)
    if not found:
        raise SchemaError(f"no built-in models in {folder}")
    return found
