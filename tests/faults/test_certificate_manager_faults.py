"""A certificate manager with servers, signers and disks that fail: the certificate before stays current."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import kubeloop
import kubeloop.clients.groups.certificates_v1  # nobody may be able to read it within `read_only`
from kubeloop.certificates import CertificateManager, CertificatePair, FileStore
from kubeloop.errors import CredentialError
from kubeloop.testing.virtual_time import in_virtual_time, settle
from tests.support.managed import NOON, TEMPLATE, Managed, pair_of, wall
from tests.support.scripted_transport import ScriptedResponse, error_status, event, expired_event, watch_response
from tests.support.signing_server import SigningServer
from tests.support.unprivileged import read_only

HOUR = 3600.0
STORED = pair_of(0, HOUR)
OTHER = TEMPLATE.replace(common_name="system:node:b")


def manager_of(server: SigningServer, store: FileStore, **arguments: Any) -> CertificateManager:
    return CertificateManager(
        lambda _current: server.clientset(),
        OTHER,
        store,
        signer_name="example.com/s",
        now=wall,
        random=random.Random(5),
        **arguments,
    )


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# The disk


def test_a_folder_that_cannot_be_written_keeps_the_certificate_before(tmp_path: Path) -> None:
    folder = tmp_path / "certs"
    store = FileStore(folder, "app", now=lambda: NOON)
    store.update(STORED.certificate, STORED.key)
    before = names_in(folder)

    @in_virtual_time
    async def run() -> None:
        server = SigningServer(wall)
        async with manager_of(server, FileStore(folder, "app", now=wall)) as manager:
            with read_only(folder):
                await settle()
                assert "cannot write" in str(manager.last_error)
                assert "Permission denied" in str(manager.last_error)
                assert manager.current() == STORED
                assert manager.server_healthy is False
            assert names_in(folder) == before
            await asyncio.sleep(5)
            assert manager.last_error is None
            assert manager.current() == FileStore(folder, "app").current() != STORED

    run()


# A limit of the size of files is what a full disk is to the code: a write of a part, then an error.
FULL_DISK = """
import resource, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from kubeloop.certificates import FileStore
from kubeloop.errors import CredentialError

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folder, source = map(Path, sys.argv[1:])
pem = source.read_bytes()
resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))
try:
    FileStore(folder, "app", now=lambda: datetime(2027, 1, 1, tzinfo=UTC)).update(pem, pem)
