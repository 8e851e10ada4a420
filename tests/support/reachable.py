"""Everything that can be reached from an exception except the frames of its traceback: what a crash reporter sends."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Mapping
from types import FrameType, ModuleType, TracebackType

from kubeloop.errors import KubeloopError

__all__ = ["reachable"]

_DEPTH = 8


def reachable(error: BaseException) -> str:
    """Return all texts that `error` leads to: message, args, attributes, notes, pickle, and those of chained errors.

    Chained exceptions count although they are suppressed: `from None` hides them from tracebacks only.
    """
    texts = list(_texts(error, _DEPTH, set()))
    if isinstance(error, KubeloopError):
        texts.append(pickle.dumps(error).decode("latin-1"))
    return "\n".join(texts)


def _texts(value: object, depth: int, seen: set[int]) -> Iterator[str]:
    if depth == 0 or id(value) in seen or isinstance(value, (type, ModuleType, FrameType, TracebackType)):
        return
    seen.add(id(value))
    if isinstance(value, str):
        yield value
        return
    if isinstance(value, (bytes, bytearray)):
        yield value.decode("latin-1")
        return
    try:
        yield f"{value!r} {value!s}"
    except Exception as error:  # a repr that fails is a finding of its own
        yield f"repr failed: {error!r}"
    for each in _parts(value):
        yield from _texts(each, depth - 1, seen)


def _parts(value: object) -> Iterator[object]:
    if isinstance(value, BaseException):
        yield value.args
        yield value.__cause__
        yield value.__context__
        for name in ("object", "doc", "filename", "problem_mark"):
            yield getattr(value, name, None)
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, Iterable) and isinstance(value, (list, tuple, set, frozenset)):
        yield from value
    yield getattr(value, "__dict__", None)
    for name in getattr(type(value), "__struct_fields__", ()) or getattr(type(value), "__slots__", ()):
        if isinstance(name, str):
            yield getattr(value, name, None)
