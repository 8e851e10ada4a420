"""`WeakMethods`: bound methods by key, none of which keeps its object alive."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import TYPE_CHECKING, Generic, TypeVar
from weakref import WeakMethod

if TYPE_CHECKING:
    from types import MethodType

__all__ = ["WeakMethods"]

K = TypeVar("K", bound=Hashable)
R = TypeVar("R")


class WeakMethods(Generic[K, R]):
    """Bound methods without arguments, by key.

    A method whose object has ended is not returned any more. Its key takes memory until `remove_dead`.
    """

    __slots__ = ("_methods",)

    def __init__(self) -> None:
        self._methods: dict[K, list[WeakMethod[Callable[[], R]]]] = {}

    def add(self, key: K, method: Callable[[], R]) -> None:
        """Add a bound method."""
        bound: MethodType = method  # type: ignore[assignment]
        self._methods.setdefault(key, []).append(WeakMethod(bound))

    def alive(self) -> Iterator[tuple[K, list[Callable[[], R]]]]:
        """Yield the keys with a method whose object lives, and these methods."""
        for key, methods in [*self._methods.items()]:
            alive = [method for weak in methods if (method := weak()) is not None]
            if alive:
                yield key, alive

    def remove_dead(self) -> list[K]:
        """Remove the methods whose objects have ended, and return the keys that have no method any more."""
        gone: list[K] = []
        for key, methods in [*self._methods.items()]:
            methods[:] = [weak for weak in methods if weak() is not None]
            if not methods:
                del self._methods[key]
                gone.append(key)
        return gone

    def __len__(self) -> int:
        """Return the number of keys."""
        return len(self._methods)

    def __repr__(self) -> str:
        return f"<WeakMethods of {len(self._methods)} keys>"
