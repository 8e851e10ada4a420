"""`kubeloop serve` with clients that send garbage, too much, slowly or not at all, and with a full disk."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import kubeloop
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing import ServerProcess
from tests.conformance.differential.fuzz import parsed
from tests.support.real_clientset import config_of

MAPS = "/api/v1/namespaces/default/configmaps"
MANY_BYTES = 3 << 20
GROWTH_BYTES = 150 << 20
CLIENTS = 40


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with ServerProcess(controllers=False) as server:
        yield server
        assert "Traceback" not in server.log_path.read_text()


def connection(server: ServerProcess) -> socket.socket:
    address = urlsplit(server.url)
    return socket.create_connection((address.hostname, address.port), timeout=60)


def exchange(server: ServerProcess, data: bytes) -> tuple[int, dict[str, Any]]:
    """Send bytes on a connection of their own; return the status of the response and the Status of its body."""
    with connection(server) as sock:
        try:
            sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server need not read everything
        received = bytearray()
        try:
            while piece := sock.recv(1 << 16):
                received += piece
        except ConnectionResetError:
            pass
    response = parsed(bytes(received))
    assert response is not None, bytes(received[:300])
    document: dict[str, Any] = json.loads(response.body)
    assert document["kind"] == "Status" or response.status < 300
    return response.status, document


def request(method: str, target: str, body: bytes = b"", *headers: str) -> bytes:
    rows = [f"{method} {target} HTTP/1.1", "Host: a", "Connection: close", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*rows, "", ""]).encode() + body


def resident_bytes(server: ServerProcess) -> int:
    pid = server.pid()
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def names(server: ServerProcess) -> set[str]:
    _, document = exchange(server, request("GET", MAPS))
    return {item["metadata"]["name"] for item in document["items"]}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", 505),
        (b"GET /api/v1/pods HTTP/1.1\r\n\r\n", 400),
        (b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /api HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * 200_000 + b"\r\n", 431),
        (b"GET /" + b"a" * 2_000_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 431),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
    ],
)
def test_bytes_that_are_no_request_get_a_status(server: ServerProcess, data: bytes, code: int) -> None:
    status, document = exchange(server, data)

    assert (status, document["code"], document["status"]) == (code, code, "Failure")


@pytest.mark.parametrize(
    ("method", "target", "body", "headers", "code", "reason"),
    [
        ("POST", MAPS, b"", (), 400, "BadRequest"),
        ("POST", MAPS, b"\xff\xfe\x00", (), 400, "BadRequest"),
        ("POST", MAPS, b"{", (), 400, "BadRequest"),
        ("POST", MAPS, b"[" * 100_000, (), 400, "BadRequest"),
        ("POST", MAPS, b'{"kind":"Secret","apiVersion":"v1","metadata":{"name":"bad"}}', (), 400, "BadRequest"),
        ("POST", MAPS, b'{"apiVersion":"v9","metadata":{"name":"bad"}}', (), 400, "BadRequest"),
        ("POST", MAPS, b'{"metadata":{"name":1}}', (), 400, "BadRequest"),
        ("POST", MAPS, b'{"metadata":{"name":"Bad!"}}', (), 422, "Invalid"),
        ("POST", MAPS, b"{}", ("Content-Type: text/plain",), 415, "UnsupportedMediaType"),
        ("POST", MAPS, b"k8s\x00\xff", ("Content-Type: application/vnd.kubernetes.protobuf",), 400, "BadRequest"),
        ("POST", MAPS, b"&a [*a]", ("Content-Type: application/yaml",), 400, "BadRequest"),
        ("PATCH", f"{MAPS}/x", b"{}", ("Content-Type: application/json",), 415, "UnsupportedMediaType"),
        ("GET", MAPS, b"", ("Accept: text/html",), 406, "NotAcceptable"),
        ("GET", "/api/v1/nonsense", b"", (), 404, "NotFound"),
        ("GET", "/apis/apps/v9/deployments", b"", (), 404, "NotFound"),
        ("BREW", MAPS, b"", (), 405, "MethodNotAllowed"),
        ("GET", f"{MAPS}?limit=x", b"", (), 400, "BadRequest"),
        ("GET", f"{MAPS}?continue=x", b"", (), 400, "BadRequest"),
        ("GET", f"{MAPS}/%ff", b"", (), 404, "NotFound"),
        ("POST", MAPS, b" " * (MANY_BYTES + 1), (), 413, "RequestEntityTooLarge"),
    ],
)
def test_requests_that_cannot_be_carried_out_get_a_status(
    server: ServerProcess, method: str, target: str, body: bytes, headers: tuple[str, ...], code: int, reason: str
) -> None:
    status, document = exchange(server, request(method, target, body, *headers))

    assert (status, document["code"], document["reason"]) == (code, code, reason)
    assert document["message"]
    assert "bad" not in names(server)


def test_an_endless_body_is_refused_and_not_kept(server: ServerProcess) -> None:
    before = resident_bytes(server)
    head = f"POST {MAPS} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    chunk = b"100000\r\n" + b" " * (1 << 20) + b"\r\n"

    status, document = exchange(server, head + chunk * 60)

    assert (status, document["reason"]) == (413, "RequestEntityTooLarge")
    assert resident_bytes(server) - before < 40 << 20


def test_large_bodies_of_many_clients_need_bounded_memory(server: ServerProcess) -> None:
    before = resident_bytes(server)
    body = b'{"metadata":{"name":"large","annotations":{"a":"' + b"x" * 2_900_000 + b'"}}}'
    with ExitStack() as stack:
        for _ in range(CLIENTS):  # they stop just before the end
            sock = stack.enter_context(connection(server))
            sock.sendall(request("POST", MAPS, body)[:-1])
        assert "large" not in names(server)
        grown = resident_bytes(server) - before
    assert grown < CLIENTS * MANY_BYTES + GROWTH_BYTES
    assert "large" not in names(server)


def test_slow_clients_do_not_delay_others(server: ServerProcess) -> None:
    data = request("POST", MAPS, b'{"metadata":{"name":"slow"}}')
    with ExitStack() as stack:
        for number in range(200):
            sock = stack.enter_context(connection(server))
            sock.sendall(data[: 1 + number % (len(data) - 1)])
        begun = time.monotonic()
        assert "slow" not in names(server)
        assert time.monotonic() - begun < 5.0


def test_a_client_that_disconnects_before_the_end_of_its_body_writes_nothing(server: ServerProcess) -> None:
    data = request("POST", MAPS, b'{"metadata":{"name":"dropped"}}')
    for size in range(1, len(data), 7):
        with connection(server) as sock:
            sock.sendall(data[:size])
    assert "dropped" not in names(server)


async def test_watches_that_nobody_reads_need_bounded_memory(server: ServerProcess) -> None:
    """A watch whose client does not read is ended; the server keeps each event once."""
    async with kubeloop.Clientset(config_of(server.kubeconfig)) as clientset:
        maps = clientset.core_v1.config_maps("default")
        large = core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name="watched"), data={"a": "x" * 500_000})
        await maps.create(large)
        before = resident_bytes(server)
        with ExitStack() as stack:
            for _ in range(CLIENTS):
                sock = stack.enter_context(connection(server))
                sock.sendall(request("GET", f"{MAPS}?watch=true"))
            for number in range(60):
                await maps.patch("watched", {"data": {"b": str(number)}})
            grown = resident_bytes(server) - before
        # The history keeps 60 versions of 0.5 MB, and each connection some events that it has begun to write.
        assert grown < 60 * 1_000_000 + CLIENTS * 2_000_000 + GROWTH_BYTES
        await maps.delete("watched")


async def test_a_full_disk_refuses_writes_and_loses_nothing_acknowledged(tmp_path: Path) -> None:
    data = tmp_path / "data"
    written: dict[str, str] = {}
    for limit in ("ulimit -f 1000;", ""):
        command = f"{limit} exec {sys.executable} -m kubeloop serve --data {data}"
        process = subprocess.Popen(["sh", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        with process:
            try:
                assert process.stdout is not None
                kubeconfig = process.stdout.readline().strip()
                async with kubeloop.Clientset(config_of(Path(kubeconfig))) as clientset:
                    await (_fill if limit else _check)(clientset, written)
                process.send_signal(signal.SIGKILL)
                assert process.stderr is not None
                log = process.stderr.read()
            finally:
                process.kill()
        assert "Traceback" not in log
        assert ("cannot write the journal: File too large" in log) == bool(limit)


async def _fill(clientset: kubeloop.Clientset, written: dict[str, str]) -> None:
    maps = clientset.core_v1.config_maps("default")
    refused: list[tuple[int, str, bool]] = []
    for number in range(200):
        obj = core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name=f"c{number}"), data={"a": "x" * 9_000})
        try:
            made = await maps.create(obj)
        except kubeloop.APIError as error:
            refused.append((error.code, error.reason, "cannot write the journal: File too large" in str(error)))
        else:
            assert made.metadata.resource_version is not None
            written[f"c{number}"] = made.metadata.resource_version
    assert len(refused) > 50
    assert set(refused) == {(500, "", True)}
    assert len(written) > 20
    listed = await maps.list()
    assert written.items() <= {item.metadata.name: item.metadata.resource_version for item in listed.items}.items()


async def _check(clientset: kubeloop.Clientset, written: dict[str, str]) -> None:
    maps = clientset.core_v1.config_maps("default")
    listed = await maps.list()
    found = {item.metadata.name: item.metadata.resource_version for item in listed.items}
    assert {name: version for name, version in found.items() if name != "kube-root-ca.crt"} == written
    made = await maps.create(core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name="after")))
    assert int(made.metadata.resource_version or 0) > max(map(int, written.values()))
