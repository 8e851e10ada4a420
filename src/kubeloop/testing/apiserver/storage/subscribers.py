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

    __slots__ = ("_callbacks", "_called")

    def __init__(self) -> None:
        self._callbacks: dict[object, Callable[[T], None]] = {}
        self._called: tuple[Callable[[T], None], ...] | None = ()  # of these; None after a change

    def add(self, callback: Callable[[T], None]) -> Callable[[], None]:
        """Add a function, and return a function that removes it. Removing it twice is allowed."""
        entry = object()  # the same function may be added several times
        self._callbacks[entry] = callback
        self._called = None

        def remove() -> None:
            if self._callbacks.pop(entry, None) is not None:
                self._called = None

        return remove

    def call(self, value: T) -> None:
        """Call each function.

        Raises:
            Exception: The first one that a function has raised.
        """
        called = self._called
        if called is None:
            self._called = called = tuple(self._callbacks.values())
        failure: Exception | None = None
        for callback in called:
            try:
                callback(value)
            except Exception as error:
                failure = failure or error
        if failure:
            raise failure
