"""What a run says: a line per minute, the slope of the memory, and a summary."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Figures", "hourly_growth", "line"]

Sample = tuple[float, int]
"""Seconds since the beginning, and the bytes of the process."""


def hourly_growth(samples: Sequence[Sample], *, after: float) -> float | None:
    """Return the slope of the line through the samples by least squares, in percent of their mean per hour.

    Args:
        samples: The samples.
        after: The seconds of which samples are left out.

    Returns:
        The growth; None for less than 5 minutes of samples.
    """
    kept = [(time, size) for time, size in samples if time >= after]
    if not kept or kept[-1][0] - kept[0][0] < 300:
        return None
    times, sizes = zip(*kept, strict=True)
    return statistics.linear_regression(times, sizes).slope * 3600 / statistics.fmean(sizes) * 100


def line(seconds: float, usage: dict[str, Any], disturbances: Counter[str], done: int) -> str:
    """Return the line of a minute."""
    return (
        f"[{seconds / 60:5.1f} min] RSS {usage['rss'] / 1e6:6.1f} MB  objects {usage['objects']:5}  "
        f"events {usage['events']:7}  sockets {usage['sockets']:3}  tasks {usage['tasks']:3}  "
        f"threads {usage['threads']}  relists {sum(usage['relists'].values()):5}  writes {done:6}  "
        f"disturbances {disturbances.total()}: {listed(disturbances)}"
    )


def listed(counts: Counter[str] | dict[str, int]) -> str:
    """Return counts as text."""
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"


@dataclass
class Figures:
    """The figures of a run.

    Attributes:
        seconds: The duration.
        samples: The memory over time.
        quiet: What the program used at each quiet point: after the first sync and at the end of each round.
        recoveries: The seconds that informers took to recover at the end of each round.
        closed: What the program used after its first closing and after its last one.
        usage: The last usage before the program was closed.
        writes: The number of writes by verb.
        disturbances: The number of disturbances by name.
        verdicts: The number of consistency checks by verdict.
        faults: What did not hold.
    """

    seconds: float = 0.0
    samples: list[Sample] = field(default_factory=list)
    quiet: list[dict[str, Any]] = field(default_factory=list)
    recoveries: list[float] = field(default_factory=list)
    closed: list[dict[str, Any]] = field(default_factory=list)
    usage: dict[str, Any] = field(default_factory=dict)
    writes: Counter[str] = field(default_factory=Counter[str])
    disturbances: Counter[str] = field(default_factory=Counter[str])
    verdicts: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def rows(self, after: float) -> dict[str, str]:
        """Return the summary as names and values."""
        growth = hourly_growth(self.samples, after=after)
        first, last = self.quiet[0], self.quiet[-1]
        rows = {
            "duration": f"{self.seconds / 60:.1f} min",
            "disturbances": listed(self.disturbances),
            "writes": listed(self.writes),
            "objects in stores": f"{last['objects']}",
            "events that handlers got": f"{self.usage['events']}",
            "lists after the first": listed(self.usage["relists"]),
            "recovered after": f"{', '.join(f'{seconds:.1f}' for seconds in self.recoveries)} s",
            "consistency checks": listed(self.verdicts),
            "RSS at quiet points": _megabytes(self.quiet),
            f"growth of RSS after {after / 60:.0f} min": "not measured"
            if growth is None
            else f"{growth:+.2f} % per hour",
        }
        for what in ("sockets", "tasks", "threads"):
            rows[f"{what} at first, at last"] = f"{first[what]}, {last[what]}"
            rows[f"{what} after closing, at first, at last"] = ", ".join(str(usage[what]) for usage in self.closed)
        rows["RSS after closing, at first, at last"] = _megabytes(self.closed)
        rows["faults"] = f"{len(self.faults)}"
        return rows

    def write(self, folder: Path, after: float) -> None:
        """Write the summary as `summary.md` and `summary.json`."""
        rows = self.rows(after)
        text = "".join(f"| {name} | {value} |\n" for name, value in rows.items())
        faults = "".join(f"\n    {fault.replace(chr(10), chr(10) + '    ')}\n" for fault in self.faults)
        (folder / "summary.md").write_text(f"| figure | value |\n|---|---|\n{text}{faults}", encoding="utf-8")
        data = {"rows": rows, "samples": self.samples, "quiet": self.quiet, "faults": self.faults}
        (folder / "summary.json").write_text(json.dumps(data, indent=1), encoding="utf-8")


def _megabytes(usages: Sequence[dict[str, Any]]) -> str:
    return ", ".join(f"{usage['rss'] / 1e6:.1f}" for usage in usages) + " MB"


def _percent(growth: float | None) -> str:
    return "not measured" if growth is None else f"{growth:+.2f} % per hour"
