"""The suites `informer`, `growth` and `profile`: the costs of informers, beside peers, with more objects, by part."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from . import workload
from .harness import SERVER_CORE, Bench, Row, pinned
from .replay import DATA, replay
from .subjects import SLOW, Subject

MODES = {
    "kubeloop": {
        "kubeloop lazy": "lazy",
        "kubeloop lazy, all fields read": "lazy, read",
        "kubeloop dynamic": "dynamic",
        "kubeloop compressed": "compressed",
        "kubeloop, labels and node kept": "keep",
        "kubeloop metadata": "metadata",
    },
    "client-go json": {"client-go dynamic": "dynamic"},
    "client-go protobuf": {"client-go metadata": "metadata"},
}
"""The further informers of a subject, by name, with their modes."""
ONCE = {"sync": SLOW, "watch": (*SLOW, "client-go json", "client-go dynamic")}
"""The subjects that take part in one round only, because a sample takes a quarter of a minute or more."""
WITHOUT_INFORMERS = ("lightkube", "kr8s", "kubernetes_asyncio")


def in_modes(subjects: Sequence[Subject]) -> list[Subject]:
    """Return the subjects, and one more for each further kind of informer that they have."""
    return [
        *subjects,
        *(
            replace(subject, name=name, environment=(*subject.environment, ("BENCH_MODE", mode)))
            for subject in subjects
            for name, mode in MODES.get(subject.name, {}).items()
        ),
    ]


def informer(bench: Bench) -> list[Row]:
    """Run an informer with two indices and three handlers that read metadata: CPU per pod and event, and memory.

    Memory is per pod, beyond that of the same process without pods. Indices are by namespace and by node; metadata has
    no node, and the informers of kube-rs and of kubernetes have no indices.
    """
    size = max(size for size in bench.pods if size <= 10_000)
    for name in WITHOUT_INFORMERS:
        if bench.named(name):
            bench.missing["informer", name] = "no informer"
    subjects = in_modes([subject for subject in bench.subjects if subject.name not in WITHOUT_INFORMERS])
    with replay(size) as addresses:
        host = addresses["http"]
        empty = _empty(bench, subjects, host, "empty")
        subjects = [subject for subject in subjects if (subject.name, "rss") in empty]
        with (DATA / f"watch-{size}-{workload.EVENTS}.jsonl").open() as lines:
            events = sum(1 for line in lines if not line.startswith('{"type":"BOOKMARK"'))
        rows = []
        for case, once in ONCE.items():
            arguments = case, host, "full", str(size), str(events)
            rows += _beyond(empty, size, _informers(bench, case, subjects, arguments, once), "rss")
        return rows


SIZES = 10_000, 20_000, 50_000, 100_000


def growth(bench: Bench) -> list[Row]:
    """Sync informers of more and more pods: CPU and memory per pod, beyond those of an informer without pods."""
    workload.ensure(DATA, 1000)
    subjects = _in_three_modes(bench)
    rows = []
    with lists() as host:
        empty = _empty(bench, subjects, host, "0")
        for size in SIZES:
            arguments = "sync", host, str(size), str(size), "0"
            found = _informers(bench, f"{size} pods", subjects, arguments)
            rows += _beyond(empty, size, found, "cpu", "rss")
    return rows


PROFILED = 50_000
PARTS = ("decoding", "receiving", "indices", "store and queue", "handlers", "event loop and others")


def profile(bench: Bench) -> list[Row]:
    """Sync informers of 50,000 pods with two indices and three handlers: the share of each part in the CPU time."""
    workload.ensure(DATA, 1000)
    with lists() as host:
        return bench.measure(
            f"sync of {PROFILED} pods",
            _in_three_modes(bench),
            lambda subject: subject.command("profile", host, str(PROFILED), str(PROFILED)),
            metrics=lambda result: {part: result["parts"][part] for part in PARTS},
            units=dict.fromkeys(PARTS, "%"),
            samples=1,
        )


def _in_three_modes(bench: Bench) -> list[Subject]:
    names = "kubeloop", "kubeloop lazy", "kubeloop dynamic"
    return [subject for subject in in_modes(bench.named("kubeloop")) if subject.name in names]


def _informers(
    bench: Bench, case: str, subjects: Sequence[Subject], arguments: Sequence[str], once: Sequence[str] = ()
) -> list[Row]:
    return bench.measure(
        case,
        subjects,
        lambda subject: subject.command("informer", *arguments),
        metrics=lambda result: {"cpu": result["cpu"], "rss": result["rss total"]},
        once=once,
    )


def _empty(bench: Bench, subjects: Sequence[Subject], host: str, collection: str) -> dict[tuple[str, str], float]:
    """Return what an informer without pods takes, by subject and metric."""
    rows = _informers(bench, "empty", subjects, ("sync", host, collection, "0", "0"))
    return {(row.subject, row.metric): row.median for row in rows}


def _beyond(empty: dict[tuple[str, str], float], size: int, rows: Sequence[Row], *metrics: str) -> list[Row]:
    """Return rows whose metrics are per pod, and without what an informer without pods takes."""

    def beyond(row: Row) -> Row:
        base = empty[row.subject, row.metric]
        # CPU is per pod already.
        return row.map(lambda value: value - base / size if row.metric == "cpu" else (value - base) / size)

    return [beyond(row) if row.metric in metrics else row for row in rows]


@contextmanager
def lists() -> Iterator[str]:
    """Run the server of lists of any size on the other core, and yield its address."""
    command = [sys.executable, "-m", "bench.lag_server", str(DATA / "pods-1000.json")]
    server = subprocess.Popen(pinned(SERVER_CORE, command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield server.stdout.readline().strip()
    finally:
        server.stdin.close()
        server.wait()
        server.stdout.close()
