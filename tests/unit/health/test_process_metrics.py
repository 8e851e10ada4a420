"""The numbers of the process, from a folder with the files of the kernel, and from the kernel itself."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from kubeloop.health.process_metrics import process_families

STAT = "4711 (a (strange) na) me) S " + " ".join(str(number) for number in range(4, 53)) + "\n"
LIMITS = """\
Limit                     Soft Limit           Hard Limit           Units
Max processes             unlimited            unlimited            processes
Max open files            1024                 524288               files
"""


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    (tmp_path / "self/fd").mkdir(parents=True)
    for number in range(4):
        (tmp_path / "self/fd" / str(number)).touch()
    (tmp_path / "self/stat").write_text(STAT)
    (tmp_path / "self/limits").write_text(LIMITS)
    (tmp_path / "stat").write_text("cpu  1 2 3\nbtime 1700000000\nprocesses 5\n")
    return tmp_path


def values(proc: Path) -> dict[str, float]:
    return {family.name: family.samples[0].value for family in process_families(proc)}


def test_the_numbers_of_the_kernel(proc: Path) -> None:
    found = values(proc)
    assert found.pop("process_cpu_seconds_total") == pytest.approx(time.process_time(), abs=5)
    assert found == {
        "process_virtual_memory_bytes": 23,
        "process_resident_memory_bytes": 24 * os.sysconf("SC_PAGE_SIZE"),
        "process_start_time_seconds": 1_700_000_000 + 22 / os.sysconf("SC_CLK_TCK"),
        "process_open_fds": 3,
        "process_max_fds": 1024,
    }


def test_without_the_files_only_the_cpu_time_is_known(tmp_path: Path) -> None:
    assert list(values(tmp_path)) == ["process_cpu_seconds_total"]


@pytest.mark.parametrize(
    ("name", "content", "missing"),
    [
        ("self/stat", "", {"virtual_memory_bytes", "resident_memory_bytes", "start_time_seconds"}),
        ("stat", "cpu 1\n", {"start_time_seconds"}),
        ("stat", "btime soon\n", {"start_time_seconds"}),
        ("self/limits", "Max processes 1 1 processes\n", {"max_fds"}),
        ("self/limits", "Max open files            unlimited            unlimited            files\n", {"max_fds"}),
    ],
)
def test_what_cannot_be_read_is_left_out(proc: Path, name: str, content: str, missing: set[str]) -> None:
    everything = set(values(proc))
    (proc / name).write_text(content)
    assert everything - set(values(proc)) == {f"process_{each}" for each in missing}


def test_only_the_cpu_time_is_a_counter(proc: Path) -> None:
    types = {family.name: family.type for family in process_families(proc)}
    assert {name for name, kind in types.items() if kind == "counter"} == {"process_cpu_seconds_total"}
    assert all(family.help.endswith(".") for family in process_families(proc))


def test_the_numbers_of_this_process_are_plausible() -> None:
    found = {family.name: family.samples[0].value for family in process_families()}
    assert 1e6 < found["process_resident_memory_bytes"] < found["process_virtual_memory_bytes"]
    assert found["process_open_fds"] == len(os.listdir("/proc/self/fd")) - 1
    assert 1.6e9 < found["process_start_time_seconds"] < time.time() + 1
    assert found["process_max_fds"] >= found["process_open_fds"]
