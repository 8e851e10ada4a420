"""Opening a tunnel through an HTTP proxy with CONNECT.

Reference: RFC 9110, section 9.3.6; Go net/http/transport.go, dialConn, which also accepts only the status 200. Intended
difference: Go drops bytes that follow the proxy's response; here they are refused (`Dialogue.start_tls`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from kubeloop.transport.connecting.handshakes import Refusal
from kubeloop.transport.user_agent import default_user_agent

if TYPE_CHECKING:
    from kubeloop.transport.connecting.handshakes import Dialogue

__all__ = ["open_tunnel"]

_MAX_HEAD_BYTES = 1 << 16
_NO_HTTP = "the proxy does not speak HTTP/1.1"


class _Head:
    """Receives the callback of the parser when the head of the response is complete."""

    is_complete = False

    def on_headers_complete(self) -> None:
        self.is_complete = True


async def open_tunnel(dialogue: Dialogue, target: str, authorization: str | None) -> None:
    """Ask a proxy to connect to a server and to forward all bytes.

    Args:
        dialogue: The connection to the proxy.
        target: The server as `host:port`.
        authorization: The value of `Proxy-Authorization`; None for no such header.

    Raises:
        Refusal: The proxy refused.
        OSError: The connection ended first.
    """
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}", f"User-Agent: {default_user_agent()}"]
    if authorization is not None:
        lines.append(f"Proxy-Authorization: {authorization}")
    dialogue.write("\r\n".join([*lines, "", ""]).encode())
    status = await _read_status(dialogue)
    if status != 200:
        login = ": it requires a user and password in proxy-url" if status == 407 else ""
        raise Refusal(f"the proxy responded with {status}{login}", is_retryable=status >= 500)


async def _read_status(dialogue: Dialogue) -> int:
    """Read the head of a response and return its status.

    A response to CONNECT with the status 200 has no body, whatever its headers are. The parser does not know this, so
    it gets one line at a time, and the bytes after the head stay in the dialogue.
    """
    head = _Head()
    parser = HttpResponseParser(head)
    parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=True)  # as in Go; nobody else reads this head
    left = _MAX_HEAD_BYTES
    while not head.is_complete:
        line = await dialogue.read_line(left)
        left -= len(line)
        try:
            parser.feed_data(line)
        except HttpParserUpgrade:  # the head of a response with 101 has ended
            break
        except HttpParserError:
            raise Refusal(_NO_HTTP) from None
    if parser.get_http_version() not in {"1.0", "1.1"}:
        raise Refusal(_NO_HTTP)
    return parser.get_status_code()
