"""What tests on the real API server share.

The tests of typed clients run twice, with JSON and with protobuf. `KUBELOOP_TEST_CONTENT_TYPE=protobuf` runs all tests
of this folder once, with protobuf.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

import kubeloop
from kubeloop.testing import Kubectl
from kubeloop.testing.controlplane.plane import report_to_stderr
from tests.integration.only_real import is_only_real
from tests.support.real_clientset import CONTENT_TYPE, connect
from tests.support.servers import is_python_server

ONE_FORMAT = {
    "test_auth",  # sends requests without a client
    "test_benchmark_runners",  # runs programs
    "test_chaos",  # cuts connections for a minute, whatever is in them
    "test_connections",  # sends requests without a client
    "test_control_plane",  # starts servers
    "test_describe",  # kubectl chooses its formats
    "test_drain",  # runs kubectl, and waits for deadlines
    "test_examples",  # runs programs
    "test_coordinated_election",  # starts servers
    "test_leader_election",  # runs programs
    "test_health",  # starts servers, and sends requests without a client
    "test_newcomer",  # runs programs
    "test_generated_crds",  # custom resources are JSON
    "test_manifest_page",  # runs programs
    "test_manifests",  # manifests are sent as JSON
    "test_pytest_plugin",  # runs programs
    "test_recorded_api",  # sends requests without a client
    "test_reads_of_both_servers",  # sends requests without a client
    "test_real_objects",  # has a test of its own for each format
    "test_serve",  # starts servers
    "test_silence",  # waits for connections that are silent, whatever was in them
    "test_soak",  # uses both formats
    "test_wait_beside_kubectl",  # kubectl chooses its formats
    "test_tables",  # runs kubectl, and tables are JSON
}
"""The modules whose tests run once: the format does not concern them, or the second run would take minutes."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With the server in Python, leave out the tests that only the real server can pass, and say how many."""
    if not is_python_server():
        return
    left_out = [item for item in items if is_only_real(item.nodeid)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    module = metafunc.module.__name__.rpartition(".")[2]
    chosen = os.environ.get(CONTENT_TYPE)
    if chosen is None and module not in ONE_FORMAT:
        metafunc.parametrize("content_type", ["json", "protobuf"], indirect=True)


@pytest.fixture(autouse=True)
def content_type(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[str]:
    """Choose the format that typed clients prefer in this test. The API server must not refuse it."""
    chosen: str = getattr(request, "param", None) or os.environ.get(CONTENT_TYPE, "json")
    monkeypatch.setenv(CONTENT_TYPE, chosen)
    yield chosen
    refusals = [text for text in caplog.messages if "refused the format" in text]
    assert refusals == []


@pytest_asyncio.fixture
async def clientset(kubeconfig: Path) -> AsyncIterator[kubeloop.Clientset]:
    async with connect(kubeconfig) as clientset:
        yield clientset


@pytest.fixture
def kubectl(kubeconfig: Path) -> Kubectl:
    """Return kubectl for the API server of the tests."""
    return Kubectl(kubeconfig, report=report_to_stderr)
