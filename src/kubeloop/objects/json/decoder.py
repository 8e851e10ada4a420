"""The msgspec decoder of each type.

msgspec would compile each annotation of each class when it creates a decoder: 767 for a list of pods, a few hundred of
them different. This took most of the time to a program's first object, so each text is compiled once here.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any, get_args

import msgspec

from kubeloop.objects.exact_time import decode_exact
from kubeloop.objects.frozen_struct import FrozenStructMeta
from kubeloop.objects.unknown_members import keeps_rest, with_rest

__all__ = ["decoder"]

_done: set[Any] = set()


@cache
def decoder(cls: Any) -> msgspec.json.Decoder[Any] | _KeepingDecoder:
    """Return the decoder of a type, which is created once."""
    _resolve(cls)
    exact = msgspec.json.Decoder(cls, dec_hook=decode_exact)
    return _KeepingDecoder(exact) if keeps_rest(cls) else exact


class _KeepingDecoder:
    """Decodes types that preserve unknown fields, in two passes: the second one, without types, finds these fields.

    It takes about twice the time.
    """

    def __init__(self, exact: msgspec.json.Decoder[Any]) -> None:
        self._exact = exact

    def decode(self, data: bytes | str) -> Any:
        """Decode one value."""
        return with_rest(self._exact.decode(data), msgspec.json.decode(data), everywhere=False)


def _resolve(cls: Any) -> None:
    """Replace the text of annotations by types, for a model and all models that it can hold."""
    types: dict[tuple[int, str], Any] = {}
    waiting = [cls]
    while waiting:
        hint = waiting.pop()
        if not isinstance(hint, FrozenStructMeta):
            waiting.extend(get_args(hint))
        elif hint not in _done:
            _done.add(hint)
            names: set[str] = set()
            for owner in hint.__mro__:
                waiting.extend(_resolve_own(owner, types, names))


def _resolve_own(owner: type[Any], types: dict[tuple[int, str], Any], seen: set[str]) -> list[Any]:
    """Replace the annotations that a class itself declares.

    Args:
        owner: The class.
        types: The types by module and text, to which new ones are added.
        seen: The names that subclasses declare, which hide those of this class; its own are added.

    Returns:
        The new types.
    """
    known: dict[str, Any] = getattr(sys.modules.get(owner.__module__), "__dict__", {})
    fresh: list[Any] = []
    declared: dict[str, Any] = vars(owner).get("__annotations__", {})
    for name, text in declared.items():
        if name in seen:
            continue
        seen.add(name)
        if not isinstance(text, str):
            fresh.append(text)
            continue
        key = id(known), text
        if key not in types:
            try:
                types[key] = eval(text, known)  # noqa: S307 (our own annotation)
            except NameError:  # of a class within a function, whose names only msgspec knows
                continue
            fresh.append(types[key])
        declared[name] = types[key]
    return fresh
