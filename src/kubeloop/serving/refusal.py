"""`Refusal`: bytes that no handler may see, so that the server itself responds; and the plain form of an error."""

from __future__ import annotations

from kubeloop.wire.response import Headers, Response

__all__ = ["Refusal", "plain_refusal"]

_PLAIN = Headers([("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff")])


class Refusal(Exception):
    """The bytes are not a request that may be handled. The connection ends, since its next request cannot be found.

    Args:
        status: The HTTP status of the response.
        message: The reason, which quotes nothing of the request.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def plain_refusal(status: int, message: str) -> Response:
    """Return the response to a refused request or a failed handler as plain text."""
    return Response(status, _PLAIN, f"{message}\n".encode())
