"""`short_text_cache`: a cache for functions of texts that come from outside."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, update_wrapper
from typing import Concatenate, ParamSpec, TypeVar

__all__ = ["LONGEST_KEPT", "short_text_cache"]

LONGEST_KEPT = 512
"""The number of characters up to which a text is kept."""

T = TypeVar("T")
P = ParamSpec("P")


def short_text_cache(
    maxsize: int,
) -> Callable[[Callable[Concatenate[str, P], T]], Callable[Concatenate[str, P], T]]:
    """Return a decorator that keeps the results of a function for its latest short arguments.

    A plain `lru_cache` would keep texts of any length: a few thousand of some megabytes fill the memory.

    Args:
        maxsize: How many results are kept.
    """

    def decorate(function: Callable[Concatenate[str, P], T]) -> Callable[Concatenate[str, P], T]:
        kept = lru_cache(maxsize)(function)

        def call(text: str, /, *args: P.args, **kwargs: P.kwargs) -> T:
            return (kept if len(text) <= LONGEST_KEPT else function)(text, *args, **kwargs)  # type: ignore[arg-type]

        update_wrapper(call, function)
        return call

    return decorate
