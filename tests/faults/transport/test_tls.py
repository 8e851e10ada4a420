"""TLS handshakes that fail, each with the cause and the next step; and those that succeed, for the same reasons."""

import asyncio
import dataclasses
import socket
import ssl
import threading
from contextlib import contextmanager

import pytest

from kubeloop.config import Config, ExecConfig
from kubeloop.errors import ConnectError, TLSError, TransportError
from kubeloop.transport import open_transport
from kubeloop.transport.http import HTTPTransport
from kubeloop.wire.request import Request
from tests.support.certificates import authority, server_context
from tests.support.exec_plugins import plugin_maker
from tests.support.raw_server import RawServer, raw_server, reply, vanish

GET = Request("GET", "/api")


@pytest.fixture
def certified(tmp_path):
    def context(name="server", *, by=None, clients=None, **options):
        return server_context((by or authority()).sign(name, **options), tmp_path, clients_of=clients)

    return context


async def ask(server, **settings):
    config = Config(host=server.url, **{"ca_data": authority().certificate, **settings})
    transport = HTTPTransport(config)
    try:
        return (await transport.request(GET, timeout=5)).status
    finally:
        await transport.close()


async def fails(server, match, kind=TLSError, **settings):
    with pytest.raises(kind, match=match) as caught:
        await ask(server, **settings)
    assert (caught.value.method, caught.value.path) == ("GET", "/api")
    assert caught.value.retryable is (kind is not TLSError)


async def test_a_server_that_is_what_it_should_be(certified):
    async with raw_server(reply(), tls=certified()) as server:
        assert await ask(server) == 200


async def test_an_unknown_authority(certified):
    async with raw_server(reply(), tls=certified(by=authority("stranger"))) as server:
        await fails(server, "authority that is not trusted: set certificate-authority")
        assert await ask(server, ca_data=None, insecure_skip_tls_verify=True) == 200
        assert not [request for request in server.requests if request.header("authorization")]


async def test_an_expired_certificate(certified):
    async with raw_server(reply(), tls=certified(expired=True)) as server:
        await fails(server, "the certificate of the server has expired: renew it, or check this machine's clock")


async def test_a_certificate_for_another_name(certified):
    async with raw_server(reply(), tls=certified(dns=("inner.example",), address=False)) as server:
        await fails(server, "not valid for this address: set tls-server-name")
        await fails(server, "not valid for this name", tls_server_name="other.example")
        assert await ask(server, tls_server_name="inner.example") == 200


async def test_trusts_a_certificate_that_is_given_itself(certified, tmp_path):
    pair = authority("somebody").sign("server")
    async with raw_server(reply(), tls=server_context(pair, tmp_path)) as server:
        assert await ask(server, ca_data=pair.certificate) == 200


async def test_a_server_that_responds_to_a_handshake_with_http():
    async def refuse(reader, writer):
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        with pytest.raises(TLSError, match="does not speak TLS on this port: check whether the address starts"):
            await ask(dataclasses.replace(_nowhere(), url=f"https://127.0.0.1:{port}"))


async def test_a_client_that_speaks_http_to_a_tls_server(certified):
    async with raw_server(reply(), tls=certified()) as server:
        transport = HTTPTransport(Config(host=server.url.replace("https:", "http:")))
        with pytest.raises(TransportError):
            await transport.request(GET, timeout=5)
        await transport.close()


