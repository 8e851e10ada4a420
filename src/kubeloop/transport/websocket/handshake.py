"""The opening handshake of a WebSocket: the headers of the request and the check of the response.

Reference: RFC 6455, section 4; client-go transport/websocket/roundtripper.go.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from typing import TYPE_CHECKING

from kubeloop.errors import TransportError
from kubeloop.transport.base import UpgradeRefused, read_error_body
from kubeloop.transport.http1.request_head import header_pairs
from kubeloop.transport.websocket.channel import WebSocketChannel
from kubeloop.wire.response import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kubeloop.transport.exchange import Exchange
    from kubeloop.wire.request import Request
    from kubeloop.wire.response import Headers

__all__ = ["Handshake"]

_MAX_REFUSAL_BYTES = 1 << 16
_SWITCHING = 101

_ACCEPT_SUFFIX = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_belongs_to_handshake = re.compile(r"upgrade|sec-websocket-.*", re.IGNORECASE | re.DOTALL).fullmatch
_is_token = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch


class Handshake:
    """The opening handshake of one WebSocket.

    Args:
        request: The caller's request, a GET without a body.
        subprotocols: The subprotocols to offer, the preferred one first.

    Attributes:
        headers: The headers to add to those of the caller.

    Raises:
        ValueError: The request is not a GET or sets a header of the handshake, or a subprotocol is not a token or is
            listed twice.
    """

    __slots__ = ("_accept", "_request", "_subprotocols", "headers")

    def __init__(self, request: Request, subprotocols: Sequence[str]) -> None:
        if request.method != "GET" or request.body is not None:
            raise ValueError(f"expected a GET without a body to open a WebSocket, got {request.method} {request.path}")
        if taken := sorted({name for name, _ in header_pairs(request) if _belongs_to_handshake(name)}):
            raise ValueError(f"the transport writes these headers itself: {', '.join(taken)}")
        if not all(map(_is_token, subprotocols)) or len(set(subprotocols)) < len(subprotocols):
            raise ValueError(f"expected the names of different subprotocols, got {list(subprotocols)!r}")
        key = base64.b64encode(secrets.token_bytes(16))
        self._request = request
        self._subprotocols = subprotocols
        self._accept = base64.b64encode(hashlib.sha1(key + _ACCEPT_SUFFIX, usedforsecurity=False).digest()).decode()
        self.headers = [
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", key.decode()),
        ]
        if subprotocols:
            self.headers.append(("Sec-WebSocket-Protocol", ",".join(subprotocols)))

    def __repr__(self) -> str:
        return f"<Handshake {self._request.path} {', '.join(self._subprotocols)}>"

    async def finish(self, exchange: Exchange, stop_clock: Callable[[], float | None]) -> WebSocketChannel:
        """Check the response and return the channel.

        Args:
            exchange: The response to the request. It is ended, unless the channel takes its connection.
            stop_clock: Ends the timeout of the call and returns the seconds that were left, for the body of a refusal.

        Raises:
            UpgradeRefused: The server did not switch protocols. The error contains its response with at most 64 KiB of
                the body.
            TransportError: The server switched to another protocol than the requested one.
        """
        method, path = self._request.method, self._request.path
        try:
            if exchange.status != _SWITCHING:
                body = await read_error_body(exchange, stop_clock(), max_bytes=_MAX_REFUSAL_BYTES)
                refusal = Response(exchange.status, exchange.headers, body)
                raise UpgradeRefused(refusal, method=method, path=path)
            if fault := self._fault(exchange.headers):
                raise TransportError(fault, method=method, path=path, retryable=False)
            return WebSocketChannel(exchange.take_connection(), self._request, exchange.headers)
        finally:
            exchange.cut()

    def _fault(self, headers: Headers) -> str:
        """Return what is wrong with the headers of a 101, without quoting them; `""` if they are valid."""
        if _tokens(headers, "upgrade") != ["websocket"]:
            return "not a WebSocket handshake: the server switched to another protocol"
        if "upgrade" not in _tokens(headers, "connection"):
            return "not a WebSocket handshake: the response has no Connection: Upgrade"
        if headers.get_all("sec-websocket-accept") != [self._accept]:
            return "not a WebSocket handshake: Sec-WebSocket-Accept is missing or wrong"
        if _tokens(headers, "sec-websocket-extensions"):
            return "not a WebSocket handshake: the server uses an extension, and none was offered"
        chosen = headers.get_all("sec-websocket-protocol")
        if chosen and not self._subprotocols:
            return "not a WebSocket handshake: the server chose a subprotocol, and none was offered"
        if self._subprotocols and not (len(chosen) == 1 and chosen[0] in self._subprotocols):
            return f"the server speaks none of the subprotocols offered: {', '.join(self._subprotocols)}"
        return ""


def _tokens(headers: Headers, name: str) -> list[str]:
    """Return the elements of a comma-separated header, in lower case."""
    values = ",".join(headers.get_all(name)).split(",")
    return [token for value in values if (token := value.strip(" \t").lower())]
