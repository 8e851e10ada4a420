"""Dialing, directly and through proxies, with and without TLS: what is sent, what is refused, what is left behind."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kubeloop.config import Config
from kubeloop.errors import ConnectError, TLSError, TransportError
from kubeloop.transport.connecting.dial import Dialer
from kubeloop.transport.connecting.failures import CONNECT_FAILURES, connect_failure
from kubeloop.transport.connecting.tls import TLSContexts
from kubeloop.transport.user_agent import default_user_agent
from kubeloop.wire.request import Request
from tests.support.certificates import authority, server_context
from tests.support.proxies import ESTABLISHED, http_proxy, peer, socks_proxy
from tests.support.reachable import reachable
from tests.support.speaker import Speaker

GET = Request("GET", "/api")
SECRET = "pä:ss wörd/☃"
ESCAPED = "p%C3%A4%3Ass%20w%C3%B6rd%2F%E2%98%83"
NOT_SENT = " (the request was not sent)"


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(b"echo " + line)


async def until_closed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


def dialer(host: str, *, proxy: str | None = None, **settings: Any) -> Dialer:
    config = Config(host=host, **{"ca_data": authority().certificate, **settings})
    has_tls = host.startswith("https") or (proxy or "").startswith("https")
    return Dialer(
        config.host, proxy=proxy, server_name=config.tls_server_name, tls=TLSContexts(config) if has_tls else None
    )


async def speaks(dial: Dialer) -> Speaker:
    speaker = Speaker()
    await dial.dial(speaker)
    assert await speaker.ask() == b"echo ping\n"
    assert speaker.transport is not None
    speaker.transport.abort()
    return speaker


async def fails(
    dial: Dialer, kind: type[TransportError], text: str, *, is_retryable: bool | None = None
) -> TransportError:
    speaker = Speaker()
    with pytest.raises(CONNECT_FAILURES) as caught:
        await dial.dial(speaker)
    assert speaker.transport is None
    assert isinstance(caught.value, Exception)
    failure = connect_failure(caught.value, GET, dial.server)
    assert str(failure) == f"GET /api: {text}{NOT_SENT}"
    assert type(failure) is kind
    assert failure.retryable is (kind is ConnectError if is_retryable is None else is_retryable)
    said = f"{reachable(failure)} {reachable(caught.value)} {dial!r}"
    assert SECRET not in said
    assert ESCAPED not in said
    return failure


@pytest.fixture
def certified(tmp_path: Path) -> Callable[..., ssl.SSLContext]:
    def context(name: str = "server", **options: Any) -> ssl.SSLContext:
        clients = options.pop("clients", None)
        pair = options.pop("by", authority()).sign(name, **options)
        return server_context(pair, tmp_path, clients_of=clients)

    return context


@pytest.mark.parametrize("has_tls", [False, True])
async def test_reaches_a_server(certified: Callable[..., ssl.SSLContext], has_tls: bool) -> None:
    async with peer(echo, tls=certified() if has_tls else None) as server:
        dial = dialer(f"http{'s' * has_tls}://127.0.0.1:{server.port}")
        assert dial.server == f"127.0.0.1:{server.port}"
        assert not dial.is_forwarding
        await speaks(dial)


async def test_the_protocol_gets_the_transport_of_the_innermost_tls(certified: Callable[..., ssl.SSLContext]) -> None:
    async with peer(echo, tls=certified(dns=("inner.example",), address=False)) as server:
        speaker = await speaks(dialer(f"https://127.0.0.1:{server.port}", tls_server_name="inner.example"))
        assert speaker.transport is not None
        assert speaker.transport.get_extra_info("ssl_object").server_hostname == "inner.example"


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="an option of Linux")
async def test_sockets_notice_that_the_other_machine_has_gone() -> None:
    """(C7)"""
    async with peer(echo) as server:
        speaker = Speaker()
        await dialer(f"http://127.0.0.1:{server.port}").dial(speaker)
        await speaker.ask()
        assert speaker.transport is not None
        opened = speaker.transport.get_extra_info("socket")
        assert opened.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        names = ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT", "TCP_NODELAY")
        values = [opened.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) for name in names]
        assert values == [30, 5, 3, 45_000, 1]
        speaker.transport.abort()


async def test_a_name_that_does_not_exist() -> None:
    await fails(
        dialer("https://no-such-host.invalid"),
        ConnectError,
        "cannot connect to no-such-host.invalid:443: no such host",
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize("scheme", ["http", "https", "socks5"])
async def test_nobody_listens(scheme: str) -> None:
    port = free_port()
    where = f"127.0.0.1:{port}"
    failure = await fails(dialer(f"http://{where}"), ConnectError, f"cannot connect to {where}: connection refused")
    assert isinstance(failure.__cause__, ConnectionRefusedError)
    await fails(
        dialer("http://cluster.invalid", proxy=f"{scheme}://me:{ESCAPED}@{where}"),
        ConnectError,
        "cannot connect to the proxy for cluster.invalid:80: connection refused",
    )


@pytest.mark.parametrize(
    ("options", "settings", "text"),
    [
        (
            {"by": authority("stranger")},
            {},
            "the server's certificate is signed by an authority that is not trusted: "
            "give it as certificate-authority(-data)",
        ),
        (
            {"expired": True},
            {},
            "the server's certificate has expired: renew it, or check this machine's clock",
        ),
        (
            {"dns": ("inner.example",), "address": False},
            {},
            "the server's certificate is not for this address: set tls-server-name to a name that it is for",
        ),
        (
            {},
            {"tls_server_name": "other.example"},
            "the server's certificate is not for this name: set tls-server-name to a name that it is for",
        ),
        (
            {"name": "common.example", "address": False},
            {"tls_server_name": "common.example"},
            "the server's certificate is not for this name: set tls-server-name to a name that it is for",
        ),
    ],
    ids=["stranger", "expired", "address", "name", "common name"],
)
async def test_a_certificate_that_is_not_trusted(
    certified: Callable[..., ssl.SSLContext], options: dict[str, Any], settings: dict[str, Any], text: str
) -> None:
    async with peer(echo, tls=certified(**options)) as server:
        where = f"127.0.0.1:{server.port}"
        await fails(dialer(f"https://{where}", **settings), TLSError, f"{where}: {text}")


async def test_a_common_name_does_not_count_with_the_systems_authorities_either(
    certified: Callable[..., ssl.SSLContext], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """(F12)"""
    (tmp_path / "system.pem").write_bytes(authority().certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "system.pem"))
    for names in ((), ("common.example",)):
        async with peer(echo, tls=certified("common.example", address=False, dns=names)) as server:
            where = f"127.0.0.1:{server.port}"
            dial = dialer(f"https://{where}", tls_server_name="common.example", ca_data=None)
            if names:
                await speaks(dial)
            else:
                text = "the server's certificate is not for this name: set tls-server-name to a name that it is for"
                await fails(dial, TLSError, f"{where}: {text}")


async def test_files_are_read_again_after_a_handshake_that_failed(
    certified: Callable[..., ssl.SSLContext], tmp_path: Path
) -> None:
    path = tmp_path / "ca.crt"
    path.write_bytes(authority("old").certificate)
    async with peer(echo, tls=certified()) as server:
        dial = dialer(f"https://127.0.0.1:{server.port}", ca_data=None, ca_file=str(path))
        before = dial.tls_context()
        with pytest.raises(ssl.SSLError):
            await dial.dial(Speaker())
        path.write_bytes(authority().certificate)
        await speaks(dial)
        assert dial.tls_context() is not before
        assert dialer("http://h").tls_context() is None


async def test_a_server_that_responds_to_a_handshake_in_plain_text() -> None:
    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
        await reader.read()

    async with peer(respond) as server:
        where = f"127.0.0.1:{server.port}"
        text = f"{where}: the server does not speak TLS here: is it an http:// address?"
        await fails(dialer(f"https://{where}"), TLSError, text)


async def test_a_server_that_closes_during_the_handshake() -> None:
    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write_eof()
        await reader.read()

    async with peer(close) as server:
        where = f"127.0.0.1:{server.port}"
        text = f"cannot connect to {where}: it closed the connection"
        await fails(dialer(f"https://{where}"), ConnectError, text)


async def test_a_server_that_wants_a_client_certificate_of_tls_1_2(certified: Callable[..., ssl.SSLContext]) -> None:
    """In TLS 1.3 the refusal arrives after the handshake, with the first response."""
    context = certified(clients=authority())
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    client = authority().sign("client")
    async with peer(echo, tls=context) as server:
        await speaks(dialer(f"https://127.0.0.1:{server.port}", cert_data=client.certificate, key_data=client.key))


def test_tls_without_contexts_is_a_mistake() -> None:
    for url, proxy in (("https://h", None), ("http://h", "https://p"), ("https://h", "http://p")):
        with pytest.raises(ValueError, match="expected TLS contexts"):
            Dialer(url, proxy=proxy, server_name=None, tls=None)


# HTTP and HTTPS proxies


def connect(target: str, *more: str) -> str:
    return "\r\n".join(
        [f"CONNECT {target} HTTP/1.1", f"Host: {target}", f"User-Agent: {default_user_agent()}", *more, "", ""]
    )


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_tunnel(certified: Callable[..., ssl.SSLContext], scheme: str) -> None:
    """(C10) User and password are those of the URL, decoded, in UTF-8."""
    inner = certified(dns=("cluster.invalid",), address=False)
    outer = certified("proxy") if scheme == "https" else None
    async with peer(echo, tls=inner) as server, http_proxy(tls=outer) as proxy:
        url = f"https://cluster.invalid:{server.port}"
        dial = dialer(url, proxy=f"{scheme}://mé:{ESCAPED}@127.0.0.1:{proxy.port}")
        assert (dial.is_forwarding, dial.proxy_authorization) == (False, None)
        await speaks(dial)
        login = "Proxy-Authorization: Basic bcOpOnDDpDpzcyB3w7ZyZC/imIM="
        assert proxy.heads == [connect(f"cluster.invalid:{server.port}", login)]


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_requests_for_a_server_without_tls_are_forwarded(
    certified: Callable[..., ssl.SSLContext], scheme: str
) -> None:
    async with peer(echo, tls=certified() if scheme == "https" else None) as proxy:
        dial = dialer("http://cluster.invalid", proxy=f"{scheme}://me@127.0.0.1:{proxy.port}")
        assert (dial.is_forwarding, dial.proxy_authorization) == (True, "Basic bWU6")
        await speaks(dial)


@pytest.mark.parametrize(
    ("host", "target"),
    [("https://bücher.invalid", "xn--bcher-kva.invalid:443"), ("https://[fd00::1%25eth0]:6443", "[fd00::1%eth0]:6443")],
)
async def test_a_proxy_is_told_names_in_ascii_and_addresses_in_brackets(host: str, target: str) -> None:
    async with http_proxy(b"HTTP/1.1 502 Bad Gateway\r\n\r\n", then="wait") as proxy:
        dial = dialer(host, proxy=f"http://127.0.0.1:{proxy.port}")
        text = f"the proxy refused a tunnel to {dial.server}: it answered 502"
        await fails(dial, ConnectError, text, is_retryable=True)
        assert proxy.heads == [connect(target)]


@pytest.mark.parametrize(
    "pieces",
    [
        [bytes([byte]) for byte in ESTABLISHED],
        [b"HTTP/1.0 200 OK\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nX: " + b"x" * 60_000 + b"\r\n\r\n"],
    ],
    ids=["byte by byte", "HTTP/1.0", "with a length", "chunked", "long"],
)
async def test_a_response_with_200_makes_a_tunnel(
    certified: Callable[..., ssl.SSLContext], pieces: list[bytes]
) -> None:
    async with peer(echo, tls=certified()) as server, http_proxy(*pieces) as proxy:
        await speaks(dialer(f"https://127.0.0.1:{server.port}", proxy=f"http://127.0.0.1:{proxy.port}"))


LOGIN = "it answered 407: the proxy wants a user and password in proxy-url"
UNASKED = "it sent bytes that were not asked for"
NO_HTTP = "it does not speak HTTP/1.1"


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("response", "text", "is_retryable"),
    [
        (b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nContent-Length: 2\r\n\r\nno", LOGIN, False),
        (b"HTTP/1.1 403 No\r\n\r\n", "it answered 403", False),
        (b"HTTP/1.1 503 No\r\n\r\n", "it answered 503", True),
        (b"HTTP/1.1 201 Created\r\n\r\n", "it answered 201", False),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "it answered 100", False),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "it answered 101", False),
        (b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere\r\n\r\n", "it answered 302", False),
        (ESTABLISHED + b"x", UNASKED, False),
        (ESTABLISHED + b"\x16\x03\x03", UNASKED, False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", UNASKED, False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + ESTABLISHED, UNASKED, False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", UNASKED, False),
        (b"SSH-2.0-OpenSSH\r\n", NO_HTTP, False),
        (b"HTTP/2.0 200 OK\r\n\r\n", NO_HTTP, False),
        (b"HTTP/0.9 200 OK\r\n\r\n", NO_HTTP, False),
        (b"HTTP/1.1 200 OK\r\nno header\r\n\r\n", NO_HTTP, False),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000, "its response is too long", False),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000, "its response is too long", False),
    ],
)
async def test_a_proxy_that_makes_no_tunnel(
    certified: Callable[..., ssl.SSLContext], scheme: str, response: bytes, text: str, is_retryable: bool
) -> None:
    async with http_proxy(response, then="wait", tls=certified() if scheme == "https" else None) as proxy:
        dial = dialer("https://cluster.invalid", proxy=f"{scheme}://me:{ESCAPED}@127.0.0.1:{proxy.port}")
        text = f"the proxy refused a tunnel to cluster.invalid:443: {text}"
        await fails(dial, ConnectError, text, is_retryable=is_retryable)


@pytest.mark.parametrize("response", [b"", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\n"])
async def test_a_proxy_that_closes(response: bytes) -> None:
    async with http_proxy(response, then="close") as proxy:
        dial = dialer("https://cluster.invalid", proxy=f"http://127.0.0.1:{proxy.port}")
        text = "cannot connect to the proxy for cluster.invalid:443: it closed the connection"
        await fails(dial, ConnectError, text)


async def test_a_proxy_with_a_certificate_that_is_not_trusted(certified: Callable[..., ssl.SSLContext]) -> None:
    async with http_proxy(tls=certified(by=authority("stranger"))) as proxy:
        dial = dialer("https://cluster.invalid", proxy=f"https://127.0.0.1:{proxy.port}")
        text = (
            "the proxy for cluster.invalid:443: the proxy's certificate is signed by an authority that is not trusted: "
            "give it as certificate-authority(-data)"
        )
        await fails(dial, TLSError, text)


async def test_the_certificate_of_a_proxy_is_for_the_proxys_own_name(certified: Callable[..., ssl.SSLContext]) -> None:
    inner = certified(dns=("inner.example",), address=False)
    async with peer(echo, tls=inner) as server, http_proxy(tls=certified("proxy")) as proxy:
        url, through = f"https://127.0.0.1:{server.port}", f"https://127.0.0.1:{proxy.port}"
        await speaks(dialer(url, proxy=through, tls_server_name="inner.example"))
    async with http_proxy(tls=certified(dns=("inner.example",), address=False)) as proxy:
        dial = dialer(url, proxy=f"https://127.0.0.1:{proxy.port}", tls_server_name="inner.example")
        text = "the proxy's certificate is not for this address: put a name that it is for into proxy-url"
        await fails(dial, TLSError, f"the proxy for {dial.server}: {text}")


# SOCKS5 proxies


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
        (1, "it failed, and does not say why", True),
        (2, "its rules do not allow it to connect to this server", False),
        (3, "it finds no network that leads to the server", True),
        (4, "it cannot reach the server's host", True),
        (5, "the server refused its connection", True),
        (6, "the server is too many hops away from it (TTL expired)", True),
        (7, "it makes no connections on request", False),
        (8, "it does not know this kind of address", False),
        (9, "it answered with the unknown code 9", False),
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
        ("", "it wants a user and password in proxy-url"),
        (f"me:{ESCAPED}@", "it does not accept the user and password in proxy-url"),
        (":x@", "it takes a user of 1 to 255 bytes and a password of at most 255"),
        (f"{'u' * 256}:x@", "it takes a user of 1 to 255 bytes and a password of at most 255"),
        (f"u:{'x' * 256}@", "it takes a user of 1 to 255 bytes and a password of at most 255"),
    ],
)
async def test_a_socks_proxy_that_wants_another_login(user: str, text: str) -> None:
    async with socks_proxy(login=(b"me", b"other")) as proxy:
        dial = dialer("http://cluster.invalid", proxy=f"socks5://{user}127.0.0.1:{proxy.port}")
        await fails(dial, ConnectError, f"the proxy refused a tunnel to cluster.invalid:80: {text}", is_retryable=False)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "it does not speak SOCKS5"),
        (b"\x04\x00", "it does not speak SOCKS5"),
        (b"\x05\x01", "it does not speak SOCKS5"),
        (b"\x05\x02", "it does not speak SOCKS5"),
        (b"\x05\xff", "it wants a user and password in proxy-url"),
        (b"\x05\x00\x04\x00\x00\x01", "it does not speak SOCKS5"),
        (b"\x05\x00\x05\x00\x00\x02", "it does not speak SOCKS5"),
        (b"\x05\x00\x05\x00\x00\x01\0\0\0\0\0\0extra", UNASKED),
    ],
)
async def test_a_socks_proxy_that_speaks_something_else(answer: bytes, text: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await reader.read()

    async with peer(serve) as proxy:
        dial = dialer("http://cluster.invalid", proxy=f"socks5://127.0.0.1:{proxy.port}")
        await fails(dial, ConnectError, f"the proxy refused a tunnel to cluster.invalid:80: {text}", is_retryable=False)


async def test_a_name_that_socks_cannot_carry() -> None:
    name = ".".join(["a" * 60] * 5)
    async with socks_proxy() as proxy:
        dial = dialer(f"http://{name}", proxy=f"socks5://127.0.0.1:{proxy.port}")
        text = "the server's name is longer than the 255 bytes that SOCKS5 allows"
        await fails(dial, ConnectError, f"the proxy refused a tunnel to {name}:80: {text}", is_retryable=False)
