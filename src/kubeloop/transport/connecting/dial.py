"""`Dialer`: opens connections to one server, directly or through a proxy.

Every connection starts as a socket and gets layers: TLS to the proxy, a tunnel, TLS to the server. This works in the
same way on asyncio and uvloop, and closing the socket closes all layers.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

from kubeloop.transport.connecting.address import Endpoint
from kubeloop.transport.connecting.dial_hook import HookFailure, call_dial
from kubeloop.transport.connecting.handshakes import Dialogue, Refusal
from kubeloop.transport.connecting.sockets import open_socket
from kubeloop.transport.connecting.socks import open_socks
from kubeloop.transport.connecting.tunnel import open_tunnel

if TYPE_CHECKING:
    from kubeloop.config.credential import ClientCertificate
    from kubeloop.config.hooks import Dial
    from kubeloop.transport.connecting.tls import TLSContexts

__all__ = ["CONNECT_SECONDS", "Dialer", "ProxyFailure", "uses_tls"]

CONNECT_SECONDS = 30.0
"""The seconds in which a connection must be open: name resolution, TCP, proxy and TLS together."""


class ProxyFailure(Exception):
    """The proxy cannot be reached, or refused; `reason` is the cause."""

    def __init__(self, reason: OSError | Refusal | HookFailure) -> None:
        super().__init__(reason)
        self.reason = reason


def uses_tls(url: str, proxy: str | None) -> bool:
    """Return whether connections to a server use TLS, with the server or with the proxy."""
    return "https" in {Endpoint.parse(each).scheme for each in (url, proxy) if each}


class Dialer:
    """Opens connections to one server.

    As in Go, TLS to a proxy uses the cluster's certificate authority and client certificate. Intended difference: the
    certificate of the proxy must be valid for the proxy's own name, where Go checks `tls-server-name` as well.

    Args:
        url: The server's URL, as returned by `config.server_url`.
        proxy: The proxy's URL, as checked by `config.check_proxy_url`; None for a direct connection.
        server_name: The name for which the server's certificate must be valid; None for the host's name.
        tls: The source of TLS contexts; None only if `uses_tls` is false.
        dial: Opens the sockets; None for `open_socket`.

    Attributes:
        server: The server as `host:port`, for messages.
        is_forwarding: Whether requests go to a proxy that needs the whole URL in each request.
        proxy_authorization: The `Proxy-Authorization` of each request if `is_forwarding`; None for no such header.

    Raises:
        ValueError: The server or proxy needs TLS, and `tls` is None.

    Reference: Go net/http/transport.go, dialConn.
    """

    def __init__(
        self,
        url: str,
        *,
        proxy: str | None,
        server_name: str | None,
        tls: TLSContexts | None,
        dial: Dial | None = None,
    ) -> None:
        self._server = Endpoint.parse(url)
        self._proxy = Endpoint.parse(proxy) if proxy else None
        self._name = (server_name or self._server.certified_name).removesuffix(".")
        if tls is None and uses_tls(url, proxy):
            raise ValueError("expected TLS contexts for an https server or proxy, got none")
        self._tls = tls
        self._hook = dial
        self._has_socks = self._proxy is not None and self._proxy.scheme.startswith("socks5")
        self.server = self._server.shown
        self.is_forwarding = self._proxy is not None and not self._has_socks and self._server.scheme == "http"
        self.proxy_authorization = self._proxy.authorization if self._proxy and self.is_forwarding else None

    def __repr__(self) -> str:
        through = f" through {self._proxy.scheme}://{self._proxy.shown}" if self._proxy else ""
        return f"<Dialer of {self._server.scheme}://{self.server}{through}>"

    def tls_context(self) -> ssl.SSLContext | None:
        """Return the TLS context for a new connection; None if neither the server nor the proxy uses TLS.

        A changed file or client certificate results in a new context. Connections of the old context should not be
        reused.
        """
        return None if self._tls is None else self._tls.current(asyncio.get_running_loop().time())

    @property
    def client_certificate(self) -> ClientCertificate | None:
        """The certificate that new connections present; None for no certificate."""
        return None if self._tls is None else self._tls.client_certificate

    def distrust(self) -> None:
        """Read the TLS files again before the next connection, because they may have been renewed."""
        if self._tls is not None:
            self._tls.distrust()

    async def dial(self, protocol: asyncio.BufferedProtocol) -> None:
        """Connect a protocol to the server and call its `connection_made`.

        Raises:
            ssl.SSLError: TLS with the server failed. The TLS files are read again before the next connection.
            TimeoutError: The connection was not open after `CONNECT_SECONDS`.
            OSError: The server cannot be reached, or closed the connection.
            Refusal: The server sent bytes before the first request.
            ProxyFailure: The proxy cannot be reached, or refused.
            HookFailure: `dial` of the config raised another exception than an `OSError`.
            TypeError: The result of `dial` is not a socket.
            ValueError: The result of `dial` is not a connected stream socket.

        Concurrency: Cancellation closes the connection.
        """
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._dial(protocol)
        except TimeoutError as error:
            # The cancellation that ended the attempt refers to its frames, and these to the buffers of TLS.
            error.__cause__ = error.__context__ = None
            raise
        except ssl.SSLError:
            self.distrust()
            raise
        except ProxyFailure as error:
            if isinstance(error.reason, ssl.SSLError):
                self.distrust()
            raise

    async def _dial(self, protocol: asyncio.BufferedProtocol) -> None:
        context = self.tls_context()
        dialogue = await self._reach()
        try:
            if self._proxy is not None:
                await self._pass_proxy(dialogue, self._proxy, context)
            if context is not None and self._server.scheme == "https":
                await dialogue.start_tls(context, self._name)
            dialogue.hand_over(protocol)
        except BaseException:
            dialogue.abort()
            raise

    async def _reach(self) -> Dialogue:
        if self._proxy is None:
            return await self._connect(self._server)
        try:
            return await self._connect(self._proxy)
        except (OSError, HookFailure) as error:
            raise ProxyFailure(error) from None

    async def _connect(self, peer: Endpoint) -> Dialogue:
        if self._hook is None:
            return await Dialogue.open(await open_socket(peer.host, peer.port))
        return await Dialogue.open(await call_dial(self._hook, peer.host, peer.port))

    async def _pass_proxy(self, dialogue: Dialogue, proxy: Endpoint, context: ssl.SSLContext | None) -> None:
        try:
            if context is not None and proxy.scheme == "https":
                await dialogue.start_tls(context, proxy.certified_name)
            if self._has_socks:
                await open_socks(dialogue, proxy, self._server)
            elif not self.is_forwarding:
                await open_tunnel(dialogue, self._server.target, proxy.authorization)
            dialogue.expect_silence()
        except (OSError, Refusal) as error:
            raise ProxyFailure(error) from None
