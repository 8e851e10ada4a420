"""The control plane keeps its promises: it starts fast, ends whole, and breaks only where it is told to."""

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

from kubeloop.testing import ControlPlane, ControlPlaneError

START_SECONDS = 5.0

# Whoever starts the tests in the background may have told them, and so this child, to ignore Ctrl-C.
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
    context = ssl.create_default_context(cafile=str(plane.ca_file))
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(plane.url + path, headers=headers)
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


def test_starts_within_its_time_answers_and_ends_without_a_process_or_file_left() -> None:
    started = time.monotonic()
    with ControlPlane() as plane:
        # The bound is for a machine of its own; on a busy one everything takes as much longer as there is work.
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


async def test_the_controller_manager_makes_service_accounts() -> None:
    async with ControlPlane(controller_manager=True) as plane:
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
