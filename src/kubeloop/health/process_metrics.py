"""The metrics of a process that Prometheus' clients have: CPU time, memory, open files and the time of its start.

Reference: Prometheus, "Writing client libraries", section "Process metrics".
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
    """Return the metrics of this process. Without `/proc`, as on macOS and Windows, this is only the CPU time.

    Args:
        proc: The folder in which the kernel shows processes.
    """
    return (
        _family(
            "cpu_seconds_total", "Seconds of CPU time, of the program and the kernel.", time.process_time(), "counter"
        ),
        *_known(_memory_and_start(proc)),
        *_known(_files(proc)),
    )


def _known(families: Iterator[MetricFamily]) -> Iterator[MetricFamily]:
    """Yield families until a file cannot be read, or has another form than expected."""
    try:
        yield from families
    except (OSError, ValueError, IndexError):
        return


def _memory_and_start(proc: Path) -> Iterator[MetricFamily]:
    # The name of the program is in parentheses, and may contain spaces and parentheses itself.
    fields = (proc / "self/stat").read_bytes().rpartition(b")")[2].split()
    yield _family("virtual_memory_bytes", "Bytes of virtual memory.", int(fields[20]))
    yield _family("resident_memory_bytes", "Bytes of resident memory.", int(fields[21]) * os.sysconf("SC_PAGE_SIZE"))
    after_boot = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    boot = _number_after(b"btime", (proc / "stat").read_bytes())
    yield _family("start_time_seconds", "The start of the process, in seconds since 1970.", boot + after_boot)


def _files(proc: Path) -> Iterator[MetricFamily]:
    # One of them is the folder that is being read.
    yield _family("open_fds", "Open file descriptors.", len(os.listdir(proc / "self/fd")) - 1)
    yield _family(
        "max_fds",
        "The largest number of open file descriptors.",
        _number_after(b"Max open files", (proc / "self/limits").read_bytes()),
    )


def _number_after(name: bytes, lines: bytes) -> int:
    """Return the first number of the line that begins with a name."""
    for line in lines.splitlines():
        if line.startswith(name):
            return int(line.removeprefix(name).split()[0])
    raise ValueError(f"expected a line that begins with {name.decode()}")


def _family(name: str, text: str, value: float, kind: Literal["counter", "gauge"] = "gauge") -> MetricFamily:
    full = f"process_{name}"
    return MetricFamily(full, text, kind, (Sample(full, (), float(value)),))
