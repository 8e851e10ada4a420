"""The parts of the control plane that need no server: keys, ports, the watcher, waiting."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from cryptography import x509

from kubeloop.testing.controlplane import steps
from kubeloop.testing.controlplane.admin_kubeconfig import write_kubeconfig
from kubeloop.testing.controlplane.authority import Authority, write_service_account_keys
from kubeloop.testing.controlplane.component import Component
from kubeloop.testing.controlplane.control_plane_error import ControlPlaneError
from kubeloop.testing.controlplane.ports import LOOPBACK, ReservedPort
from kubeloop.testing.controlplane.reaper import Reaper

USES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)


def handshake(authority: Authority, server: tuple[Path, Path], client: tuple[Path, Path]) -> None:
    """Complete a TLS handshake over memory, with the strictest checks of the certificates."""
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.certificate_path))
    serving.verify_mode = ssl.CERT_REQUIRED
    serving.load_cert_chain(*server)
    asking = ssl.create_default_context(cafile=str(authority.certificate_path))
    asking.load_cert_chain(*client)
    for context in (serving, asking):
        context.verify_flags |= ssl.VERIFY_X509_STRICT
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [asking.wrap_bio(down, up, server_hostname=LOOPBACK), serving.wrap_bio(up, down, server_side=True)]
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue


def test_the_certificates_pass_strict_verification_on_both_sides(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    handshake(
        authority, authority.issue_server("server", [LOOPBACK]), authority.issue_client("me", "me", ["some:group"])
    )


def test_a_client_certificate_names_user_and_groups_and_is_valid_now(tmp_path: Path) -> None:
    path, _ = Authority(tmp_path).issue_client("file", "alice", ["one", "two"])
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    assert {part.rfc4514_string() for part in certificate.subject.rdns} == {"O=one", "O=two", "CN=alice"}
    assert certificate.not_valid_before_utc < dt.datetime.now(dt.UTC) < certificate.not_valid_after_utc


@pytest.mark.parametrize("is_authority", [True, False])
def test_a_certificate_says_what_its_key_may_be_used_for(tmp_path: Path, is_authority: bool) -> None:
    """RFC 5280, 4.2.1.3 and 4.2.1.9: a client that does not understand the extension must refuse the certificate."""
    authority = Authority(tmp_path)
    path = authority.certificate_path if is_authority else authority.issue_client("file", "alice")[0]
    extensions = x509.load_pem_x509_certificate(path.read_bytes()).extensions
    constraints = extensions.get_extension_for_class(x509.BasicConstraints)
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    assert constraints.critical
    assert usage.critical
    assert constraints.value.ca is is_authority
    uses = {name for name in USES if getattr(usage.value, name)}
    assert uses == {"digital_signature", *(("key_cert_sign", "crl_sign") if is_authority else ())}


def test_no_key_can_be_read_by_others(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.issue_client("file", "alice")
    write_service_account_keys(tmp_path)
    write_kubeconfig(
        tmp_path / "kubeconfig",
        url="https://x",
        authority=authority.certificate_path,
        certificate=certificate,
        key=key,
        user="a",
    )
    assert [path.name for path in tmp_path.iterdir() if path.stat().st_mode & 0o077] == []


def test_no_key_is_ever_written_over(tmp_path: Path) -> None:
    """(F13)"""
    authority = Authority(tmp_path)
    before = authority.key_path.read_bytes()
    with pytest.raises(FileExistsError):
        authority.issue_client("ca", "alice")
    assert authority.key_path.read_bytes() == before


def test_a_kubeconfig_names_its_parts_consistently(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.issue_client("file", "alice")
    path = write_kubeconfig(
        tmp_path / "kubeconfig",
        url="https://127.0.0.1:1",
        authority=authority.certificate_path,
        certificate=certificate,
        key=key,
        user="alice",
    )
    document = json.loads(path.read_text(encoding="utf-8"))
    context = document["contexts"][0]
    assert document["current-context"] == context["name"]
    assert context["context"]["user"] == document["users"][0]["name"] == "alice"
    assert context["context"]["cluster"] == document["clusters"][0]["name"]


def test_a_reserved_port_refuses_connections_and_lets_a_server_bind_beside_it() -> None:
    port = ReservedPort()
    try:
        with socket.socket() as client, pytest.raises(ConnectionRefusedError):
            client.connect((LOOPBACK, port.number))
        with socket.socket() as server, socket.socket() as client:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            server.bind((LOOPBACK, port.number))
            server.listen()
            client.connect((LOOPBACK, port.number))
    finally:
        port.release()


def test_the_watcher_kills_what_it_still_watches_and_removes_directories(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    directory.mkdir()
    sleeper = [sys.executable, "-c", "input()"]
    watched, forgotten = (subprocess.Popen(sleeper, stdin=subprocess.PIPE, start_new_session=True) for _ in range(2))
    with watched, forgotten:
        reaper = Reaper()
        reaper.remove(directory)
        for process in (watched, forgotten):
            reaper.watch(process.pid)
        reaper.forget(forgotten.pid)
        reaper.close()
        assert watched.wait(timeout=10) == -9
        assert forgotten.poll() is None
        assert not directory.exists()


def test_a_watcher_that_was_killed_harms_nobody() -> None:
    reaper = Reaper()
    reaper._process.kill()
    reaper._process.wait()
    reaper.watch(1)
    reaper.close()


def component(command: list[str], directory: Path, reaper: Reaper) -> Component:
    return Component("server", command, directory / "server.log", reaper)


def check_until_it_ended(server: Component) -> None:
    while True:
        server.check()


def test_a_server_that_ignores_sigterm_is_killed_after_its_grace(tmp_path: Path) -> None:
    program = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"
    reaper = Reaper()
    server = component([sys.executable, "-c", program], tmp_path, reaper)
    server.start()
    while "up" not in server.log_tail():
        server.check()
    stopping = server.stop()
    next(stopping)
    assert server.pid is not None
    stopping.close()
    assert server.pid is None
    reaper.close()


def test_stopping_takes_no_longer_than_the_server_needs(tmp_path: Path) -> None:
    reaper = Reaper()
    server = component([sys.executable, "-c", "import signal; signal.pause()"], tmp_path, reaper)
    server.start()
    process = server._process
    assert process is not None
    stopping = server.stop()
    next(stopping, None)
    process.wait()
    assert next(stopping, "stopped") == "stopped"
    assert server.pid is None
    reaper.close()


def test_a_server_that_ended_is_described_by_signal_or_exit_code(tmp_path: Path) -> None:
    reaper = Reaper()
    for program, what in (("import sys; sys.exit('why')", "exit code 1.*why"), ("import os; os.abort()", "SIGABRT")):
        server = component([sys.executable, "-c", program], tmp_path, reaper)
        server.start()
        with pytest.raises(ControlPlaneError, match=rf"(?s)server ended with {what}"):
            check_until_it_ended(server)
        server.kill()
    reaper.close()


def test_a_program_that_cannot_be_started_is_named(tmp_path: Path) -> None:
    reaper = Reaper()
    with pytest.raises(ControlPlaneError, match="cannot start /no/such/program"):
        component(["/no/such/program"], tmp_path, reaper).start()
    reaper.close()


def work(log: list[str]) -> steps.Steps[int]:
    try:
        log.append("begun")
        yield 0.0
        log.append("done")
        return 42
    finally:
        log.append("cleaned")


def test_the_same_work_runs_with_and_without_a_loop() -> None:
    first: list[str] = []
    second: list[str] = []
    assert steps.run(work(first)) == asyncio.run(steps.run_async(work(second))) == 42
    assert first == second == ["begun", "done", "cleaned"]


async def test_cancelled_work_cleans_up_before_the_cancellation_arrives() -> None:
    log: list[str] = []
    task = asyncio.create_task(steps.run_async(work(log)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert log == ["begun", "cleaned"]


def blocking_work(may_end: threading.Event, threads: list[str]) -> steps.Steps[None]:
    threads.append(threading.current_thread().name)
    assert may_end.wait(10)
    yield 0.0
    threads.append(threading.current_thread().name)


async def test_other_tasks_go_on_while_a_step_blocks() -> None:
    may_end = threading.Event()
    threads: list[str] = []
    task = asyncio.create_task(steps.run_async(blocking_work(may_end, threads)))
    while not threads:
        await asyncio.sleep(0)
    # If the step had blocked the loop, nothing could end the step.
    may_end.set()
    await task
    assert len(set(threads)) == 1
    assert threading.current_thread().name not in threads


async def test_a_cancellation_waits_for_the_step_that_is_on_its_way() -> None:
    may_end = threading.Event()
    threads: list[str] = []
    task = asyncio.create_task(steps.run_async(blocking_work(may_end, threads)))
    while not threads:
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(threads) == 1


def test_without_its_extra_the_package_says_how_to_get_it() -> None:
    program = "import sys; sys.modules['cryptography'] = None; from kubeloop.testing import ControlPlane"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "needs the package 'cryptography': pip install 'kubeloop[testing]'" in answer.stderr
