"""The programs of the page on observability run."""

from __future__ import annotations

import asyncio
import re
import urllib.request
from functools import partial

import kubeloop
from tests.support.markdown import ROOT, names_of

CODE = re.compile(r"`([^`\n]+)`")
PAGE = ROOT / "docs" / "how-to" / "observability.md"


async def test_the_server_of_the_page_serves_the_metrics() -> None:
    metrics = kubeloop.Metrics()
    metrics.request_sent("200", "GET", "server")
    async with await asyncio.start_server(
        partial(names_of(PAGE, "respond")["respond"], metrics), "127.0.0.1", 0
    ) as server:
        port = server.sockets[0].getsockname()[1]
        with await asyncio.to_thread(urllib.request.urlopen, f"http://127.0.0.1:{port}/metrics") as response:
            assert response.headers["Content-Type"] == "text/plain; version=0.0.4"
            assert response.read().decode() == metrics.text()


def test_the_page_lists_all_metrics() -> None:
    listed = set(CODE.findall(PAGE.read_text(encoding="utf-8")))
    assert [family.name for family in kubeloop.Metrics().collect() if family.name not in listed] == []


def test_the_function_of_the_page_reads_one_number() -> None:
    metrics = kubeloop.Metrics()
    metrics.request_sent("500", "GET", "server")
    assert names_of(PAGE, "failures")["failures"](metrics, "server") == 1.0
