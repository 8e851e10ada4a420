"""How it is measured: one fresh process a sample, subjects taken in turn, medians with their range.

The measured process has one core to itself, servers have the other. CPU is user + system time. A sample carries the
count and checksum of what it worked on; subjects that disagree on them fail the run instead of winning it.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from .subjects import Missing, Subject

CORES = sorted(os.sched_getaffinity(0))
CLIENT_CORE, SERVER_CORE = CORES[-1], CORES[0]
TIMEOUT = 900

UNITS = {"cpu": "us", "wall": "us", "rss": "KB", "gc pause": "ms"}


@dataclass(frozen=True)
class Row:
    """The median of one metric of one subject in one case."""

    case: str
    subject: str
    metric: str
    unit: str
    median: float
    min: float
    max: float
    n: int


def pinned(core: int, command: Sequence[str]) -> list[str]:
    """The command, on one core."""
    return ["taskset", "-c", str(core), *command]


def sample(subject: Subject, command: Sequence[str]) -> dict:
    """Run one sample: what it printed, and `process cpu` and `process wall` of the whole process, in seconds."""
    environment = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONDONTWRITEBYTECODE", "KUBECONFIG")
    }
    environment |= dict(subject.environment)
    read, write = os.pipe()
    started = time.perf_counter()
    process = subprocess.Popen(
        pinned(CLIENT_CORE, command), stdout=write, stderr=subprocess.PIPE, env=environment, text=True
    )
    os.close(write)
    with os.fdopen(read) as output:
        text = output.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    errors = process.stderr.read()
    process.stderr.close()
    if process.returncode:
        raise Missing(f"{subject.name}: exit status {process.returncode}: {errors.strip()[-400:]}")
    result = json.loads(text.splitlines()[-1]) if text.strip() else {}
    return result | {"process cpu": usage.ru_utime + usage.ru_stime, "process wall": wall}


def progress(text: str) -> None:
    """Say what runs now, on one line; without a terminal, nothing."""
    if sys.stderr.isatty():
        print(f"\r{text:<100}\r", end="", file=sys.stderr, flush=True)


def measure(
    case: str,
    subjects: Iterable[Subject],
    command: Callable[[Subject], Sequence[str]],
    *,
    samples: int,
    metrics: Callable[[dict], dict[str, float]] = lambda result: {
        name: result[name] for name in UNITS if name in result
    },
    missing: dict[tuple[str, str], str],
    units: dict[str, str] = UNITS,
) -> list[Row]:
    """Measure a case: `samples` rounds, one process of each subject a round. Who fails goes to `missing`."""
    found: dict[str, list[dict[str, float]]] = {}
    truths: dict[str, str] = {}
    subjects = list(subjects)
    for number in range(samples):
        for subject in subjects:
            if (case, subject.name) in missing:
                continue
            progress(f"{case}: round {number + 1}/{samples}, {subject.name}")
            try:
                result = sample(subject, command(subject))
            except Missing as error:
                missing[case, subject.name] = str(error)
                continue
            truths[subject.name] = result.get("sum", "")
            found.setdefault(subject.name, []).append(metrics(result))
    progress("")
    if len(set(truths.values())) > 1:
        raise AssertionError(f"{case}: the subjects do not agree on what they saw: {truths}")
    rows = []
    for name, results in found.items():
        for metric in results[0]:
            values = [result[metric] for result in results]
            rows.append(
                Row(case, name, metric, units[metric], statistics.median(values), min(values), max(values), len(values))
            )
    return rows


def show(title: str, rows: Sequence[Row], missing: dict[tuple[str, str], str]) -> None:
    """Print a table for each case and metric; the ratio is kubeloop's median over that line's."""
    print(f"\n{title}")
    for case in dict.fromkeys(row.case for row in rows):
        for metric in dict.fromkeys(row.metric for row in rows if row.case == case):
            lines = [row for row in rows if (row.case, row.metric) == (case, metric)]
            ours = {row.subject: row.median for row in lines}
            print(f"\n  {case}: {metric} [{lines[0].unit}]")
            for row in lines:
                reference = ours.get("kubeloop (gc off)" if row.subject.endswith("(gc off)") else "kubeloop")
                ratio = f"{reference / row.median:6.2f}x" if reference is not None and row.median else ""
                spread = f"({row.min:.4g}–{row.max:.4g})"
                print(f"    {row.subject:<30}{row.median:>10.4g} {spread:<22}{ratio}")
    for (case, name), why in missing.items():
        print(f"    {case}: {name}: not run: {why}")


def write(path: Path, machine: dict[str, str], versions: dict[str, str], rows: Sequence[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {"machine": machine, "versions": versions, "rows": [asdict(row) for row in rows]}
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
