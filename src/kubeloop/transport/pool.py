"""The connections to one server in one event loop: aiohttp's connector, and how a request is put on one of them.

Reference: Go's net/http Transport, RoundTrip and shouldRetryRequest, for what is repeated on a dead connection.
"""

from __future__ import annotations

import asyncio
import base64
import socket
from typing import TYPE_CHECKING

from aiohttp import ClientRequest, ClientTimeout, SocketTimeoutError
from aiohttp.helpers import TimerNoop
from yarl import URL

from kubeloop._kit.raising import raise_alone
from kubeloop.errors import ConnectionLost, TLSError, TransportError
from kubeloop.transport.exchange import Exchange
from kubeloop.transport.failures import CONNECT_FAILURES, EXCHANGE_FAILURES, connect_failure, exchange_failure
from kubeloop.transport.http1 import HeadWriter
from kubeloop.transport.kept import Connector, drop

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    from aiohttp.client_proto import ResponseHandler
    from aiohttp.connector import Connection

    from kubeloop.transport.connecting.tls import TLSContexts
    from kubeloop.wire.request import Request

__all__ = ["SILENCE_SECONDS", "Pool"]

_CONNECT = ClientTimeout(total=None, connect=30, sock_connect=30)
_KEEP_SECONDS = 60.0
_MAX_REQUESTS = 100
SILENCE_SECONDS = 120.0
"""For how long a server may say nothing: it gives up each request itself after a minute, but for those that stream."""

_LOOK_SECONDS = 15.0
_BUFFER_BYTES = 1 << 20
_MAX_HEADER_BYTES = 1 << 16
_REPEATABLE = frozenset({"GET", "HEAD"})
_NO_TIMER = TimerNoop()


class Pool:
    """The connections to one server in one loop.

    Args:
        host: The server's URL, with its path prefix.
        proxy: The proxy's URL, None for none.
        server_name: What the server's certificate must be for, None for the host's name.
        tls: Where TLS contexts come from; None for plain HTTP.
        defaults: Headers of each request, the first is `Host`.
    """

    def __init__(
        self,
        host: str,
        *,
        proxy: str | None,
        server_name: str | None,
        tls: TLSContexts | None,
        defaults: Sequence[tuple[str, str]],
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.slots = asyncio.Semaphore(_MAX_REQUESTS)
        self.url = URL(host, encoded=True)
        self.proxy = URL(proxy, encoded=True) if proxy else None
        self.server_name = server_name
        self.connector = Connector(limit=0, keepalive_timeout=_KEEP_SECONDS, socket_factory=_open_socket)
        self._tls = tls
        self._asked: dict[ResponseHandler, float] = {}
        self._look: asyncio.TimerHandle | None = None
        self._place: tuple[ssl.SSLContext | None, ClientRequest] | None = None
        self.server = f"{self.url.host_subcomponent}:{self.url.port}"
        prefix = self.url.raw_path.rstrip("/")
        defaults = list(defaults)
        if self.proxy is not None and tls is None:
            prefix = f"{self.url.origin()}{prefix}"
            if self.proxy.user is not None or self.proxy.password is not None:
                login = f"{self.proxy.user or ''}:{self.proxy.password or ''}".encode()
                defaults.append(("Proxy-Authorization", f"Basic {base64.b64encode(login).decode()}"))
        self._heads = HeadWriter(prefix, defaults)

    def __repr__(self) -> str:
        return f"<Pool of connections to {self.server}>"

    def tls_context(self) -> ssl.SSLContext | None:
        """Return the context for a new connection; None for plain HTTP."""
        return self._tls.current(self.loop.time()) if self._tls is not None else None

    async def send(self, request: Request) -> Exchange:
        """Send a request on a connection that is free, or a new one, and wait for the head of the answer.

        A GET or HEAD on a kept connection that turns out to be dead is sent again on another. Anything else may have
        been acted upon, and raises `ConnectionLost`.
        """
        head = self._heads.write(request)
        while True:
            connection = await self._connect(request)
            protocol = connection.protocol
            kept = protocol in self.connector.used
            try:
                return await self._ask(connection, head, request)
            except ConnectionLost:
                if not kept or request.method not in _REPEATABLE:
                    raise

    async def _connect(self, request: Request) -> Connection:
        context = self.tls_context()
        place = self._place
        if place is None or place[0] is not context:
            self._place = place = (context, self._where(context))
        try:
            return await self.connector.connect(place[1], traces=[], timeout=_CONNECT)
        except CONNECT_FAILURES as exc:
            failure = connect_failure(exc, request, self.server)
            self._doubt(failure)
            raise_alone(failure)

    def _where(self, context: ssl.SSLContext | None) -> ClientRequest:
        """Make what tells the connector where to connect to; it is never sent."""
        return ClientRequest(
            "GET",
            self.url.origin(),
            loop=self.loop,
            ssl=context or True,
            server_hostname=self.server_name,
            proxy=self.proxy,
        )

    async def _ask(self, connection: Connection, head: bytes, request: Request) -> Exchange:
        protocol = connection.protocol
        try:
            if protocol is None or protocol.transport is None:
                raise ConnectionLost("the connection was closed", method=request.method, path=request.path)
            protocol.set_response_params(
                timer=_NO_TIMER,
                skip_payload=request.method == "HEAD",
                read_until_eof=True,
                auto_decompress=False,
                read_bufsize=_BUFFER_BYTES,
                max_field_size=_MAX_HEADER_BYTES,
            )
            protocol.transport.write(head + request.body if request.body else head)
            self._asked[protocol] = self.loop.time()
            if self._look is None:
                self._look = self.loop.call_later(_LOOK_SECONDS, self._look_for_silence)
            message, payload = await protocol.read()
            while 100 <= message.code <= 199 and message.code != 101:
                message, payload = await protocol.read()
            self.connector.used.add(protocol)
            if message.code == 401 and self._tls is not None:
                self._tls.distrust()  # the client certificate may have been renewed
            return Exchange(request, connection, message, payload)
        except EXCHANGE_FAILURES as exc:
            drop(connection)
            failure = exchange_failure(exc, request)
            self._doubt(failure)
            raise_alone(failure)
        except BaseException:
            drop(connection)
            raise
        finally:
            if protocol is not None:
                self._asked.pop(protocol, None)

    def _doubt(self, failure: TransportError) -> None:
        if self._tls is not None and isinstance(failure, TLSError):
            self._tls.distrust()

    def _look_for_silence(self) -> None:
        """Fail what has waited too long for its answer's head. One timer for all, since most wait a millisecond."""
        limit = self.loop.time() - SILENCE_SECONDS
        for protocol, since in self._asked.items():
            if since < limit:
                protocol.set_exception(SocketTimeoutError())
        self._look = self.loop.call_later(_LOOK_SECONDS, self._look_for_silence) if self._asked else None

    async def close(self) -> None:
        """Close every connection, in use or not."""
        if self._look is not None:
            self._look.cancel()
        await self.connector.close(abort_ssl=True)


def _open_socket(address: tuple[int, int, int, str, tuple[object, ...]]) -> socket.socket:
    """Open a socket that notices within 45 seconds that the other machine has gone, as client-go's HTTP/2 pings do."""
    opened = socket.socket(address[0], address[1], address[2])
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3)):
        if (option := getattr(socket, name, None)) is not None:
            opened.setsockopt(socket.IPPROTO_TCP, option, value)
    return opened
