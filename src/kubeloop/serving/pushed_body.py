"""`PushedBody`: the body of a stream that says when something is ready, so that its connection needs no task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

__all__ = ["PushedBody"]


@runtime_checkable
class PushedBody(Protocol):
    """What the `chunks` of a `StreamedResponse` may be besides an iterator, which a connection uses if it can.

    A body that must wait for a time calls `on_ready` by a timer of its own. `close` follows in any case.

    Attributes:
        on_ready: Set by the connection; called in the event loop when there may be something to take.
    """

    on_ready: Callable[[], None] | None

    def take(self) -> bytes | None:
        """Return what is ready: `b""` for nothing yet, None at the end of the body.

        Raises:
            Exception: The body cannot be completed; the connection is closed.
        """
        ...

    def close(self) -> None:
        """End the body; a second call does nothing."""
        ...
