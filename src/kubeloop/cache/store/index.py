"""`Index`: the keys of stored objects by the values of one index function. `Indexer` holds any number of them.

Reference: client-go `tools/cache/thread_safe_store.go` (`storeIndex`), `index.go`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from kubeloop.errors import CacheError
from kubeloop.meta.keys import Object

__all__ = ["Index", "IndexFunc"]

T = TypeVar("T", bound=Object)
A = TypeVar("A")

IndexFunc = Callable[[A], Iterable[str]]
"""Returns the values under which an object is found; there may be none."""


class Index(Generic[T]):
    """One index: the keys of objects by each value that a function returns for them.

    Args:
        name: The name of the index.
        function: The index function.

    Attributes:
        keys_by_value: The keys by value; a value without keys is removed.
    """

    __slots__ = ("function", "keys_by_value", "name")

    def __init__(self, name: str, function: IndexFunc[T]) -> None:
        self.name = name
        self.function = function
        # Dicts of strings keep the order in which keys were added, and the garbage collector skips them.
        self.keys_by_value: dict[str, dict[str, None]] = {}

    def __repr__(self) -> str:
        return f"<Index {self.name!r}: {len(self.keys_by_value)} values>"

    def values(self, obj: T) -> Iterable[str]:
        """Return the values of an object.

        Raises:
            TypeError: The function returned something else than an iterable of strings.
            Exception: What the function raises.
        """
        values = self.function(obj)
        kind = values.__class__
        if kind is not tuple and kind is not list:
            if isinstance(values, str):
                raise TypeError("expected an iterable of strings from the index function, got one string")
            values = tuple(values)
        for value in values:
            if value.__class__ is not str and not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise TypeError(f"expected strings from the index function, got {type(value).__name__}")
        return values

    def move(self, key: str, old: T | None, new: T) -> Exception | None:
        """Index an object in place of the one that it replaces.

        Returns:
            What the function failed with on the new object, which the index then lacks; None if it succeeded.
        """
        failure: Exception | None = None
        after: Iterable[str] = ()
        try:
            after = self.values(new)
        except Exception as error:
            failure = error
        if old is not None:
            before = self._values_before(old)
            if before == after:
                return failure
            self._take_out(key, before)
        table = self.keys_by_value
        for value in after:
            keys = table.get(value)
            if keys is None:
                table[value] = {key: None}
            else:
                keys[key] = None
        return failure

    def discard(self, key: str, old: T) -> None:
        """Remove an object that was indexed."""
        self._take_out(key, self._values_before(old))

    def report(self, key: str, error: Exception | None) -> CacheError:
        """Create the error that names the index and the object on which its function failed."""
        problem = CacheError(
            f"the index function {self.name!r} failed on {key!r}, which the index lacks now: {error!r}"
        )
        problem.__cause__ = error
        return problem

    def _values_before(self, old: T) -> Iterable[str]:
        # A function that fails on this object failed, and was reported, when it was stored: it is not in the table.
        try:
            return self.values(old)
        except Exception:
            return ()

    def _take_out(self, key: str, values: Iterable[str]) -> None:
        table = self.keys_by_value
        for value in values:
            keys = table.get(value)
            if keys is not None:
                keys.pop(key, None)
                if not keys:
                    del table[value]
