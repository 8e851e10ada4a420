"""The server over sockets: paths, methods, headers and metrics, and what happens at its start and end."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

import kubeloop
from kubeloop.health import HealthChecks, HealthServer, not_stopping
from kubeloop.serving import HTTPServer, server_tls_context
from kubeloop.transport.http import HTTPTransport
from kubeloop.wire.request import Request
from kubeloop.wire.response import Response
from tests.support.certificates import authority
from tests.support.serving import Received, parse_responses, request


def fail() -> None:
    raise ValueError("password hunter2 was refused")


def checks_of(**readiness: Any) -> HealthChecks:
    checks = HealthChecks()
    for name, check in readiness.items():
        checks.add_readiness(name, check)
    return checks


@asynccontextmanager
async def served(checks: HealthChecks, **options: Any) -> AsyncGenerator[HealthServer]:
    async with HealthServer(checks, port=0, host="127.0.0.1", **options) as server:
        yield server


async def exchange(server: HealthServer, *requests: bytes, host: str = "127.0.0.1") -> list[Received]:
    """Send requests over one connection, and return the responses."""
    reader, writer = await asyncio.open_connection(host, server.port)
    writer.write(b"".join(requests[:-1]) + requests[-1].replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
    received = await reader.read()
    writer.close()
    await writer.wait_closed()
    return parse_responses(received, *(each.split()[0].decode() for each in requests))


async def get(server: HealthServer, target: str) -> tuple[int, str]:
    (received,) = await exchange(server, request("GET", target))
    return received.status, received.body.decode()


# Paths


async def test_liveness_and_readiness_have_paths_of_their_own() -> None:
    checks = checks_of(bad=fail)
    checks.add_liveness("loop", lambda: None)
    async with served(checks) as server:
        assert await get(server, "/livez") == (200, "ok")
        assert await get(server, "/healthz") == (200, "ok")
        assert await get(server, "/livez?verbose") == (200, "[+]ping ok\n[+]loop ok\nlivez check passed\n")
        assert await get(server, "/healthz?verbose") == (200, "[+]ping ok\n[+]loop ok\nhealthz check passed\n")
        assert await get(server, "/readyz") == (
            500,
            "[+]ping ok\n[-]bad failed: reason withheld\nreadyz check failed\n",
        )


@pytest.mark.parametrize(
    ("query", "status", "lines"),
    [
        ("exclude=bad", 200, ["ok"]),
        ("verbose=false&exclude=bad", 200, ["[+]ping ok", "[+]bad excluded: ok", "readyz check passed"]),
        (
            "exclude=bad&exclude=ping&verbose",
            200,
            ["[+]ping excluded: ok", "[+]bad excluded: ok", "readyz check passed"],
        ),
        (
            "exclude=bad,ping",
            500,
            [
                "[+]ping ok",
                "[-]bad failed: reason withheld",
                'warn: some health checks cannot be excluded: no matches for "bad,ping"',
                "readyz check failed",
            ],
        ),
        (
            "exclude=b%61d&exclude=%22&exclude=&verbose",
            200,
            [
                "[+]ping ok",
                "[+]bad excluded: ok",
                r'warn: some health checks cannot be excluded: no matches for "","\""',
                "readyz check passed",
            ],
        ),
        ("exclude=bad;verbose", 500, ["[+]ping ok", "[-]bad failed: reason withheld", "readyz check failed"]),
    ],
)
async def test_queries_are_read_as_the_api_server_reads_them(query: str, status: int, lines: list[str]) -> None:
    async with served(checks_of(bad=fail)) as server:
        found, body = await get(server, f"/readyz?{query}")
    assert (found, body.splitlines()) == (status, lines)


async def test_each_check_has_a_path() -> None:
    checks = checks_of(bad=fail, good=lambda: None)
    checks.add_readiness("informers/pods", lambda: None)
    async with served(checks) as server:
        assert await get(server, "/readyz/good") == (200, "ok")
        assert await get(server, "/readyz/g%6fod?verbose") == (200, "ok")
        assert await get(server, "/readyz/informers/pods") == (200, "ok")
        assert await get(server, "/readyz/informers") == (404, "404 page not found\n")
        assert await get(server, "/healthz/ping") == (200, "ok")
        assert await get(server, "/readyz/bad") == (500, "internal server error: reason withheld\n")


@pytest.mark.parametrize(
    "target", ["/", "/livez/", "/readyz/none", "/livez/good", "/readyz/good/", "//readyz", "/metrics/", "/metric", "/x"]
)
async def test_other_paths_do_not_exist(target: str) -> None:
    async with served(checks_of(good=lambda: None)) as server:
        assert await get(server, target) == (404, "404 page not found\n")


async def test_a_malformed_escape_is_refused() -> None:
    async with served(checks_of()) as server:
        assert (await get(server, "/readyz%zz"))[0] == 400


async def test_responses_are_not_cached_and_not_interpreted() -> None:
    async with served(checks_of(bad=fail)) as server:
        responses = await exchange(server, *(request("GET", path) for path in ("/livez", "/readyz", "/metrics", "/x")))
    assert [each.headers["Cache-Control"] for each in responses] == ["no-cache, private"] * 4
    assert [each.headers["Content-Type"] for each in responses] == [
        "text/plain; charset=utf-8",
        "text/plain; charset=utf-8",
        "text/plain; version=0.0.4; charset=utf-8",
        "text/plain; charset=utf-8",
    ]
    assert [each.headers.get("X-Content-Type-Options") for each in responses[:2]] == ["nosniff"] * 2


# Methods


async def test_head_has_the_head_of_get() -> None:
    async with served(checks_of(bad=fail)) as server:
        for path in ("/livez", "/readyz", "/readyz/ping", "/x"):
            full, head = await exchange(server, request("GET", path), request("HEAD", path))
            assert head.body == b""
            assert (head.status, head.headers["Content-Length"]) == (full.status, str(len(full.body)))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
@pytest.mark.parametrize("path", ["/livez", "/readyz/ping", "/metrics"])
async def test_other_methods_are_not_allowed(method: str, path: str) -> None:
    async with served(checks_of()) as server:
        (received,) = await exchange(server, request(method, path))
    assert (received.status, received.headers["Allow"]) == (405, "GET, HEAD")


async def test_a_body_that_nobody_needs_is_refused() -> None:
    async with served(checks_of()) as server:
        sizes = [await exchange(server, request("POST", "/livez", body=b"x" * size)) for size in (1024, 1025)]
    assert [received.status for (received,) in sizes] == [405, 413]


# Reasons


async def test_reasons_are_in_the_log_and_in_no_response(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with served(checks_of(bad=fail)) as server:
        targets = ("/readyz", "/readyz?verbose", "/readyz/bad", "/metrics")
        responses = await exchange(server, *(request("GET", target) for target in targets))
    assert not any(b"hunter2" in each.body for each in responses)
    assert "readiness check bad: does not pass yet: ValueError: password hunter2 was refused" in caplog.messages


# Metrics


async def test_metrics_are_those_of_the_process_the_checks_and_the_object(caplog: pytest.LogCaptureFixture) -> None:
    metrics = kubeloop.Metrics()
    queue: kubeloop.WorkQueue[str] = kubeloop.WorkQueue(name="pods", metrics=metrics)
    queue.add("a")
    async with served(checks_of(), metrics=metrics) as server:
        await get(server, "/readyz")
        status, body = await get(server, "/metrics?name=ignored")
    lines = body.splitlines()
    assert status == 200
    assert 'workqueue_depth{name="pods"} 1' in lines
    assert 'kubernetes_healthcheck{name="ping",type="readyz"} 1' in lines
    assert "# TYPE process_cpu_seconds_total counter" in lines
    types = [line for line in lines if line.startswith("# TYPE")]
    assert len(types) == len(set(types))


async def test_without_an_object_there_are_the_metrics_of_the_process() -> None:
    async with served(checks_of()) as server:
        status, body = await get(server, "/metrics")
    assert status == 200
    assert {line.split("_")[0] for line in body.splitlines() if not line.startswith("#")} == {"process"}


class BrokenMetrics:
    def collect(self) -> NoReturn:
        raise ValueError("hunter2")


async def test_metrics_that_fail_are_an_error_and_do_not_affect_the_probes(caplog: pytest.LogCaptureFixture) -> None:
    async with served(checks_of(), metrics=BrokenMetrics()) as server:
        status, body = await get(server, "/metrics")
        assert status == 500
        assert "hunter2" not in body
        assert await get(server, "/livez") == (200, "ok")
    assert "hunter2" in caplog.text


class OwnMetrics:
    """An object of a user."""

    def collect(self) -> Iterable[kubeloop.MetricFamily]:
        yield kubeloop.MetricFamily("own", "Own.", "gauge", (kubeloop.Sample("own", (("a", 'x"\n'),), 3.0),))


async def test_another_object_can_collect_the_metrics() -> None:
    async with served(checks_of(), metrics=OwnMetrics()) as server:
        assert 'own{a="x\\"\\n"} 3\n' in (await get(server, "/metrics"))[1]


# Time


async def test_a_check_that_hangs_holds_up_neither_its_probe_nor_others() -> None:
    checks = HealthChecks(timeout=0.05)
    checks.add_readiness("hangs", lambda: asyncio.Event().wait())
    async with served(checks) as server, asyncio.timeout(30):
        responses = await asyncio.gather(*(get(server, "/readyz") for _ in range(20)), get(server, "/livez"))
    assert {status for status, _ in responses[:-1]} == {500}
    assert responses[-1] == (200, "ok")


async def test_a_probe_that_leaves_ends_its_checks() -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def check() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    checks = HealthChecks(timeout=3600)
    checks.add_readiness("hangs", check)
    async with served(checks) as server, asyncio.timeout(30):
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request("GET", "/readyz"))
        await began.wait()
        writer.transport.abort()
        await ended.wait()
        assert await get(server, "/livez") == (200, "ok")


async def test_probes_get_responses_while_the_program_ends() -> None:
    stop = asyncio.Event()
    async with served(checks_of(shutdown=not_stopping(stop))) as server:
        assert await get(server, "/readyz") == (200, "ok")
        stop.set()
        assert await get(server, "/readyz/shutdown") == (500, "internal server error: reason withheld\n")
        assert await get(server, "/livez") == (200, "ok")


async def test_a_response_that_has_begun_is_completed_at_the_end_of_the_block() -> None:
    began, may_end = asyncio.Event(), asyncio.Event()

    async def check() -> None:
        began.set()
        await may_end.wait()

    checks = HealthChecks(timeout=60)
    checks.add_readiness("slow", check)
    async with asyncio.timeout(30):
        async with served(checks) as server:
            probe = asyncio.create_task(get(server, "/readyz"))
            await began.wait()
            asyncio.get_running_loop().call_later(0.01, may_end.set)
        assert await probe == (200, "ok")


# Addresses


async def test_the_default_is_every_address(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with HealthServer(checks_of(), port=0) as server:
        for host in ("127.0.0.1", "::1"):
            (received,) = await exchange(server, request("GET", "/livez"), host=host)
            assert received.status == 200
        assert caplog.messages == [f"health server: listens at http://[::]:{server.port}"]
        assert server.url == f"http://[::]:{server.port}"


async def test_a_port_in_use_is_an_error_and_leaves_nothing_behind() -> None:
    with socket.create_server(("127.0.0.1", 0)) as used:
        port = used.getsockname()[1]
        for host in (None, "127.0.0.1"):
            with pytest.raises(OSError, match="ddress already in use"):
                async with HealthServer(checks_of(), port=port, host=host):
                    pass


async def test_tls(tmp_path: Path) -> None:
    pair = authority().sign("server")
    (tmp_path / "certificate.pem").write_bytes(pair.certificate)
    (tmp_path / "key.pem").write_bytes(pair.key)
    tls = server_tls_context(tmp_path / "certificate.pem", tmp_path / "key.pem")
    async with served(checks_of(), tls=tls) as server:
        transport = HTTPTransport(kubeloop.Config(host=server.url, ca_data=authority().certificate))
        try:
            assert (await transport.request(Request("GET", "/livez"))).body == b"ok"
        finally:
            await transport.close()


def test_outside_of_its_block_the_server_has_no_port() -> None:
    server = HealthServer(checks_of(), port=0)
    with pytest.raises(RuntimeError, match="async with"):
        _ = server.port
    assert repr(server) == (
        "<HealthServer, <HTTPServer closed, 0 connections>, <HealthChecks, liveness: ping; readiness: ping>>"
    )


async def test_a_plain_server_on_all_addresses_shares_a_reserved_port() -> None:
    with socket.socket() as reserving:
        reserving.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        reserving.bind(("0.0.0.0", 0))
        port = reserving.getsockname()[1]
        async with HTTPServer(
            lambda _: Response(200), max_body_bytes=0, host=None, port=port, shares_port=True
        ) as server:
            assert server.port == port
