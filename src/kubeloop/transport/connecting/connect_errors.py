"""One table from what fails while a connection comes about to the exception tree.

Messages say what failed and what to do, and that the request was not sent; they have no byte from the wire in them. The
original exception is not kept: its attributes may hold what was on the wire. Where the operating system said why, an
`OSError` with its number is the cause.
"""

from __future__ import annotations

import os
import socket
import ssl
from typing import TYPE_CHECKING

from kubeloop.errors import ConnectError, TLSError, TransportError
from kubeloop.transport.connecting.dial import ProxyFailure
from kubeloop.transport.connecting.dialogue import Refusal

if TYPE_CHECKING:
    from kubeloop.wire.request import Request

__all__ = ["CONNECT_FAILURES", "connect_failure", "os_reason", "tls_reason"]

CONNECT_FAILURES = (OSError, ProxyFailure, Refusal)
"""What `Dialer.dial` raises."""

_NOT_SENT = " (the request was not sent)"
_UNKNOWN_AUTHORITY = (
    "{peer}'s certificate is signed by an authority that is not trusted: give it as certificate-authority(-data)"
)
_WRONG_NAME = {
    "the server": "set tls-server-name to a name that it is for",
    "the proxy": "put a name that it is for into proxy-url",
}
# OpenSSL's X509_V_ERR_* numbers.
_VERIFY = {
    2: _UNKNOWN_AUTHORITY,
    18: _UNKNOWN_AUTHORITY,
    19: _UNKNOWN_AUTHORITY,
    20: _UNKNOWN_AUTHORITY,
    21: _UNKNOWN_AUTHORITY,
    9: "{peer}'s certificate is not valid yet: check this machine's clock",
    10: "{peer}'s certificate has expired: renew it, or check this machine's clock",
    62: "{peer}'s certificate is not for this name: {rename}",
    64: "{peer}'s certificate is not for this address: {rename}",
}
_NO_TLS = "{peer} does not speak TLS here: is it an http:// address?"
_REASONS = {
    "WRONG_VERSION_NUMBER": _NO_TLS,
    "HTTP_REQUEST": _NO_TLS,
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "{peer} wants a client certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "{peer} says that the client certificate has expired: renew it",
    "SSLV3_ALERT_BAD_CERTIFICATE": "{peer} refuses the client certificate",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "{peer} refuses the client certificate",
    "TLSV1_ALERT_UNKNOWN_CA": "{peer} does not know the authority of the client certificate",
}


def connect_failure(error: Exception, request: Request, server: str) -> TransportError:
    """Return the exception that says why no connection came about. The request was not sent.

    Args:
        error: One of `CONNECT_FAILURES`.
        request: What was to be sent.
        server: Where to, for the message.

    Returns:
        A `TLSError` or a `ConnectError`, to be raised by `raise_alone`.
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
    elif isinstance(reason, TimeoutError):
        message = f"no connection to {where} in time"
        failure = ConnectError(f"{message}{_NOT_SENT}", method=request.method, path=request.path)
    else:
        message = f"cannot connect to {where}: {os_reason(reason)}"
        failure = ConnectError(f"{message}{_NOT_SENT}", method=request.method, path=request.path)
    if (number := _error_number(reason)) is not None:
        failure.__cause__ = OSError(number, os.strerror(number))
    return failure


def tls_reason(error: Exception, peer: str = "the server") -> str | None:
    """Return why TLS failed and what to do; None if the failure is no failure of TLS.

    Args:
        error: What was raised. The end of a connection is no failure of TLS.
        peer: The other side, for the text.
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
    """Return why a name or the network failed."""
    if isinstance(error, socket.gaierror):
        return "no such host known: no DNS server responded" if error.errno == socket.EAI_AGAIN else "no such host"
    if (number := _error_number(error)) is not None:
        return os.strerror(number).lower()
    if isinstance(error, (ssl.SSLError, ConnectionError)):
        return "it closed the connection"
    return type(error).__name__


def _error_number(error: Exception) -> int | None:
    """Return the operating system's number of an error; those of OpenSSL and of name resolution are others."""
    if not isinstance(error, OSError) or isinstance(error, (ssl.SSLError, socket.gaierror)):
        return None
    return error.errno
