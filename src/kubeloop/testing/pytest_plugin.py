"""pytest fixtures: an API server in Python, a real control plane, virtual time, and checks of caches.

Add `pytest_plugins = ["kubeloop.testing.pytest_plugin"]` to a `conftest.py`. The fixtures are synchronous, so they work
in plain tests and in those of pytest-asyncio and anyio. With pytest-xdist, each worker has its own control plane. If a
test that uses `api_server` fails, its report contains the last requests, the events, and the objects that changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from random import Random
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from .virtual_time import VirtualClock, VirtualTimeLoop, run

if TYPE_CHECKING:
    from kubeloop.clients.clientset import Clientset

    from .apiserver import APIServer
    from .apiserver.storage.stored import Change
    from .controlplane import ControlPlane
    from .mutation_detector import MutationDetector

_CHANGES: pytest.StashKey[deque[Change]] = pytest.StashKey()
"""The last changes of the storage of `api_server` since the test began."""
_MOST_CHANGES = 1000


@pytest.fixture(scope="session")
def control_plane_options() -> Mapping[str, Any]:  # each argument of ControlPlane has a type of its own
    """Return the arguments of the session's `ControlPlane`; override this fixture to change them.

    Example: `return {"controller_manager": True}`.
    """
    return {}


@pytest.fixture(scope="session")
def control_plane(control_plane_options: Mapping[str, Any], pytestconfig: pytest.Config) -> Iterator[ControlPlane]:
    """Run one `ControlPlane` for the session, from the first test that uses it.

    A test that kills servers restarts them before it ends, or starts its own `ControlPlane`.
    """
    from .controlplane import ControlPlane
    from .controlplane.plane import report_to_stderr

    # Pytest has no public name for the manager that can print to the terminal.
    capture: Any = pytestconfig.pluginmanager.getplugin("capturemanager")

    def report(message: str) -> None:
        # A build of several minutes must not look like a test that is stuck.
        with capture.global_and_fixture_disabled() if capture is not None else contextlib.nullcontext():
            report_to_stderr(message)

    arguments: dict[str, Any] = {"report": report, **control_plane_options}
    with ControlPlane(**arguments) as plane:
        yield plane


@pytest.fixture(scope="session")
def kubeconfig(control_plane: ControlPlane) -> Path:
    """Return the path of the administrator's kubeconfig."""
    return control_plane.kubeconfig


@pytest.fixture
def api_server_options() -> Mapping[str, Any]:  # each argument of APIServer has a type of its own
    """Return the arguments of `api_server`; override this fixture to change them.

    Example: `return {"controllers": ()}`.
    """
    return {}


@pytest.fixture
def api_server(api_server_options: Mapping[str, Any], request: pytest.FixtureRequest) -> Iterator[APIServer]:
    """Create an `APIServer` for one test, with repeatable uids; in virtual time its timestamps are virtual."""
    from .apiserver import APIServer

    arguments: dict[str, Any] = {"random": Random(0), **api_server_options}
    if "virtual_time" in request.fixturenames:
        arguments.setdefault("clock", VirtualClock())
    server = APIServer(**arguments)
    changes: deque[Change] = deque(maxlen=_MOST_CHANGES)
    request.node.stash[_CHANGES] = changes
    stop = server.storage.subscribe(changes.append)
    yield server
    stop()
    server.close()


@pytest.fixture
def clientset(api_server: APIServer) -> Clientset:
    """Return a Clientset of `api_server`. It has no connections, so it need not be closed."""
    return api_server.clientset()


@pytest.fixture
def namespace(request: pytest.FixtureRequest) -> Iterator[str]:
    """Create a namespace for one test and return its name.

    The namespace is one of the control plane if the test uses `control_plane` or `kubeconfig`, and is deleted with its
    objects afterwards. Otherwise it is one of `api_server`.
    """
    if {"control_plane", "kubeconfig"} & set(request.fixturenames):
        plane: ControlPlane = request.getfixturevalue("control_plane")
        name = plane.create_namespace()
        yield name
        plane.delete_namespace(name)
    else:
        server: APIServer = request.getfixturevalue("api_server")
        server.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "test"}})
        yield "test"


@pytest.fixture
def virtual_time() -> ModuleType:
    """Run the test, and its asynchronous fixtures, in virtual time; returns the module `kubeloop.testing.virtual_time`.

    This works for async tests, whether they belong to pytest-asyncio (1.4 or later), to anyio or to no plugin. A plain
    test calls `virtual_time.run(...)`.
    """
    from . import virtual_time

    return virtual_time


@pytest.fixture
def mutation_detector() -> Iterator[MutationDetector]:
    """Return a `MutationDetector` that fails the test if an object of a cache was changed.

    The test selects what to check, for example `mutation_detector.watch(factory)`.
    """
    from .mutation_detector import MutationDetector

    with MutationDetector() as detector:
        yield detector


@pytest.hookimpl(optionalhook=True, trylast=True)
def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Choose the event loop for a test of pytest-asyncio. A hook in a `conftest.py` takes precedence."""
    if _is_in_virtual_time(item):
        return {"virtual": VirtualTimeLoop}
    return {"default": asyncio.new_event_loop}


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Choose the event loop for a test of anyio."""
    if {"virtual_time", "anyio_backend"} <= set(metafunc.fixturenames):
        backend = ("asyncio", {"loop_factory": VirtualTimeLoop})
        mark = pytest.mark.parametrize("anyio_backend", [pytest.param(backend, id="virtual")], scope="module")
        metafunc.definition.add_marker(mark)


def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run an async test that belongs to no plugin."""
    names = pyfuncitem.funcargs
    if not inspect.iscoroutinefunction(pyfuncitem.obj) or "virtual_time" not in names or "anyio_backend" in names:
        return None
    parameters = inspect.signature(pyfuncitem.obj).parameters
    run(pyfuncitem.obj(**{name: value for name, value in names.items() if name in parameters}))
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what happened on `api_server` to the report of a test that failed."""
    report = yield
    changes = item.stash.get(_CHANGES, None)
    if report.failed and report.when == "call" and changes is not None:
        from .failure_report import failure_report

        arguments: Mapping[str, Any] = getattr(item, "funcargs", {})
        try:
            report.sections += failure_report(arguments["api_server"], changes)
        except Exception as error:  # pytest itself would end, and nobody would see why the test failed
            report.sections.append(("api_server", f"no report: {error!r}"))
    return report


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explain a comparison of actions that failed, as `ActionList.assert_equal` does."""
    from .action_difference import difference
    from .action_list import ActionList, actions_in

    got, expected = (left, right) if isinstance(left, ActionList) else (right, left)
    wanted = actions_in(expected)
    if op != "==" or not isinstance(got, ActionList) or wanted is None:
        return None
    return ["the actions are those that the test expects", *difference(wanted, got).splitlines()]


def _is_in_virtual_time(item: pytest.Item) -> bool:
    names: list[str] = getattr(item, "fixturenames", [])
    return "virtual_time" in names
