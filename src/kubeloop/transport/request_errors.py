"""The errors of a connection in use, as errors of kubeloop's tree with the request's method and path.

Messages name the failure and state whether the request was sent. They contain no header, body or received byte. An
`OSError` with the number of the operating system is the cause.
"""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING

from kubeloop.errors import ConnectionLost, ServerSilent, TLSError, TransportError
from kubeloop.transport.connecting.connect_errors import tls_reason
from kubeloop.transport.http1.protocol_error import BadResponse, Broken, Closed, Silent

if TYPE_CHECKING:
    from kubeloop.wire.request import Request

__all__ = ["EXCHANGE_FAILURES", "closed_failure", "exchange_failure"]

EXCHANGE_FAILURES = (BadResponse, Broken, Closed, Silent)


def exchange_failure(error: Exception, request: Request, *, is_sent: bool = True) -> TransportError:
    """Return the exception for a response that is missing or incomplete.

    Args:
        error: One of `EXCHANGE_FAILURES`.
        request: The request.
        is_sent: Whether a part of the request may have reached the server.

    Returns:
        The exception, which the caller raises with `raise_alone`.
    """
    method, path = request.method, request.path
    sent = "the request was sent, and may have been carried out" if is_sent else "the request was not sent"
    if isinstance(error, Closed):
        return closed_failure(request)
    if isinstance(error, Silent):
        return ServerSilent(f"the server is silent: {error}; {sent}", method=method, path=path)
    if isinstance(error, BadResponse):
        message = f"the server did not send a valid HTTP/1.1 response: {error}; {sent}"
        return TransportError(message, method=method, path=path, retryable=False)
    cause = error.cause if isinstance(error, Broken) else error
    if cause is not None and (reason := tls_reason(cause)) is not None:
        return TLSError(f"{reason}; {sent}", method=method, path=path, retryable=False)
    why = f": {os.strerror(cause.errno).lower()}" if isinstance(cause, OSError) and cause.errno else ""
    failure = ConnectionLost(f"{error}{why}; {sent}", method=method, path=path)
    if isinstance(cause, OSError) and cause.errno and not isinstance(cause, ssl.SSLError):
        failure.__cause__ = OSError(cause.errno, os.strerror(cause.errno))
    return failure


def closed_failure(request: Request) -> TransportError:
    """Return the exception for a call on a client that is closed or was closed during the call."""
    return TransportError("the client is closed", method=request.method, path=request.path, retryable=False)
