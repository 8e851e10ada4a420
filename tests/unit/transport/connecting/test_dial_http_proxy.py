"""Dialing through HTTP and HTTPS proxies: the requests to the proxies, and the effects of their responses."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from kubeloop.errors import ConnectError, TLSError
from kubeloop.transport.connecting.dial import ProxyFailure
from kubeloop.transport.user_agent import default_user_agent
from tests.support.certificates import authority
from tests.support.dialing import ESCAPED, dialer, echo, fails, speaks
from tests.support.proxies import ESTABLISHED, http_proxy, peer
from tests.support.speaker import Speaker


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
async def test_a_proxy_gets_names_in_ascii_and_addresses_in_brackets(host: str, target: str) -> None:
    async with http_proxy(b"HTTP/1.1 502 Bad Gateway\r\n\r\n", then="wait") as proxy:
        dial = dialer(host, proxy=f"http://127.0.0.1:{proxy.port}")
        text = f"the proxy refused a tunnel to {dial.server}: the proxy responded with 502"
        await fails(dial, ConnectError, text, is_retryable=True)
        assert proxy.heads == [connect(target)]


@pytest.mark.parametrize(
    "pieces",
    [
        [bytes([byte]) for byte in ESTABLISHED],
        [b"HTTP/1.0 200 OK\r\n\r\n"],
        [b"HTTP/1.1 200\nX: y\n\n"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nX: " + b"x" * 60_000 + b"\r\n\r\n"],
    ],
    ids=["byte by byte", "HTTP/1.0", "no reason, line feeds", "with a length", "chunked", "long"],
)
async def test_a_response_with_200_makes_a_tunnel(
    certified: Callable[..., ssl.SSLContext], pieces: list[bytes]
) -> None:
    async with peer(echo, tls=certified()) as server, http_proxy(*pieces) as proxy:
        await speaks(dialer(f"https://127.0.0.1:{server.port}", proxy=f"http://127.0.0.1:{proxy.port}"))


LOGIN = "the proxy responded with 407: it requires a user and password in proxy-url"
UNASKED = "it sent bytes that were not asked for"
NO_HTTP = "the proxy does not speak HTTP/1.1"


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("response", "text", "is_retryable"),
    [
        (b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nContent-Length: 2\r\n\r\nno", LOGIN, False),
        (b"HTTP/1.1 403 No\r\n\r\n", "the proxy responded with 403", False),
        (b"HTTP/1.1 499 No\r\n\r\n", "the proxy responded with 499", False),
        (b"HTTP/1.1 500 No\r\n\r\n", "the proxy responded with 500", True),
        (b"HTTP/1.1 503 No\r\n\r\n", "the proxy responded with 503", True),
        (b"HTTP/1.1 201 Created\r\n\r\n", "the proxy responded with 201", False),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "the proxy responded with 100", False),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "the proxy responded with 101", False),
        (b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere\r\n\r\n", "the proxy responded with 302", False),
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
        (b"HTTP/1.1 200 OK\r\nX: ".ljust(1 << 16, b"x"), "its response is too long", False),
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
        text = "cannot connect to the proxy for cluster.invalid:443: the other side closed the connection"
        await fails(dial, ConnectError, text)


async def test_a_proxy_with_a_certificate_that_is_not_trusted(certified: Callable[..., ssl.SSLContext]) -> None:
    async with http_proxy(tls=certified(by=authority("stranger"))) as proxy:
        dial = dialer("https://cluster.invalid", proxy=f"https://127.0.0.1:{proxy.port}")
        text = (
            "the proxy for cluster.invalid:443: the certificate of the proxy is signed by an authority that is not "
            "trusted: set certificate-authority(-data)"
        )
        await fails(dial, TLSError, text)


async def test_files_are_read_again_after_a_handshake_with_the_proxy_that_failed(
    certified: Callable[..., ssl.SSLContext], tmp_path: Path
) -> None:
    path = tmp_path / "ca.crt"
    path.write_bytes(authority("old").certificate)
    async with peer(echo, tls=certified("proxy")) as proxy:
        through = f"https://127.0.0.1:{proxy.port}"
        dial = dialer("http://cluster.invalid", proxy=through, ca_data=None, ca_file=str(path))
        with pytest.raises(ProxyFailure):
            await dial.dial(Speaker())
        path.write_bytes(authority().certificate)
        await speaks(dial)


async def test_files_are_not_read_again_because_a_proxy_is_away(tmp_path: Path) -> None:
    path = tmp_path / "ca.crt"
    path.write_bytes(authority().certificate)
    async with http_proxy(b"", then="close") as proxy:
        through = f"http://127.0.0.1:{proxy.port}"
        dial = dialer("https://cluster.invalid", proxy=through, ca_data=None, ca_file=str(path))
        before = dial.tls_context()
        path.write_bytes(authority("new").certificate)
        with pytest.raises(ProxyFailure):
            await dial.dial(Speaker())
        assert dial.tls_context() is before


async def test_the_certificate_of_a_proxy_is_for_the_proxys_own_name(certified: Callable[..., ssl.SSLContext]) -> None:
    inner = certified(dns=("inner.example",), address=False)
    async with peer(echo, tls=inner) as server, http_proxy(tls=certified("proxy")) as proxy:
        url, through = f"https://127.0.0.1:{server.port}", f"https://127.0.0.1:{proxy.port}"
        await speaks(dialer(url, proxy=through, tls_server_name="inner.example"))
    async with http_proxy(tls=certified(dns=("inner.example",), address=False)) as proxy:
        dial = dialer(url, proxy=f"https://127.0.0.1:{proxy.port}", tls_server_name="inner.example")
        text = "the certificate of the proxy is not valid for this address: use a name in the certificate in proxy-url"
        await fails(dial, TLSError, f"the proxy for {dial.server}: {text}")
