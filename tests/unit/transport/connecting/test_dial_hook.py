"""`Config.dial`: sockets that a function opens carry TLS, proxies and pools, and its failures are clear."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import kubeloop
from kubeloop.config import Config
from kubeloop.errors import ConnectError, TLSError, TransportError
from kubeloop.transport import Dial, open_socket
from kubeloop.transport.connecting.dial import Dialer
from kubeloop.transport.http import HTTPTransport
from kubeloop.wire.request import Request
from tests.support.certificates import authority
from tests.support.proxies import http_proxy, socks_proxy
from tests.support.raw_server import hang, raw_server, reply
from tests.support.reachable import reachable

GET = Request("GET", "/api")
AUTHORITY = authority().certificate


class ToPort:
    """A function that connects to one port, whatever host it gets, and records its arguments."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> socket.socket:
        self.asked.append((host, port))
        return await open_socket("127.0.0.1", self.port)


async def unix(path: Path, host: str, port: int) -> socket.socket:
    connected = socket.socket(socket.AF_UNIX)
    connected.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connected, str(path))
    return connected


async def get(config: Config, times: int = 1) -> list[int]:
    """Send requests, one after the other, and return the statuses."""
    transport = HTTPTransport(config)
    try:
        return [(await transport.request(GET)).status for _ in range(times)]
    finally:
        await transport.close()


async def test_the_certificate_is_that_of_the_host_in_the_config(certified: Callable[..., ssl.SSLContext]) -> None:
    async with raw_server(reply(), tls=certified(dns=("cluster.example",), address=False)) as server:
        dial = ToPort(server.port)
        config = Config(host="https://cluster.example:6443", ca_data=AUTHORITY, dial=dial)
        assert await get(config, times=3) == [200, 200, 200]
        assert dial.asked == [("cluster.example", 6443)]
        assert server.requests[0].header("host") == "cluster.example:6443"
        with pytest.raises(TLSError, match="not valid for this name"):
            await get(config.replace(host="https://other.example"))


@pytest.mark.parametrize("has_tls", [False, True])
async def test_a_unix_socket(certified: Callable[..., ssl.SSLContext], tmp_path: Path, has_tls: bool) -> None:
    path = tmp_path / "s"
    tls = certified(dns=("cluster.example",)) if has_tls else None
    served = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        served += 1
        while await reader.readline():
            while await reader.readline() != b"\r\n":
                pass
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        writer.close()

    listening = await asyncio.start_unix_server(serve, str(path), ssl=tls)
    try:
        settings: dict[str, Any] = {"ca_data": AUTHORITY} if has_tls else {}
        config = Config(host=f"http{'s' * has_tls}://cluster.example", dial=partial(unix, path), **settings)
        assert await get(config, times=3) == [200, 200, 200]
        assert served == 1
    finally:
        listening.close()
        await listening.wait_closed()


@pytest.mark.parametrize("scheme", ["http", "https", "socks5"])
async def test_a_proxy_is_reached_through_the_hook(certified: Callable[..., ssl.SSLContext], scheme: str) -> None:
    through = socks_proxy() if scheme == "socks5" else http_proxy(tls=certified() if scheme == "https" else None)
    inner = certified(dns=("cluster.example",))
    async with raw_server(reply(), tls=inner) as server, through as proxy:
        dial = ToPort(proxy.port)
        config = Config(
            host=f"https://cluster.example:{server.port}",
            ca_data=AUTHORITY,
            proxy_url=f"{scheme}://127.0.0.1:3128",
            dial=dial,
        )
        assert await get(config) == [200]
        assert dial.asked == [("127.0.0.1", 3128)]
        assert len(server.requests) == 1


async def test_each_connection_is_opened_by_the_hook() -> None:
    async with raw_server(hang()) as server:
        dial = ToPort(server.port)
        transport = HTTPTransport(Config(host="http://cluster", dial=dial))
        waiting = [asyncio.ensure_future(transport.request(GET)) for _ in range(3)]
        while len(server.requests) < 3:
            await asyncio.sleep(0)
        await transport.close()
        assert len(dial.asked) == 3
        for each in waiting:
            with pytest.raises(TransportError, match="the client is closed"):
                await each


async def test_the_host_is_in_ascii_and_the_port_that_of_the_scheme() -> None:
    async with raw_server(reply()) as server:
        dial = ToPort(server.port)
        await get(Config(host="http://bücher.example", dial=dial))
        await get(Config(host="http://[::1]", dial=dial))
        assert dial.asked == [("xn--bcher-kva.example", 80), ("::1", 80)]


def failing(error: Exception) -> Dial:
    async def dial(host: str, port: int) -> socket.socket:
        raise error

    return dial


SECRET = "SECRET"


