"""`CollectedList`: the list reader of a format whose LISTs are read in steps once the whole body has arrived."""

from __future__ import annotations

from collections.abc import Callable, Generator
from io import BytesIO
from typing import Generic, TypeVar

__all__ = ["CollectedList"]

T = TypeVar("T")


class CollectedList(Generic[T]):
    """Collects a body, then reads it in steps; see `ListReader`.

    Args:
        read: Reads a whole body in steps, or raises DecodeError.
    """

    __slots__ = ("_body", "_read")

    def __init__(self, read: Callable[[bytes], Generator[None, None, T]]) -> None:
        self._read = read
        self._body = BytesIO()

    @property
    def body(self) -> bytes:
        """The body, as far as it has arrived."""
        return self._body.getvalue()

    def feed(self, data: bytes | memoryview) -> None:
        """Take some bytes of the body."""
        self._body.write(data)

    def finishing(self) -> Generator[None, None, T]:
        """Return the list, in steps."""
        return (yield from self._read(self.body))
