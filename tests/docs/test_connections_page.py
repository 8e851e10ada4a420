"""The programs of the page on connections run."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import kubeloop
from tests.support.markdown import ROOT, fences
from tests.support.raw_server import raw_server, reply

PAGE = ROOT / "docs" / "how-to" / "connections.md"


def names_of(defined: str, path: Path = Path("/run/apiserver.sock")) -> dict[str, Any]:
    """Run the fence that defines this function, with another path of the UNIX socket, and return its names."""
    code = next(fence.code for fence in fences(PAGE) if f"def {defined}(" in fence.code)
    code = code.replace("/run/apiserver.sock", str(path))
    names: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec", dont_inherit=True), names)
    return names


async def test_requests_pass_a_unix_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://unused.invalid")
    tunnelled = names_of("tunnelled", tmp_path / "s")["tunnelled"]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"GET /version HTTP/1.1\r\nHost: cluster\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        await reader.read()
        writer.close()

    config = tunnelled(kubeloop.Config(host="http://cluster"))
    async with await asyncio.start_unix_server(serve, str(tmp_path / "s")), kubeloop.RESTClient(config) as client:
        assert await client.get("/version", into=dict) == {}


async def test_a_host_gets_another_address() -> None:
    async with raw_server(reply()) as server:
        config = kubeloop.Config(host=f"http://cluster.invalid:{server.port}")
        async with kubeloop.RESTClient(names_of("with_address")["with_address"](config, "127.0.0.1")) as client:
            assert await client.get("/version", into=dict) == {}


async def test_requests_are_counted_and_get_a_header() -> None:
    counts: Counter[str] = Counter()
    counted = names_of("counted")["counted"]
    async with raw_server(reply()) as server:
        config = counted(counted(kubeloop.Config(host=server.url), counts), counts)
        async with kubeloop.RESTClient(config) as client:
            await client.get("/version", into=dict)
            async with client.stream("/logs"):
                pass
        assert [request.all("x-team") for request in server.requests] == [["web"], ["web"]]
    assert counts == {"GET": 4}


async def test_a_request_without_a_login() -> None:
    async with raw_server(reply('{"gitVersion": "v1.37.0"}')) as server:
        config = kubeloop.Config(host=server.url, token="SECRET")
        assert await names_of("version_without_login")["version_without_login"](config) == "v1.37.0"
        assert server.requests[0].header("authorization") is None


async def test_a_user_is_named_by_a_proxy() -> None:
    async with raw_server(reply()) as server:
        config = names_of("on_behalf_of")["on_behalf_of"](kubeloop.Config(host=server.url), "jane", ("dev",))
        async with kubeloop.RESTClient(config) as client:
            await client.get("/version", into=dict)
        [received] = server.requests
        assert (received.header("x-remote-user"), received.all("x-remote-group")) == ("jane", ["dev"])
