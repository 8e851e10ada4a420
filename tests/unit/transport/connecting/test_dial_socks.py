"""Dialing through SOCKS5 proxies: the requests to the proxies, and the effects of their replies."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable

import pytest

from kubeloop.errors import ConnectError
from kubeloop.transport.connecting.connect_errors import CONNECT_FAILURES
from tests.support.dialing import ESCAPED, SECRET, dialer, echo, fails, speaks, text_of
from tests.support.proxies import peer, socks_proxy
from tests.support.speaker import Speaker


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
@pytest.mark.parametrize("login", [None, (b"m\xc3\xa9", SECRET.encode())])
@pytest.mark.parametrize("has_tls", [False, True])
async def test_a_tunnel_through_socks(
    certified: Callable[..., ssl.SSLContext], scheme: str, login: tuple[bytes, bytes] | None, has_tls: bool
) -> None:
    """(C10)"""
    inner = certified(dns=("cluster.invalid",), address=False) if has_tls else None
    async with peer(echo, tls=inner) as server, socks_proxy(login=login) as proxy:
        user = f"mé:{ESCAPED}@" if login else ""
        url = f"http{'s' * has_tls}://cluster.invalid:{server.port}"
        dial = dialer(url, proxy=f"{scheme}://{user}127.0.0.1:{proxy.port}")
        assert (dial.is_forwarding, dial.proxy_authorization) == (False, None)
        await speaks(dial)
        asked = proxy.asked[0]
        assert (asked.kind, asked.host, asked.port) == (3, "cluster.invalid", server.port)
        assert (asked.user, asked.password) == (login or (None, None))
        assert asked.methods == (b"\0\2" if login else b"\0")


@pytest.mark.parametrize(
    ("host", "kind", "asked"),
    [
        ("127.0.0.1", 1, "127.0.0.1"),
        ("[fd00::1]", 4, "fd00::1"),
        ("[::ffff:10.1.2.3]", 1, "10.1.2.3"),
        ("bücher.invalid", 3, "xn--bcher-kva.invalid"),
    ],
)
@pytest.mark.parametrize("bound", [b"\1" + b"\0" * 6, b"\4" + b"\0" * 18, b"\3\5hello\0\0", b"\3\0\0\0"])
async def test_socks_has_kinds_of_addresses(host: str, kind: int, asked: str, bound: bytes) -> None:
    async with peer(echo) as server, socks_proxy(bound=bound) as proxy:
        await speaks(dialer(f"http://{host}:{server.port}", proxy=f"socks5://127.0.0.1:{proxy.port}"))
        assert (proxy.asked[0].kind, proxy.asked[0].host) == (kind, asked)


@pytest.mark.parametrize(
    ("reply", "text", "is_retryable"),
    [
        (1, "the proxy reported a general failure", True),
        (2, "the rules of the proxy do not allow a connection to this server", False),
        (3, "the proxy cannot reach the server's network", True),
        (4, "the proxy cannot reach the server's host", True),
        (5, "the server refused the connection from the proxy", True),
        (6, "the TTL expired between the proxy and the server", True),
        (7, "the proxy does not support connections on request", False),
        (8, "the proxy does not support this kind of address", False),
        (9, "the proxy responded with the unknown code 9", False),
    ],
)
async def test_a_socks_proxy_that_refuses(reply: int, text: str, is_retryable: bool) -> None:
    async with socks_proxy(reply=reply) as proxy:
        dial = dialer("http://cluster.invalid", proxy=f"socks5://127.0.0.1:{proxy.port}")
        text = f"the proxy refused a tunnel to cluster.invalid:80: {text}"
        await fails(dial, ConnectError, text, is_retryable=is_retryable)


@pytest.mark.parametrize(
    ("user", "text"),
    [
        ("", "the proxy requires a user and password in proxy-url"),
        (f"me:{ESCAPED}@", "the proxy does not accept the user and password in proxy-url"),
        (":x@", "SOCKS5 allows a user of 1 to 255 bytes and a password of at most 255 bytes"),
        (f"{'u' * 256}:x@", "SOCKS5 allows a user of 1 to 255 bytes and a password of at most 255 bytes"),
        (f"u:{'x' * 256}@", "SOCKS5 allows a user of 1 to 255 bytes and a password of at most 255 bytes"),
    ],
)
async def test_a_socks_proxy_that_wants_another_login(user: str, text: str) -> None:
    async with socks_proxy(login=(b"me", b"other")) as proxy:
        dial = dialer("http://cluster.invalid", proxy=f"socks5://{user}127.0.0.1:{proxy.port}")
        await fails(dial, ConnectError, f"the proxy refused a tunnel to cluster.invalid:80: {text}", is_retryable=False)


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "the proxy does not speak SOCKS5"),
        (b"\x04\x00", "the proxy does not speak SOCKS5"),
        (b"\x05\x01", "the proxy does not speak SOCKS5"),
        (b"\x05\x02", "the proxy does not speak SOCKS5"),
        (b"\x05\xff", "the proxy requires a user and password in proxy-url"),
        (b"\x05\x00\x04\x00\x00\x01", "the proxy does not speak SOCKS5"),
        (b"\x05\x00\x05\x00\x00\x02", "the proxy does not speak SOCKS5"),
        (b"\x05\x00\x05\x00\x00\x01\0\0\0\0\0\0extra", "it sent bytes that were not asked for"),
    ],
)
async def test_a_socks_proxy_that_speaks_something_else(reply: bytes, text: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(reply)
        await reader.read()

    async with peer(serve) as proxy:
        dial = dialer("http://cluster.invalid", proxy=f"socks5://127.0.0.1:{proxy.port}")
        await fails(dial, ConnectError, f"the proxy refused a tunnel to cluster.invalid:80: {text}", is_retryable=False)


async def test_a_login_and_a_name_of_all_the_bytes_that_there_is_room_for() -> None:
    login, name = (b"u" * 255, b"p" * 255), ".".join(["a" * 63] * 4)
    async with peer(echo) as server, socks_proxy(login=login) as proxy:
        through = f"socks5://{'u' * 255}:{'p' * 255}@127.0.0.1:{proxy.port}"
        await speaks(dialer(f"http://{name}:{server.port}", proxy=through))
        assert (proxy.asked[0].host, len(name)) == (name, 255)


async def test_a_name_that_socks_cannot_carry() -> None:
    name = ".".join(["a" * 60] * 5)
    async with socks_proxy() as proxy:
        dial = dialer(f"http://{name}", proxy=f"socks5://127.0.0.1:{proxy.port}")
        text = "the server's name is longer than the 255 bytes that SOCKS5 allows"
        await fails(dial, ConnectError, f"the proxy refused a tunnel to {name}:80: {text}", is_retryable=False)


@pytest.mark.parametrize("replies", [b"\5\0", b"\5\2\1\0"], ids=["without a login", "with a login"])
async def test_a_proxy_that_replies_before_it_is_asked_and_resets_the_connection(
    caplog: pytest.LogCaptureFixture, replies: bytes
) -> None:
    """Requests cannot be written, but the replies can be read. In uvloop, using a closed transport is an error."""
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.setblocking(False)
        dial = dialer("https://cluster.invalid", proxy=f"socks5://me:pw@127.0.0.1:{proxy.getsockname()[1]}")
        task = asyncio.create_task(dial.dial(Speaker()))
        connection, _ = await loop.sock_accept(proxy)
        await loop.sock_recv(connection, 1 << 16)
        connection.sendall(replies + b"\5\0\0\1" + bytes(6))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        with pytest.raises(CONNECT_FAILURES) as caught:
            await task
    reason = text_of(caught.value, dial).removeprefix("cannot connect to ").partition(": ")[2]
    assert reason in {"connection reset by peer", "the other side closed the connection"}
    assert not caplog.records
