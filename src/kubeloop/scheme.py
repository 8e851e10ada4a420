"""Scheme: the classes of kinds by apiVersion and kind, for functions that choose the class of an object.

There is no registry: a Scheme is a value that is passed where it is needed. The module of a built-in kind is imported
when the kind is first looked up.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import cast

from kubeloop.models.kind_index import KINDS
from kubeloop.objects.model import Kind

__all__ = ["Scheme"]


class Scheme:
    """The classes of the built-in kinds and of others.

    >>> kubeloop.decode(text, kubeloop.Scheme(my_models))

    Args:
        known: Classes of kinds, or modules that contain such classes; they replace built-in kinds of the same name. A
            class without a kind is ignored in a module and refused as an argument.

    Raises:
        TypeError: An argument is not a kind, or is a module without kinds.
    """

    def __init__(self, *known: ModuleType | type[Kind]) -> None:
        self._known: dict[tuple[str, str], type[Kind]] = {}
        for each in known:
            if isinstance(each, ModuleType):
                kinds = [value for value in vars(each).values() if _is_kind(value)]
                if not kinds:
                    raise TypeError(f"expected a module of kinds, got {each.__name__}, which has none")
                for kind in kinds:
                    if kind.__module__ == each.__name__:
                        self._add(kind)
            elif _is_kind(each):
                self._add(each)
            else:
                raise TypeError(f"expected a kind or a module of kinds, got {each!r}")

    def _add(self, kind: type[Kind]) -> None:
        self._known[kind.api_version, kind.kind] = kind

    def lookup(self, api_version: str, kind: str) -> type[Kind] | None:
        """Return the class of a kind; None if the kind is unknown."""
        found = self._known.get((api_version, kind))
        if found is not None:
            return found
        module = KINDS.get((api_version, kind))
        if module is None:
            return None
        cls = getattr(import_module(f"kubeloop.models.{module}"), kind)
        return cast("type[Kind]", cls)

    def __repr__(self) -> str:
        return f"Scheme({', '.join(sorted(cls.__qualname__ for cls in self._known.values()))})"


def _is_kind(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Kind) and bool(value.kind)
