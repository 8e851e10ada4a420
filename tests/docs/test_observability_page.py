"""The programs of the page on observability run."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import subprocess
import sys
from contextlib import suppress

import kubeloop
from kubeloop.health import HealthChecks
from kubeloop.health.process_metrics import process_families
from kubeloop.transport.http import HTTPTransport
from kubeloop.wire.request import Request
from kubeloop.wire.response import Response
from tests.support.markdown import ROOT, fences, names_of

CODE = re.compile(r"`([^`\n]+)`")
PAGE = ROOT / "docs" / "how-to" / "observability.md"


async def test_the_server_of_the_page_serves_the_metrics() -> None:
    metrics = kubeloop.Metrics()
    metrics.request_sent("200", "GET", "server")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    serving = asyncio.create_task(names_of(PAGE, "serve")["serve"](metrics, port))
    transport = HTTPTransport(kubeloop.Config(host=f"http://127.0.0.1:{port}"))
    try:
        async with asyncio.timeout(30):
            response = await first_response(transport, "/metrics")
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert response.body.decode().startswith(metrics.text())
    finally:
        await transport.close()
        serving.cancel()
        await asyncio.wait([serving])


async def first_response(transport: HTTPTransport, target: str) -> Response:
    """Return the response of a server that starts at this time."""
    while True:
        with suppress(kubeloop.ConnectError):
            return await transport.request(Request("GET", target))
        await asyncio.sleep(0.01)


def test_the_page_lists_the_metrics_of_a_health_server() -> None:
    listed = set(CODE.findall(PAGE.read_text(encoding="utf-8")))
    families = (*HealthChecks().collect(), *process_families())
    assert [family.name for family in families if family.name not in listed] == []


def test_the_fields_of_a_block_are_in_the_lines_of_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    record = logging.makeLogRecord({"name": "ports", "levelname": "INFO", "msg": "the ports were booked"})
    with kubeloop.log_context(controller="create-ports", object="default/web"):
        kubeloop.LogContextFilter().filter(record)
    assert f"    {names_of(PAGE, 'JSONFormatter')['JSONFormatter']().format(record)}\n" in text
    program = f"{source_of('configure_logging')}\nconfigure_logging()\n" + (
        "with kubeloop.log_context(controller='create-ports', object='default/web'):\n"
        "    logging.getLogger('ports').info('the ports were booked')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert f"    {done.stderr}" in text


def source_of(name: str) -> str:
    return next(fence.code for fence in fences(PAGE) if f"def {name}" in fence.code)


def test_the_page_lists_all_metrics() -> None:
    listed = set(CODE.findall(PAGE.read_text(encoding="utf-8")))
    assert [family.name for family in kubeloop.Metrics().collect() if family.name not in listed] == []


def test_the_function_of_the_page_reads_one_number() -> None:
    metrics = kubeloop.Metrics()
    metrics.request_sent("500", "GET", "server")
    assert names_of(PAGE, "failures")["failures"](metrics, "server") == 1.0
