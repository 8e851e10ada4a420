"""What goes wrong on one connection. The transport turns each into the exception tree, with the request's path."""

from __future__ import annotations

__all__ = ["BadResponse", "Broken", "Closed", "Silent"]


class BadResponse(Exception):
    """What arrived is no HTTP/1.1 response that can be read safely. Its text says why, without a byte from the wire."""


class Broken(Exception):
    """The connection ended before the response did.

    Args:
        reason: How it ended, for a message.
        cause: What the event loop reported, an `OSError` or an `ssl.SSLError`; None for an end without a fault.
    """

    def __init__(self, reason: str, cause: Exception | None = None) -> None:
        super().__init__(reason)
        self.cause = cause


class Silent(Exception):
    """Nothing was sent or received for longer than the silence bound."""


class Closed(Exception):
    """This side closed the connection while it was in use."""
