"""The workload of the suite `events`: 20,000 occurrences about 2,000 pods, and what client-go's rules make of them.

Three groups of pods: for some, an event repeats; for others, similar events differ in their notes, so that they are
combined from the tenth on; the rest is so noisy that the spam filter drops what is beyond 25 events.

The occurrences of a pod are spread evenly, at least 500 others apart. So no occurrence waits in a queue beside another
one of the same event, with which kubeloop would combine it, and all subjects send the same requests. The run must end
within five minutes, after which the spam filter accepts one more event of each noisy pod.
"""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import NamedTuple

SEED = 20
SPAM_BURST, NOTES = 25, 10
FILE = "occurrences.json"


@dataclass(frozen=True)
class Group:
    """Pods with the same number of occurrences; `note` has the number of the occurrence, or not."""

    pods: int
    occurrences: int
    type: str
    reason: str
    action: str
    note: str


GROUPS = (
    Group(1250, 4, "Warning", "BackOff", "Restarting", "back-off restarting failed container main in pod {pod}"),
    Group(500, 12, "Normal", "Pulled", "Pulling", "pulled image registry.example/team/app:v{number} in {number} ms"),
    Group(250, 36, "Warning", "Unhealthy", "Probing", "readiness probe failed: HTTP status 503 of {pod}:8080/ready"),
)
PODS = sum(group.pods for group in GROUPS)
OCCURRENCES = sum(group.pods * group.occurrences for group in GROUPS)


class Occurrence(NamedTuple):
    """What is recorded about a pod, which has a number."""

    pod: int
    type: str
    reason: str
    action: str
    note: str


class Writes(NamedTuple):
    """What is written: the number of events, and the sum of their counts, which is the number of requests."""

    events: int
    counted: int

    def text(self) -> str:
        return f"{self.events} events, {self.counted} counted"


def occurrences() -> list[Occurrence]:
    """Return the occurrences in their order."""
    random = Random(SEED)
    found: list[tuple[float, Occurrence]] = []
    pod = 0
    for group in GROUPS:
        for _ in range(group.pods):
            start = random.random()
            for number in range(group.occurrences):
                note = group.note.format(pod=f"default/web-{pod}", number=number)
                at = (start + number) / group.occurrences
                found.append((at, Occurrence(pod, group.type, group.reason, group.action, note)))
            pod += 1
    found.sort()
    return [occurrence for _, occurrence in found]


def core_writes(found: list[Occurrence]) -> Writes:
    """Return what a recorder of core `v1` writes: each occurrence that the spam filter accepts."""
    seen, notes, names = Counter[int](), dict[int, set[str]](), set[tuple[int, str]]()
    counted = 0
    for each in found:
        seen[each.pod] += 1
        known = notes.setdefault(each.pod, set())
        known.add(each.note)
        if seen[each.pod] <= SPAM_BURST:
            counted += 1
            names.add((each.pod, each.note if len(known) < NOTES else "combined"))
    return Writes(len(names), counted)


def series_writes(found: list[Occurrence]) -> Writes:
    """Return what a recorder of events.k8s.io/v1 writes at once: the first occurrence, and that there is a second."""
    seen = Counter(each.pod for each in found)
    return Writes(len(seen), sum(min(count, 2) for count in seen.values()))


def ensure_occurrences(folder: Path) -> Path:
    """Write the occurrences as a JSON array of arrays, and return the path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    path.write_text(json.dumps(occurrences(), separators=(",", ":")))
    return path
