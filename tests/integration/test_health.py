"""Probes on the real API server: its own responses in comparison with ours, and informers whose server is killed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

import kubeloop
from kubeloop.health import HealthChecks, HealthServer, informers_connected, informers_heard, informers_synced
from kubeloop.transport.authentication import Authenticated
from kubeloop.transport.http import HTTPTransport
from kubeloop.wire.request import Request
from kubeloop.wire.response import Response
from tests.support.real_clientset import config_map, config_of, connect
from tests.support.servers import AnyServer, new_server

QUERIES = [
    "",
    "?verbose",
    "?verbose=false",
    "?verbose=&exclude=ping",
    "?verbose&exclude=ping&exclude=none&exclude=also-none",
    "?exclude=none",
    "?verbose&exclude=ping,log",
    "?verbose&exclude=",
    "?verbose&exclude=%22%0a%ff",
    "?verbose;exclude=ping",
    "?Verbose",
    "/ping",
    "/ping?verbose",
]
HEADERS = ("content-type", "x-content-type-options", "cache-control")


@asynccontextmanager
async def transport_of(config: kubeloop.Config) -> AsyncIterator[Authenticated]:
    transport = HTTPTransport(config)
    try:
        yield Authenticated(transport, config)
    finally:
        await transport.close()


@asynccontextmanager
async def served(checks: HealthChecks) -> AsyncIterator[Authenticated]:
    """Serve checks, and open a transport to the server."""
    async with (
        HealthServer(checks, port=0, host="127.0.0.1") as server,
        transport_of(kubeloop.Config(host=server.url)) as transport,
    ):
        yield transport


async def get(transport: Authenticated, target: str) -> Response:
    return await transport.request(Request("GET", target))


def fail() -> None:
    raise ValueError("broken")


def checks_like(verbose: Response) -> HealthChecks:
    """Return readiness checks with the names and results of a verbose response."""
    checks = HealthChecks()
    for line in lines_of(verbose):
        name = line[3:].partition(" ")[0]
        if line.startswith("[") and name != "ping":
            checks.add_readiness(name, fail if line.startswith("[-]") else lambda: None)
    return checks


def lines_of(response: Response) -> list[str]:
    return response.body.decode().splitlines()


def shown(response: Response) -> tuple[int, str, dict[str, str | None]]:
    return response.status, response.body.decode(), {name: response.headers.get(name) for name in HEADERS}


async def test_our_responses_are_those_of_the_api_server(kubeconfig: Path) -> None:
    async with transport_of(config_of(kubeconfig)) as theirs:
        checks = checks_like(await get(theirs, "/readyz?verbose"))
        async with served(checks) as ours:
            for query in QUERIES:
                target = f"/readyz{query}"
                assert shown(await get(ours, target)) == shown(await get(theirs, target)), query


async def test_our_failures_are_those_of_the_api_server() -> None:
    async with new_server() as server, transport_of(config_of(server.kubeconfig)) as theirs:
        await server.kill("etcd")
        expected = await becomes(theirs, "/readyz?exclude=ping&exclude=none", 500)
        async with served(checks_like(expected)) as ours:
            found = await get(ours, "/readyz?exclude=ping&exclude=none")
        assert "[-]etcd failed: reason withheld" in lines_of(expected)
        assert shown(found) == shown(expected)


async def write(clientset: kubeloop.Clientset) -> None:
    """Change an object five times per second, whether the server is there or not."""
    number = 0
    while True:
        number += 1
        with suppress(kubeloop.KubeloopError):
            await clientset.core_v1.config_maps("default").create(config_map(f"written-{number}"))
        await asyncio.sleep(0.2)


async def becomes(transport: Authenticated, target: str, status: int) -> Response:
    """Wait until a probe has this status, and return its response."""
    async with asyncio.timeout(90):
        while (response := await get(transport, target)).status != status:
            await asyncio.sleep(0.05)
    return response


async def test_readiness_follows_the_api_server_of_the_informers_and_liveness_does_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with new_server() as server, connect(server.kubeconfig) as clientset:
        factory = kubeloop.SharedInformerFactory(clientset)
        factory.core_v1.config_maps()
        checks = HealthChecks()
        checks.add_readiness("synced", informers_synced(factory))
        checks.add_readiness("heard", informers_heard(factory, within=3))
        checks.add_readiness("connected", informers_connected(factory, within=3))
        async with served(checks) as probes:
            assert (await get(probes, "/livez")).status == 200
            assert lines_of(await get(probes, "/readyz")) == [
                "[+]ping ok",
                "[-]synced failed: reason withheld",
                "[+]heard ok",
                "[+]connected ok",
                "readyz check failed",
            ]
            writing = asyncio.create_task(write(clientset))
            try:
                async with factory:
                    await _is_killed_and_restarted(server, probes)
                assert (await get(probes, "/readyz/synced")).status == 500
            finally:
                writing.cancel()
                await asyncio.wait([writing])
            assert (await get(probes, "/livez")).status == 200
    warnings = [text for text in caplog.messages if text.startswith("readiness check heard: fails: ")]
    assert len(warnings) >= 1
    assert "v1 configmaps has had no news of the server for" in warnings[0]


async def _is_killed_and_restarted(server: AnyServer, probes: HTTPTransport) -> None:
    assert (await becomes(probes, "/readyz", 200)).body == b"ok"
    await server.kill("kube-apiserver")
    assert lines_of(await becomes(probes, "/readyz?exclude=connected", 500)) == [
        "[+]ping ok",
        "[+]synced ok",
        "[-]heard failed: reason withheld",
        "[+]connected excluded: ok",
        "readyz check failed",
    ]
    assert "[-]connected failed: reason withheld" in lines_of(await becomes(probes, "/readyz?exclude=heard", 500))
    assert (await get(probes, "/livez?verbose")).status == 200
    await server.restart("kube-apiserver")
    assert (await becomes(probes, "/readyz", 200)).body == b"ok"
