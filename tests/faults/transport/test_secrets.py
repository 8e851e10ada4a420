"""Planted secrets: in no log line, repr or exception of any package that handles them, at any log level."""

import logging

import pytest

from kubeloop.config import AuthProvider, Config, ExecConfig, Impersonation
from kubeloop.errors import KubeloopError
from kubeloop.transport import open_transport
from kubeloop.transport.http import HTTPTransport
from kubeloop.wire.request import Request
from tests.support.certificates import authority, server_context
from tests.support.raw_server import hang, raw_server, reply, say, vanish
from tests.support.reachable import reachable

SECRET = "5ecret-51f0aa"
REQUEST = Request("POST", f"/api/v1/secrets?x={SECRET}", {"X-Secret": SECRET}, SECRET.encode())
OIDC = AuthProvider(
    issuer_url="https://127.0.0.1:1",
    client_id="me",
    client_secret=SECRET,
    ca_data=SECRET.encode(),
    id_token=SECRET,
    refresh_token=SECRET,
)
CUT = f"HTTP/1.1 200 OK\r\nX: {SECRET}\r\nContent-Length: 99\r\n\r\n{SECRET}".encode()


@pytest.mark.parametrize(
    "step",
    [
        reply(SECRET, headers=[("X", SECRET)]),
        reply(SECRET, status=401, headers=[("WWW-Authenticate", SECRET)]),
        reply(SECRET, status=500),
        say(CUT),
        say(SECRET.encode() + b"\r\n\r\n"),
        vanish(),
        hang(),
    ],
    ids=["good", "401", "500", "cut", "garbage", "gone", "silent"],
)
@pytest.mark.parametrize(
    "credentials",
    [
        {"token": SECRET, "impersonate": Impersonation(user="jane", extra={"k": (SECRET,)})},
        {"username": "joe", "password": SECRET},
        {"auth_provider": OIDC},
        {"exec": ExecConfig(command="echo", args=(SECRET,), env=(("S", SECRET),), interactive_mode="Never")},
        {"exec": ExecConfig(command="sh", args=("-c", f"echo {SECRET} >&2; exit 1"), interactive_mode="Never")},
    ],
    ids=["token", "basic", "OIDC", "garbage plugin", "failing plugin"],
)
async def test_no_secret_gets_out(step, credentials, caplog):
    caplog.set_level(logging.DEBUG)
    async with raw_server(step) as server:
        transport = open_transport(Config(host=server.url, **credentials))
        said = [repr(transport)]
        try:
            said.append(repr(await transport.request(REQUEST, timeout=0.2, max_bytes=100)))
            async with transport.stream(REQUEST, timeout=0.2) as stream:
                said.append(repr(stream))
        except KubeloopError as error:
            said.append(reachable(error))
        await transport.close()
        said.append(repr(transport))
    assert SECRET not in " ".join(said)
    assert SECRET not in "\n".join(f"{record.getMessage()} {record.exc_text}" for record in caplog.records)


async def test_a_key_gets_out_neither(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    pair = authority().sign("client")
    line = pair.key.splitlines()[1].decode()
    config = Config(host="", ca_data=authority().certificate, cert_data=pair.certificate, key_data=pair.key)
    async with raw_server(reply(), tls=server_context(pair, tmp_path)) as server:
        transport = HTTPTransport(config.replace(host=server.url))
        await transport.request(Request("GET", "/"))
        said = f"{config!r} {transport!r} {vars(transport)} {vars(transport._pool)} {caplog.text}"
        await transport.close()
    assert line not in said
