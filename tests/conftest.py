"""Checks for every test: nothing may survive it, neither a task, thread, child process, socket nor temporary file.

A test that leaks fails, with the name of what it left. Resources of fixtures with a wider scope exist before the test
begins, so they do not count; the servers of the test's control plane do not count either, since a test may restart
them. The check needs /proc for descriptors and children; elsewhere it covers tasks and threads.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import os
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest
import pytest_asyncio
from hypothesis import settings

from kubeloop.testing import ControlPlane, ControlPlaneError, ServerProcess
from kubeloop.testing.controlplane.plane import report_to_stderr

# A slow machine must not fail a test. The other settings are hypothesis's own: random, except in CI.
settings.register_profile("kubeloop", deadline=None)
settings.load_profile("kubeloop")

# Kinds of descriptors that a test can leak; files that pytest itself opens and closes are not among them.
WATCHED_DESCRIPTORS = ("socket:", "pipe:", "anon_inode:")

SERVERS = ("etcd", "kube-apiserver", "kube-controller-manager")

BEFORE: pytest.StashKey[tuple[Path, set[str]]] = pytest.StashKey()

pytest_plugins = ["kubeloop.testing.pytest_plugin", "pytester"]


@pytest.fixture(scope="session")
def control_plane(control_plane_options: Mapping[str, Any]) -> Iterator[ControlPlane | ServerProcess]:
    """Run the API server of the session: the real one, or the one in Python, which has the same methods.

    It is here and not beside the tests of integration, so that all tests of a session have the same server.
    """
    # As in `tests.support.servers`, which a copy of this file could not import (see `test_leak_check`).
    if os.environ.get("KUBELOOP_TEST_SERVER", "real") == "python":
        with ServerProcess(tls=True, controllers=False) as server:
            yield server
    else:
        with ControlPlane(report=report_to_stderr, **control_plane_options) as plane:
            yield plane


@pytest.fixture(scope="session", autouse=True)
def _private_temporary_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep the temporary files of this session, and of the processes that it starts, in a folder of their own."""
    directory = tmp_path_factory.mktemp("temporary")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(directory))
        patch.setattr(tempfile, "tempdir", str(directory))
        yield directory


@pytest.fixture(autouse=True)
def _before(request: pytest.FixtureRequest, _private_temporary_directory: Path) -> None:
    """Record what exists. Fixtures of a wider scope are set up by now, those of this test are not."""
    request.node.stash[BEFORE] = (_private_temporary_directory, _everything(_private_temporary_directory))


@pytest.fixture(autouse=True)
def _watch_tasks(request: pytest.FixtureRequest, _before: None) -> None:
    if inspect.iscoroutinefunction(getattr(request, "function", None)):
        request.getfixturevalue("_no_task_survives")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Compare after the fixtures of the test, the event loop among them, are torn down."""
    yield
    if BEFORE not in item.stash:
        return
    directory, before = item.stash[BEFORE]
    leaked = _everything(directory) - before - _servers(item)
    if leaked:
        # Objects in a cycle may keep a resource until a collection; such resources are garbage, not leaks, unless they
        # outlive it.
        gc.collect()
        leaked = _everything(directory) - before - _servers(item)
    if leaked:
        pytest.fail("the test left behind: " + ", ".join(sorted(leaked)), pytrace=False)


@pytest_asyncio.fixture
async def _no_task_survives() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    leaked = asyncio.all_tasks() - before - {asyncio.current_task()}
    # A task that was cancelled a moment ago, by an owner that awaited it, may still have its last step to take.
    if leaked:
        await asyncio.sleep(0)
    names = sorted(repr(task.get_coro()) for task in leaked if not task.done())
    if names:
        pytest.fail("the test left tasks behind: " + ", ".join(names), pytrace=False)


def _everything(temporary_directory: Path) -> set[str]:
    return {
        *(f"thread {thread.name}" for thread in threading.enumerate()),
        *(f"temporary file {path.name}" for path in temporary_directory.iterdir()),
        *_descriptors(),
        *_children(),
    }


def _servers(item: pytest.Item) -> set[str]:
    """Return the servers of the control plane that a test uses, named as `_children` names them."""
    arguments: Mapping[str, object] = getattr(item, "funcargs", {})
    plane = cast("ControlPlane | None", arguments.get("control_plane"))
    found: set[str] = set()
    for name in SERVERS if plane is not None else ():
        with suppress(ValueError, ControlPlaneError):  # a server of another plane, or the plane has ended
            found.add(f"child process {plane.pid(name)}")
    return found


def _descriptors() -> Iterator[str]:
    directory = Path("/proc/self/fd")
    for path in directory.iterdir() if directory.is_dir() else ():
        if path.name in {"0", "1", "2"}:  # pytest's capturing changes these descriptors
            continue
        try:
            target = os.readlink(path)
        except FileNotFoundError:  # the descriptor that lists the directory
            continue
        if target.startswith(WATCHED_DESCRIPTORS):
            yield f"descriptor {path.name} ({target})"


def _children() -> Iterator[str]:
    for path in Path("/proc/self/task").glob("*/children"):
        try:
            pids = path.read_text(encoding="ascii").split()
        except OSError:  # the thread has ended; its children belong to another thread of this process now
            continue
        yield from (f"child process {pid}" for pid in pids)
