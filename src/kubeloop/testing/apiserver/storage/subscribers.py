"""`Subscribers`: functions that are called with each of some values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Subscribers"]

T = TypeVar("T")


class Subscribers(Generic[T]):
    """Functions that are called in the order in which they were added.

    One that raises does not keep the others from the value; its exception is raised when all have been called. One that
    is added or removed during a call counts from the next value on.
    """

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: tuple[tuple[Callable[[T], None]], ...] = ()

    def add(self, callback: Callable[[T], None]) -> Callable[[], None]:
        """Add a function, and return a function that removes it. Removing it twice is allowed."""
        entry = (callback,)  # not equal by identity to another entry of the same function
        self._entries = (*self._entries, entry)

        def remove() -> None:
            self._entries = tuple(other for other in self._entries if other is not entry)

        return remove

    def call(self, value: T) -> None:
        """Call each function.

        Raises:
            Exception: The first one that a function has raised.
        """
        failure: Exception | None = None
        for (callback,) in self._entries:
            try:
                callback(value)
            except Exception as error:
                failure = failure or error
        if failure:
            raise failure
