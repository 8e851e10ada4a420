"""The suite `queue`: kubeloop's queues beside client-go's work queue and controller-runtime's priority queue."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from .subjects import Subject, go_binaries

if TYPE_CHECKING:
    from .harness import Row
    from .suites import Bench

PEERS = {  # kind of queue → its peer in Go
    "plain": ("client-go", "client-go v0.37.0"),
    "priority": ("controller-runtime", "controller-runtime v0.25.1"),
}
CASES = {  # case → items, what happens
    "turns": (1_000_000, "add, get and done, one item after the other"),
    "burst": (1_000_000, "add all items, then get and done"),
    "wake-1": (100_000, "one worker waits for each item"),
    "wake-100": (1_000_000, "100 workers wait, and get an item each"),
}


def queue(bench: Bench) -> list[Row]:
    """Add, take and finish keys once each: the costs per item, beside client-go and controller-runtime.

    Half of the items of a priority queue have a low priority. kubeloop's has ageing, which controller-runtime lacks.
    """
    ours = [replace(subject, command=partial(subject.command, "queue")) for subject in bench.named("kubeloop")]
    with_go = any(subject.name.startswith("client-go") for subject in bench.subjects)
    runner = str(go_binaries() / "queue") if with_go else None
    rows = []
    for kind, (name, version) in PEERS.items():
        subjects = [*ours]
        if runner is not None:
            # One core, as Python has.
            subjects.append(Subject(name, partial(_command, runner), (("GOMAXPROCS", "1"),), version))
        for case, (items, description) in CASES.items():
            count = items if kind == "plain" else items // 4  # takes several times as long
            rows += bench.measure(
                f"{kind} queue: {description}",
                subjects,
                lambda subject, kind=kind, case=case, count=count: subject.command(kind, case, str(count)),
            )
    return rows


def _command(*parts: str) -> list[str]:
    return [*parts]
