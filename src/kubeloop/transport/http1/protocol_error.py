"""The errors of one connection. The transport replaces them by errors of kubeloop's tree, with the request's path."""

from __future__ import annotations

__all__ = ["BadResponse", "Broken", "Closed", "Silent"]


class BadResponse(Exception):
    """The bytes are not a valid HTTP/1.1 response. The message gives the reason and quotes nothing of them."""


class Broken(Exception):
    """The connection ended before the response did.

    Args:
        reason: How the connection ended, for the message.
        cause: The event loop's `OSError` or `ssl.SSLError`; None if the connection was closed without an error.
    """

    def __init__(self, reason: str, cause: Exception | None = None) -> None:
        super().__init__(reason)
        self.cause = cause


class Silent(Exception):
    """No byte was sent or received for longer than the limit."""


class Closed(Exception):
    """This side closed the connection while it was in use."""
