"""The targets of the suites: what is to be reached, and what bounds it where it is not."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .events import CORE, CORRELATION, SERIES
from .harness import Row
from .leases import COUNTS
from .manifests import APPLIED

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
        return f"{value:.3g} {self.unit}".rstrip()


def against(case: str, metric: str, ours: str, theirs: str) -> Measured:
    """Measure the ratio of two subjects: the median of the ratios of the rounds."""

    def measured(rows: Sequence[Row]) -> float | None:
        found = {row.subject: row for row in rows if (row.case, row.metric) == (case, metric)}
        if ours not in found or theirs not in found:
            return None
        return statistics.median(found[ours].beside(found[theirs], lambda a, b: a / b))

    return measured


def largest(*metrics: str, cases: str = "", subject: str = "") -> Measured:
    """Measure the largest median of metrics, in the cases whose names begin with a text; of one subject, or of all."""

    def measured(rows: Sequence[Row]) -> float | None:
        chosen = (row for row in rows if row.metric in metrics and row.case.startswith(cases))
        return max((row.median for row in chosen if subject in ("", row.subject)), default=None)

    return measured


def spread(subject: str, metric: str) -> Measured:
    """Measure how much more the most expensive size takes per object than the cheapest, in the best round of each."""

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
    "most of the CPU is the decoding of JSON into objects, and a fifth is receiving it; JSON is one and a half"
    " times as long as protobuf. A decoder in C that shares equal values between objects (images, labels, "
    "conditions) would create fewer objects."
)
OBJECTS = (
    "the objects alone take as much as in Go; the tables of the store and of the indices, and gaps of the "
    "allocator, are the rest. Sharing equal values between objects saved a third of the memory in a prototype,"
    " for a quarter more time."
)
TABLES = "the key of an object, and its entries in the tables of the store and of the indices, take most of it."
METADATA = (
    "decoded metadata and managed fields take more than the compressed rest of the object. Keeping only the key, uid, "
    "version and labels decoded would save half of it."
)
BYTES = (
    "an object keeps its JSON of 9 KB, and the keys and tables of the store take the rest. What Go takes depends on "
    "how full the pages of its heap are. Only compression would save more."
)
COMMON = (
    "less than half of the CPU is decoding; three tenths are receiving JSON, which is one and a half times as "
    "long as protobuf, and a tenth is cutting the value of an index out of it. Decoding from the buffer of the"
    " socket without a copy would save a tenth, and so would cutting the value out while the object is "
    "decoded."
)
DYNAMIC_COST = (
    "nearly half of the CPU is splitting and checking JSON, a quarter is receiving it, and a seventh is "
    "cutting the value of an index out of it. Decoding from the buffer of the socket without a copy would save"
    " a tenth."
)
STEPS = (
    "the longest step is a part of a list, or a collection of the garbage collector. Smaller parts cost more "
    "CPU in total."
)
PEAK = (
    "unchanged objects are recognized after the new list has been decoded, so that both lists are in memory "
    "for a moment. Comparing resource versions while the list arrives would save the second one."
)
FRAMES = (
    "each object of a WatchList is an event with a frame of its own. Decoding several frames at once would lift it."
)
WAKING = (
    "waking a task takes a turn of the event loop of asyncio, a Future and two callbacks, where Go passes the "
    "item on within its scheduler. An event loop in C, such as uvloop, would lift it."
)
QUEUE = "an item is looked up in two sets and a queue by Python code. A queue in C would lift it."
REQUEST = "almost all of the CPU is that of the requests, which Python code builds, sends and reads."
CONNECTIONS = (
    "elections that renew at the same moment use a connection of HTTP/1.1 each, where client-go sends all requests "
    "over one connection of HTTP/2."
)
APPLYING = (
    "more than half of the CPU is TLS and the system calls that send a document and receive its response. One request "
    "per document is what server-side apply needs."
)
GROWTH = "larger tables and more memory mean more misses of the caches of the processor."

PROTOBUF, DYNAMIC = "client-go protobuf", "client-go dynamic"
METRICS = {  # of the suite `informer`: name → case, metric
    "CPU until synced": ("sync", "cpu"),
    "CPU per event": ("watch", "cpu"),
    "memory": ("sync", "rss"),
}


def beside(ours: str, theirs: str, limits: dict[str, float], bounds: dict[str, str]) -> list[Target]:
    """Return the targets of an informer beside a peer."""
    return [
        Target("informer", f"{ours} / {theirs}: {name}", limit, against(*METRICS[name], ours, theirs), bounds[name])
        for name, limit in limits.items()
    ]


EAGER = {"CPU until synced": DECODING, "CPU per event": DECODING, "memory": OBJECTS}
LAZY = {"CPU until synced": COMMON, "CPU per event": COMMON, "memory": OBJECTS}
JSON = {"CPU until synced": DYNAMIC_COST, "CPU per event": DYNAMIC_COST, "memory": BYTES}

TARGETS = (
    *beside("kubeloop", PROTOBUF, {"CPU until synced": 0.9, "CPU per event": 0.9, "memory": 1.0}, EAGER),
    *beside("kubeloop lazy", PROTOBUF, {"CPU until synced": 0.65, "CPU per event": 0.65, "memory": 0.6}, LAZY),
    *beside("kubeloop compressed", PROTOBUF, {"memory": 0.16}, {"memory": METADATA}),
    *beside("kubeloop, labels and node kept", PROTOBUF, {"memory": 0.1}, {"memory": TABLES}),
    *beside("kubeloop dynamic", DYNAMIC, {"CPU until synced": 0.15, "CPU per event": 0.15, "memory": 0.15}, JSON),
    *(
        Target("growth", f"{subject}: {name} per pod, largest / smallest", 1.1, spread(subject, metric), GROWTH)
        for subject in ("kubeloop", "kubeloop lazy", "kubeloop dynamic")
        for name, metric in {"CPU": "cpu", "memory": "rss"}.items()
    ),
    *(
        Target("lag", f"longest step, 100,000 pods: {phase}", 20, largest(phase, cases="100000"), STEPS, "ms")
        for phase in ("sync", "relist, unchanged", "relist, changed", "burst")
    ),
    Target("lag", "peak of a sync of 50,000 pods / settled", 1.3, largest("peak of sync", cases="50000"), PEAK),
    Target("lag", "CPU of a WatchList / that of a LIST", 1.2, ways("100000"), FRAMES),
    *(
        Target("queue", f"{name} / client-go", limit, against(case, "cpu", "kubeloop", "client-go"), bound)
        for name, limit, case, bound in (
            ("add, get and done", 3.0, "plain queue: add, get and done, one item after the other", QUEUE),
            ("burst", 1.0, "plain queue: add all items, then get and done", QUEUE),
            ("waking a worker", 6.0, "plain queue: one worker waits for each item", WAKING),
        )
    ),
    *(
        Target("events", f"{case}: CPU / client-go protobuf", 3.0, against(case, "cpu", "kubeloop", PROTOBUF), REQUEST)
        for case in (CORE, SERIES, CORRELATION)
    ),
    *(
        Target(
            "leases",
            f"{count} leases: lost",
            0,
            largest("lost", cases=f"{count} ", subject="kubeloop"),
            CONNECTIONS,
            "",
        )
        for count in COUNTS
    ),
    Target(
        "leases",
        f"{COUNTS[0]} leases: CPU / client-go protobuf",
        3.0,
        against(f"{COUNTS[0]} leases", "cpu", "kubeloop", PROTOBUF),
        CONNECTIONS,
    ),
    *(
        Target("manifests", f"apply: CPU / {peer}", 0.5, against(APPLIED, "cpu", "kubeloop", peer), APPLYING)
        for peer in ("lightkube", "kr8s", "kubernetes", "kubesdk", "cloudcoil")
    ),
)
