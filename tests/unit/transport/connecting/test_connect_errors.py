"""Failures to connect: the class, the text and the cause of the error."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest

from kubeloop.errors import ConnectError, TLSError
from kubeloop.transport.connecting.connect_errors import connect_failure, os_reason, tls_reason
from kubeloop.transport.connecting.dial import ProxyFailure
from kubeloop.transport.connecting.handshakes import Refusal
from kubeloop.wire.request import Request

GET = Request("GET", "/api")


def openssl(reason: str | None) -> ssl.SSLError:
    error = ssl.SSLError(1, "[SSL] of no matter")
    error.reason = reason  # type: ignore[assignment]
    return error


def unverified(code: int, message: str = "of no matter") -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "[SSL] of no matter")
    error.verify_code, error.verify_message = code, message
    return error


AUTHORITY = "is signed by an authority that is not trusted: set certificate-authority(-data)"


@pytest.mark.parametrize(
    ("exc", "text"),
    [
        *((unverified(code), f"the certificate of {{}} {AUTHORITY}") for code in (2, 18, 19, 20, 21)),
        (unverified(9), "the certificate of {} is not valid yet: check this machine's clock"),
        (unverified(10), "the certificate of {} has expired: renew it, or check this machine's clock"),
        (unverified(79, "invalid CA certificate"), "invalid CA certificate"),
        (
            openssl("WRONG_VERSION_NUMBER"),
            "{} does not speak TLS on this port: check whether the address starts with http://",
        ),
        (openssl("HTTP_REQUEST"), "{} does not speak TLS on this port: check whether the address starts with http://"),
        (openssl("TLSV13_ALERT_CERTIFICATE_REQUIRED"), "{} requires a client certificate"),
        (
            openssl("SSLV3_ALERT_CERTIFICATE_EXPIRED"),
            "{} reports that the client certificate has expired: renew it",
        ),
        (openssl("SSLV3_ALERT_BAD_CERTIFICATE"), "{} refuses the client certificate"),
        (openssl("SSLV3_ALERT_CERTIFICATE_UNKNOWN"), "{} refuses the client certificate"),
        (openssl("TLSV1_ALERT_UNKNOWN_CA"), "{} does not know the authority of the client certificate"),
        (openssl("TLSV1_ALERT_PROTOCOL_VERSION"), "the TLS handshake failed: tlsv1 alert protocol version"),
        (openssl(None), "the TLS handshake failed: unknown reason"),
    ],
)
def test_tls_that_fails_says_who_is_wrong_and_what_to_do(exc: ssl.SSLError, text: str) -> None:
    assert tls_reason(exc) == text.format("the server")
    direct = connect_failure(exc, GET, "h:443")
    assert str(direct) == f"GET /api: h:443: {text.format('the server')} (the request was not sent)"
    proxied = connect_failure(ProxyFailure(exc), GET, "h:443")
    assert str(proxied) == f"GET /api: the proxy for h:443: {text.format('the proxy')} (the request was not sent)"
    for failure in (direct, proxied):
        assert type(failure) is TLSError
        assert (failure.method, failure.path, failure.retryable) == ("GET", "/api", False)
        assert failure.__cause__ is None


@pytest.mark.parametrize(
    ("exc", "text", "number"),
    [
        (socket.gaierror(socket.EAI_NONAME, "x"), "no such host", None),
        (socket.gaierror(socket.EAI_NODATA, "x"), "no such host", None),
        (socket.gaierror(socket.EAI_AGAIN, "x"), "cannot resolve the host: no DNS server responded", None),
        (OSError(errno.EHOSTUNREACH, "x"), "no route to host", errno.EHOSTUNREACH),
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "connection refused", errno.ECONNREFUSED),
        (ConnectionResetError(errno.ECONNRESET, "x"), "connection reset by peer", errno.ECONNRESET),
        (PermissionError(errno.EPERM, "x"), "operation not permitted", errno.EPERM),
        (ConnectionResetError(), "the other side closed the connection", None),
        (ssl.SSLEOFError(8, "x"), "the other side closed the connection", None),
        (ssl.SSLZeroReturnError(6, "x"), "the other side closed the connection", None),
        (OSError("x"), "OSError", None),
    ],
)
def test_a_network_that_fails_says_why(exc: OSError, text: str, number: int | None) -> None:
    """Only the number of the original exception is kept: the rest may contain anything."""
    assert tls_reason(exc) is None
    assert os_reason(exc) == text
    for given, where in ((exc, "h:80"), (ProxyFailure(exc), "the proxy for h:80")):
        failure = connect_failure(given, GET, "h:80")
        assert type(failure) is ConnectError
        assert str(failure) == f"GET /api: cannot connect to {where}: {text} (the request was not sent)"
        assert (failure.method, failure.path, failure.retryable) == ("GET", "/api", True)
        assert getattr(failure.__cause__, "errno", None) == number


def test_what_takes_too_long_says_so() -> None:
    for given, where in (
        (TimeoutError(), "h:80"),
        (ProxyFailure(TimeoutError(errno.ETIMEDOUT, "x")), "the proxy for h:80"),
    ):
        failure = connect_failure(given, GET, "h:80")
        assert type(failure) is ConnectError
        assert str(failure) == f"GET /api: the connection to {where} timed out (the request was not sent)"
        assert failure.retryable


@pytest.mark.parametrize("is_retryable", [False, True])
def test_a_refusal_says_whose_it_is(is_retryable: bool) -> None:
    refusal = Refusal("not allowed", is_retryable=is_retryable)
    for given, what in (
        (refusal, "cannot connect to h:80"),
        (ProxyFailure(refusal), "the proxy refused a tunnel to h:80"),
    ):
        failure = connect_failure(given, GET, "h:80")
        assert type(failure) is ConnectError
        assert str(failure) == f"GET /api: {what}: not allowed (the request was not sent)"
        assert failure.retryable is is_retryable
