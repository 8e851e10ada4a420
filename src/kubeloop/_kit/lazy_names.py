"""Names that a package offers without importing their modules: each module is imported when a name of it is first used.

Nothing is imported here, because `import kubeloop` waits for it.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["lazy_names"]


def lazy_names(
    package: str, names_of_modules: Mapping[str, str]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return the functions `__getattr__` and `__dir__` of a package.

        if not TYPE_CHECKING:
            __getattr__, __dir__ = lazy_names(__name__, {"lister": "Lister NamespaceLister"})

    Type checkers learn the names from imports below `if TYPE_CHECKING`; they must not see `__getattr__`, because then
    they would accept any name.

    Args:
        package: The name of the package.
        names_of_modules: The names that each module of the package defines, separated by spaces. The key `""` stands
            for the package itself: its names are modules.

    Reference: PEP 562.
    """
    module_of = {name: module for module, names in names_of_modules.items() for name in names.split()}
    attributes = vars(sys.modules[package])

    def load(name: str) -> object:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home = module_of[name] or name
        module = __import__(f"{package}.{home}", fromlist=[name])
        attributes[name] = value = getattr(module, name) if module_of[name] else module
        return value

    def names() -> list[str]:
        return sorted({*attributes, *module_of})

    return load, names