async def test_a_server_that_closes_during_the_handshake():
    async def close(reader, writer):
        writer.close()

    listening = await asyncio.start_server(close, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        await fails(dataclasses.replace(_nowhere(), url=f"https://127.0.0.1:{port}"), "cannot connect", ConnectError)


async def test_shows_a_client_certificate(certified):
    client = authority().sign("client")
    async with raw_server(reply(), tls=certified(clients=authority())) as server:
        assert await ask(server, cert_data=client.certificate, key_data=client.key) == 200
    with refusing_server(certified(clients=authority())) as server:
        await fails(server, "the server requires a client certificate")


async def test_a_client_certificate_that_has_expired(certified, caplog):
    client = authority().sign("client", expired=True)
    with refusing_server(certified(clients=authority())) as server:
        match = "the server reports that the client certificate has expired: renew it"
        await fails(server, match, cert_data=client.certificate, key_data=client.key)
    assert "the client certificate expired on" in caplog.text


async def test_a_client_certificate_of_an_authority_that_the_server_does_not_know(certified):
    client = authority("stranger").sign("client")
    with refusing_server(certified(clients=authority())) as server:
        await fails(server, "authority of the client certificate", cert_data=client.certificate, key_data=client.key)


async def test_an_authority_that_is_renewed_on_disk_is_used_after_one_failure(certified, tmp_path):
    path = tmp_path / "ca.crt"
    path.write_bytes(authority("old").certificate)
    async with raw_server(reply(), tls=certified()) as server:
        transport = HTTPTransport(Config(host=server.url, ca_file=str(path)))
        with pytest.raises(TLSError):
            await transport.request(GET)
        path.write_bytes(authority().certificate)
        assert (await transport.request(GET)).status == 200
        await transport.close()


async def test_a_plugin_that_gives_a_client_certificate(certified, tmp_path):
    client = authority().sign("client")
    plugin = tmp_path / "plugin"
    plugin.write_text(
        "#!/usr/bin/env python3\nimport json\nprint(json.dumps({'kind': 'ExecCredential', 'status': "
        f"{{'clientCertificateData': {client.certificate.decode()!r}, 'clientKeyData': {client.key.decode()!r}}}, "
        "'apiVersion': 'client.authentication.k8s.io/v1'}))\n"
    )
    plugin.chmod(0o755)
    async with raw_server(reply(), tls=certified(clients=authority())) as server:
        exec_ = ExecConfig(command=str(plugin), interactive_mode="Never")
        transport = open_transport(Config(host=server.url, ca_data=authority().certificate, exec=exec_))
        assert (await transport.request(GET)).status == 200
        await transport.close()


@pytest.mark.parametrize("is_changed", [True, False])
async def test_a_plugins_changed_certificate_closes_the_connections_of_the_one_before(certified, tmp_path, is_changed):
    """As client-go's exec_test.go, TestTLSCredentials; a token alone that changes closes none."""
    shown = []

    async def judge(connection, received):
        subject = dict(pair[0] for pair in connection.writer.get_extra_info("peercert")["subject"])
        shown.append((subject["commonName"], received.header("authorization")))
        await reply(status=200 if shown[-1][1] == "Bearer t2" else 401)(connection, received)

    old = authority().sign("old")
    for number, pair in enumerate([old, authority().sign("new") if is_changed else old], 1):
        (tmp_path / f"{number}.crt").write_bytes(pair.certificate)
        (tmp_path / f"{number}.key").write_bytes(pair.key)
    read = "open(here + '/%d.{}' % n).read()"
    plugin, _ = plugin_maker(tmp_path)(
        f"give(token='t%d' % n, clientCertificateData={read.format('crt')}, clientKeyData={read.format('key')})"
    )
    async with raw_server(judge, tls=certified(clients=authority())) as server:
        exec_ = ExecConfig(command=str(plugin.path), interactive_mode="Never")
        transport = open_transport(Config(host=server.url, ca_data=authority().certificate, exec=exec_))
        try:
            assert (await transport.request(GET)).status == 200
            if is_changed:
                assert shown == [("old", "Bearer t1"), ("new", "Bearer t2")]
                assert server.connections == 2
                await server.closed_by_client.wait()
            else:
                assert shown == [("old", "Bearer t1"), ("old", "Bearer t2")]
                assert server.connections == 1
        finally:
            await transport.close()


async def test_goes_through_a_tunnel(certified):
    async with raw_server(reply(b"inner"), tls=certified()) as server, Tunnel() as (proxy, asked):
        config = Config(host=server.url, ca_data=authority().certificate, proxy_url=f"http://me:pw@127.0.0.1:{proxy}")
        transport = HTTPTransport(config)
        for _ in range(2):
            assert (await transport.request(GET)).body == b"inner"
        await transport.close()
        assert len(asked) == 1
        assert asked[0].startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.1")
        assert "Proxy-Authorization: Basic bWU6cHc=" in asked[0]


async def test_a_kept_tls_connection_that_turns_out_dead_is_replaced(certified):
    async with raw_server(reply(), vanish(), reply(b"two"), tls=certified()) as server:
        transport = HTTPTransport(Config(host=server.url, ca_data=authority().certificate))
        await transport.request(GET)
        assert (await transport.request(GET)).body == b"two"
        await transport.close()


def _nowhere():
    return RawServer()


@contextmanager
def refusing_server(context):
    """Refuse one client in its handshake, with OpenSSL's alert: asyncio's own servers close without an alert."""

    def serve():
        connection, _ = listening.accept()
        with connection:
            connection.settimeout(5)
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            handshake = context.wrap_bio(incoming, outgoing, server_side=True)
            while data := connection.recv(1 << 16):
                incoming.write(data)
                try:
                    handshake.do_handshake()
                except ssl.SSLWantReadError:
                    connection.sendall(outgoing.read())
                except ssl.SSLError:
                    connection.sendall(outgoing.read())
                    connection.shutdown(socket.SHUT_WR)
                    break
            while connection.recv(1 << 16):
                pass  # a close with unread bytes would reset the connection, and the client would never see the alert

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield RawServer(url=f"https://127.0.0.1:{listening.getsockname()[1]}")
        finally:
            thread.join()


class Tunnel:
    """A proxy that joins two sockets."""

    async def __aenter__(self):
        self.asked = []
        self.tasks = set()
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self.server.sockets[0].getsockname()[1], self.asked

    async def __aexit__(self, *_):
        self.server.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.server.wait_closed()

    async def _serve(self, reader, writer):
        self.tasks.add(asyncio.current_task())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(head)
        host, port = head.split()[1].split(":")
        inner_reader, inner_writer = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))
        finally:
            for each in (writer, inner_writer):
                each.transport.abort()


async def _copy(reader, writer):
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
    writer.close()


async def test_a_client_certificate_that_is_renewed_on_disk_is_used_after_a_401(certified, tmp_path):
    old, new = authority().sign("old"), authority().sign("new")
    certificate, key = tmp_path / "client.crt", tmp_path / "client.key"
    shown = []

    async def judge(connection, received):
        subject = dict(pair[0] for pair in connection.writer.get_extra_info("peercert")["subject"])
        shown.append(subject["commonName"])
        await reply(status=200 if shown[-1] == "new" else 401)(connection, received)

    certificate.write_bytes(old.certificate)
    key.write_bytes(old.key)
    async with raw_server(judge, tls=certified(clients=authority())) as server:
        config = Config(host=server.url, ca_data=authority().certificate, cert_file=str(certificate), key_file=str(key))
        transport = HTTPTransport(config)
        assert (await transport.request(GET)).status == 401
        certificate.write_bytes(new.certificate)
        key.write_bytes(new.key)
        assert (await transport.request(GET)).status == 200
        assert shown == ["old", "new"]
        await transport.close()
