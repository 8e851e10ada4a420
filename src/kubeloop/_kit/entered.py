"""Streams are entered with `async with`: what says so when a program forgets that."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import NoReturn, TypeVar

__all__ = ["MustEnter", "must_enter"]

T_co = TypeVar("T_co", covariant=True)


def must_enter(what: str, call: str) -> RuntimeError:
    """Return the error of a stream that is read outside of its block.

    Args:
        what: The stream, as in `"a watch"`.
        call: How it is made, as in `"client.watch(...)"`.
    """
    return RuntimeError(
        f"{what} is read inside its block, which opens and closes the connection: "
        f"async with {call} as stream: async for item in stream: ..."
    )


class MustEnter(AbstractAsyncContextManager[T_co, bool | None]):
    """A context manager that gives a stream, and refuses to be read itself."""

    __slots__ = ("_call", "_manager", "_what")

    def __init__(self, manager: AbstractAsyncContextManager[T_co, bool | None], what: str, call: str) -> None:
        self._manager = manager
        self._what = what
        self._call = call

    async def __aenter__(self) -> T_co:
        return await self._manager.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._manager.__aexit__(kind, error, trace)

    def __aiter__(self) -> NoReturn:
        """Refuse `async for` without `async with`.

        Raises:
            RuntimeError: Always; its message shows how the stream is read.
        """
        raise must_enter(self._what, self._call)