except CredentialError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
def test_a_full_disk_keeps_the_certificate_before_and_leaves_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "certs"
    store = FileStore(folder, "app", now=lambda: NOON)
    store.update(STORED.certificate, STORED.key)
    before = names_in(folder)
    new = pair_of(0, 2 * HOUR)
    (tmp_path / "new.pem").write_bytes(new.certificate + new.key)
    command = [sys.executable, "-c", FULL_DISK, str(folder), str(tmp_path / "new.pem")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"cannot write {folder}/app-2027-01-01-00-00-00.pem: File too large\n"
    assert names_in(folder) == before
    assert store.current() == STORED


def test_a_folder_that_cannot_be_searched_is_an_error_of_entering(tmp_path: Path) -> None:
    folder = tmp_path / "certs"
    FileStore(folder, "app").update(STORED.certificate, STORED.key)

    @in_virtual_time
    async def run() -> None:
        with pytest.raises(CredentialError, match=r"cannot read .*app-current\.pem: Permission denied"):
            async with manager_of(SigningServer(wall), FileStore(folder, "app")):
                raise AssertionError("the manager runs")

    with read_only(folder):
        (folder).chmod(0o000)
        run()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(STORED.certificate),
        lambda path: path.mkdir(),
        lambda path: os.mkfifo(path),
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.symlink_to(path.name),
    ],
    ids=["empty", "without its key", "a folder", "a pipe", "endless", "a link to itself"],
)
def test_a_store_that_contains_something_else_is_an_error_of_entering(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(tmp_path / "app-current.pem")

    @in_virtual_time
    async def run() -> None:
        with pytest.raises(CredentialError, match=r"app-current\.pem"):
            async with manager_of(SigningServer(wall), FileStore(tmp_path, "app")):
                raise AssertionError("the manager runs")

    run()


@in_virtual_time
async def test_a_bootstrap_certificate_is_used_even_if_it_cannot_be_stored(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    server = SigningServer(wall, signs=False)
    async with manager_of(server, FileStore(tmp_path / "file" / "certs", "app"), bootstrap=STORED) as manager:
        assert manager.current() == STORED


@in_virtual_time
async def test_a_store_that_fails_for_a_while_gets_a_later_certificate() -> None:
    managed = Managed(STORED, template=OTHER)
    async with managed.manager as manager:
        managed.store.failure = CredentialError("the disk is full")
        await asyncio.sleep(100)
        assert manager.current() == STORED
        assert str(manager.last_error) == "the disk is full"
        attempts = len(managed.server.creates)
        assert 5 <= attempts <= 8
        managed.store.failure = None
        await asyncio.sleep(36)
        assert manager.current() == managed.store.pair != STORED
        assert len(managed.server.creates) == attempts + 1


# The signer


@pytest.mark.parametrize(
    ("certificate", "message"),
    [
        (b"text", "expected certificates in PEM, got none"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "certificate 1 of 1 cannot be parsed"),
        (STORED.certificate, "the key does not belong to the certificate"),
    ],
    ids=["text", "broken", "of another key"],
)
def test_a_signer_that_issues_something_else_is_a_failed_attempt(certificate: bytes, message: str) -> None:
    @in_virtual_time
    async def run() -> None:
        managed = Managed(STORED, template=OTHER, signs=False)
        async with managed.manager as manager:
            await settle()
            managed.server.condition(managed.server.only(), "Approved")
            managed.server.issue(managed.server.only(), certificate)
            await settle()
            assert message in str(manager.last_error)
            assert manager.current() == STORED

    run()


@in_virtual_time
async def test_a_certificate_that_is_expired_when_it_is_issued_is_not_current() -> None:
    managed = Managed(lifetime=10.0, now=lambda: wall() + timedelta(hours=1))
    async with managed.manager as manager:
        await asyncio.sleep(100)
        assert manager.current() is None
        assert manager.last_error is None
    assert len(managed.server.creates) <= 8


@in_virtual_time
async def test_a_request_that_disappears_is_replaced() -> None:
    managed = Managed(signs=False)
    async with managed.manager as manager:
        await settle()
        managed.server.delete(managed.server.only())
        await settle()
        assert "was deleted before it was issued" in str(manager.last_error)
        managed.server.signs = True
        pair = await manager.wait_for_current()
    assert pair.certificate == managed.server.issued[-1]


@in_virtual_time
async def test_a_request_that_disappears_while_its_watch_is_interrupted_is_replaced() -> None:
    managed = Managed(signs=False)
    managed.server.watch_failures.append(watch_response(2.0, expired_event()))
    async with managed.manager as manager:
        await asyncio.sleep(1)
        managed.server.delete(managed.server.only())
        managed.server.signs = True
        pair = await manager.wait_for_current()
    assert pair.certificate == managed.server.issued[-1]


# The server


@pytest.mark.parametrize(
    "failure",
    [
        error_status(500, "InternalError"),
        error_status(403, "Forbidden"),
        error_status(401, "Unauthorized"),
        error_status(422, "Invalid"),
        ScriptedResponse.text("<html>", 502, "text/html"),
        ScriptedResponse.text("not JSON", 201, "application/json"),
        kubeloop.ConnectError("refused"),
        kubeloop.ConnectionLost("lost"),
        kubeloop.RequestTimeout("timeout"),
        ValueError("a fault of a transport"),
    ],
    ids=repr,
)
def test_a_failing_server_costs_attempts_and_not_the_certificate(failure: Any) -> None:
    @in_virtual_time
    async def run() -> None:
        managed = Managed(STORED, template=OTHER)
        managed.server.create_failures.extend([failure] * 3)
        async with managed.manager as manager:
            await settle()
            assert manager.current() == STORED
            assert manager.last_error is not None
            await asyncio.sleep(17)
            assert manager.current() != STORED
            assert manager.last_error is None

    run()


@in_virtual_time
async def test_a_watch_that_breaks_again_and_again_is_opened_again() -> None:
    managed = Managed(signs=False)
    failures: list[Any] = [
        kubeloop.ConnectionLost("lost"),
        watch_response(),
        watch_response(event("BOOKMARK", {"metadata": {"resourceVersion": "101"}})),
        error_status(503, "ServiceUnavailable"),
        watch_response(expired_event()),
        error_status(429, "TooManyRequests"),
    ]
    managed.server.watch_failures.extend(failures)
    async with managed.manager as manager:
        await asyncio.sleep(300)
        assert not managed.server.watch_failures
        assert manager.last_error is None
        managed.server.condition(managed.server.only(), "Approved")
        managed.server.issue(managed.server.only())
        await manager.wait_for_current()
    assert len(managed.server.creates) == 1
    assert managed.server.transport.open_streams == 0


@in_virtual_time
async def test_a_watch_that_is_refused_is_a_failed_attempt() -> None:
    managed = Managed(signs=False)
    managed.server.watch_failures.append(error_status(403, "Forbidden", "no watch for you"))
    async with managed.manager as manager:
        await settle()
        assert "no watch for you" in str(manager.last_error)


@in_virtual_time
async def test_a_client_that_cannot_be_created_is_a_failed_attempt() -> None:
    managed = Managed(STORED)

    def connect(_current: CertificatePair | None) -> kubeloop.Clientset:
        raise kubeloop.ConfigError("no host")

    manager = CertificateManager(connect, OTHER, managed.store, signer_name="example.com/s", now=wall)
    async with manager:
        await settle()
        assert str(manager.last_error) == "no host"
        assert manager.current() == STORED


@in_virtual_time
async def test_cancelling_the_owner_in_each_step_leaves_nothing_behind() -> None:
    for turns in range(0, 60, 3):
        managed = Managed()

        async def own(managed: Managed = managed) -> None:
            async with managed.manager as manager:
                await manager.wait_for_current()
                await asyncio.sleep(1000)

        task = asyncio.create_task(own())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert managed.server.transport.open_streams == 0
