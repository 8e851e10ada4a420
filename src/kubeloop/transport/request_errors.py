"""What goes wrong on a connection, as an exception of kubeloop's tree, with the request's method and path.

Messages say what failed, what to do, and whether the request was sent; they hold no header, body or byte from the wire.
Where the operating system said why, an `OSError` with its number is the cause.
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
    """Return why the response did not come, or not whole.

    Args:
        error: One of `EXCHANGE_FAILURES`.
        request: What was sent.
        is_sent: Whether anything of it may have reached the server.

    Returns:
        The exception, to be raised by `raise_alone`.
    """
    method, path = request.method, request.path
    sent = "the request was sent, and may have been carried out" if is_sent else "the request was not sent"
    if isinstance(error, Closed):
        return closed_failure(request)
    if isinstance(error, Silent):
        return ServerSilent(f"the server went silent: {error}; {sent}", method=method, path=path)
    if isinstance(error, BadResponse):
        message = f"the server does not speak HTTP/1.1 here: {error}; {sent}"
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
    """Return the exception for a call on a client that is closed, or was closed while the call ran."""
    return TransportError("the client is closed", method=request.method, path=request.path, retryable=False)
