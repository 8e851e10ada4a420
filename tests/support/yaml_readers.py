"""`kubeloop.meta.yaml` as it is, and as it would be if PyYAML were installed without libyaml."""

from __future__ import annotations

import importlib
import sys
from functools import cache
from types import ModuleType
from typing import Any

import kubeloop.meta
import kubeloop.meta.yaml as with_libyaml

__all__ = ["READERS", "reader"]

READERS = ("libyaml", "without libyaml")


def reader(name: str) -> Any:
    """Return one of the two modules."""
    return with_libyaml if name == "libyaml" else _without_libyaml()


@cache
def _without_libyaml() -> ModuleType:
    """Import PyYAML and our modules again, in a process that seems to have no libyaml."""
    prefixes = ("yaml.", "kubeloop.meta.yaml", "kubeloop.meta._yaml_")
    names = [name for name in sys.modules if name == "yaml" or name.startswith(prefixes)]
    saved = {name: sys.modules.pop(name) for name in names}
    attributes = {name: value for name, value in vars(kubeloop.meta).items() if name.startswith(("yaml", "_yaml_"))}
    sys.modules["yaml._yaml"] = None  # type: ignore[assignment]  # an import of it fails
    try:
        return importlib.import_module("kubeloop.meta.yaml")
    finally:
        for name in [name for name in sys.modules if name == "yaml" or name.startswith(prefixes)]:
            del sys.modules[name]
        sys.modules.update(saved)
        for name, value in attributes.items():
            setattr(kubeloop.meta, name, value)
