"""The suite `lag`: how long an informer holds the event loop, and how much memory it needs while it works."""

from . import workload
from .harness import Bench, Row
from .informers import lists
from .replay import DATA

EVENTS = {50_000: 0, 100_000: 20_000}  # pods → events after new lists; without events, there are no new lists either
MODES = ("eager", "lazy", "dynamic")
WAYS = ("LIST", "WatchList")
ROUNDS = 2  # a round takes minutes
UNITS = {
    "cpu": "us",
    "sync": "ms",
    "relist, unchanged": "ms",
    "relist, changed": "ms",
    "burst": "ms",
    "peak of sync": "x",
    "peak of relist, unchanged": "x",
    "peak of relist, changed": "x",
    "peak of burst": "x",
}


def lag(bench: Bench) -> list[Row]:
    """Sync an informer, let it list again, and send it 20,000 events: the longest steps of the loop, and peaks.

    A step is measured in CPU time of its thread. Peaks of memory are relative to the memory after the sync. Pods are
    read in one LIST or as the beginning of a watch (WatchList). Only kubeloop has an event loop to hold.
    """
    workload.ensure(DATA, 1000)
    subjects = bench.named("kubeloop")
    rows = []
    with lists() as host:
        for size, events in EVENTS.items():
            for mode in MODES:
                for way in WAYS:
                    arguments = "lag", host, mode, way, str(size), str(events)
                    rows += bench.measure(
                        f"{size} pods, {mode}, {way}",
                        subjects,
                        lambda subject, arguments=arguments: subject.command(*arguments),
                        metrics=lambda result: {name: result[name] for name in UNITS if name in result},
                        units=UNITS,
                        samples=min(bench.samples, ROUNDS),
                    )
    return rows
