"""How much memory values take: models, JSON values and plain Python objects, each counted once."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Collection, Iterable
from functools import cache
from itertools import islice
from types import BuiltinFunctionType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any, TypeVar, cast

from msgspec import Raw, Struct

__all__ = ["memory_size", "spread"]

T = TypeVar("T")

_LEAVES = (str, bytes, int, float, type(None), Raw)
_LISTS = (list, tuple, set, frozenset, deque)
# What is shared by the whole program.
_SHARED = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodType)
_EMPTY_BYTES = sys.getsizeof(b"")
_RAW_BYTES = Raw.__basicsize__


def memory_size(
    roots: Iterable[Any],
    seen: set[int] | None = None,
    *,
    is_counted: Callable[[Any], bool] | None = None,
    most: int | None = None,
) -> int:
    """Return the bytes that values take, with everything that they hold, as the allocator of Python rounds them.

    Each part is visited once, which takes about 0.6 µs. Nothing is decoded or changed. Classes, functions and modules
    are left out, because the whole program shares them, and so are the parts of objects of other libraries.

    Args:
        roots: The values.
        seen: The ids of values that are not counted; those of all counted values are added. The values must stay alive.
        is_counted: Returns whether a value below the roots is counted; without it all are.
        most: The number of items of one container that are visited, evenly spread; the others are taken to be like
            them. None visits all.
    """
    known: set[int] = set() if seen is None else seen
    # Values with the numbers of values for which they stand.
    waiting = [(value, 1.0) for value in roots]
    total = 0.0
    while waiting:
        value, weight = waiting.pop()
        if id(value) in known:
            continue
        known.add(id(value))
        own, parts_of = _measures(cast("Any", type(value)))
        total += own(value) * weight
        if parts_of is None:
            continue
        for borrowed in getattr(value, "__lent__", ()):  # a Raw that is a part of the bytes of this value
            known.add(id(borrowed))
            total += _RAW_BYTES * weight
        parts = parts_of(value)
        if most is not None and len(parts) > most and isinstance(value, (dict, *_LISTS)):
            visited = spread(parts, most)
            weight *= len(parts) / len(visited)
            parts = visited
        waiting.extend((part, weight) for part in parts if is_counted is None or is_counted(part))
    return round(total)


def spread(values: Collection[T], most: int | None) -> list[T]:
    """Return at most this number of values, evenly spread; all of them for None."""
    step = 1 if most is None else max(1, -(-len(values) // most))
    return [*islice(values, step // 2, None, step)]


@cache
def _measures(cls: Any) -> tuple[Callable[[Any], int], Callable[[Any], list[Any]] | None]:
    """Return the functions that return the bytes of a value without its parts, and its parts; None for no parts."""
    if issubclass(cls, _SHARED):
        return lambda _: 0, None
    if issubclass(cls, Raw):  # with bytes of its own
        return lambda value: _RAW_BYTES + _rounded(_EMPTY_BYTES + memoryview(value).nbytes), None
    is_own = cls.__module__.partition(".")[0] == "kubeloop" or issubclass(cls, (dict, *_LISTS, Struct))
    if issubclass(cls, _LEAVES) or not is_own:
        return lambda value: _rounded(sys.getsizeof(value)), None

    slots = _slots(cast("Any", cls))

    def parts(value: Any) -> list[Any]:
        found: list[Any] = []
        if issubclass(cls, dict):
            found += [*value, *value.values()]
        elif issubclass(cls, _LISTS):
            found += value
        for read in slots:
            try:
                found.append(read(value))
            except AttributeError:  # an empty slot
                continue
        if cls.__dictoffset__:
            found.append(value.__dict__)
        return found

    return lambda value: _rounded(sys.getsizeof(value)), parts


def _slots(cls: Any) -> tuple[Callable[[Any], Any], ...]:
    """Return the functions that read the slots of a class, not its properties, which would decode lazy objects."""
    owners: tuple[type[Any], ...] = cls.__mro__
    own: list[object] = [each for owner in owners if owner.__module__ != "builtins" for each in vars(owner).values()]
    return tuple(each.__get__ for each in own if isinstance(each, MemberDescriptorType))


def _rounded(size: int) -> int:
    """Return what the allocator takes: multiples of 16 bytes, of larger blocks with a header of 8 bytes."""
    return (size + 15) & ~15 if size <= 512 else (size + 8 + 15) & ~15
