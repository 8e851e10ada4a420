"""OpenID Connect providers over real sockets and TLS: they work, hang, break off, lie, or cannot be trusted."""

import asyncio
import base64
import gzip
import json
import logging
import sys
from asyncio.subprocess import PIPE
from contextlib import asynccontextmanager

import pytest

from kubeloop.config import load_config
from kubeloop.errors import CredentialError
from kubeloop.transport import open_transport
from kubeloop.wire.request import Request
from tests.support.certificates import authority, server_context
from tests.support.oidc_provider import OIDCProvider
from tests.support.proxies import http_proxy
from tests.support.raw_server import hang, raw_server, reply, say, vanish
from tests.support.reachable import reachable
from tests.support.skewed_loop import pass_by, skewed

GET = Request("GET", "/api", {"Accept": "application/json"})
TOKEN_BEGIN = "eyJhbGciOiAiUlMyNTYi"  # of every ID token: the header
CA = base64.b64encode(authority().certificate).decode()


def serving(provider):
    """Return a step that sends the responses of a provider."""

    async def step(connection, received):
        found = provider.respond(received.method, received.target, dict(received.headers), received.body)
        await reply(found.body, status=found.status, headers=found.headers.pairs)(connection, received)

    return step


@pytest.fixture
def certified(tmp_path):
    def context(name="server", by=None, **options):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        return server_context((by or authority()).sign(name, **options), folder)

    return context


@pytest.fixture
def provider():
    return OIDCProvider("")


