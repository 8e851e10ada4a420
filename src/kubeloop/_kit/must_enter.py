"""Streams that are entered with `async with`, and the error of a program that forgets to."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import NoReturn, TypeVar

__all__ = ["MustEnter", "not_entered"]

T_co = TypeVar("T_co", covariant=True)


def not_entered(what: str, use: str) -> RuntimeError:
    """Return the error of a stream that is read outside of its block.

    Args:
        what: The stream, as in `"a watch"`.
        use: How it is used, beginning with `async with`.
    """
    return RuntimeError(f"{what} is read inside of its block, which opens and closes the connection: {use}")


class MustEnter(AbstractAsyncContextManager[T_co, bool | None]):
    """A context manager that opens a stream, and that refuses to be iterated in place of the stream.

    Args:
        manager: Opens and closes the stream.
        what: See `not_entered`.
        use: See `not_entered`.
    """

    __slots__ = ("_manager", "_use", "_what")

    def __init__(self, manager: AbstractAsyncContextManager[T_co, bool | None], what: str, use: str) -> None:
        self._manager = manager
        self._what = what
        self._use = use

    async def __aenter__(self) -> T_co:
        return await self._manager.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._manager.__aexit__(kind, error, trace)

    def __aiter__(self) -> NoReturn:
        """Refuse `async for` without `async with`.

        Raises:
            RuntimeError: Always; the message shows how the stream is used.
        """
        raise not_entered(self._what, self._use)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._what}>"
