"""The programs that the suites `events` and `leases` measure, for a moment and with few objects."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.occurrences import Occurrence, Writes, core_writes, occurrences, series_writes
from kubeloop.testing.controlplane import ControlPlane
from kubeloop.testing.server_process import ServerProcess

RUNNER = Path(__file__).resolve().parents[2] / "bench/peers/run_kubeloop.py"


@pytest.fixture
def server(control_plane: ControlPlane | ServerProcess) -> list[str]:
    """Return the address of the server, the file of its authority and the token of its administrator."""
    return [control_plane.url, str(control_plane.ca_file), control_plane.token]


def run(*arguments: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, str(RUNNER), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env=os.environ,
    )
    result: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_all_leases_are_held_and_renewed(server: list[str]) -> None:
    result = run("leases", *server, "5", "3")
    assert (result["lost"], result["failed"], result["count"]) == (0, 0, 5)
    assert result["renewals"] in range(5, 11)


@pytest.mark.parametrize(("kind", "writes"), [("core", core_writes), ("series", series_writes)])
def test_the_events_on_the_server_are_the_expected_ones(
    server: list[str], tmp_path: Path, kind: str, writes: Callable[[list[Occurrence]], Writes]
) -> None:
    found = occurrences()[:100]
    file = tmp_path / "occurrences.json"
    file.write_text(json.dumps(found))
    expected = writes(found)
    assert run("events", kind, *server, str(file), str(expected.counted))["sum"] == expected.text()
