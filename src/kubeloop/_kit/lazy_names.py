"""Lazy names of a package: each module is imported when one of its names is first used.

This module imports nothing, because `import kubeloop` waits for it.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["lazy_names"]


def lazy_names(
    package: str, names_of_modules: Mapping[str, str]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return the functions `__getattr__` and `__dir__` of a package. `dir` lists the public names only.

        if not TYPE_CHECKING:
            __getattr__, __dir__ = lazy_names(__name__, {"lister": "Lister NamespaceLister"})

    Type checkers read the names from imports below `if TYPE_CHECKING`; they must not see `__getattr__`, because they
    would then accept any name. The error for an unknown name contains the nearest known name.

    Args:
        package: The name of the package.
        names_of_modules: Per module of the package, the names that it defines, separated by spaces. The key `""` stands
            for the package itself, whose names are modules. A module of another package has its full name
            (`kubeloop.clients.edit`).

    Reference: PEP 562.
    """
    module_of = {name: module for module, names in names_of_modules.items() for name in names.split()}
    attributes = vars(sys.modules[package])

    def names() -> list[str]:
        return sorted({*module_of, *attributes.get("__all__", ())})

    def load(name: str) -> object:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}{_hint(package, name, module_of)}")
        home = module_of[name] or name
        module = __import__(home if home.startswith("kubeloop.") else f"{package}.{home}", fromlist=[name])
        attributes[name] = value = getattr(module, name) if module_of[name] else module
        return value

    return load, names


def _hint(package: str, name: str, known: Iterable[str]) -> str:
    """Return what to write instead of an unknown name: an import, the nearest known name, or `""` for neither."""
    if name.startswith("_"):
        return ""  # the interpreter and tools look for such names, which nobody misspells
    from importlib.util import find_spec

    from kubeloop._kit.near_names import did_you_mean

    if find_spec(f"{package}.{name}") is not None:
        return f": it is a module, which `import {package}.{name}` loads"
    return did_you_mean(name, known)
