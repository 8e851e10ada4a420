"""Annotations: what the classes of models say as text, turned into types.

msgspec does that too when it makes a decoder, but compiles each annotation of each class on its own: 767 for a list of
pods, a few hundred of them different. That was most of the time to a program's first object.
"""

from __future__ import annotations

import sys
from typing import Any, get_args

from kubeloop.objects.frozen_struct import ModelMeta

__all__ = ["resolve"]

_done: set[Any] = set()


def resolve(cls: Any) -> None:
    """Let the annotations of a model, and of all models that it can hold, be types instead of text."""
    types: dict[tuple[int, str], Any] = {}
    waiting = [cls]
    while waiting:
        hint = waiting.pop()
        if not isinstance(hint, ModelMeta):
            waiting.extend(get_args(hint))
        elif hint not in _done:
            _done.add(hint)
            for owner in hint.__mro__:
                waiting.extend(_resolve_own(owner, types))


def _resolve_own(owner: type[Any], types: dict[tuple[int, str], Any]) -> list[Any]:
    """Resolve what one class itself declares; `types` are those of each text of a module.

    Returns: the types that were not among them.
    """
    names: dict[str, Any] = getattr(sys.modules.get(owner.__module__), "__dict__", {})
    fresh: list[Any] = []
    declared: dict[str, Any] = vars(owner).get("__annotations__", {})
    for name, text in declared.items():
        if not isinstance(text, str):
            continue
        key = id(names), text
        if key not in types:
            try:
                types[key] = eval(text, names)  # noqa: S307 (our own annotation)
            except NameError:  # of a class within a function: msgspec knows the names of the class, too
                continue
            fresh.append(types[key])
        declared[name] = types[key]
    return fresh
