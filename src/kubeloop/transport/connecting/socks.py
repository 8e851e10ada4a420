"""Opening a tunnel through a SOCKS5 proxy, which resolves host names.

Reference: RFC 1928, and RFC 1929 for user and password; Go net/http/socks_bundle.go, which also treats `socks5` and
`socks5h` in the same way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop.transport.connecting.address import parse_address
from kubeloop.transport.connecting.handshakes import Refusal

if TYPE_CHECKING:
    from kubeloop.transport.connecting.address import Endpoint
    from kubeloop.transport.connecting.handshakes import Dialogue

__all__ = ["open_socks"]

_VERSION, _LOGIN_VERSION, _CONNECT = 5, 1, 1
_NO_LOGIN, _LOGIN, _NONE_OF_THESE = 0, 2, 255
_IPV4, _NAME, _IPV6 = 1, 3, 4
_NO_SOCKS = "the proxy does not speak SOCKS5"
_REPLIES = {
    1: ("the proxy reported a general failure", True),
    2: ("the rules of the proxy do not allow a connection to this server", False),
    3: ("the proxy cannot reach the server's network", True),
    4: ("the proxy cannot reach the server's host", True),
    5: ("the server refused the connection from the proxy", True),
    6: ("the TTL expired between the proxy and the server", True),
    7: ("the proxy does not support connections on request", False),
    8: ("the proxy does not support this kind of address", False),
}


async def open_socks(dialogue: Dialogue, proxy: Endpoint, server: Endpoint) -> None:
    """Ask a proxy to connect to a server and to forward all bytes.

    Args:
        dialogue: The connection to the proxy.
        proxy: The proxy, with user and password if it requires them.
        server: The server.

    Raises:
        Refusal: The proxy refused, or user, password or server name are too long for SOCKS5.
        OSError: The connection ended first.
    """
    methods = [_NO_LOGIN] if proxy.user is None else [_NO_LOGIN, _LOGIN]
    dialogue.write(bytes([_VERSION, len(methods), *methods]))
    version, method = await dialogue.read(2)
    if version != _VERSION or method not in {*methods, _NONE_OF_THESE}:
        raise Refusal(_NO_SOCKS)
    if method == _NONE_OF_THESE:
        refused = (
            "the proxy requires a login other than user and password"
            if proxy.user
            else "the proxy requires a user and password in proxy-url"
        )
        raise Refusal(refused)
    if method == _LOGIN:
        await _log_in(dialogue, proxy.user or b"", proxy.password)
    dialogue.write(bytes([_VERSION, _CONNECT, 0]) + _address(server.host) + server.port.to_bytes(2, "big"))
    version, reply, _, kind = await dialogue.read(4)
    if version != _VERSION:
        raise Refusal(_NO_SOCKS)
    if reply:
        text, is_retryable = _REPLIES.get(reply, (f"the proxy responded with the unknown code {reply}", False))
        raise Refusal(text, is_retryable=is_retryable)
    # The address and port that the proxy connects from are not needed, but precede the bytes of the server.
    length = {_IPV4: 4, _IPV6: 16}.get(kind)
    if length is None and kind != _NAME:
        raise Refusal(_NO_SOCKS)
    await dialogue.read((length if length is not None else (await dialogue.read(1))[0]) + 2)


async def _log_in(dialogue: Dialogue, user: bytes, password: bytes) -> None:
    if not 0 < len(user) < 256 or len(password) > 255:
        raise Refusal("SOCKS5 allows a user of 1 to 255 bytes and a password of at most 255 bytes")
    dialogue.write(bytes([_LOGIN_VERSION, len(user)]) + user + bytes([len(password)]) + password)
    version, status = await dialogue.read(2)
    if version != _LOGIN_VERSION:
        raise Refusal(_NO_SOCKS)
    if status:
        raise Refusal("the proxy does not accept the user and password in proxy-url")


def _address(host: str) -> bytes:
    if (address := parse_address(host)) is not None:
        return bytes([_IPV4 if address.version == 4 else _IPV6]) + address.packed
    name = host.encode()
    if len(name) > 255:
        raise Refusal("the server's name is longer than the 255 bytes that SOCKS5 allows")
    return bytes([_NAME, len(name)]) + name
