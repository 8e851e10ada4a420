"""`Dialer`: how to reach one server, directly or through a proxy.

Every connection starts as plain TCP, and layers are put on it: TLS to the proxy, a tunnel, TLS to the server. One
function does that for all kinds, on asyncio and on uvloop, and aborting the TCP connection closes all layers.

Reference: Go net/http/transport.go, dialConn. As there, TLS to a proxy uses the cluster's authorities and client
certificate. Intended difference: the certificate of the proxy must be for the proxy's own name, where Go asks for
`tls-server-name` too.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

from kubeloop.transport.connecting.address import Endpoint
from kubeloop.transport.connecting.dialogue import Dialogue, Refusal
from kubeloop.transport.connecting.sockets import open_socket
from kubeloop.transport.connecting.socks import open_socks
from kubeloop.transport.connecting.tunnel import open_tunnel

if TYPE_CHECKING:
    from kubeloop.transport.connecting.tls import TLSContexts

__all__ = ["CONNECT_SECONDS", "Dialer", "ProxyFailure", "uses_tls"]

CONNECT_SECONDS = 30.0
"""For how long a connection may take to come about: names, TCP, proxy and TLS together."""


class ProxyFailure(Exception):
    """The proxy cannot be reached, or refuses; `reason` says why."""

    def __init__(self, reason: OSError | Refusal) -> None:
        super().__init__(reason)
        self.reason = reason


def uses_tls(url: str, proxy: str | None) -> bool:
    """Return whether TLS is spoken on the way to a server, with it or with the proxy."""
    return "https" in {Endpoint.parse(each).scheme for each in (url, proxy) if each}


class Dialer:
    """How to reach one server.

    Args:
        url: The server's URL, as `config.server_url` returns it.
        proxy: The proxy's URL, as `config.check_proxy_url` takes it; None for none.
        server_name: What the server's certificate must be for; None for the host's name.
        tls: Where TLS contexts come from; None only if neither the server nor the proxy speaks TLS (`uses_tls`).

    Attributes:
        server: `host:port` of the server, for messages.
        is_forwarding: Whether the other end of the connections is a proxy that wants the whole URL in each request.
        proxy_authorization: The `Proxy-Authorization` of each request, if `is_forwarding`; None for none.

    Raises:
        ValueError: TLS without contexts for it.
    """

    def __init__(self, url: str, *, proxy: str | None, server_name: str | None, tls: TLSContexts | None) -> None:
        self._server = Endpoint.parse(url)
        self._proxy = Endpoint.parse(proxy) if proxy else None
        self._name = (server_name or self._server.certified_name).removesuffix(".")
        if tls is None and uses_tls(url, proxy):
            raise ValueError("expected TLS contexts for an https server or proxy, got none")
        self._tls = tls
        self._has_socks = self._proxy is not None and self._proxy.scheme.startswith("socks5")
        self.server = self._server.shown
        self.is_forwarding = self._proxy is not None and not self._has_socks and self._server.scheme == "http"
        self.proxy_authorization = self._proxy.authorization if self._proxy and self.is_forwarding else None

    def __repr__(self) -> str:
        through = f" through {self._proxy.scheme}://{self._proxy.shown}" if self._proxy else ""
        return f"<Dialer of {self._server.scheme}://{self.server}{through}>"

    def tls_context(self) -> ssl.SSLContext | None:
        """Return the TLS context for a new connection; None if there is no TLS on the way.

        It becomes another one when files or the client certificate change: connections of the old one are better not
        used again.
        """
        return None if self._tls is None else self._tls.current(asyncio.get_running_loop().time())

    def distrust(self) -> None:
        """Read the files for TLS again before the next connection: they may have been renewed."""
        if self._tls is not None:
            self._tls.distrust()

    async def dial(self, protocol: asyncio.BufferedProtocol) -> None:
        """Connect a protocol to the server; its `connection_made` has been called when this returns.

        Raises:
            ssl.SSLError: TLS with the server failed. The files for TLS are read again before the next connection.
            TimeoutError: It took too long.
            OSError: The server cannot be reached, or closed the connection.
            Refusal: The server sent something before it was asked.
            ProxyFailure: The proxy cannot be reached, or refused.

        Concurrency: Cancelling closes what was opened.
        """
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._dial(protocol)
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
            return await Dialogue.open(await open_socket(self._server.host, self._server.port))
        try:
            return await Dialogue.open(await open_socket(self._proxy.host, self._proxy.port))
        except OSError as error:
            raise ProxyFailure(error) from None

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
