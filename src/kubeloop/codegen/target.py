"""The target of generated modules: kubeloop itself, or a package of custom resources."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kubeloop.codegen.schema import Module

__all__ = ["Target"]


@dataclass(frozen=True, slots=True)
class Target:
    """How generated files name their input, and how clients and informers import the models they speak of.

    `package` is the package of the models as an import statement writes it: absolute for kubeloop's own, relative for
    those beside the clients of a generated package. `has_bind` is set for a generated package: each module of clients
    or informers has a function `bind`, because a Clientset or factory has no property for it, and stubs show the field
    names that cannot be derived from attributes.
    """

    package: str
    origin: Callable[[Module], str]
    has_bind: bool = False

    def models(self, name: str) -> str:
        """Return the statement that imports a module of models."""
        return f"from {self.package} import {name}"
