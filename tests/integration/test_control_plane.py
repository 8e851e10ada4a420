"""The control plane keeps its promises: it starts fast, ends whole, and breaks only where a test breaks it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from kubeloop import load_config
from kubeloop.testing import ControlPlane, ControlPlaneError

START_SECONDS = 5.0

# A shell that starts the tests in the background may make them, and so this child, ignore Ctrl-C.
CHILD = """
import signal, sys
from kubeloop.testing import ControlPlane
signal.signal(signal.SIGINT, signal.default_int_handler)
with ControlPlane() as plane:
    pids = [plane.pid(name) for name in ("etcd", "kube-apiserver")]
    print(*pids, plane.data_dir, flush=True)
    sys.stdin.read()
"""

FORKING_CHILD = CHILD.replace(
    "    sys.stdin", "    import os, time\n    if os.fork() == 0: time.sleep(60)\n    sys.stdin"
)


def get(plane: ControlPlane, path: str, token: str | None = None) -> tuple[int, bytes]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return send(plane, urllib.request.Request(plane.url + path, headers=headers))


def post(plane: ControlPlane, path: str, body: object) -> tuple[int, bytes]:
    headers = {"Authorization": f"Bearer {plane.token}", "Content-Type": "application/json"}
    return send(plane, urllib.request.Request(plane.url + path, json.dumps(body).encode(), headers))


def send(plane: ControlPlane, request: urllib.request.Request) -> tuple[int, bytes]:
    context = ssl.create_default_context(cafile=str(plane.ca_file))
    try:
        with urllib.request.urlopen(request, context=context, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def wait_until_gone(pids: list[int], directory: Path) -> None:
    """Wait on processes that are not our children: there is no event to wait for, so this polls, with a limit."""
    deadline = time.monotonic() + 10
    while any(map(is_alive, pids)) or directory.exists():
        assert time.monotonic() < deadline, f"still there: {[pid for pid in pids if is_alive(pid)]}, {directory}"
        time.sleep(0.02)


@contextmanager
def child_with_a_plane(program: str = CHILD) -> Iterator[tuple[subprocess.Popen[str], list[int], Path]]:
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as child:
        assert child.stdout is not None
        try:
            *pids, directory = child.stdout.readline().split()
            yield child, [int(pid) for pid in pids], Path(directory)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)


def test_starts_in_time_responds_and_ends_without_a_process_or_file_left() -> None:
    started = time.monotonic()
    with ControlPlane() as plane:
        # The limit is for an idle machine; on a busy one everything takes as much longer as there is work.
        assert time.monotonic() - started < START_SECONDS * (1 + os.getloadavg()[0] / (os.cpu_count() or 1))
        status, body = get(plane, "/version", plane.token)
        pids = [pid for name in ("etcd", "kube-apiserver") if (pid := plane.pid(name)) is not None]
        directory = plane.data_dir
        assert len(pids) == 2
        assert directory.exists()
    assert status == 200
    assert json.loads(body)["gitVersion"].startswith("v1.37")
    assert not any(map(is_alive, pids))
    assert not directory.exists()


def test_an_unknown_token_is_refused(control_plane: ControlPlane) -> None:
    assert get(control_plane, "/api/v1/pods", "no such token")[0] == 401


def test_etcd_answers_at_its_own_address(control_plane: ControlPlane) -> None:
    with urllib.request.urlopen(f"{control_plane.etcd_url}/health", timeout=10) as response:
        assert json.load(response)["health"] == "true"


def test_several_run_side_by_side_each_with_its_arguments(control_plane: ControlPlane) -> None:
    with ControlPlane(api_server_args=["--anonymous-auth=false"]) as second:
        assert (get(second, "/version")[0], get(control_plane, "/version")[0]) == (401, 200)
        assert second.url != control_plane.url
        assert second.data_dir != control_plane.data_dir
        name = second.create_namespace("only-here")
        assert get(second, f"/api/v1/namespaces/{name}", second.token)[0] == 200
        assert get(control_plane, f"/api/v1/namespaces/{name}", control_plane.token)[0] == 404


async def test_a_component_is_killed_and_restarted_on_the_same_port_with_its_data() -> None:
    async with ControlPlane() as plane:
        url, name = plane.url, plane.create_namespace()
        for component in ("kube-apiserver", "etcd"):
            await plane.kill(component)
            assert plane.pid(component) is None
            if component == "kube-apiserver":
                with pytest.raises(urllib.error.URLError, match="refused"):
                    get(plane, "/version")
            await plane.restart(component)
            assert plane.pid(component) is not None
        assert plane.url == url
        assert get(plane, f"/api/v1/namespaces/{name}", plane.token)[0] == 200


async def test_the_controller_manager_makes_service_accounts_before_the_plane_is_entered() -> None:
    """(G12) A pod can be created in `default` at once."""
    async with ControlPlane(controller_manager=True) as plane:
        pod = {"metadata": {"name": "first"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
        status, body = post(plane, "/api/v1/namespaces/default/pods", pod)
        assert (status, b"default-token" in body or b"kube-api-access" in body) == (201, True)
        name = plane.create_namespace()
        path = f"/api/v1/namespaces/{name}/serviceaccounts/default"
        assert get(plane, path, plane.token)[0] == 200
        assert plane.pid("kube-controller-manager") is not None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_no_server_survives_the_process_that_started_it(number: signal.Signals) -> None:
    with child_with_a_plane() as (child, pids, directory):
        assert all(map(is_alive, pids))
        child.send_signal(number)
        wait_until_gone(pids, directory)


def test_no_server_survives_although_a_forked_process_holds_the_pipe() -> None:
    with child_with_a_plane(FORKING_CHILD) as (child, pids, directory):
        child.kill()
        wait_until_gone(pids, directory)


def test_ctrl_c_in_a_terminal_reaches_only_the_program_which_then_stops_its_servers() -> None:
    with child_with_a_plane() as (child, pids, directory):
        os.killpg(child.pid, signal.SIGINT)
        child.wait(timeout=20)
        assert not any(map(is_alive, pids))
        assert not directory.exists()


async def test_cancelling_the_start_leaves_nothing() -> None:
    async def enter() -> None:
        async with ControlPlane():
            raise AssertionError("must not be reached")

    task = asyncio.create_task(enter())
    await asyncio.sleep(0.2)  # real processes: into the middle of the start
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_a_server_that_dies_at_start_says_why() -> None:
    with pytest.raises(ControlPlaneError, match=r"(?s)kube-apiserver ended with exit code 1.*--no-such-flag"):
        ControlPlane(api_server_args=["--no-such-flag"]).__enter__()


def test_another_user_may_do_only_what_rbac_allows(control_plane: ControlPlane) -> None:
    path = control_plane.write_kubeconfig("alice", groups=["visitors"])
    assert path.stat().st_mode & 0o077 == 0
    user = json.loads(path.read_text(encoding="utf-8"))["users"][0]["user"]
    assert set(user) == {"client-certificate-data", "client-key-data"}


@pytest.mark.parametrize("user", ["ca", "admin", "apiserver", "service-account", "../ca", "..", "a/b", "ü:x" * 16])
def test_a_user_of_any_name_takes_no_file_of_the_servers_or_of_another_user(
    control_plane: ControlPlane, user: str
) -> None:
    """(F13)"""
    files = {path: path.read_bytes() for path in control_plane.data_dir.glob("*.*") if path.suffix != ".log"}
    first = control_plane.write_kubeconfig(user)
    before = first.read_bytes()
    second = control_plane.write_kubeconfig(user, groups=["visitors"])
    assert first.read_bytes() == before
    assert second != first
    assert {path: path.read_bytes() for path in files} == files
    for path in (first, second):
        assert path.resolve().is_relative_to(control_plane.data_dir / "users")
        assert path.stat().st_mode & 0o077 == path.parent.stat().st_mode & 0o077 == 0
    config = load_config(second)
    context = ssl.create_default_context(cafile=str(control_plane.ca_file))
    pair = second.parent / "client.crt", second.parent / "client.key"
    context.load_cert_chain(*pair)
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    request = urllib.request.Request(
        f"{config.host}/apis/authentication.k8s.io/v1/selfsubjectreviews",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, context=context, timeout=10) as answer:
        told = json.load(answer)["status"]["userInfo"]
    assert (told["username"], "visitors" in told["groups"]) == (user, True)


@pytest.mark.parametrize("name", ["", "a" * 65, "ü" * 33, "a\nb", "a\0b", "\x1b[2J", "\ud800"])
def test_a_name_that_no_certificate_can_hold_is_refused(control_plane: ControlPlane, name: str) -> None:
    """(F13)"""
    with pytest.raises(ValueError, match=r"user .*: expected printable text of 1 to 64 bytes"):
        control_plane.write_kubeconfig(name)
    with pytest.raises(ValueError, match=r"group .*: expected printable text of 1 to 64 bytes"):
        control_plane.write_kubeconfig("alice", groups=["fine", name])


def test_keeps_no_connection_between_two_pieces_of_work(control_plane: ControlPlane) -> None:
    """(G11) A connection that breaks later, and is replaced during another test, looks like a leak of that test."""
    before = sockets()
    name = control_plane.create_namespace()
    assert sockets() == before
    control_plane.delete_namespace(name)
    assert sockets() == before
    assert not any(api._connection.sock for api in control_plane._live._apis.values())


def sockets() -> set[str]:
    found: set[str] = set()
    for path in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the descriptor that lists the directory
            found.add(os.readlink(path))
    return {target for target in found if target.startswith("socket:")}


def test_a_stopped_plane_says_what_to_do() -> None:
    with pytest.raises(ControlPlaneError, match="async with"):
        _ = ControlPlane().url


def test_an_unknown_component_is_refused_with_the_names(control_plane: ControlPlane) -> None:
    with pytest.raises(ValueError, match="etcd, kube-apiserver"):
        control_plane.pid("kubelet")  # type: ignore[arg-type]


def test_a_namespace_goes_with_all_that_it_holds(control_plane: ControlPlane) -> None:
    name = control_plane.create_namespace()
    before = get(control_plane, f"/api/v1/namespaces/{name}", control_plane.token)[0]
    control_plane.delete_namespace(name)
    after = get(control_plane, f"/api/v1/namespaces/{name}", control_plane.token)[0]
    assert (before, after) == (200, 404)


def test_each_test_gets_a_namespace_of_its_own(namespace: str, control_plane: ControlPlane) -> None:
    assert get(control_plane, f"/api/v1/namespaces/{namespace}", control_plane.token)[0] == 200
