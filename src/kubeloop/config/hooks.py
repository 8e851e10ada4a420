"""The functions that a `Config` can contain: `Dial` opens sockets, and `WrapTransport` wraps transports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable

    from kubeloop.transport.base import Transport

__all__ = ["Dial", "WrapTransport"]


class Dial(Protocol):
    """Opens the sockets of connections: a function that can be called with a host and a port, and awaited.

        async def dial(host: str, port: int) -> socket.socket:
            connected = socket.socket(socket.AF_UNIX)
            connected.setblocking(False)
            await asyncio.get_running_loop().sock_connect(connected, "/run/apiserver.sock")
            return connected

    The host and port are those of the proxy, if there is a proxy, and otherwise those of the server. kubeloop adds the
    tunnel through the proxy and TLS, and verifies certificates for the names in the config, wherever the socket leads.

    - It returns a connected stream socket of any family, without TLS. kubeloop owns and closes the socket, and does not
      change its options. `kubeloop.transport.open_socket` returns such a socket as kubeloop opens it.
    - It raises an `OSError` if it cannot connect. The request fails with a `ConnectError`, and is retried as after any
      other. Any other exception becomes a `ConnectError` that is not `retryable`, whose cause it is.
    - It must not leave a socket open if it is cancelled, which happens after 30 seconds or when its request ends.

    Reference: client-go rest/config.go, Config.Dial.
    """

    def __call__(self, host: str, port: int, /) -> Awaitable[socket.socket]:
        """Connect and return the socket."""
        ...


class WrapTransport(Protocol):
    """A function that gets a transport and returns the transport to use instead.

    It is called once per client, when the client is created. The requests that the result gets already contain the
    credentials, and requests that are retried pass it again. The result keeps the rules of `Transport`; kubeloop does
    not close it.

    Reference: client-go transport/transport.go, WrapperFunc. Intended difference: the user agent is added inside.
    """

    def __call__(self, transport: Transport, /) -> Transport:
        """Return the transport to use."""
        ...
