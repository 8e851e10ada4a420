"""The targets of the suites: what is to be reached, and what bounds it where it is not."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .harness import Row

Measured = Callable[[Sequence[Row]], float | None]


@dataclass(frozen=True)
class Target:
    """A limit for one figure of a suite, and what bounds the figure and would lift it, if it is above the limit."""

    suite: str
    name: str
    limit: float
    measured: Measured
    bound: str
    unit: str = "×"

    def text(self, value: float) -> str:
        return f"{value:.3g} {self.unit}"


def against(case: str, metric: str, ours: str, theirs: str) -> Measured:
    """Measure the ratio of two subjects: the median of the ratios of the rounds."""

    def measured(rows: Sequence[Row]) -> float | None:
        found = {row.subject: row for row in rows if (row.case, row.metric) == (case, metric)}
        if ours not in found or theirs not in found:
            return None
        return statistics.median(found[ours].beside(found[theirs], lambda a, b: a / b))

    return measured


def largest(*metrics: str, cases: str = "") -> Measured:
    """Measure the largest median of metrics, in the cases whose names begin with a text."""

    def measured(rows: Sequence[Row]) -> float | None:
        return max((row.median for row in rows if row.metric in metrics and row.case.startswith(cases)), default=None)

    return measured


def spread(subject: str, metric: str) -> Measured:
    """Measure how much more the most expensive size takes per object than the cheapest. CPU is the least of the rounds."""

    def measured(rows: Sequence[Row]) -> float | None:
        values = [min(row.values) for row in rows if (row.subject, row.metric) == (subject, metric)]
        return max(values) / min(values) if values else None

    return measured


def ways(cases: str) -> Measured:
    """Measure how much more CPU a WatchList takes than a LIST, in the mode for which it is the most."""

    def measured(rows: Sequence[Row]) -> float | None:
        cpu = {row.case: row for row in rows if row.metric == "cpu" and row.case.startswith(cases)}
        found = [
            statistics.median(row.beside(cpu[case.replace("WatchList", "LIST")], lambda a, b: a / b))
            for case, row in cpu.items()
            if case.endswith("WatchList")
        ]
        return max(found, default=None)

    return measured


DECODING = (
    "two thirds of the CPU are the decoding of JSON into objects, which msgspec does at the speed at which memory is "
    "allocated; Protobuf has a third fewer bytes and no field names to look up. A decoder of our own in C that shares "
    "equal values (images, labels, conditions) would lift it"
)
INFORMER = "informer"
PROTOBUF = "client-go protobuf"

TARGETS = (
    Target(INFORMER, "eager beside protobuf: CPU until synced", 0.9, against("sync", "cpu", "kubeloop", PROTOBUF), DECODING),
    Target(INFORMER, "eager beside protobuf: CPU per event", 0.9, against("watch", "cpu", "kubeloop", PROTOBUF), DECODING),
    Target(INFORMER, "eager beside protobuf: memory", 1.0, against("sync", "rss", "kubeloop", PROTOBUF), ""),
    Target(INFORMER, "lazy beside protobuf: CPU until synced", 0.65, against("sync", "cpu", "kubeloop lazy", PROTOBUF), ""),
    Target(INFORMER, "lazy beside protobuf: CPU per event", 0.65, against("watch", "cpu", "kubeloop lazy", PROTOBUF), ""),
    Target(INFORMER, "lazy beside protobuf: memory", 0.6, against("sync", "rss", "kubeloop lazy", PROTOBUF), ""),
    Target(INFORMER, "dynamic beside client-go's: CPU until synced", 0.15, against("sync", "cpu", "kubeloop dynamic", "client-go dynamic"), ""),
    Target(INFORMER, "dynamic beside client-go's: CPU per event", 0.15, against("watch", "cpu", "kubeloop dynamic", "client-go dynamic"), ""),
    Target(INFORMER, "dynamic beside client-go's: memory", 0.15, against("sync", "rss", "kubeloop dynamic", "client-go dynamic"), ""),
)
