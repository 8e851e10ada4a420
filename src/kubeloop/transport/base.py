"""The protocols between kubeloop and the network: `Transport` and what its three methods return.

Authentication, impersonation, retries and limits are wrapped around a transport and are never part of it. Nothing here
imports an HTTP library.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from kubeloop._kit import waiting
from kubeloop.errors import TransportError
from kubeloop.wire.response import MAX_ERROR_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from contextlib import AbstractAsyncContextManager

    from kubeloop.wire.request import Request
    from kubeloop.wire.response import Headers, Response

__all__ = [
    "ByteStream",
    "Channel",
    "ClientCertificateTransport",
    "ClosableTransport",
    "Transport",
    "UpgradeRefused",
    "read_error_body",
]

_ERROR_BODY_SECONDS = 30.0


class ByteStream(Protocol):
    """The body of a response as it arrives.

    Read it once, by iteration or by `read`, inside the `async with` that opened it.
    """

    @property
    def status(self) -> int:
        """The HTTP status code."""
        ...

    @property
    def headers(self) -> Headers:
        """The headers of the response."""
        ...

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the decompressed bytes in non-empty chunks as they arrive, until the body ends.

        Raises:
            ConnectionLost: The connection closed before the body ended.
        """
        ...

    async def read(self, max_bytes: int | None = None) -> bytes:
        """Read the rest of the body.

        Args:
            max_bytes: The limit of the decompressed body; None for no limit.

        Raises:
            BodyTooLarge: The body is longer than `max_bytes`. Raised as soon as this is known.
            ConnectionLost: The connection closed before the body ended.
        """
        ...


class Channel(Protocol):
    """A two-way channel of binary messages (a WebSocket), inside the `async with` that opened it."""

    @property
    def subprotocol(self) -> str:
        """The offered subprotocol that the server chose; `""` if none was offered."""
        ...

    @property
    def headers(self) -> Headers:
        """The headers of the 101 response."""
        ...

    @property
    def close_code(self) -> int | None:
        """The close code of RFC 6455; None while the channel is open."""
        ...

    async def send(self, data: bytes) -> None:
        """Send one binary message.

        Raises:
            ConnectionLost: The channel is closed.
        """
        ...

    async def receive(self) -> bytes | None:
        """Wait for the next message and return it.

        Returns:
            The bytes of the message, those of a text message in UTF-8; None once the other side has closed the channel
            normally.

        Raises:
            ConnectionLost: The connection broke, or the channel was closed with an error code.
        """
        ...


class Transport(Protocol):
    """Sends requests and receives responses as bytes, without authentication; `Authenticated` wraps any transport.

    An implementation (another HTTP library, a test double, a fault injector) keeps these rules:

    - It sends a request once, and repeats it only if the server cannot have seen it.
    - It calls `Request.before_send`, if that is set, directly before it writes the request, without an `await` in
      between. `Authenticated` calls it too, so that a transport that never waits before it writes may leave that out.
    - A response of any status is a `Response`, a `ByteStream` or an `UpgradeRefused`, never another exception.
      Redirects are not followed; `rest` follows them where it is safe.
    - The body of an error response (300 and above) is read with `read_error_body` and may be incomplete, because the
      status alone decides what happened and whether to retry.
    - A failure below HTTP raises `ConnectError`, `TLSError`, `ConnectionLost`, `RequestTimeout` or `TransportError`
      with the request's method and path. Cancellation passes through and leaves no open exchange.
    """

    async def request(
        self, request: Request, *, timeout: float | None = None, max_bytes: int | None = None
    ) -> Response:
        """Send a request and read the whole response.

        Args:
            request: What to send. The transport adds host, path prefix, `User-Agent` and `Accept-Encoding`.
            timeout: Seconds from the wait for a connection to the last byte; None for the config's timeout.
            max_bytes: The limit of the decompressed body; None for no limit. It does not apply to the body of an error
                response, which `read_error_body` limits.

        Returns:
            The response with its whole body.

        Raises:
            TransportError: A failure below HTTP, as one of the subclasses in the rules of this class.
            BodyTooLarge: The body is longer than `max_bytes`. No more than `max_bytes` were in memory.

        Concurrency: Any number of requests may run at the same time in one event loop. Cancellation closes the
            exchange.
        """
        ...

    def stream(self, request: Request, *, timeout: float | None = None) -> AbstractAsyncContextManager[ByteStream]:
        """Send a request and read the response as it arrives. Leaving the block early closes the connection.

        Args:
            request: What to send.
            timeout: Seconds until the head of the response has arrived, without a limit for the body; None for the
                config's timeout.
        """
        ...

    def upgrade(
        self, request: Request, *, subprotocols: Sequence[str], timeout: float | None = None
    ) -> AbstractAsyncContextManager[Channel]:
        """Open a WebSocket. Leaving the block closes it.

        Args:
            request: A GET request without a body.
            subprotocols: The subprotocols to offer, the preferred one first. If there are any, the server must choose
                one of them.
            timeout: Seconds until the channel is open; None for the config's timeout.

        Raises:
            UpgradeRefused: The server responded with a status other than 101; `response` is that response.
        """
        ...


class ClosableTransport(Transport, Protocol):
    """A transport that holds connections and that its creator closes, such as the result of `open_transport`."""

    async def close(self) -> None:
        """Close all connections. Running exchanges fail, and a second call does nothing."""
        ...


@runtime_checkable
class ClientCertificateTransport(Protocol):
    """A transport whose client certificate can be replaced while it is open, because some exec plugins renew theirs."""

    def use_client_certificate(self, certificate: bytes | None, key: bytes | None) -> None:
        """Use this certificate for all later connections, and close the idle ones.

        Args:
            certificate: The certificate chain as PEM, the leaf first; None for no client certificate.
            key: The private key as PEM, not encrypted; None if the certificate is None.

        Raises:
            CredentialError: The text is not a certificate, or the key does not belong to it.
        """
        ...


class UpgradeRefused(TransportError):
    """The server did not switch protocols. `response` is its response, whose Status becomes an `APIError` in `rest`."""

    def __init__(self, response: Response, *, method: str, path: str, message: str = "") -> None:
        super().__init__(
            message or f"the server responded with {response.status} instead of switching protocols",
            method=method,
            path=path,
            retryable=False,
        )
        self.response = response


async def read_error_body(
    stream: ByteStream, timeout: float | None = None, *, max_bytes: int = MAX_ERROR_BYTES
) -> bytes:
    """Read as much of an error response's body as arrives, without raising an error.

    Args:
        stream: The response.
        timeout: The seconds to wait for the body, at most 30; None for 30.
        max_bytes: The number of bytes to read at most.

    Returns:
        The body, or its beginning if it is longer than `max_bytes`, takes longer than `timeout`, or is incomplete.
    """
    body = bytearray()
    with suppress(TransportError, TimeoutError):
        async with waiting.timeout(_ERROR_BODY_SECONDS if timeout is None else min(timeout, _ERROR_BODY_SECONDS)):
            async for chunk in stream:
                body += chunk[: max_bytes - len(body)]
                if len(body) == max_bytes:
                    break
    return bytes(body)
