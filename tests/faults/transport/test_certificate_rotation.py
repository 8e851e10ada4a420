"""Files of certificates that are renewed while a client runs: old connections close, and no request fails."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import kubeloop
from kubeloop.config import Config
from kubeloop.errors import ConnectionLost, TLSError
from kubeloop.transport import open_socket, open_transport, wrappers
from kubeloop.transport.http import HTTPTransport
from kubeloop.wire.request import Request
from tests.support.certificates import Authority, authority, server_context
from tests.support.raw_server import Connection, RawServer, Received, raw_server, reply, settled
from tests.support.skewed_loop import skewed, skip

GET, WATCH, SLOW = Request("GET", "/get"), Request("GET", "/watch"), Request("GET", "/slow")


class Server:
    """A server that requires a client certificate, and responds with the name in it.

    A request for `/watch` gets the name and then nothing; one for `/slow` gets the response when `go_on` is set.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.open: list[str] = []
        self.go_on = asyncio.Event()

    async def step(self, connection: Connection, received: Received) -> None:
        certificate = connection.writer.get_extra_info("peercert")
        name = dict(pair[0] for pair in certificate["subject"])["commonName"]
        self.names.append(name)
        if received.target == "/watch":
            self.open.append(name)
            await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n%s\r\n" % name.encode())
            await connection.until_closed()
            self.open.remove(name)
        else:
            if received.target == "/slow":
                await self.go_on.wait()
            await reply(name)(connection, received)


class Files:
    """The files of a client, which a test replaces."""

    def __init__(self, folder: Path) -> None:
        self.paths = {name: folder / name for name in ("ca_file", "cert_file", "key_file")}
        self.paths["ca_file"].write_bytes(authority().certificate)
        self.present("old")

    def present(self, name: str, by: Authority | None = None) -> None:
        """Write another client certificate."""
        pair = (by or authority()).sign(name)
        self.paths["cert_file"].write_bytes(pair.certificate)
        self.paths["key_file"].write_bytes(pair.key)

    @asynccontextmanager
    async def transport(
        self, server: RawServer, metrics: kubeloop.Metrics | None = None
    ) -> AsyncIterator[HTTPTransport]:
        config = Config(host=server.url, metrics=metrics, **{name: str(path) for name, path in self.paths.items()})
        transport = HTTPTransport(config)
        try:
            yield transport
        finally:
            await transport.close()


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.fixture
def context(tmp_path: Path) -> ssl.SSLContext:
    return server_context(authority().sign("server"), tmp_path, clients_of=authority())


async def get(transport: HTTPTransport, request: Request = GET) -> str:
    return (await transport.request(request)).body.decode()


async def four_minutes_old(transport: HTTPTransport) -> None:
    """Use a transport, and let four minutes pass: what is opened now is not silent for long when the files are read."""
    assert await get(transport) == "old"
    skip(240)
    await settled()


async def pass_five_minutes() -> None:
    """Advance the clock past the five minutes, so that the loop checks its connections."""
    skip(61)
    await settled()


@skewed
async def test_a_renewed_client_certificate_replaces_all_connections_and_no_request_fails(
    files: Files, context: ssl.SSLContext
) -> None:
    double = Server()
    async with raw_server(double.step, tls=context) as server, files.transport(server) as transport:
        await four_minutes_old(transport)
        slow = asyncio.create_task(get(transport, SLOW))
        idle = await asyncio.gather(*(get(transport) for _ in range(5)))
        assert set(idle) == {"old"}
        async with transport.stream(WATCH) as watch:
            assert await anext(aiter(watch)) == b"old"
            opened = server.connections
            files.present("new")
            await pass_five_minutes()
            with pytest.raises(ConnectionLost, match="closed because the client certificate was renewed"):
                await anext(aiter(watch))
        assert await get(transport) == "new"
        async with transport.stream(WATCH) as watch:
            assert await anext(aiter(watch)) == b"new"
            assert double.open == ["new"]
        assert server.connections == opened + 1, "no old connection carries a request"
        double.go_on.set()
        assert await slow == "old", "a request in progress finishes"
        assert await get(transport) == "new"


@skewed
async def test_requests_in_a_row_do_not_notice_that_the_client_certificate_is_renewed(
    files: Files, context: ssl.SSLContext
) -> None:
    double = Server()
    async with raw_server(double.step, tls=context) as server, files.transport(server) as transport:
        for name in ("old", "b", "c"):
            files.present(name)
            skip(301)
            seen = [await asyncio.gather(*(get(transport) for _ in range(4))) for _ in range(5)]
            assert {each for names in seen for each in names} == {name}
        assert server.connections == 12


