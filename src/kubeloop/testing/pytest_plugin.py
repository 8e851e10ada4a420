"""pytest fixtures for a real control plane and for checks of caches.

Add `pytest_plugins = ["kubeloop.testing.pytest_plugin"]` to a `conftest.py`. The fixtures are synchronous, so they work
in plain tests and in those of pytest-asyncio and anyio. With pytest-xdist, each worker has its own control plane.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .controlplane import ControlPlane
from .controlplane.plane import report_to_stderr

if TYPE_CHECKING:
    from .mutation_detector import MutationDetector


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
def namespace(control_plane: ControlPlane) -> Iterator[str]:
    """Create a namespace for one test and return its name; delete it with its objects afterwards."""
    name = control_plane.create_namespace()
    yield name
    control_plane.delete_namespace(name)


@pytest.fixture
def mutation_detector() -> Iterator[MutationDetector]:
    """Return a `MutationDetector` that fails the test if an object of a cache was changed.

    The test selects what to check, for example `mutation_detector.watch(factory)`.
    """
    from .mutation_detector import MutationDetector

    with MutationDetector() as detector:
        yield detector