@pytest.fixture
def write(tmp_path, provider):
    """Write a kubeconfig for a server and a provider with an expired token, and return its path."""

    def write(server, issuer, **settings):
        provider.issuer = issuer
        tokens = provider.login("jane", lifetime=-60)
        config = {"idp-issuer-url": issuer, "client-id": "kubeloop", "client-secret": "client-5ecret"}
        config |= {"idp-certificate-authority-data": CA, "id-token": tokens.id_token}
        config |= {"refresh-token": tokens.refresh_token, **settings}
        document = {
            "clusters": [{"name": "c", "cluster": {"server": server, "certificate-authority-data": CA}}],
            "users": [{"name": "u", "user": {"auth-provider": {"name": "oidc", "config": config}}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        path = tmp_path / "config"
        path.write_text(json.dumps(document))
        return path

    return write


@asynccontextmanager
async def opened(path):
    transport = open_transport(load_config(path))
    try:
        yield transport
    finally:
        await transport.close()


async def test_a_token_is_refreshed_and_sent_to_the_server(certified, provider, write):
    async with (
        raw_server(reply(), tls=certified()) as server,
        raw_server(serving(provider), tls=certified("provider")) as issuer,
    ):
        path = write(server.url, f"{issuer.url}/realm")
        async with opened(path) as transport:
            assert (await transport.request(GET, timeout=5)).status == 200
            assert (await transport.request(GET, timeout=5)).status == 200
        sent = {request.header("authorization") for request in server.requests}
        assert sent == {f"Bearer {load_config(path).auth_provider.id_token}"}
        assert [(request.method, request.target) for request in issuer.requests] == [
            ("GET", "/realm/.well-known/openid-configuration"),
            ("POST", "/realm/token"),
        ]
        assert issuer.requests[1].header("user-agent")


@pytest.mark.parametrize(
    ("step", "complaint"),
    [
        (vanish(), "closed"),
        (say(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", then="reset"), "reset|closed|lost"),
        (say(b"5ecret\r\n\r\n"), "5[^ ]*|not HTTP|response"),
        (
            reply(b"{}", status=302, headers=[("Location", "http://127.0.0.1:1/moved?x=5ecret")]),
            "expected an https URL",
        ),
        (reply(b"<html>5ecret</html>", headers=[("Content-Type", "text/html")]), "is not a JSON object"),
        (say(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{", then="wait"), "larger than the limit"),
        (reply(gzip.compress(bytes(50 << 20)), headers=[("Content-Encoding", "gzip")]), "larger than the limit"),
    ],
    ids=["gone", "cut", "garbage", "redirect", "HTML", "huge", "bomb"],
)
async def test_a_provider_that_cannot_be_reached_or_breaks_off(certified, provider, write, caplog, step, complaint):
    caplog.set_level(logging.DEBUG)
    async with raw_server(reply(), tls=certified()) as server, raw_server(step, tls=certified("provider")) as issuer:
        async with opened(write(server.url, issuer.url)) as transport:
            with pytest.raises(CredentialError, match=complaint) as caught:
                await transport.request(GET, timeout=5)
        assert f'user "u": OIDC provider {issuer.url}: ' in str(caught.value)
        assert not server.requests
    for secret in ("5ecret", "refresh-", TOKEN_BEGIN):
        assert secret not in reachable(caught.value) + caplog.text


async def test_a_provider_that_refuses_connections(certified, provider, write):
    async with raw_server(reply(), tls=certified()) as server:
        async with raw_server(reply(), tls=certified("provider")) as issuer:
            url = issuer.url
        async with opened(write(server.url, url)) as transport:
            with pytest.raises(CredentialError, match=f"OIDC provider {url}: .*connection refused"):
                await transport.request(GET, timeout=5)


@skewed
async def test_a_provider_that_hangs_is_given_up_after_10_seconds(certified, write):
    async with raw_server(reply(), tls=certified()) as server, raw_server(hang(), tls=certified("provider")) as issuer:
        async with opened(write(server.url, issuer.url)) as transport:
            request = asyncio.create_task(transport.request(GET))
            await issuer.asked.wait()
            await pass_by(15, until=request.done)
            with pytest.raises(CredentialError, match="timed out after 10 s"):
                await request
        assert not server.requests


async def test_the_certificate_of_the_provider_is_checked(certified, provider, write):
    stranger = certified("provider", by=authority("stranger"))
    async with raw_server(reply(), tls=certified()) as server, raw_server(serving(provider), tls=stranger) as issuer:
        async with opened(write(server.url, issuer.url)) as transport:
            with pytest.raises(CredentialError, match=r"not trusted.*idp-certificate-authority\(-data\)"):
                await transport.request(GET, timeout=5)
        assert not issuer.requests
        trusted = base64.b64encode(authority("stranger").certificate).decode()
        path = write(server.url, issuer.url, **{"idp-certificate-authority-data": trusted})
        async with opened(path) as transport:
            assert (await transport.request(GET, timeout=5)).status == 200


async def test_an_authority_that_is_no_certificate(certified, provider, write):
    data = base64.b64encode(b"5ecret").decode()
    async with raw_server(reply(), tls=certified()) as server:
        path = write(server.url, "https://127.0.0.1:1", **{"idp-certificate-authority-data": data})
        async with opened(path) as transport:
            with pytest.raises(CredentialError, match=r"idp-certificate-authority\(-data\)") as caught:
                await transport.request(GET, timeout=5)
    assert "5ecret" not in str(caught.value)


async def test_the_proxy_of_the_environment_leads_to_the_provider(certified, provider, write, monkeypatch):
    context = certified("provider", dns=("issuer.example",), address=False)
    async with (
        raw_server(reply(), tls=certified()) as server,
        raw_server(serving(provider), tls=context) as issuer,
        http_proxy() as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        async with opened(write(server.url, f"https://issuer.example:{issuer.port}")) as transport:
            assert (await transport.request(GET, timeout=5)).status == 200
        assert {head.split()[1] for head in proxy.heads} == {f"issuer.example:{issuer.port}"}


async def test_a_token_that_the_server_rejects_is_refreshed_and_the_request_repeated(certified, provider, write):
    async with (
        raw_server(reply(status=401), reply(), tls=certified()) as server,
        raw_server(serving(provider), tls=certified("provider")) as issuer,
    ):
        path = write(server.url, issuer.url)
        tokens = provider.login("jane")
        config = load_config(path)
        config = config.replace(
            auth_provider=config.auth_provider.replace(
                id_token=tokens.id_token, refresh_token=tokens.refresh_token, file=""
            )
        )
        transport = open_transport(config)
        assert (await transport.request(GET, timeout=5)).status == 200
        await transport.close()
        sent = [request.header("authorization") for request in server.requests]
        assert sent[0] == f"Bearer {tokens.id_token}"
        assert sent[1] not in (None, sent[0])


FETCH = """
import asyncio, sys
from kubeloop.config import load_config
from kubeloop.transport.oidc_source import OIDCSource

async def main():
    config = load_config(sys.argv[1])
    credential = await OIDCSource(config.auth_provider, config).fetch()
    print(credential.authorization.removeprefix("Bearer "))

asyncio.run(main())
"""


async def test_two_processes_refresh_a_token_that_is_accepted_once(certified, provider, write):
    """Both send the refresh token. The provider accepts one of them, and the other process uses the result."""
    arrived: list[str] = []
    both = asyncio.Event()
    respond = serving(provider)

    async def step(connection, received):
        if received.method == "GET":
            arrived.append(received.target)
            if len(arrived) == 2:
                both.set()
            await both.wait()
        await respond(connection, received)

    async with raw_server(step, tls=certified("provider")) as issuer:
        path = write("https://127.0.0.1:1", issuer.url)
        command = (sys.executable, "-c", FETCH, str(path))
        processes = [await asyncio.create_subprocess_exec(*command, stdout=PIPE) for _ in range(2)]
        outputs = [(await process.communicate())[0].decode().strip() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert outputs[0] == outputs[1] == load_config(path).auth_provider.id_token
