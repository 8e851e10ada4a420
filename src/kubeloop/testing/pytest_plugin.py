"""Fixtures around a real control plane, and one that guards caches. Opt in by name, in a `conftest.py`:

    pytest_plugins = ["kubeloop.testing.pytest_plugin"]

- `control_plane`: one `ControlPlane` for the whole session, started when the first test asks for it.
- `kubeconfig`: the path of its administrator's kubeconfig.
- `namespace`: the name of a fresh namespace for this test; it and what it holds are deleted afterwards.
- `control_plane_options`: override it to start the plane with other arguments, e.g. `{"controller_manager": True}`.
- `mutation_detector`: a `MutationDetector`; the test attaches it (`mutation_detector.watch(factory)`), and fails when
  something changed an object of the cache.

All are synchronous, so they work in plain tests as in those of pytest-asyncio and anyio. A test that kills servers
should start a plane of its own, or restart them before it ends. With pytest-xdist each worker has its own plane.
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
    """Return the arguments that the session's `ControlPlane` is started with."""
    return {}


@pytest.fixture(scope="session")
def control_plane(control_plane_options: Mapping[str, Any], pytestconfig: pytest.Config) -> Iterator[ControlPlane]:
    """Run one control plane for the session."""
    # Pytest has no public name for the manager that can let a line through to the terminal.
    capture: Any = pytestconfig.pluginmanager.getplugin("capturemanager")

    def report(message: str) -> None:
        # Minutes of building must not look like a hanging test.
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
    """Create a namespace for one test, and delete it afterwards."""
    name = control_plane.create_namespace()
    yield name
    control_plane.delete_namespace(name)


@pytest.fixture
def mutation_detector() -> Iterator[MutationDetector]:
    """Find changes of objects that caches hold, of the informers that the test has it watch."""
    from .mutation_detector import MutationDetector

    with MutationDetector() as detector:
        yield detector
