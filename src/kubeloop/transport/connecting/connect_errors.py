"""The errors of opening a connection, as errors of kubeloop's tree.

Messages name the failure and the next step, and state that the request was not sent. The original exception is not
kept, because its attributes may contain received bytes; an `OSError` with the number of the operating system is the
cause, or the exception of `Config.dial`.
"""

from __future__ import annotations

import os
import socket
import ssl
from typing import TYPE_CHECKING

from kubeloop.errors import ConnectError, TLSError, TransportError
from kubeloop.transport.connecting.dial import ProxyFailure
from kubeloop.transport.connecting.dial_hook import HookFailure
from kubeloop.transport.connecting.handshakes import Refusal

if TYPE_CHECKING:
    from kubeloop.wire.request import Request

__all__ = ["CONNECT_FAILURES", "connect_failure", "os_reason", "tls_reason"]

CONNECT_FAILURES = (OSError, HookFailure, ProxyFailure, Refusal)
"""The exceptions that `Dialer.dial` raises."""

_NOT_SENT = " (the request was not sent)"
_UNKNOWN_AUTHORITY = (
    "the certificate of {peer} is signed by an authority that is not trusted: set certificate-authority(-data)"
)
_WRONG_NAME = {
    "the server": "set tls-server-name to a name in the certificate",
    "the proxy": "use a name in the certificate in proxy-url",
}
# OpenSSL's X509_V_ERR_* numbers.
_VERIFY = {
    2: _UNKNOWN_AUTHORITY,
    18: _UNKNOWN_AUTHORITY,
    19: _UNKNOWN_AUTHORITY,
    20: _UNKNOWN_AUTHORITY,
    21: _UNKNOWN_AUTHORITY,
    9: "the certificate of {peer} is not valid yet: check this machine's clock",
    10: "the certificate of {peer} has expired: renew it, or check this machine's clock",
    62: "the certificate of {peer} is not valid for this name: {rename}",
    64: "the certificate of {peer} is not valid for this address: {rename}",
}
_NO_TLS = "{peer} does not speak TLS on this port: check whether the address starts with http://"
_REASONS = {
    "WRONG_VERSION_NUMBER": _NO_TLS,
    "HTTP_REQUEST": _NO_TLS,
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "{peer} requires a client certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "{peer} reports that the client certificate has expired: renew it",
    "SSLV3_ALERT_BAD_CERTIFICATE": "{peer} refuses the client certificate",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "{peer} refuses the client certificate",
    "TLSV1_ALERT_UNKNOWN_CA": "{peer} does not know the authority of the client certificate",
}


def connect_failure(error: Exception, request: Request, server: str) -> TransportError:
    """Return the exception for a connection that could not be opened, so that the request was not sent.

    Args:
        error: One of `CONNECT_FAILURES`.
        request: The request that was not sent.
        server: The server as `host:port`, for the message.

    Returns:
        A `TLSError` or a `ConnectError`, which the caller raises with `raise_alone`.
    """
    reason = error.reason if isinstance(error, ProxyFailure) else error
    peer, where = ("the proxy", f"the proxy for {server}") if reason is not error else ("the server", server)
    failure: TransportError
    if (tls := tls_reason(reason, peer)) is not None:
        failure = TLSError(f"{where}: {tls}{_NOT_SENT}", method=request.method, path=request.path, retryable=False)
    elif isinstance(reason, Refusal):
        what = f"the proxy refused a tunnel to {server}" if reason is not error else f"cannot connect to {server}"
        message, retryable = f"{what}: {reason}", reason.is_retryable
        failure = ConnectError(f"{message}{_NOT_SENT}", method=request.method, path=request.path, retryable=retryable)
    elif isinstance(reason, HookFailure):
        message = f"cannot connect to {where}: Config.dial raised {type(reason.reason).__name__}"
        failure = ConnectError(f"{message}{_NOT_SENT}", method=request.method, path=request.path, retryable=False)
        failure.__cause__ = reason.reason
    elif isinstance(reason, TimeoutError):
        message = f"the connection to {where} timed out"
        failure = ConnectError(f"{message}{_NOT_SENT}", method=request.method, path=request.path)
    else:
        message = f"cannot connect to {where}: {os_reason(reason)}"
        failure = ConnectError(f"{message}{_NOT_SENT}", method=request.method, path=request.path)
    if (number := _error_number(reason)) is not None:
        failure.__cause__ = OSError(number, os.strerror(number))
    return failure


def tls_reason(error: Exception, peer: str = "the server") -> str | None:
    """Return the cause of a TLS failure and the next step; None if the failure is not one of TLS.

    Args:
        error: The exception. The end of a connection is not a failure of TLS.
        peer: The other side, for the message.
    """
    if not isinstance(error, ssl.SSLError) or isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return None
    if isinstance(error, ssl.SSLCertVerificationError):
        text = _VERIFY.get(error.verify_code, error.verify_message)
    else:
        reason = error.reason or ""
        text = (
            _REASONS.get(reason) or f"the TLS handshake failed: {reason.replace('_', ' ').lower() or 'unknown reason'}"
        )
    return text.format(peer=peer, rename=_WRONG_NAME.get(peer, ""))


def os_reason(error: Exception) -> str:
    """Return the cause of a failure of name resolution or of the network."""
    if isinstance(error, socket.gaierror):
        return "cannot resolve the host: no DNS server responded" if error.errno == socket.EAI_AGAIN else "no such host"
    if (number := _error_number(error)) is not None:
        return os.strerror(number).lower()
    if isinstance(error, (ssl.SSLError, ConnectionError)):
        return "the other side closed the connection"
    return type(error).__name__


def _error_number(error: Exception) -> int | None:
    """Return the errno of an error; OpenSSL and name resolution have other numbers."""
    if not isinstance(error, OSError) or isinstance(error, (ssl.SSLError, socket.gaierror)):
        return None
    return error.errno
