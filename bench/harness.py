"""The procedure of a measurement: one fresh process per sample, subjects in turn, medians with their range.

The speed of a machine varies: within minutes, the same program can take one and a half times as long. So a ratio is the
median of the ratios of the rounds. In a round, each subject runs once, one shortly after the other.

The measured process has one core, and the servers have the other. CPU is user and system time. A sample contains the
count and checksum of its data. If these differ between subjects, the run fails.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from .progress import progress
from .subjects import Missing, Subject, with_collector_off

CORES = sorted(os.sched_getaffinity(0))
CLIENT_CORE, SERVER_CORE = CORES[-1], CORES[0]
TIMEOUT = 900

UNITS = {"cpu": "us", "wall": "us", "rss": "KB", "gc pause": "ms"}


@dataclass(frozen=True)
class Row:
    """One metric of one subject in one case, with a value per round."""

    case: str
    subject: str
    metric: str
    unit: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def map(self, change: Callable[[float], float], **renamed: str) -> "Row":
        """Return a row with changed values and, optionally, another name."""
        return replace(self, values=tuple(map(change, self.values)), **renamed)

    def beside(self, other: "Row", compare: Callable[[float, float], float]) -> tuple[float, ...]:
        """Return the results of comparing this row with another, round by round."""
        if len(self.values) != len(other.values):
            return (compare(self.median, other.median),)
        return tuple(map(compare, self.values, other.values))

    def summary(self) -> dict[str, str | float | int]:
        """Return the values of the row that are stored."""
        return {
            "case": self.case,
            "subject": self.subject,
            "metric": self.metric,
            "unit": self.unit,
            "median": self.median,
            "min": min(self.values),
            "max": max(self.values),
            "n": len(self.values),
            "values": [float(f"{value:.6g}") for value in self.values],
        }

    @classmethod
    def stored(cls, summary: dict) -> "Row":
        """Return the row of a summary; an old one has the median only."""
        values = tuple(summary.get("values", [summary["median"]]))
        return cls(summary["case"], summary["subject"], summary["metric"], summary["unit"], values)


def pinned(core: int, command: Sequence[str]) -> list[str]:
    """Return a command that runs on one core."""
    return ["taskset", "-c", str(core), *command]


def sample(subject: Subject, command: Sequence[str]) -> dict:
    """Run one sample and return its output, with `process cpu` and `process wall` of the process in seconds."""
    environment = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONDONTWRITEBYTECODE", "KUBECONFIG")
    }
    environment |= dict(subject.environment)
    started = time.perf_counter()
    # Files, because nothing reads from a pipe while `wait4` waits for the resources that the process used.
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(pinned(CLIENT_CORE, command), stdout=output, stderr=log, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        log.seek(0)
        text, errors = output.read(), log.read()
    if process.returncode:
        print(f"\n{errors.strip()[-2000:]}", file=sys.stderr)
        lines = errors.strip().splitlines() or [f"exit status {process.returncode}"]
        raise Missing(next((line for line in lines if line.startswith("panic:")), lines[-1]))
    result = json.loads(text.splitlines()[-1]) if text.strip() else {}
    return result | {"process cpu": usage.ru_utime + usage.ru_stime, "process wall": wall}


@dataclass(frozen=True)
class Case:
    """One measurement of one subject, and the command of its samples."""

    name: str
    subject: Subject
    command: Sequence[str]


def measure(
    cases: Sequence[Case],
    *,
    samples: int,
    metrics: Callable[[dict], dict[str, float]] = lambda result: {
        name: result[name] for name in UNITS if name in result
    },
    missing: dict[tuple[str, str], str],
    units: dict[str, str] = UNITS,
    once: Sequence[str] = (),
    expected: str = "",
) -> list[Row]:
    """Measure cases in `samples` rounds, with one process per case and round. Failed cases are added to `missing`.

    The subjects of `once`, which are many times slower than the others, take part in the first round only. All subjects
    must report the same sum: `expected`, if it is not empty.
    """
    found: dict[Case, list[dict[str, float]]] = {case: [] for case in cases}
    truths: dict[str, dict[str, str]] = {}
    for number in range(samples):
        # The order differs per round, so that not always the same subject runs after a process that filled the memory.
        in_turn = [case for case in cases if not (number and case.subject.name in once)]
        for case in random.Random(number).sample(in_turn, len(in_turn)):
            key = case.name, case.subject.name
            if key in missing:
                continue
            progress(f"{case.name}: round {number + 1}/{samples}, {case.subject.name}")
            try:
                result = sample(case.subject, case.command)
            except Missing as error:
                missing[key] = str(error)
                continue
            truths.setdefault(case.name, {})[case.subject.name] = result.get("sum", "")
            found[case].append(metrics(result))
    progress("")
    for name, sums in truths.items():
        if len(set(sums.values()) | ({expected} if expected else set())) > 1:
            raise AssertionError(f"{name}: the subjects do not agree on what they saw: {sums} {expected}")
    return [
        Row(case.name, case.subject.name, metric, units[metric], tuple(result[metric] for result in results))
        for case, results in found.items()
        for metric in (results[0] if results else ())
    ]


@dataclass
class Bench:
    """One run: the subjects that were built, those that are missing, and the sizes of the measurements.

    Attributes:
        subjects: The subjects.
        samples: The number of rounds.
        pods: The sizes of the LISTs.
        seconds: How long the suite `leases` holds its Leases.
        documents: How many documents the suite `manifests` applies.
        missing: Why a subject was not measured, by case and subject.
    """

    subjects: list[Subject]
    samples: int
    pods: list[int]
    seconds: int = 600
    documents: int = 200
    missing: dict[tuple[str, str], str] = field(default_factory=dict)

    def everybody(self) -> list[Subject]:
        """Return all subjects; Python subjects also with the garbage collector off."""
        return [
            variant
            for subject in self.subjects
            for variant in (subject, *([with_collector_off(subject)] if subject.is_python else []))
        ]

    def named(self, *names: str) -> list[Subject]:
        """Return the subjects with these names."""
        return [subject for subject in self.subjects if subject.name in names]

    def without(self, case: str, why: str, *names: str) -> list[Subject]:
        """Return all subjects except those that do not support the case, which are recorded as missing."""
        for subject in self.subjects:
            if subject.name in names:
                self.missing[case, subject.name] = why
        return [subject for subject in self.everybody() if subject.name.removesuffix(" (gc off)") not in names]

    def measure(self, case: str, subjects: list[Subject], command: Callable, **options) -> list[Row]:
        """Measure one case of several subjects."""
        return self.rounds([Case(case, subject, tuple(command(subject))) for subject in subjects], **options)

    def rounds(self, cases: list[Case], **options) -> list[Row]:
        return measure(cases, **{"samples": self.samples, "missing": self.missing} | options)


def show(title: str, rows: Sequence[Row], missing: dict[tuple[str, str], str]) -> None:
    """Print a table per case and metric. The ratio is kubeloop's value over the line's: the median of the rounds."""
    print(f"\n{title}")
    for case in dict.fromkeys(row.case for row in rows):
        for metric in dict.fromkeys(row.metric for row in rows if row.case == case):
            lines = [row for row in rows if (row.case, row.metric) == (case, metric)]
            ours = {row.subject: row for row in lines}
            print(f"\n  {case}: {metric} [{lines[0].unit}]")
            for row in lines:
                reference = ours.get("kubeloop (gc off)" if row.subject.endswith("(gc off)") else "kubeloop")
                compared = reference.beside(row, lambda a, b: a / b) if reference and min(row.values) > 0 else ()
                ratio = f"{statistics.median(compared):6.2f}x" if compared else ""
                spread = f"({min(row.values):.4g}–{max(row.values):.4g})"
                print(f"    {row.subject:<30}{row.median:>10.4g} {spread:<22}{ratio}")
    for (case, name), why in missing.items():
        print(f"    {case}: {name}: not run: {why}")


def write(path: Path, machine: dict[str, str], bench: Bench, rows: Sequence[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": machine,
        "versions": {subject.name: subject.versions for subject in bench.subjects},
        "missing": [[case, name, why] for (case, name), why in bench.missing.items()],
        "rows": [row.summary() for row in rows],
    }
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
