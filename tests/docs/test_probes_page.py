"""The programs of the page on probes run, and its manifest fits them."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import textwrap
from pathlib import Path

import pytest

import kubeloop
from kubeloop import health
from kubeloop.health import HealthChecks
from kubeloop.models import apps_v1, core_v1, meta_v1
from kubeloop.testing import fake
from kubeloop.testing.virtual_time import in_virtual_time
from kubeloop.transport.http import HTTPTransport
from kubeloop.wire.request import Request
from tests.support.markdown import ROOT, names_of

PAGE = ROOT / "docs" / "how-to" / "probes.md"
TEXT = PAGE.read_text(encoding="utf-8")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


async def test_the_program_serves_probes_and_ends_gracefully(capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    client = fake.Clientset(core_v1.Pod(metadata=meta_v1.ObjectMeta(name="web-0", namespace="default")))
    program = asyncio.create_task(names_of(PAGE, "run")["run"](client, port))
    transport = HTTPTransport(kubeloop.Config(host=f"http://127.0.0.1:{port}"))
    try:
        async with asyncio.timeout(30):
            body = b""
            while b'leader_election_master_status{name="pod-printer"} 1' not in body:
                await asyncio.sleep(0.01)
                try:
                    body = (await transport.request(Request("GET", "/metrics"))).body
                except kubeloop.ConnectError:
                    continue
            assert (await transport.request(Request("GET", "/livez"))).body == b"ok"
            verbose = await transport.request(Request("GET", "/readyz?verbose"))
            assert verbose.body.decode().splitlines() == [
                "[+]ping ok",
                "[+]synced ok",
                "[+]connected ok",
                "[+]shutdown ok",
                "readyz check passed",
            ]
            os.kill(os.getpid(), signal.SIGTERM)
            await program
    finally:
        await transport.close()
    assert capsys.readouterr().out == "default/web-0\n"
    lease = await client.coordination_v1.leases("default").get("pod-printer")
    assert lease.spec.holder_identity == ""


def test_the_responses_of_the_page_are_real() -> None:
    async def main() -> str:
        checks = HealthChecks()
        checks.add_readiness("synced", lambda: False)
        checks.add_readiness("connected", lambda: False)
        checks.add_readiness("shutdown", lambda: None)
        async with health.HealthServer(checks, port=0, host="127.0.0.1") as server:
            transport = HTTPTransport(kubeloop.Config(host=server.url))
            response = await transport.request(Request("GET", "/readyz?verbose&exclude=connected"))
            await transport.close()
            return response.body.decode()

    shown = re.search(r"^ {4}\$ curl .*\n((?: {4}.*\n)+)", TEXT, re.MULTILINE)
    assert shown is not None
    assert textwrap.dedent(shown[1]) == asyncio.run(main())


@in_virtual_time
async def test_the_check_of_the_page_fails_without_its_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    checks = HealthChecks()
    names = names_of(PAGE, "add_checks")
    monkeypatch.setitem(names, "Path", lambda _: tmp_path / "missing/probe")
    names["add_checks"](checks)
    report = await checks.readiness()
    assert [result.name for result in report.failed] == ["disk"]


@in_virtual_time
async def test_a_drain_has_a_limit(capsys: pytest.CaptureFixture[str]) -> None:
    queue: kubeloop.RateLimitingQueue[str] = kubeloop.RateLimitingQueue()
    queue.add("a")
    queue.add("b")
    await queue.get()
    await names_of(PAGE, "drain")["drain"](queue, 5.0)
    assert capsys.readouterr().out == "left for the next start: 1\n"


def test_the_page_lists_all_ready_made_checks() -> None:
    ready_made = {name for name in health.__all__ if name[0].islower()}
    assert ready_made <= set(re.findall(r"^\| `(\w+)\(", TEXT, re.MULTILINE))


def test_the_manifest_probes_the_paths_and_the_port_of_the_program() -> None:
    manifest = re.search(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    assert manifest is not None
    (deployment,) = kubeloop.parse_manifests(manifest[1].encode())
    assert isinstance(deployment, apps_v1.Deployment)
    spec = deployment.spec.template.spec
    (container,) = spec.containers
    assert [(port.name, port.container_port) for port in container.ports] == [("health", 8081)]
    probes = {"startup": container.startup_probe, "live": container.liveness_probe, "ready": container.readiness_probe}
    assert {name: (probe.http_get.path, str(probe.http_get.port)) for name, probe in probes.items()} == {
        "startup": ("/livez", "health"),
        "live": ("/livez", "health"),
        "ready": ("/readyz", "health"),
    }
    assert spec.termination_grace_period_seconds == 60
