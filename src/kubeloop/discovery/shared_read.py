"""SharedRead: a value that is read when it is needed, by one call at a time, and shared by all calls."""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable
from typing import Generic, NamedTuple, TypeVar

from kubeloop._kit import waiting
from kubeloop.errors import KubeloopError

__all__ = ["ReadValue", "SharedRead"]

T = TypeVar("T")


class ReadValue(NamedTuple, Generic[T]):
    """What a read returns.

    Attributes:
        value: The value.
        is_live: Whether the server sent or confirmed it, and it is no file of earlier days.
    """

    value: T
    is_live: bool


class SharedRead(Generic[T]):
    """A value that calls share, with the moment at which its reading began.

    Moments are numbers that grow with every call and every read, so that "read after this call began" has an exact
    meaning without a clock. A call that is not content with the value waits for a read that began after the call did,
    and all calls that wait share this read, and its error.

    Args:
        read: Reads the value. Its argument says whether the server must be asked, whatever is stored elsewhere.

    Concurrency: One event loop, any number of calls at once; each may be cancelled. If the call that reads is
        cancelled, the next one reads.
    """

    __slots__ = ("_dropped", "_failure", "_held", "_lock", "_moment", "_read", "_read_at")

    def __init__(self, read: Callable[[bool], Awaitable[ReadValue[T]]]) -> None:
        self._read = read
        self._lock = waiting.Lock()
        self._moment = 0
        self._held: T | None = None
        self._read_at = 0
        self._dropped = 0
        self._failure: tuple[int, KubeloopError] | None = None

    def moment(self) -> int:
        """Return the present moment, for `get`."""
        self._moment += 1
        return self._moment

    @property
    def held(self) -> T | None:
        """The value; None before the first read, and after `drop`."""
        return self._held

    @property
    def is_live(self) -> bool:
        """Whether there is a value that came from the server."""
        return self._held is not None and self._read_at > 0

    def drop(self) -> None:
        """Forget the value. The next call asks the server; a read that is under way is not kept."""
        self._held = None
        self._dropped = self.moment()

    def forget(self) -> None:
        """Forget the value. The next call reads it from wherever it is stored."""
        self._held = None

    def replace(self, value: T) -> None:
        """Replace the value by one that is equally new."""
        self._held = value

    async def get(self, since: int = 0) -> T:
        """Return the value, and read it if there is none that is new enough.

        Args:
            since: A moment: the reading must have begun later. 0 accepts any value.

        Raises:
            KubeloopError: The value could not be read.
        """
        arrived = self.moment()
        if self._held is not None and self._read_at >= since:
            return self._held
        async with self._lock:
            if self._held is not None and self._read_at >= since:
                return self._held
            if self._failure is not None and self._failure[0] > arrived:
                raise copy.copy(self._failure[1])
            await waiting.let_others_run()  # calls of the same turn of the loop come before the read, and share it
            return await self._read_now(must_ask=since > 0 or self._dropped > 0)

    async def _read_now(self, *, must_ask: bool) -> T:
        began = self.moment()
        try:
            found = await self._read(must_ask)
        except KubeloopError as error:
            self._failure = (began, error)
            raise
        self._failure = None
        if began > self._dropped:
            self._held = found.value
            self._read_at = began if found.is_live else 0
        return found.value

    def __repr__(self) -> str:
        state = "empty" if self._held is None else f"read at {self._read_at}" if self._read_at else "from files"
        return f"<SharedRead, {state}>"
