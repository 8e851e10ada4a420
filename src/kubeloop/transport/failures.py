"""One table from what aiohttp, asyncio and OpenSSL raise to the exception tree. Nothing else of them gets out.

Messages say what failed and what to do; they have no header, body or byte from the wire in them. The original exception
is not kept: its attributes may hold a proxy's password or what was on the wire. Where the operating system said why,
an `OSError` with its number is the cause.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from typing import TYPE_CHECKING

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from kubeloop.errors import ConnectError, ConnectionLost, RequestTimeout, TLSError, TransportError

if TYPE_CHECKING:
    from kubeloop.wire.request import Request

__all__ = ["CONNECT_FAILURES", "EXCHANGE_FAILURES", "connect_failure", "exchange_failure"]

CONNECT_FAILURES = (aiohttp.ClientError, OSError, asyncio.TimeoutError, HttpProcessingError)
EXCHANGE_FAILURES = (aiohttp.ClientError, OSError, HttpProcessingError)

_UNKNOWN_AUTHORITY = (
    "the server's certificate is signed by an authority that is not trusted: give it as certificate-authority(-data)"
)
# OpenSSL's X509_V_ERR_* numbers.
_VERIFY = {
    2: _UNKNOWN_AUTHORITY,
    18: _UNKNOWN_AUTHORITY,
    19: _UNKNOWN_AUTHORITY,
    20: _UNKNOWN_AUTHORITY,
    21: _UNKNOWN_AUTHORITY,
    9: "the server's certificate is not valid yet: check this machine's clock",
    10: "the server's certificate has expired: renew it, or check this machine's clock",
    62: "the server's certificate is not for this name: set tls-server-name to a name that it is for",
    64: "the server's certificate is not for this address: set tls-server-name to a name that it is for",
}
_REASONS = {
    "WRONG_VERSION_NUMBER": "the server does not speak TLS here: is it an http:// address?",
    "HTTP_REQUEST": "the server does not speak TLS here: is it an http:// address?",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "the server wants a client certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "the server says that the client certificate has expired: renew it",
    "SSLV3_ALERT_BAD_CERTIFICATE": "the server refuses the client certificate",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "the server refuses the client certificate",
    "TLSV1_ALERT_UNKNOWN_CA": "the server does not know the authority of the client certificate",
}


def connect_failure(exc: BaseException, request: Request, server: str) -> TransportError:
    """Say why no connection came about. The request was not sent.

    Args:
        exc: One of `CONNECT_FAILURES`.
        request: What was to be sent.
        server: Where to, for the message.

    Returns:
        The exception, to be raised by `raise_alone`.
    """
    return _chained(_connect_failure(exc, request.method, request.path, server), exc)


def exchange_failure(exc: BaseException, request: Request) -> TransportError:
    """Say why the answer did not come, or not whole. The request may have been acted upon.

    Args:
        exc: One of `EXCHANGE_FAILURES`.
        request: What was sent.

    Returns:
        The exception, to be raised by `raise_alone`.
    """
    return _chained(_exchange_failure(exc, request.method, request.path), exc)


def _chained(failure: TransportError, exc: BaseException) -> TransportError:
    inner: object = getattr(exc, "os_error", exc)
    if isinstance(inner, OSError) and inner.errno is not None and inner.errno > 0:
        failure.__cause__ = OSError(inner.errno, os.strerror(inner.errno))
    return failure


def _connect_failure(exc: BaseException, method: str, path: str, server: str) -> TransportError:
    if (cause := _ssl_cause(exc)) is not None:
        return TLSError(f"{server}: {_tls_reason(cause)}", method=method, path=path, retryable=False)
    if isinstance(exc, aiohttp.ClientHttpProxyError):
        login = ": the proxy wants a user and password in proxy-url" if exc.status == 407 else ""
        message = f"the proxy refused a tunnel to {server}: it answered {exc.status}{login}"
        return ConnectError(message, method=method, path=path, retryable=exc.status >= 500)
    if isinstance(exc, (asyncio.TimeoutError, TimeoutError)):
        return ConnectError(f"no connection to {server} in time", method=method, path=path)
    through = "the proxy for " if isinstance(exc, aiohttp.ClientProxyConnectionError) else ""
    return ConnectError(f"cannot connect to {through}{server}: {_os_reason(exc)}", method=method, path=path)


def _exchange_failure(exc: BaseException, method: str, path: str) -> TransportError:
    if (cause := _ssl_cause(exc)) is not None:
        return TLSError(_tls_reason(cause), method=method, path=path, retryable=False)
    if isinstance(exc, (aiohttp.SocketTimeoutError, TimeoutError)):
        return RequestTimeout("the server went silent", method=method, path=path)
    if isinstance(exc, (HttpProcessingError, aiohttp.ClientResponseError)):
        return TransportError("the server does not speak HTTP/1.1 here", method=method, path=path, retryable=False)
    if isinstance(exc, aiohttp.ClientPayloadError):
        return ConnectionLost("the connection broke in the middle of the body", method=method, path=path)
    if isinstance(exc, aiohttp.ServerDisconnectedError):
        return ConnectionLost("the server closed the connection without an answer", method=method, path=path)
    return ConnectionLost(f"the connection broke: {_os_reason(exc)}", method=method, path=path)


def _ssl_cause(exc: BaseException) -> ssl.SSLError | None:
    """Find OpenSSL's own exception, which aiohttp wraps in several ways."""
    for candidate in (exc, exc.__cause__, getattr(exc, "certificate_error", None), getattr(exc, "os_error", None)):
        # Some of aiohttp's exceptions are an SSLError too, but know nothing about it.
        others = (aiohttp.ClientError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
        if isinstance(candidate, ssl.SSLError) and not isinstance(candidate, others):
            return candidate
    return None


def _tls_reason(exc: ssl.SSLError) -> str:
    if isinstance(exc, ssl.SSLCertVerificationError):
        return _VERIFY.get(exc.verify_code, exc.verify_message)
    reason = exc.reason or ""
    return _REASONS.get(reason) or f"the TLS handshake failed: {reason.replace('_', ' ').lower() or 'unknown reason'}"


def _os_reason(exc: BaseException) -> str:
    inner: object = getattr(exc, "os_error", exc)
    if isinstance(exc, aiohttp.ClientConnectorDNSError):
        return "no such host"
    if isinstance(inner, OSError) and inner.errno is not None and inner.errno > 0:
        return os.strerror(inner.errno).lower()
    return type(inner).__name__
