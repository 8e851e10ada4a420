"""A failed call shows a short traceback whose last line names the cause (G10).

The lines that asyncio adds to a program are not counted; each frame takes up to three lines.
"""

from __future__ import annotations

import json
import socket
import traceback
from collections.abc import AsyncIterator

import pytest

import kubeloop
from kubeloop import Clientset, Config
from tests.support.raw_server import hang, raw_server, reply

LINES = 20
"""The caller, three frames of kubeloop and the last one, the message, and a cause of one line."""


async def failure(url: str, **settings: float) -> BaseException:
    async with Clientset(Config(host=url, **settings)) as clientset:  # type: ignore[arg-type]
        with pytest.raises(kubeloop.KubeloopError) as caught:
            await clientset.core_v1.pods("default").get("web-0")
    return caught.value


def check(error: BaseException, cause: str) -> None:
    """Check the length of the traceback, its last line, and that it contains nothing of the transport."""
    text = "".join(traceback.format_exception(error))
    assert len(text.splitlines()) <= LINES, text
    assert cause in text.splitlines()[-1]
    assert "During handling of the above exception" not in text
    for room in ("kubeloop/transport/", "asyncio/selector_events"):
        assert room not in text


@pytest.fixture
async def closed_port() -> AsyncIterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))  # reserved and not listening: connections are refused
        yield probe.getsockname()[1]


async def test_a_refused_connection(closed_port: int) -> None:
    error = await failure(f"http://127.0.0.1:{closed_port}")
    check(error, f"127.0.0.1:{closed_port}: connection refused")
    assert isinstance(error.__cause__, ConnectionRefusedError)
    assert error.__cause__.__traceback__ is None


async def test_a_host_that_does_not_exist() -> None:
    error = await failure("http://no-such-host.invalid:1")
    check(error, "no-such-host.invalid:1: no such host")
    assert error.__cause__ is None


async def test_a_timeout() -> None:
    async with raw_server(hang()) as server:
        error = await failure(server.url, timeout=0.05)
    assert isinstance(error, kubeloop.RequestTimeout)
    check(error, "RequestTimeout: GET /api/v1/namespaces/default/pods/web-0: ")


@pytest.mark.parametrize(("code", "reason"), [(403, "Forbidden"), (404, "NotFound")])
async def test_a_refusal_of_the_server(code: int, reason: str) -> None:
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason}
    body = json.dumps({**status, "message": f"the server says {reason}"})
    async with raw_server(reply(body, status=code)) as server:
        error = await failure(server.url)
    check(error, f"{code} {reason}: the server says {reason}")