@pytest.mark.parametrize(
    ("error", "text", "is_retryable"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, SECRET), "cannot connect to cluster:80: connection refused", True),
        (OSError(SECRET), "cannot connect to cluster:80: OSError", True),
        (socket.gaierror(socket.EAI_NONAME, SECRET), "cannot connect to cluster:80: no such host", True),
        (TimeoutError(SECRET), "the connection to cluster:80 timed out", True),
        (ValueError(SECRET), "cannot connect to cluster:80: Config.dial raised ValueError", False),
        (ssl.SSLError(1, SECRET), "cannot connect to cluster:80: Config.dial raised SSLError", False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
async def test_a_hook_that_fails(error: Exception, text: str, is_retryable: bool) -> None:
    with pytest.raises(ConnectError) as caught:
        await get(Config(host="http://cluster", dial=failing(error)))
    assert str(caught.value) == f"GET /api: {text} (the request was not sent)"
    assert caught.value.retryable is is_retryable
    if isinstance(error, OSError) and not isinstance(error, ssl.SSLError):
        assert SECRET not in reachable(caught.value)
    else:
        assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, ""), "the proxy for cluster:80: connection refused"),
        (LookupError(SECRET), "the proxy for cluster:80: Config.dial raised LookupError"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
async def test_a_hook_that_fails_to_reach_the_proxy(error: Exception, text: str) -> None:
    config = Config(host="http://cluster", proxy_url="socks5://me:SECRET@proxy", dial=failing(error))
    with pytest.raises(ConnectError) as caught:
        await get(config)
    assert str(caught.value) == f"GET /api: cannot connect to {text} (the request was not sent)"


async def datagram(host: str, port: int) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.connect(("127.0.0.1", 9))
    return opened


async def unconnected(host: str, port: int) -> socket.socket:
    return socket.socket()


async def no_socket(host: str, port: int) -> Any:
    return SECRET


async def with_tls(host: str, port: int) -> socket.socket:
    return ssl.create_default_context().wrap_socket(socket.socket(), server_hostname="a")


@pytest.mark.parametrize(
    ("dial", "kind", "text"),
    [
        (no_socket, TypeError, "expected a connected socket.socket, got str"),
        (with_tls, TypeError, "expected a socket without TLS, which kubeloop adds, got an SSLSocket"),
        (datagram, ValueError, "expected a stream socket, got SOCK_DGRAM"),
        (unconnected, ValueError, "expected a connected socket, got a socket that is not connected"),
    ],
)
async def test_a_result_that_is_no_connected_socket(dial: Dial, kind: type[Exception], text: str) -> None:
    """The sockets are closed: a warning would fail the test."""
    with pytest.raises(kind) as caught:
        await get(Config(host="http://cluster", dial=dial))
    assert str(caught.value) == f"Config.dial: {text}"


async def test_a_plain_function_is_a_mistake_that_is_named() -> None:
    def dial(host: str, port: int) -> Any:
        return None

    with pytest.raises(ConnectError, match=r"Config\.dial raised TypeError") as caught:
        await get(Config(host="http://cluster", dial=dial))
    assert isinstance(caught.value.__cause__, TypeError)


async def test_a_hook_that_awaits_a_cancelled_task_fails() -> None:
    """Its request does not wait for ever."""
    tunnel = asyncio.get_running_loop().create_future()
    tunnel.cancel()

    async def dial(host: str, port: int) -> socket.socket:
        return await tunnel

    with pytest.raises(ConnectError, match=r"Config\.dial raised CancelledError"):
        async with asyncio.timeout(20):
            await get(Config(host="http://cluster", dial=dial))


async def test_a_hook_is_cancelled_with_its_request() -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def dial(host: str, port: int) -> socket.socket:
        started.set()
        try:
            return await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    transport = HTTPTransport(Config(host="http://cluster", dial=dial))
    request = asyncio.ensure_future(transport.request(GET))
    await started.wait()
    request.cancel()
    await cancelled.wait()
    await transport.close()


async def test_an_informer_reports_what_the_hook_raises(caplog: pytest.LogCaptureFixture) -> None:
    config = Config(host="http://cluster", dial=failing(PermissionError(errno.EACCES, SECRET)))
    async with kubeloop.Clientset(config) as clientset:
        factory = kubeloop.SharedInformerFactory(clientset)
        informer = factory.core_v1.pods()
        async with factory:
            while not informer.last_error:
                await asyncio.sleep(0)
            assert "permission denied" in informer.last_error
    assert SECRET not in caplog.text


async def test_a_blocking_socket_becomes_non_blocking() -> None:
    async with raw_server(reply()) as server:

        async def dial(host: str, port: int) -> socket.socket:
            connected = await open_socket("127.0.0.1", server.port)
            connected.setblocking(True)
            return connected

        assert await get(Config(host="http://cluster", dial=dial)) == [200]


def test_a_dialer_accepts_any_callable() -> None:
    hook: Callable[[str, int], Awaitable[socket.socket]] = ToPort(1)
    dialer = Dialer("http://cluster", proxy=None, server_name=None, tls=None, dial=hook)
    assert dialer.server == "cluster:80"
