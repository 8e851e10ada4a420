"""The transport on aiohttp: its connection pool, TLS and HTTP parser, without its session.

Why not `aiohttp.ClientSession`: it repeats PUT and DELETE on its own when a kept connection turns out to be dead,
follows redirects with the caller's headers, and costs some 30 microseconds more a request. What is used here instead is
the connector, its connections and their parser (`pool`, `exchange`). WebSockets do go through a session (`websocket`).

Connections are kept for a minute (the API server keeps them for 90 seconds). At most 100 requests run at once, more
wait for their turn; streams and WebSockets are not counted, since each holds its connection for as long as it lives.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubeloop._kit.raising import raise_alone
from kubeloop.config.credentials import ClientCertificate
from kubeloop.config.server_url import check_proxy_url
from kubeloop.errors import RequestTimeout, TransportError
from kubeloop.transport.base import read_error_body
from kubeloop.transport.connecting.environment import environment_proxy
from kubeloop.transport.connecting.tls import TLSContexts
from kubeloop.transport.pool import SILENCE_SECONDS, Pool
from kubeloop.transport.user_agent import default_user_agent
from kubeloop.wire.response import Response

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from kubeloop.config import Config
    from kubeloop.transport.base import ByteStream, Channel
    from kubeloop.wire.request import Request

__all__ = ["AiohttpTransport"]


class AiohttpTransport:
    """Requests to one server, without authentication but for a client certificate.

    The connections are opened by the first request, in the loop that it runs in.

    Raises:
        ConfigError: A proxy or an authority that cannot be used.
        CredentialError: A client certificate that cannot be used.

    Concurrency: One event loop, that of the first request.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._proxy = _proxy_for(config)
        self._tls = TLSContexts(config) if config.is_tls else None
        defaults = [("Host", urlsplit(config.host).netloc), ("User-Agent", config.user_agent or default_user_agent())]
        if not config.disable_compression:
            defaults.append(("Accept-Encoding", "gzip"))
        self._defaults = defaults
        self._pool: Pool | None = None
        self._closed = False

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open" if self._pool else "not used yet"
        return f"<AiohttpTransport {self._config.host}, {state}>"

    async def request(
        self, request: Request, *, timeout: float | None = None, max_bytes: int | None = None
    ) -> Response:
        """Send a request and read the whole answer; see `Transport.request`."""
        timeout = self._config.timeout if timeout is None else timeout
        if timeout is None:
            return await self._request(request, max_bytes)
        try:
            async with asyncio.timeout(timeout):
                return await self._request(request, max_bytes)
        except TimeoutError as exc:
            raise_alone(_late(exc, request, timeout))

    async def _request(self, request: Request, max_bytes: int | None) -> Response:
        pool = self._running_pool(request)
        async with pool.slots:
            exchange = await pool.send(request)
            try:
                if exchange.status >= 300:
                    return Response(exchange.status, exchange.headers, await read_error_body(exchange))
                if not exchange.is_complete:
                    exchange.expect_progress(SILENCE_SECONDS)
                return Response(exchange.status, exchange.headers, await exchange.read(max_bytes))
            finally:
                exchange.cut()

    @asynccontextmanager
    async def stream(self, request: Request, *, timeout: float | None = None) -> AsyncGenerator[ByteStream]:
        """Send a request and read the answer as it arrives; see `Transport.stream`."""
        timeout = self._config.timeout if timeout is None else timeout
        pool = self._running_pool(request)
        try:
            async with asyncio.timeout(timeout):
                exchange = await pool.send(request)
        except TimeoutError as exc:
            raise_alone(_late(exc, request, timeout))
        try:
            yield exchange
        finally:
            exchange.cut()

    @asynccontextmanager
    async def upgrade(
        self, request: Request, *, subprotocols: Sequence[str], timeout: float | None = None
    ) -> AsyncGenerator[Channel]:
        """Open a WebSocket; see `Transport.upgrade`."""
        from kubeloop.transport.websocket import open_channel

        timeout = self._config.timeout if timeout is None else timeout
        pool = self._running_pool(request)
        try:
            async with asyncio.timeout(timeout):
                channel = await open_channel(pool, self._defaults, request, subprotocols)
        except TimeoutError as exc:
            raise_alone(_late(exc, request, timeout))
        try:
            yield channel
        finally:
            await channel.close()

    def use_client_certificate(self, certificate: bytes, key: bytes) -> None:
        """Show this certificate on new connections; see `ClientCertificateTransport`."""
        if self._tls is not None:
            self._tls.use_client_certificate(ClientCertificate(certificate, key))

    async def close(self) -> None:
        """Close every connection; running exchanges fail. Closing twice does nothing."""
        self._closed = True
        pool, self._pool = self._pool, None
        if pool is not None and not pool.loop.is_closed():
            await pool.close()

    def _running_pool(self, request: Request) -> Pool:
        pool = self._pool
        if pool is not None and pool.loop is asyncio.get_running_loop():
            return pool
        if self._closed:
            raise TransportError("the transport is closed", method=request.method, path=request.path, retryable=False)
        if pool is not None:
            raise RuntimeError(f"{self!r} was first used in another event loop and stays there: open one for each loop")
        self._pool = pool = Pool(
            self._config.host,
            proxy=self._proxy,
            server_name=self._config.tls_server_name,
            tls=self._tls,
            defaults=self._defaults,
        )
        return pool


def _late(exc: TimeoutError, request: Request, timeout: float | None) -> TimeoutError:
    if isinstance(exc, RequestTimeout):
        return exc  # the server's silence, told already
    return RequestTimeout(f"not done within {_rounded(timeout)} s", method=request.method, path=request.path)


def _rounded(seconds: float | None) -> str:
    """Write what is left of a timeout as people would have given it: 5, not 4.99998."""
    return f"{max(round(seconds or 0.0, 2), 0.01):g}"


def _proxy_for(config: Config) -> str | None:
    proxy = environment_proxy(config.host, os.environ) if config.proxy_url is None else config.proxy_url
    if not proxy:
        return None
    try:
        check_proxy_url(proxy)
    except ValueError as exc:
        where = " (from the environment: HTTPS_PROXY or HTTP_PROXY)" if config.proxy_url is None else ""
        raise_alone(config.error(f"{exc}{where}"))
    return proxy
