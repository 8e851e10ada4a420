"""Dialing without a proxy: the connection, and the peers that are not trusted, with the reasons."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kubeloop.errors import ConnectError, TLSError
from kubeloop.transport.connecting.dial import Dialer
from tests.support.certificates import authority
from tests.support.dialing import ESCAPED, dialer, echo, fails, speaks
from tests.support.proxies import peer
from tests.support.speaker import Speaker


@pytest.mark.parametrize("has_tls", [False, True])
async def test_reaches_a_server(certified: Callable[..., ssl.SSLContext], has_tls: bool) -> None:
    async with peer(echo, tls=certified() if has_tls else None) as server:
        dial = dialer(f"http{'s' * has_tls}://127.0.0.1:{server.port}")
        assert dial.server == f"127.0.0.1:{server.port}"
        assert not dial.is_forwarding
        await speaks(dial)


async def test_the_protocol_gets_the_transport_of_the_innermost_tls(certified: Callable[..., ssl.SSLContext]) -> None:
    """The dot at the end of a host name is not in the host's certificate."""
    async with peer(echo, tls=certified(dns=("inner.example",), address=False)) as server:
        speaker = await speaks(dialer(f"https://127.0.0.1:{server.port}", tls_server_name="inner.example."))
        assert speaker.transport is not None
        assert speaker.transport.get_extra_info("ssl_object").server_hostname == "inner.example"


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="an option of Linux")
async def test_sockets_notice_that_the_other_machine_is_unreachable() -> None:
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


OTHER_NAME = "the certificate of the server is not valid for this name"


@pytest.mark.parametrize(
    ("options", "settings", "text"),
    [
        (
            {"by": authority("stranger")},
            {},
            "the certificate of the server is signed by an authority that is not trusted: "
            "set certificate-authority(-data)",
        ),
        (
            {"expired": True},
            {},
            "the certificate of the server has expired: renew it, or check this machine's clock",
        ),
        (
            {"dns": ("inner.example",), "address": False},
            {},
            "the certificate of the server is not valid for this address: "
            "set tls-server-name to a name in the certificate",
        ),
        (
            {},
            {"tls_server_name": "other.example"},
            f"{OTHER_NAME}: set tls-server-name to a name in the certificate",
        ),
        (
            {"name": "common.example", "address": False},
            {"tls_server_name": "common.example"},
            f"{OTHER_NAME}: set tls-server-name to a name in the certificate",
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
                text = f"{OTHER_NAME}: set tls-server-name to a name in the certificate"
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
        assert Dialer("http://h", proxy=None, server_name=None, tls=None).tls_context() is None


async def test_a_server_that_responds_to_a_handshake_in_plain_text() -> None:
    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
        await reader.read()

    async with peer(respond) as server:
        where = f"127.0.0.1:{server.port}"
        text = f"{where}: the server does not speak TLS on this port: check whether the address starts with http://"
        await fails(dialer(f"https://{where}"), TLSError, text)


async def test_a_server_that_closes_during_the_handshake() -> None:
    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write_eof()
        await reader.read()

    async with peer(close) as server:
        where = f"127.0.0.1:{server.port}"
        text = f"cannot connect to {where}: the other side closed the connection"
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
