"""The seam to the network: three methods on bytes, without authentication.

Whoever implements `Transport` (another HTTP library, a test double, a fault injector) gets everything above it:
authentication, impersonation, retries and limits are wrapped round it, never built into it. Nothing here imports an
HTTP library. What a transport must keep to:

- A request is sent once. A transport never repeats a request on its own, unless it knows that the server has not seen
  it.
- A response of any status is a `Response` (or a `ByteStream`, or `UpgradeRefused`), never an exception; redirects are
  not followed: `rest` does that, where it is safe.
- The body of an error response (300 and above) is returned as far as it came, with `read_error_body`: its status says
  what happened, and whether to send the request again.
- What fails below HTTP is one of `ConnectError`, `TLSError`, `ConnectionLost`, `RequestTimeout`, `TransportError`, with
  the request's method and path. Cancellation passes through, and leaves no open exchange behind.
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
        """Yield non-empty chunks, decompressed, as large as what has arrived; end with the body.

        Raises:
            ConnectionLost: The body was cut short.
        """
        ...

    async def read(self, max_bytes: int | None = None) -> bytes:
        """Read the rest of the body.

        Args:
            max_bytes: Raise `BodyTooLarge` as soon as the (decompressed) body is known to be longer; None does not
                bound it.
        """
        ...


class Channel(Protocol):
    """A two-way channel of binary messages (a WebSocket), inside the `async with` that opened it."""

    @property
    def subprotocol(self) -> str:
        """The one of the offered subprotocols that the server chose; `""` if none was offered."""
        ...

    @property
    def headers(self) -> Headers:
        """The headers of the 101 response."""
        ...

    @property
    def close_code(self) -> int | None:
        """The code that the channel was closed with, as RFC 6455 numbers it; None while it is open."""
        ...

    async def send(self, data: bytes) -> None:
        """Send one binary message.

        Raises:
            ConnectionLost: The channel is closed.
        """
        ...

    async def receive(self) -> bytes | None:
        """Wait for the next message, a text message as its UTF-8 bytes.

        Returns:
            None once the other side has closed in good order.

        Raises:
            ConnectionLost: The connection broke, or was closed with a code that says that something failed.
        """
        ...


class Transport(Protocol):
    """Bytes over the network. `Authenticated` wraps any transport."""

    async def request(
        self, request: Request, *, timeout: float | None = None, max_bytes: int | None = None
    ) -> Response:
        """Send a request and read the whole response.

        Args:
            request: What to send. The transport adds host, path prefix, `User-Agent` and `Accept-Encoding`.
            timeout: Seconds for all of it, from the wait for a connection to the last byte; None takes the config's.
            max_bytes: Raise as soon as the (decompressed) body is known to be longer; None does not bound it. It is not
                for the body of an error, which is read by `read_error_body`.

        Raises:
            TransportError: One of its subclasses; see the module.
            BodyTooLarge: The body is longer than `max_bytes`. No more than that was in memory.

        Concurrency: Any number of requests at once, in one event loop. Cancelling closes the exchange.
        """
        ...

    def stream(self, request: Request, *, timeout: float | None = None) -> AbstractAsyncContextManager[ByteStream]:
        """Send a request and read the response as it arrives. Leaving the block early closes the connection.

        Args:
            request: What to send.
            timeout: Seconds for connecting, sending and the head of the response; the body is not bounded by it. None
                takes the config's.
        """
        ...

    def upgrade(
        self, request: Request, *, subprotocols: Sequence[str], timeout: float | None = None
    ) -> AbstractAsyncContextManager[Channel]:
        """Open a WebSocket. Leaving the block closes it.

        Args:
            request: A GET.
            subprotocols: What the client speaks, best first. If any is given the server must choose one of them.
            timeout: Seconds until the channel is open; None takes the config's.

        Raises:
            UpgradeRefused: The server responded with another status than 101; `response` has it.
        """
        ...


class ClosableTransport(Transport, Protocol):
    """A transport that holds connections: what `open_transport` gives, and whoever opens it closes it."""

    async def close(self) -> None:
        """Close every connection. Running exchanges fail. Closing twice does nothing."""
        ...


@runtime_checkable
class ClientCertificateTransport(Protocol):
    """A transport whose client certificate can be changed while it runs: some exec plugins give certificates."""

    def use_client_certificate(self, certificate: bytes, key: bytes) -> None:
        """Show this certificate on every connection that is opened from now on; idle ones are not used again.

        Args:
            certificate: PEM, the leaf first.
            key: PEM, not encrypted.

        Raises:
            CredentialError: Not a certificate, or not its key.
        """
        ...


class UpgradeRefused(TransportError):
    """The server did not switch protocols. `response` is what it said instead; its Status makes the `APIError`."""

    def __init__(self, response: Response, *, method: str, path: str, message: str = "") -> None:
        super().__init__(
            message or f"the server answered {response.status} instead of switching protocols",
            method=method,
            path=path,
            retryable=False,
        )
        self.response = response


async def read_error_body(
    stream: ByteStream, timeout: float | None = None, *, max_bytes: int = MAX_ERROR_BYTES
) -> bytes:
    """Read the body of an error response as far as it comes, without failing.

    Args:
        stream: The response.
        timeout: Seconds, 30 at most; None is 30.
        max_bytes: What is read at most; 4 MiB unless given.

    Returns:
        The body; the beginning of one that breaks off, that is longer than `max_bytes`, or that takes too long.
    """
    body = bytearray()
    with suppress(TransportError, TimeoutError):
        async with waiting.timeout(_ERROR_BODY_SECONDS if timeout is None else min(timeout, _ERROR_BODY_SECONDS)):
            async for chunk in stream:
                body += chunk[: max_bytes - len(body)]
                if len(body) == max_bytes:
                    break
    return bytes(body)
