"""The programs that the suites `events`, `leases` and `manifests` measure, for a moment and with few objects."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.documents import ensure_documents, expected
from bench.live import Live
from bench.occurrences import Occurrence, Writes, core_writes, occurrences, series_writes
from bench.stage import Stage, stage_on
from bench.subjects import WORK
from kubeloop.testing.controlplane import ControlPlane, steps
from kubeloop.testing.controlplane.binaries import kubectl_steps
from kubeloop.testing.controlplane.plane import report_to_stderr
from kubeloop.testing.server_process import ServerProcess

PEERS = Path(__file__).resolve().parents[2] / "bench/peers"
KUBELOOP = (sys.executable, str(PEERS / "run_kubeloop.py"))


@pytest.fixture
def server(control_plane: ControlPlane | ServerProcess) -> list[str]:
    """Return the address of the server, the file of its authority and the token of its administrator."""
    return [control_plane.url, str(control_plane.ca_file), control_plane.token]


@pytest.fixture
def stage(control_plane: ControlPlane | ServerProcess) -> Iterator[Stage]:
    """Serve the commands of the suite `manifests`, and delete its namespaces."""
    live = Live(control_plane, 0)
    with stage_on(live) as found:
        yield found
    for name in (live.namespace, *found.namespaces):
        control_plane.delete_namespace(name)


def run(*arguments: str, program: tuple[str, ...] = KUBELOOP, folder: Path | None = None) -> dict[str, object]:
    done = subprocess.run(
        [*program, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=os.environ | ({"TMPDIR": str(folder)} if folder else {}),
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return result


def of_peer(name: str) -> tuple[str, ...]:
    """Return the program of a peer, which `make bench` installs."""
    return str(python_of(name)), str(PEERS / f"run_{name}.py")


def python_of(name: str) -> Path:
    """Return the interpreter of a peer, which need not be installed."""
    return WORK / f"venv-{name}/bin/python"


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
    written = writes(found)
    assert run("events", kind, *server, str(file), str(written.counted))["sum"] == written.text()


def test_the_documents_are_read(tmp_path: Path) -> None:
    file = str(ensure_documents(tmp_path, 20))
    assert run("parse", file, file)["sum"] == expected(20)


def test_the_documents_are_applied_and_the_requests_counted(stage: Stage, tmp_path: Path) -> None:
    result = run("apply", f"{stage.commands}#counted", str(ensure_documents(tmp_path, 20)))
    assert result["sum"] == expected(20)
    assert stage.counts["PATCH"] == 20
    assert result["requests"] == sum(stage.counts.values())


def test_the_time_from_an_event_to_the_return_of_a_wait(stage: Stage) -> None:
    result = run("wait", stage.commands, "3", "0.2")
    assert result["count"] == 3
    millis = {name: result[name] for name in ("p50", "p99", "p50 from the write", "p99 from the write")}
    assert all(isinstance(value, float) and value < 5000 for value in millis.values()), millis
    assert millis["p50"] < millis["p50 from the write"]


INSTALLED = [peer for peer in ("lightkube", "kr8s", "kubernetes", "kubesdk", "cloudcoil") if python_of(peer).exists()]
"""The peers that `make bench ARGS=manifests` has installed; their runners are tested where they are."""
WAITING_PEERS = ("lightkube", "kr8s", "cloudcoil")

if INSTALLED:

    @pytest.mark.parametrize("peer", INSTALLED)
    def test_a_peer_reads_and_applies_or_creates_the_same(peer: str, stage: Stage, tmp_path: Path) -> None:
        program = of_peer(peer)
        file = str(ensure_documents(tmp_path, 20))
        assert run("parse", file, file, program=program)["sum"] == expected(20)
        assert run("apply", stage.commands, file, program=program, folder=tmp_path)["sum"] == expected(20)

    @pytest.mark.parametrize("peer", [peer for peer in INSTALLED if peer in WAITING_PEERS])
    def test_a_peer_waits_for_the_same(peer: str, stage: Stage, tmp_path: Path) -> None:
        assert run("wait", stage.commands, "2", "0.2", program=of_peer(peer), folder=tmp_path)["sum"] == "2 waits"


def test_kubectl_applies_and_waits_for_the_same(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = steps.run(kubectl_steps(report_to_stderr))
    monkeypatch.setenv("BENCH_KUBECTL", "\n".join(command))
    program = sys.executable, str(PEERS / "run_kubectl.py")
    file = str(ensure_documents(tmp_path, 20))
    assert run("apply", stage.commands, file, program=program)["sum"] == expected(20)
    assert run("wait", stage.commands, "2", "0.8", program=program)["sum"] == "2 waits"