@skewed
async def test_a_client_certificate_that_cannot_be_used_changes_nothing(
    files: Files, context: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    double = Server()
    async with raw_server(double.step, tls=context) as server, files.transport(server) as transport:
        await four_minutes_old(transport)
        async with transport.stream(WATCH) as watch:
            assert await anext(aiter(watch)) == b"old"
            files.paths["key_file"].write_bytes(b"SECRET")
            await pass_five_minutes()
            for _ in range(5):
                assert await get(transport) == "old"
                skip(10)
                await settled()
            assert double.open == ["old"]
    [line] = caplog.messages
    assert line.endswith("; the files loaded before stay in use")
    assert "SECRET" not in line


@skewed
async def test_renewed_authorities_are_used_for_new_connections_and_those_in_use_continue(
    files: Files, context: ssl.SSLContext
) -> None:
    """As client-go's TestCARotationConnectionBehavior."""
    metrics = kubeloop.Metrics()
    double = Server()
    async with raw_server(double.step, tls=context) as server, files.transport(server, metrics) as transport:
        await four_minutes_old(transport)
        slow = asyncio.create_task(get(transport, SLOW))
        assert await get(transport) == "old"
        async with transport.stream(WATCH) as watch:
            assert await anext(aiter(watch)) == b"old"
            files.paths["ca_file"].write_bytes(authority("other").certificate)
            await pass_five_minutes()
            with pytest.raises(TLSError, match="signed by an authority that is not trusted"):
                await get(transport)
            assert double.open == ["old"], "a watch continues"
            assert metrics.value("rest_client_transport_ca_reload_total", result="success", reason="updated") == 1
            double.go_on.set()
            assert await slow == "old", "a request in progress finishes"


@skewed
async def test_an_empty_file_of_authorities_keeps_those_in_use_until_it_is_written(
    files: Files, context: ssl.SSLContext, tmp_path: Path
) -> None:
    """As client-go's TestEmptyCAFileRotationLifecycle, but an empty file is refused at the start."""
    metrics = kubeloop.Metrics()
    (tmp_path / "other").mkdir()
    other = server_context(authority("other").sign("server"), tmp_path / "other", clients_of=authority())
    async with raw_server(Server().step, tls=context) as server, files.transport(server, metrics) as transport:
        assert await get(transport) == "old"
        files.paths["ca_file"].write_bytes(b"")
        skip(301)
        assert await get(transport) == "old"
        assert metrics.value("rest_client_transport_ca_reload_total", result="failure", reason="empty") == 1
        files.paths["ca_file"].write_bytes(authority("other").certificate)
        skip(301)
        with pytest.raises(TLSError, match="signed by an authority that is not trusted"):
            await get(transport)
    async with raw_server(Server().step, tls=other) as server, files.transport(server) as transport:
        assert await get(transport) == "old"


@skewed
async def test_a_closed_client_reads_no_files(files: Files, context: ssl.SSLContext) -> None:
    """As client-go's tests for leaks of its cache and of the workers that rotate certificates."""
    metrics = kubeloop.Metrics()
    async with raw_server(Server().step, tls=context) as server:
        async with files.transport(server, metrics) as transport:
            assert await get(transport) == "old"
        files.paths["ca_file"].write_bytes(b"")
        skip(301)
        await settled()
    assert "rest_client_transport_ca_reload_total{" not in metrics.text()


CHANGES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "token": {"token": "t"},
    "login": {"username": "bob", "password": "pw"},
    "user agent": {"user_agent": "me/1"},
    "authorities": {"ca_data": authority().certificate + authority("other").certificate},
    "insecure": {"ca_data": None, "insecure_skip_tls_verify": True},
    "certificate": dict(zip(("cert_data", "key_data"), vars(authority().sign("client")).values(), strict=True)),
    "server name": {"tls_server_name": "server.example"},
    "compression": {"disable_compression": True},
    "dial": {"dial": open_socket},
    "no proxy": {"proxy_url": ""},
    "wrapper": {"wrap_transport": wrappers()},
}


@pytest.mark.parametrize("change", CHANGES)
async def test_no_connection_is_shared_between_configs(change: str, tmp_path: Path) -> None:
    """Check the guarantee of the keys of the cache of transports in client-go, for the same fields."""
    tls = server_context(authority().sign("server", dns=("server.example",)), tmp_path)
    async with raw_server(reply(), tls=tls) as server:
        config = Config(host=server.url, ca_data=authority().certificate)
        async with AsyncExitStack() as stack:
            for each in (config, config.replace(**CHANGES[change])):
                transport = open_transport(each)
                stack.push_async_callback(transport.close)
                for _ in range(2):
                    assert (await transport.request(GET)).status == 200
        assert server.connections == 2
