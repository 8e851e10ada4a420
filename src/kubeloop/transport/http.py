"""`HTTPTransport`: kubeloop's own transport, HTTP/1.1 over pooled connections to one server.

Requests, streams and WebSockets share a pool of connections (`pool`), which are opened through TCP, TLS and proxies
(`connecting`) and speak HTTP/1.1 (`http1`).
"""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubeloop._kit.raising import raise_alone
from kubeloop.config.credential import ClientCertificate
from kubeloop.config.server_url import check_proxy_url
from kubeloop.errors import RequestTimeout, TLSError
from kubeloop.transport.base import read_error_body
from kubeloop.transport.connecting.dial import Dialer, uses_tls
from kubeloop.transport.connecting.environment import environment_proxy
from kubeloop.transport.connecting.tls import TLSContexts
from kubeloop.transport.http1.request_head import HeadWriter
from kubeloop.transport.pool import Call, Pool
from kubeloop.transport.request_errors import closed_failure
from kubeloop.transport.user_agent import default_user_agent
from kubeloop.wire.response import Response

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from kubeloop.config import Config
    from kubeloop.transport.base import ByteStream, Channel
    from kubeloop.transport.exchange import Exchange
    from kubeloop.wire.request import Request

__all__ = ["HTTPTransport"]


