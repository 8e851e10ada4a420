"""Nothing secret is reachable from an exception: not by its attributes, nor by those of its causes (F14).

Frame locals are excluded, as SECURITY.md states.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

import kubeloop
from kubeloop.config import Config, ExecConfig, load_config
from kubeloop.errors import KubeloopError
from kubeloop.models import core_v1
from kubeloop.rest.client import RESTClient
from kubeloop.transport import open_transport
from kubeloop.transport.base import UpgradeRefused
from kubeloop.wire.request import Request
from tests.support.certificates import authority
from tests.support.raw_server import Step, raw_server, reply, say, vanish
from tests.support.reachable import reachable
from tests.support.scripted_transport import ScriptedResponse, ScriptedTransport

SECRET = "hunter2-hunter2"
GET = Request("GET", "/api/v1/pods")


async def _fails(work: Callable[[], Awaitable[object]]) -> str:
    with pytest.raises((KubeloopError, ValueError)) as caught:
        await work()
    return reachable(caught.value)


async def _failure(work: Callable[[], Awaitable[object]]) -> KubeloopError | None:
    try:
        await work()
    except KubeloopError as error:
        return error
    return None


def test_the_walk_finds_what_a_suppressed_exception_holds() -> None:
    def fail() -> None:
        try:
            f"{SECRET}\ud800".encode()
        except UnicodeEncodeError:
            raise KubeloopError("no") from None

    with pytest.raises(KubeloopError) as caught:
        fail()
    assert SECRET in reachable(caught.value)


@pytest.mark.parametrize("headers", [{"X": "a\ud800"}, {"X\ud800": "a"}, {"X": "a\r\nb"}, {"Host": "\udfff"}])
async def test_a_header_that_cannot_be_written(headers: dict[str, str]) -> None:
    async with RESTClient(Config(host="http://127.0.0.1:9", token=SECRET)) as rest:
        said = await _fails(lambda: rest.get("pods", headers=headers))
        assert "GET /api/v1/pods" in said
        assert SECRET not in said


@pytest.mark.parametrize(
    "settings",
    [{"username": "joe", "password": f"{SECRET}\ud800"}, {"token": f"{SECRET}\ud800"}, {"token": f"{SECRET} x"}],
    ids=["password", "token", "token with a space"],
)
def test_a_credential_that_cannot_be_sent(settings: dict[str, str]) -> None:
    with pytest.raises(kubeloop.CredentialError) as caught:
        open_transport(Config(host="https://server", **settings))
    assert SECRET not in reachable(caught.value)


@pytest.mark.parametrize("content", [SECRET.encode() + b"\xff", SECRET.encode() + b" \x00", SECRET.encode() + b"\n1"])
async def test_a_token_file_that_holds_no_token(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "token"
    path.write_bytes(content)
    transport = open_transport(Config(host="http://127.0.0.1:9", token_file=str(path)))
    said = await _fails(lambda: transport.request(GET))
    assert SECRET not in said


@pytest.mark.parametrize(
    "printed",
    [
        f'{{"status": {{"token": "{SECRET}"}}',
        f'["{SECRET}"]',
        f'{{"kind": "{SECRET}"}}',
        SECRET,
        f'{{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1", "status": '
        f'{{"token": "{SECRET}", "expirationTimestamp": "{SECRET}"}}}}',
    ],
)
async def test_a_plugin_that_prints_something_else(tmp_path: Path, printed: str) -> None:
    path = tmp_path / "printed"
    path.write_text(printed)
    plugin = ExecConfig(
        command="cat", args=(str(path),), interactive_mode="Never", api_version="client.authentication.k8s.io/v1"
    )
    transport = open_transport(Config(host="http://127.0.0.1:9", exec=plugin))
    assert SECRET not in await _fails(lambda: transport.request(GET))


@pytest.mark.parametrize(
    "text",
    [
        f"users: [{{name: u, user: {{token: {SECRET}",
        f"token: *{SECRET}",
        f"users: [{{name: u, user: {{token: [{SECRET}]}}}}]",
        f"users: [{{name: u, user: {{client-key-data: {SECRET}}}}}]",
        f"clusters: [{{name: c, cluster: {{server: 'https://c', proxy-url: 'http://me:{SECRET}/x@proxy'}}}}]\n"
        "contexts: [{name: x, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {}}]\ncurrent-context: x",
    ],
    ids=["not YAML", "no such anchor", "a list", "not base64", "a proxy that is no URL"],
)
def test_a_kubeconfig_that_cannot_be_read(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(kubeloop.ConfigError) as caught:
        load_config(path)
    assert SECRET not in reachable(caught.value)


@pytest.mark.parametrize("host", [f"http://me:{SECRET}@server", f"http://me:{SECRET}/x@server", f"me:{SECRET}@server"])
def test_an_address_with_a_password(host: str) -> None:
    with pytest.raises(kubeloop.ConfigError) as caught:
        Config(host=host)
    assert SECRET not in reachable(caught.value)


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize("host", ["http://server.invalid", "https://server.invalid"])
async def test_a_proxy_that_is_away(host: str) -> None:
    proxy = f"http://me:{SECRET}@127.0.0.1:{_closed_port()}"
    transport = open_transport(
        Config(host=host, proxy_url=proxy, ca_data=authority().certificate if "s:" in host else None)
    )
    assert SECRET not in await _fails(lambda: transport.request(GET, timeout=5))
    await transport.close()


RESPONSES: dict[str, Step] = {
    "garbage": say(SECRET.encode() + b"\r\n\r\n"),
    "a bad header": say(f"HTTP/1.1 200 OK\r\n{SECRET}\r\n\r\n".encode()),
    "a bad length": say(f"HTTP/1.1 200 OK\r\nContent-Length: {SECRET}\r\n\r\n".encode()),
    "a bad chunk": say(f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{SECRET}\r\n".encode()),
    "a body cut short": say(f"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{SECRET}".encode()),
    "no gzip": reply(SECRET, headers=[("Content-Encoding", "gzip")]),
    "an unknown coding": reply(SECRET, headers=[("Content-Encoding", f"Bearer {SECRET}")]),
    "nothing": vanish(),
    "407": reply(SECRET, status=407, headers=[("Proxy-Authenticate", SECRET)]),
}


@pytest.mark.parametrize("through", ["direct", "proxy", "tunnel", "websocket"])
@pytest.mark.parametrize("response", RESPONSES)
async def test_a_response_that_cannot_be_read(response: str, through: str) -> None:
    async with raw_server(RESPONSES[response]) as server:
        settings: dict[str, str | bool] = {"token": SECRET} if through != "tunnel" else {}
        if through in {"proxy", "tunnel"}:
            settings["proxy_url"] = f"http://me:{SECRET}@127.0.0.1:{server.port}"
        host = server.url if through in {"direct", "websocket"} else "http://server.invalid"
        if through == "tunnel":
            host, settings["insecure_skip_tls_verify"] = "https://server.invalid", True
        transport = open_transport(Config(host=host, **settings))  # type: ignore[arg-type]

        async def ask() -> object:
            if through != "websocket":
                return await transport.request(GET, timeout=5)
            async with transport.upgrade(GET, subprotocols=["v5"], timeout=5):
                return pytest.fail("upgraded")

        error = await _failure(ask)
        if isinstance(error, UpgradeRefused):
            # The transport's caller turns the server's text into an exception, with redaction.
            said = f"{error} {error!r} {error.args} {error.__context__!r} {error.__cause__!r}"
        else:
            assert error is not None or response == "407"
            said = reachable(error) if error is not None else ""
        assert SECRET not in said
        await transport.close()


@pytest.mark.parametrize("into", [core_v1.Secret, None, core_v1.SecretList])
@pytest.mark.parametrize(
    "body",
    [
        f'{{"kind": "Secret", "data": {{"k": "{SECRET}'.encode(),
        f'{{"kind": "Secret", "apiVersion": "v1", "metadata": {{"name": 5}}, "data": "{SECRET}"}}'.encode(),
        f'{{"kind": "Secret", "data": "{SECRET}"}}'.encode() + b"\xff",
        f'"{SECRET}\xff"'.encode("latin-1"),
    ],
    ids=["cut", "wrong types", "not UTF-8", "not UTF-8 in a text"],
)
async def test_a_secret_that_cannot_be_read(body: bytes, into: type[object] | None) -> None:
    response = ScriptedResponse(chunks=[body])
    async with RESTClient(Config(host="https://server", token="abc"), transport=ScriptedTransport(response)) as rest:
        name = None if into is core_v1.SecretList else "s"
        error = await _failure(lambda: rest.get("secrets", namespace="x", name=name, into=into))  # type: ignore[arg-type]
        assert error is None or SECRET not in reachable(error)


MANIFEST = f'{{"apiVersion": "v1", "kind": "Secret", "stringData": {{"k": "{SECRET}"}}'


@pytest.mark.parametrize("read", [kubeloop.decode, kubeloop.parse_manifests], ids=["one", "all"])
@pytest.mark.parametrize(
    "text",
    [
        MANIFEST.encode(),
        f"{MANIFEST}}} x".encode(),
        f'{MANIFEST}, "x": Infinity}}'.encode(),
        f"{MANIFEST}}}".encode() + b"\xff",
        f"{MANIFEST}, ".encode() + b'"\xff": 1}',
        f"{MANIFEST}, ".encode() + b'"apiVersion": "\xff"}',
        b"\xff\xfe" + MANIFEST.encode("utf-16-le") + b"\x00\xd8",
    ],
    ids=["cut", "more behind it", "infinite", "a byte", "a byte in a key", "a byte in its version", "UTF-16"],
)
def test_a_manifest_that_cannot_be_read(read: Callable[[bytes], object], text: bytes) -> None:
    """(F14, F10) The exceptions of the readers hold the whole text, and are not chained."""
    with pytest.raises(kubeloop.DecodeError) as caught:
        read(text)
    assert SECRET not in reachable(caught.value)


@pytest.mark.parametrize(
    "write",
    [
        lambda text: kubeloop.encode(core_v1.Secret(string_data={"k": text})),
        lambda text: kubeloop.encode({"k": text}),
        lambda text: kubeloop.encode(kubeloop.Unstructured({"kind": "Secret", "stringData": {"k": text}})),
        lambda text: core_v1.Secret.from_dict({"stringData": {"k": text}}),
        lambda text: core_v1.Secret(string_data={"k": text}).to_yaml(),
    ],
    ids=["model", "mapping", "unstructured", "from_dict", "to_yaml"],
)
def test_a_value_that_cannot_be_written(write: Callable[[str], object]) -> None:
    """(F14) The UnicodeEncodeError of half a surrogate pair holds the whole text."""
    with pytest.raises(kubeloop.EncodeError) as caught:
        write(f"{SECRET}\ud800")
    assert SECRET not in reachable(caught.value)
