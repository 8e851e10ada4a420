"""WebSockets as channels of binary messages: the handshake, with the answer when the server refuses, and closing.

Reference: client-go transport/websocket/roundtripper.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import ClientSession, DummyCookieJar, WSMsgType
from yarl import URL

from kubeloop._kit.raising import raise_alone
from kubeloop.errors import BodyTooLarge, ConnectionLost, TransportError
from kubeloop.transport.base import UpgradeRefused
from kubeloop.transport.failures import EXCHANGE_FAILURES, connect_failure, exchange_failure
from kubeloop.transport.http1 import header_pairs
from kubeloop.wire.redaction import Redaction
from kubeloop.wire.response import Headers, Response

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp import ClientRequest, ClientResponse, ClientWebSocketResponse
    from aiohttp.client_middlewares import ClientHandlerType

    from kubeloop.transport.pool import Pool
    from kubeloop.wire.request import Request

__all__ = ["WebSocketChannel", "open_channel"]

_MAX_MESSAGE_BYTES = 16 << 20
_MAX_REFUSAL_BYTES = 1 << 16
_HEARTBEAT_SECONDS = 30.0
_NORMAL, _TOO_BIG = 1000, 1009


class WebSocketChannel:
    """A `Channel` on one of aiohttp's WebSockets."""

    __slots__ = ("_request", "_session", "_socket", "headers", "subprotocol")

    # Any: whether text is decoded is a parameter of aiohttp's class; it is not, here.
    def __init__(self, session: ClientSession, socket: ClientWebSocketResponse[Any], request: Request) -> None:
        self._session = session
        self._socket = socket
        self._request = request
        self.subprotocol = socket.protocol or ""
        self.headers = Headers(socket._response.headers.items())

    def __repr__(self) -> str:
        state = "open" if self.close_code is None else f"closed with {self.close_code}"
        return f"<WebSocketChannel {self._request.path} {self.subprotocol!r}, {state}>"

    @property
    def close_code(self) -> int | None:
        """The code that it was closed with; None while it is open."""
        return self._socket.close_code

    async def send(self, data: bytes) -> None:
        """Send one binary message; see `Channel.send`."""
        try:
            await self._socket.send_bytes(data)
        except EXCHANGE_FAILURES:
            raise_alone(self._lost("the channel is closed"))

    async def receive(self) -> bytes | None:
        """Wait for the next message; see `Channel.receive`."""
        message = await self._socket.receive()
        if message.type in (WSMsgType.BINARY, WSMsgType.TEXT):
            data: bytes = message.data
            return data
        code = self._socket.close_code
        if code == _TOO_BIG:
            raise BodyTooLarge(f"{self._request.path}: a message of more than {_MAX_MESSAGE_BYTES} bytes")
        if message.type == WSMsgType.ERROR:
            raise self._lost("the channel broke")
        if code in (_NORMAL, 0, 1005):
            return None
        reason = Redaction(self._request)(message.extra or "") if message.type == WSMsgType.CLOSE else ""
        raise self._lost(f"the server closed the channel with code {code}{f': {reason}' if reason else ''}")

    async def close(self) -> None:
        """Say goodbye and close the connection. Closing twice does nothing."""
        try:
            await self._socket.close()
        finally:
            await self._session.close()

    def _lost(self, message: str) -> ConnectionLost:
        return ConnectionLost(message, method=self._request.method, path=self._request.path)


async def open_channel(
    pool: Pool, defaults: Sequence[tuple[str, str]], request: Request, subprotocols: Sequence[str]
) -> WebSocketChannel:
    """Do the handshake.

    Args:
        pool: Where the connection comes from.
        defaults: Headers of each request, the first is `Host`.
        request: A GET.
        subprotocols: What may be spoken.
    """
    session = ClientSession(
        connector=pool.connector,
        connector_owner=False,
        cookie_jar=DummyCookieJar(),
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
        middlewares=[_only_upgrades],
    )
    try:
        return await _handshake(session, pool, defaults, request, subprotocols)
    except BaseException:
        await session.close()
        raise


async def _handshake(
    session: ClientSession,
    pool: Pool,
    defaults: Sequence[tuple[str, str]],
    request: Request,
    subprotocols: Sequence[str],
) -> WebSocketChannel:
    method, path = request.method, request.path
    pairs = list(header_pairs(request))
    theirs = {name.lower() for name, _ in pairs}
    usual = [(name, value) for name, value in defaults if name.lower() not in theirs | {"host", "accept-encoding"}]
    try:
        socket = await session.ws_connect(
            URL(f"{str(pool.url).rstrip('/')}{request.target}", encoded=True),
            protocols=subprotocols,
            headers=[*usual, *pairs],
            ssl=pool.tls_context() or True,
            server_hostname=pool.server_name,
            proxy=pool.proxy,
            heartbeat=_HEARTBEAT_SECONDS,
            max_msg_size=_MAX_MESSAGE_BYTES,
            decode_text=False,
        )
    except _RefusedError as exc:
        raise_alone(UpgradeRefused(exc.response, method=method, path=path))
    except aiohttp.WSServerHandshakeError as exc:
        message = f"not a WebSocket handshake: {exc.message}"
        raise_alone(TransportError(message, method=method, path=path, retryable=False))
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError) as exc:
        raise_alone(connect_failure(exc, request, pool.server))
    except EXCHANGE_FAILURES as exc:
        raise_alone(exchange_failure(exc, request))
    if subprotocols and not socket.protocol:
        await socket.close()
        offered = ", ".join(subprotocols)
        raise TransportError(
            f"the server speaks none of the subprotocols offered: {offered}", method=method, path=path, retryable=False
        )
    return WebSocketChannel(session, socket, request)


class _RefusedError(Exception):
    """The server answered with something else than 101. Not one of aiohttp's, so that it does not touch it."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


async def _only_upgrades(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Keep what a server says that does not upgrade: aiohttp would drop its body, or follow its redirect."""
    answer = await handler(request)
    if answer.status == 101:
        return answer
    try:
        body = bytearray()
        while len(body) < _MAX_REFUSAL_BYTES and (chunk := await answer.content.read(_MAX_REFUSAL_BYTES - len(body))):
            body += chunk
    except EXCHANGE_FAILURES:
        body = bytearray()  # the status says enough
    finally:
        answer.close()
    raise _RefusedError(Response(answer.status, Headers(answer.headers.items()), bytes(body)))
