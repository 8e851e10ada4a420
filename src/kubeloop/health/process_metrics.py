"""The metrics of a process that Prometheus' clients have: CPU time, memory, open files and the time of the start.

Reference: Prometheus, "Writing client libraries", process metrics.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

from kubeloop._kit.metric_family import MetricFamily, Sample

__all__ = ["process_families"]

_PROC: Final = Path("/proc")


def process_families(proc: Path = _PROC) -> tuple[MetricFamily, ...]:
    """Return the metrics of this process. Without `/proc`, as on macOS and Windows, only the CPU time is known.

    Args:
        proc: Where the kernel shows processes.
    """
    return tuple(_families(proc))


def _families(proc: Path) -> Iterator[MetricFamily]:
    yield _family("cpu_seconds_total", "Seconds of user and system CPU time.", time.process_time(), "counter")
    try:
        # The name of the program is in parentheses and may contain any character, parentheses too.
        fields = (proc / "self/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        lines = (proc / "stat").read_text(encoding="ascii").splitlines()
        booted = next(int(line.split()[1]) for line in lines if line.startswith("btime "))
        yield _family("start_time_seconds", "Start of the process, in seconds since 1970.", booted + started)
        yield _family("virtual_memory_bytes", "Bytes of virtual memory.", int(fields[20]))
        resident = int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
        yield _family("resident_memory_bytes", "Bytes of resident memory.", resident)
    except (OSError, ValueError, IndexError, StopIteration):
        return
    try:
        # One of them is the folder that is read.
        yield _family("open_fds", "Open file descriptors.", len(os.listdir(proc / "self/fd")) - 1)
        limits = (proc / "self/limits").read_text(encoding="ascii").splitlines()
        most = next(line for line in limits if line.startswith("Max open files")).split()[3]
        if most != "unlimited":
            yield _family("max_fds", "The largest number of open file descriptors.", int(most))
    except (OSError, ValueError, IndexError, StopIteration):
        return


def _family(name: str, text: str, value: float, kind: Literal["counter", "gauge"] = "gauge") -> MetricFamily:
    full = f"process_{name}"
    return MetricFamily(full, text, kind, (Sample(full, (), float(value)),))
