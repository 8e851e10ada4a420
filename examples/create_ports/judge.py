"""The judge of the demo: compares the pods, the ledger, the stores of the informers, and the events with each other."""

from collections import Counter
from dataclasses import dataclass, field

import kubeloop
from kubeloop.models import core_v1, events_v1

from .ledger import COUNT, PORTS


@dataclass
class Verdict:
    """The result of the comparison; `faults` is empty if everything agrees."""

    live: int = 0
    asking: int = 0
    booked: int = 0
    faults: dict[str, list[str]] = field(default_factory=dict[str, list[str]])


CHECKS = {
    "served": "each existing pod has the ports that it requests",
    "freed": "no deleted pod holds a port",
    "agree": "ledger = annotations",
    "double": "no port is booked twice",
    "store": "the informer's store of each replica = a fresh LIST",
}


def judge(pods: core_v1.PodList, ledger: dict[str, str], stores: dict[str, dict[str, str]]) -> Verdict:
    """Compare the state of the server with itself and with the stores of the replicas."""
    verdict = Verdict(live=len(pods.items), booked=len(ledger), faults={check: [] for check in CHECKS})
    faults = verdict.faults
    owners = {f"{kubeloop.object_key(pod)}/{pod.metadata.uid}": pod for pod in pods.items}
    by_owner: dict[str, set[str]] = {}
    for port, owner in ledger.items():
        by_owner.setdefault(owner, set()).add(port)
        if owner not in owners:
            faults["freed"].append(f"{port} is held by {owner}")

    shown: Counter[str] = Counter()
    for owner, pod in owners.items():
        wanted = int(pod.metadata.annotations.get(COUNT, "0"))
        ports = [port for port in pod.metadata.annotations.get(PORTS, "").split(",") if port]
        verdict.asking += wanted > 0
        shown.update(ports)
        if len(ports) != wanted:
            faults["served"].append(f"{kubeloop.object_key(pod)} wants {wanted}, has {len(ports)}")
        if set(ports) != by_owner.get(owner, set()):
            faults["agree"].append(f"{kubeloop.object_key(pod)}: {ports} against {sorted(by_owner.get(owner, ()))}")
    faults["double"] = [f"{port} is in {times} annotations" for port, times in shown.items() if times > 1]

    listed = {kubeloop.object_key(pod): pod.metadata.resource_version for pod in pods.items}
    for replica, store in stores.items():
        different = [name for name in sorted(listed.keys() | store.keys()) if listed.get(name) != store.get(name)]
        faults["store"] += [f"{replica}: {name}" for name in different]
    return verdict


@dataclass
class EventTotals:
    """The events of the controller on the server.

    Attributes:
        objects: The number of events.
        series: The number of events that were recorded more than once.
        writes: The most requests that the recorders can have needed: an event is created, becomes a series at its
            second occurrence, and has its last count written at the end of its recorder.
    """

    objects: int = 0
    series: int = 0
    writes: int = 0


def count_events(events: list[events_v1.Event], controller: str) -> EventTotals:
    """Return the totals of the events that a controller has written."""
    totals = EventTotals()
    for event in events:
        if event.reporting_controller == controller:
            count = event.series.count if event.series else 1
            totals.objects += 1
            totals.series += count > 1
            totals.writes += min(count, 3)
    return totals