class HTTPTransport:
    """A transport to one server, with no authentication except a client certificate.

    The first request opens the pool in its event loop. Redirects are not followed, and only the requests that `Pool`
    names are sent twice.

    Raises:
        ConfigError: The proxy or the certificate authority cannot be used.
        CredentialError: The client certificate cannot be used.

    Concurrency: One event loop, that of the first request.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._pool: Pool | None = None
        self._closed = False
        proxy = _proxy_for(config)
        self._tls = TLSContexts(config) if uses_tls(config.host, proxy) else None
        self._dialer = Dialer(
            config.host, proxy=proxy, server_name=config.tls_server_name, tls=self._tls, dial=config.dial
        )
        self._heads = _head_writer(config, self._dialer)

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open" if self._pool else "not used yet"
        return f"<HTTPTransport {self._config.host}, {state}>"

    async def request(
        self, request: Request, *, timeout: float | None = None, max_bytes: int | None = None
    ) -> Response:
        """Send a request and read the whole response; see `Transport.request`."""
        timeout = self._config.timeout if timeout is None else timeout
        call = Call()
        if timeout is None:
            return await self._request(request, call, max_bytes)
        try:
            async with asyncio.timeout(timeout) as call.clock:
                return await self._request(request, call, max_bytes)
        except TimeoutError as error:
            raise_alone(_late(error, request, call, timeout))

    async def _request(self, request: Request, call: Call, max_bytes: int | None) -> Response:
        pool = self._running_pool(request)
        head = self._heads.write(request)
        async with pool.request_slots:
            exchange = await self._send(pool, request, head, call)
            try:
                if exchange.status >= 300:
                    body = await read_error_body(exchange, call.stop_clock())
                    return Response(exchange.status, exchange.headers, body)
                return Response(exchange.status, exchange.headers, await exchange.read(max_bytes))
            finally:
                exchange.cut()

    async def _send(self, pool: Pool, request: Request, head: bytes, call: Call) -> Exchange:
        """Send a request, and let the TLS files be read again if the server refused the certificate."""
        try:
            exchange = await pool.send(request, head, call)
        except TLSError:
            self._dialer.distrust()
            raise
        if exchange.status == 401:
            self._dialer.distrust()  # the client certificate may have been renewed
        return exchange

    @asynccontextmanager
    async def stream(self, request: Request, *, timeout: float | None = None) -> AsyncGenerator[ByteStream]:
        """Send a request and read the response as it arrives; see `Transport.stream`."""
        timeout = self._config.timeout if timeout is None else timeout
        call = Call(is_stream=not request.is_list, may_fall_silent=request.may_fall_silent)
        pool = self._running_pool(request)
        head = self._heads.write(request)
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(timeout):
                    await stack.enter_async_context(pool.request_slots if request.is_list else pool.stream_slots)
                    exchange = await self._send(pool, request, head, call)
            except TimeoutError as error:
                raise_alone(_late(error, request, call, timeout))
            try:
                yield exchange
            finally:
                exchange.cut()

    @asynccontextmanager
    async def upgrade(
        self, request: Request, *, subprotocols: Sequence[str], timeout: float | None = None
    ) -> AsyncGenerator[Channel]:
        """Open a WebSocket; see `Transport.upgrade`."""
        from kubeloop.transport.websocket.handshake import Handshake

        timeout = self._config.timeout if timeout is None else timeout
        call = Call(is_stream=True, may_switch=True)
        pool = self._running_pool(request)
        handshake = Handshake(request, subprotocols)
        head = self._heads.write(request, handshake.headers)
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(timeout) as call.clock:
                    await stack.enter_async_context(pool.stream_slots)
                    exchange = await self._send(pool, request, head, call)
                    channel = await handshake.finish(exchange, call.stop_clock)
            except TimeoutError as error:
                raise_alone(_late(error, request, call, timeout))
            try:
                yield channel
            finally:
                await channel.close()

    def use_client_certificate(self, certificate: bytes | None, key: bytes | None) -> None:
        """Use this certificate for new connections; see `ClientCertificateTransport`."""
        if self._tls is not None:
            pair = None if certificate is None or key is None else ClientCertificate(certificate, key)
            self._tls.use_client_certificate(pair)

    async def close(self) -> None:
        """Close all connections. Running exchanges fail, and a second call does nothing."""
        self._closed = True
        pool, self._pool = self._pool, None
        if pool is not None and not pool.loop.is_closed():
            await pool.close()

    def _running_pool(self, request: Request) -> Pool:
        pool = self._pool
        if pool is not None and pool.loop is asyncio.get_running_loop():
            return pool
        if self._closed:
            raise closed_failure(request)
        if pool is not None:
            raise RuntimeError(f"{self!r} belongs to the event loop of its first request: create one per loop")
        self._pool = pool = Pool(self._dialer, max_connections=self._config.max_connections)
        return pool


def _late(error: TimeoutError, request: Request, call: Call, timeout: float | None) -> TimeoutError:
    if isinstance(error, RequestTimeout):
        return error  # already explains the silence of the server
    message = f"timed out after {_rounded(timeout)} s: {call.how_far}"
    return RequestTimeout(message, method=request.method, path=request.path)


def _rounded(seconds: float | None) -> str:
    """Return the seconds of a timeout as a person would write them: 5, not 4.99998."""
    return f"{max(round(seconds or 0.0, 2), 0.01):g}"


def _proxy_for(config: Config) -> str | None:
    proxy = environment_proxy(config.host, os.environ) if config.proxy_url is None else config.proxy_url
    if not proxy:
        return None
    try:
        check_proxy_url(proxy)
    except ValueError as error:
        where = " (from the environment: HTTPS_PROXY or HTTP_PROXY)" if config.proxy_url is None else ""
        raise_alone(config.error(f"{error}{where}"))
    return proxy


def _head_writer(config: Config, dialer: Dialer) -> HeadWriter:
    parts = urlsplit(config.host)
    prefix = parts.path.rstrip("/")
    defaults = [("Host", parts.netloc), ("User-Agent", config.user_agent or default_user_agent())]
    if not config.disable_compression:
        defaults.append(("Accept-Encoding", "gzip"))
    if dialer.is_forwarding:
        prefix = f"{parts.scheme}://{parts.netloc}{prefix}"
        if dialer.proxy_authorization is not None:
            defaults.append(("Proxy-Authorization", dialer.proxy_authorization))
    return HeadWriter(prefix, defaults)
