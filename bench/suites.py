"""What is measured. A suite takes subjects, runs its cases, and returns rows; each says what a number of it means."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from kubeloop.testing.controlplane.authority import Authority

from . import workload
from .harness import SERVER_CORE, Case, Row, measure, pinned
from .live import Live, live
from .queues import queue
from .server import server
from .subjects import WORK, Subject, go_binaries, run, say, with_collector_off

DATA = WORK / "data"
AUTHORITY = WORK / "tls" / "ca.crt"
PROCESS_UNITS = {"cpu": "ms", "wall": "ms"}
BARE, MSGSPEC, FLOOR = "bare", "msgspec alone", "floor: asyncio + ssl + msgspec + yaml"
CLIENTSET, CORE = "import + Clientset from a kubeconfig", "import core_v1"
REQUESTS = {1: 2000, 50: 10_000}  # at once → how many
SLOW = ("kubernetes", "kubernetes_asyncio", "kr8s")  # milliseconds per object: fewer objects are sufficient


@dataclass
class Bench:
    """One run: the subjects that were built, those that are missing, and the number of samples."""

    subjects: list[Subject]
    samples: int
    pods: list[int]
    missing: dict[tuple[str, str], str] = field(default_factory=dict)

    def everybody(self) -> list[Subject]:
        """Return all subjects; Python subjects also with the garbage collector off."""
        return [
            variant
            for subject in self.subjects
            for variant in (subject, *([with_collector_off(subject)] if subject.is_python else []))
        ]

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
        return measure(cases, samples=self.samples, missing=self.missing, **options)


def convert(*names: str) -> None:
    """Write the missing protobuf files."""
    suffix = {True: ".pbstream", False: ".pb"}
    wanted = [name for name in names if not (DATA / (name + suffix[name.startswith("watch-")])).exists()]
    if wanted:
        say(f"writing the protobuf files of {', '.join(wanted)}")
        run([str(go_binaries() / "convert"), str(DATA), *wanted])


@contextmanager
def replay(size: int, *, tls: bool = False) -> Iterator[dict[str, str]]:
    """Run the replay server on the other core, and yield its addresses."""
    workload.ensure_pod(DATA)
    workload.ensure(DATA, size, watch=True)
    convert("pod", f"pods-{size}", f"watch-{size}-{workload.EVENTS}")
    command = [str(go_binaries() / "replay"), str(DATA), str(size), str(workload.EVENTS)]
    if tls:
        command += certificate()
    server = subprocess.Popen(pinned(SERVER_CORE, command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield json.loads(server.stdout.readline())
    finally:
        server.stdin.close()
        server.wait()
        server.stdout.close()


def certificate() -> list[str]:
    """Return the files of a certificate for 127.0.0.1 and its key, signed by `AUTHORITY`."""
    if not AUTHORITY.exists():
        AUTHORITY.parent.mkdir(parents=True, exist_ok=True)
        authority = Authority(AUTHORITY.parent)
        authority.issue_server("server", ["127.0.0.1"])
    return [str(AUTHORITY.parent / "server.crt"), str(AUTHORITY.parent / "server.key")]


def decode(bench: Bench) -> list[Row]:
    """Decode a LIST of pods: CPU and memory per pod, and the pause of a full collection with all pods."""
    workload.ensure(DATA, 20)
    rows = []
    for size in bench.pods:
        workload.ensure(DATA, size)
        convert("pods-20", f"pods-{size}")
        case = f"{size} pods"
        slow = SLOW if size > 10_000 else ()
        subjects = bench.without(case, "minutes per sample at this size; see the smaller sizes", *slow)
        rows += bench.measure(
            case, subjects, lambda subject, size=size: subject.command("decode", str(DATA), str(size))
        )
    return rows + _decode_unclean(bench, rows)


UNCLEAN = {"nulls": ", everyday nulls in every item", "ill-typed": ", one ill-typed item in 1,000"}
UNCLEAN_SIZE = 10_000


def _decode_unclean(bench: Bench, clean: list[Row]) -> list[Row]:
    """Decode LISTs that do not fit the types: at most 1.5 times as long with nulls, and 2.6 times with ill-typed items.

    Only kubeloop is measured: its peers refuse the list, or do not check types.
    """
    rows = []
    case = f"{UNCLEAN_SIZE} pods"
    subjects = (
        [one for one in bench.everybody() if one.name.startswith("kubeloop")] if UNCLEAN_SIZE in bench.pods else []
    )
    for variant, text in UNCLEAN.items() if subjects else ():
        workload.ensure_variant(DATA, UNCLEAN_SIZE, variant)
        found = bench.measure(
            case + text,
            subjects,
            lambda subject, variant=variant: subject.command("decode", str(DATA), str(UNCLEAN_SIZE), variant),
        )
        base = {row.subject: row.median for row in clean if (row.case, row.metric) == (case, "cpu")}
        rows += found + [
            row.map(lambda cpu, of=base[row.subject]: cpu / of, metric="cpu against the clean list", unit="x")
            for row in found
            if row.metric == "cpu"
        ]
    return rows


def request(bench: Bench) -> list[Row]:
    """GET one pod of 8.6 KB as a typed object: the costs per request."""
    rows = []
    with replay(1000, tls=True) as addresses:
        for scheme, url in addresses.items():
            authority = [str(AUTHORITY)] if scheme == "https" else []
            for concurrency, count in REQUESTS.items():
                case = f"GET {scheme}, {concurrency} at once"
                arguments = (f"{url}/one", str(concurrency), *authority)
                rows += bench.measure(case, bench.everybody(), partial(_request, count, arguments))
                rows += _layers(bench, case, count, arguments)
    return rows


def _layers(bench: Bench, case: str, count: int, arguments: Sequence[str]) -> list[Row]:
    """Measure the parts of kubeloop's GET; the rest of the whole is the REST layer and the client."""
    rows = []
    subjects = [one for one in bench.everybody() if one.name.startswith("kubeloop")]
    url, *rest = arguments
    for part in ("transport", "decoding") if subjects else ():
        rows += bench.measure(
            f"{case}: {part} alone",
            subjects,
            lambda subject, part=part: subject.command("layer", part, url, str(count), *rest),
        )
    return rows


def _request(count: int, arguments: Sequence[str], subject: Subject) -> list[str]:
    url, *rest = arguments
    slow = subject.name.split(" ")[0] in ("lightkube", *SLOW)
    return subject.command("request", url, str(count // 10 if slow else count), *rest)


def start(bench: Bench) -> list[Row]:
    """Start a process, list the pods, and end the process at the first pod: the costs of the whole process."""
    with replay(1000) as addresses:
        return bench.measure(
            "start → first listed pod",
            bench.everybody(),
            lambda subject: subject.command("start", f"{addresses['http']}/one"),
            metrics=_process,
            units=PROCESS_UNITS,
        )


def import_(bench: Bench) -> list[Row]:
    """Import with cached byte code, in one Python process; `bare` is only Python, `floor` what every client imports."""
    kubeconfig = Path(tempfile.mkdtemp(prefix="bench-")) / "config"
    kubeconfig.write_text(KUBECONFIG)
    clientset = f"import kubeloop; kubeloop.Clientset(kubeloop.load_config({str(kubeconfig)!r}))"
    programs = {
        "kubeloop": {
            BARE: "",
            FLOOR: "import asyncio, ssl, msgspec, yaml",
            "import kubeloop": "import kubeloop",
            CLIENTSET: clientset,
            MSGSPEC: "import msgspec",
            CORE: "from kubeloop.models import core_v1",
        },
        "lightkube": {"import": "import lightkube; from lightkube.resources.core_v1 import Pod"},
        "kubernetes": {"import": "from kubernetes import client; client.CoreV1Api"},
        "kubernetes_asyncio": {"import": "from kubernetes_asyncio import client"},
        "kr8s": {"import": "import kr8s.asyncio"},
    }
    cases = []
    for subject in bench.subjects:
        python = sys.executable if subject.name == "kubeloop" else str(WORK / f"venv-{subject.name}/bin/python")
        for case, program in programs.get(subject.name, {}).items():
            cases += [
                Case(case, variant, (python, "-c", _collector(variant) + program))
                for variant in (subject, with_collector_off(subject))
            ]
    rows = bench.rounds(cases, metrics=_process, units=PROCESS_UNITS)
    kubeconfig.unlink()
    kubeconfig.parent.rmdir()
    return rows + _over(rows, "import kubeloop", BARE) + _over(rows, CLIENTSET, FLOOR) + _over(rows, CORE, MSGSPEC)


def _over(rows: list[Row], case: str, base: str) -> list[Row]:
    """Return the additional costs of one program over another, round by round."""
    bases = {row.subject: row for row in rows if (row.case, row.metric) == (base, "cpu")}
    found = [row for row in rows if (row.case, row.metric) == (case, "cpu")]
    return [
        replace(row, case=f"{case}, over {base}", values=row.beside(bases[row.subject], lambda a, b: a - b))
        for row in found
    ]


def informer(bench: Bench) -> list[Row]:
    """Run an informer with two indices and three handlers: CPU per pod and event; memory beyond an empty informer."""
    rows = []
    size = max(size for size in bench.pods if size <= 10_000)
    others = ("lightkube", *SLOW)
    with replay(size) as addresses:
        host = addresses["http"]
        empty: dict[str, float] = {}

        def emptiness(result: dict) -> dict[str, float]:
            return {"rss": result["rss total"]}

        subjects = in_modes(bench.without("sync", "has no informer that can hold this", *others))
        for row in bench.measure(
            "empty",
            subjects,
            lambda subject: subject.command("informer", "sync", host, "empty", "0", "0"),
            metrics=emptiness,
        ):
            empty[row.subject] = row.median
        events = sum(
            1
            for line in (DATA / f"watch-{size}-{workload.EVENTS}.jsonl").open()
            if not line.startswith('{"type":"BOOKMARK"')
        )
        for case in ("sync", "watch"):
            found = bench.measure(
                case,
                [subject for subject in subjects if subject.name in empty],
                lambda subject, case=case: subject.command("informer", case, host, "full", str(size), str(events)),
                metrics=lambda result: {"cpu": result["cpu"], "wall": result["wall"], "rss": result["rss total"]},
            )
            rows += [
                row.map(lambda rss, of=empty[row.subject]: (rss - of) / size) if row.metric == "rss" else row
                for row in found
            ]
    return rows


MODES = {
    "kubeloop": ("lazy", "lazy, read", "compressed", "dynamic"),
    "client-go json": ("dynamic",),
}
"""The further forms in which a subject holds objects: with handlers that read metadata, or each field (`read`)."""


def in_modes(subjects: Sequence[Subject]) -> list[Subject]:
    """Return the subjects, and one more for each further form in which they hold objects."""
    return [
        *subjects,
        *(
            replace(subject, name=f"{subject.name} {mode}", environment=(*subject.environment, ("BENCH_MODE", mode)))
            for subject in subjects
            for mode in MODES.get(subject.name, ())
        ),
    ]


WATCHES, CHANGES, RATE, AT_ONCE, ROUNDS = 200, 400, 100, 50, 40
PROTOCOLS = {"client-go json": ("h2", "http/1.1"), "client-go protobuf": ("h2",)}
STREAM_UNITS = {
    "client: cpu per watch opened": "us",
    "client: cpu per event": "us",
    "client: cpu per request": "us",
    "client: memory per watch": "KB",
    "connections with 200 watches": "count",
    "connections after requests": "count",
    "server: cpu per watch opened": "us",
    "server: cpu per event": "us",
    "server: cpu per request": "us",
    "server: live memory per watch": "KB",
    "wall per watch opened": "us",
    "latency p50": "ms",
    "latency p99": "ms",
}


def streams(bench: Bench) -> list[Row]:
    """Run 200 watches on a real API server over TLS, 100 events/s, then GETs at the same time; HTTP/1.1 and HTTP/2.

    A watch is open at its first event. The server's figures per event and request include the changes of the pods.
    """
    subjects = []
    for subject in bench.subjects:
        if subject.name == "kubeloop":
            subjects.append(replace(subject, command=partial(subject.command, "streams")))
        elif subject.name in PROTOCOLS:
            subjects += [
                replace(
                    subject, name=f"{subject.name} {protocol}", command=partial(subject.command, "streams", protocol)
                )
                for protocol in PROTOCOLS[subject.name]
            ]
        else:
            bench.missing["streams", subject.name] = "has one protocol, and is measured in `request`"
    with live(WATCHES) as (server, conductor):
        numbers = map(str, (WATCHES, CHANGES, RATE, AT_ONCE, ROUNDS))
        arguments = (*_server(server), conductor, *numbers)
        return bench.measure(
            f"{WATCHES} watches, {AT_ONCE} requests at once",
            subjects,
            lambda subject: subject.command(*arguments),
            metrics=_streams,
            units=STREAM_UNITS,
        )


def _speaking(subject: Subject, protocol: str) -> Callable[..., list[str]]:
    return lambda *arguments: subject.command("streams", protocol, *arguments)


def _server(server: Live) -> tuple[str, ...]:
    return server.plane.url, str(server.plane.ca_file), server.plane.token, server.namespace


def _streams(result: dict) -> dict[str, float]:
    before, opened, watched, requested = result["looks"]
    requests = AT_ONCE * ROUNDS
    values = (
        result["open"],
        result["event"],
        result["request"],
        result["memory"] / WATCHES / 1e3,
        opened["connections"],
        requested["connections"],
        (opened["cpu before"] - before["cpu after"]) / WATCHES * 1e6,
        (watched["cpu before"] - opened["cpu after"]) / CHANGES * 1e6,
        (requested["cpu before"] - watched["cpu after"]) / requests * 1e6,
        (opened["live"] - before["live"]) / WATCHES / 1e3,
        result["open wall"],
        result["p50"],
        result["p99"],
    )
    return dict(zip(STREAM_UNITS, values, strict=True))


LAG_SIZES = 10_000, 50_000, 100_000
LAG_UNITS = {"cpu": "us", "longest step": "ms", "peak / settled": "x"}


def lag(bench: Bench) -> list[Row]:
    """Sync an informer: the longest step of the event loop in CPU time, the CPU per pod, and the peak of memory.

    Lists are read in pages (LIST) or as the beginning of a watch (WatchList). Only kubeloop has an event loop to hold.
    """
    workload.ensure(DATA, 1000)
    rows = []
    subjects = [one for one in bench.everybody() if one.name.startswith("kubeloop")]
    with _lists() as host:
        for size in LAG_SIZES:
            for kind in ("typed", "dynamic"):
                for way in ("LIST", "WatchList"):
                    rows += bench.measure(
                        f"{size} pods, {kind}, {way}",
                        subjects,
                        lambda subject, size=size, kind=kind, way=way: subject.command(
                            "lag", host, kind, way, str(size)
                        ),
                        metrics=lambda result: {
                            "cpu": result["cpu"],
                            "longest step": result["longest"],
                            "peak / settled": result["peak"],
                        },
                        units=LAG_UNITS,
                    )
    return rows


@contextmanager
def _lists() -> Iterator[str]:
    """Run the server of `lag` on the other core, and yield its address."""
    command = [sys.executable, "-m", "bench.lag_server", str(DATA / "pods-1000.json")]
    server = subprocess.Popen(pinned(SERVER_CORE, command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield server.stdout.readline().strip()
    finally:
        server.stdin.close()
        server.wait()
        server.stdout.close()


def _collector(subject: Subject) -> str:
    """Return the statement with which a program of this subject begins."""
    return "import gc; gc.disable(); " if subject.name.endswith("(gc off)") else ""


def _process(result: dict) -> dict[str, float]:
    return {"cpu": result["process cpu"] * 1e3, "wall": result["process wall"] * 1e3}


KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: bench
clusters: [{name: bench, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: bench, user: {token: bench}}]
contexts: [{name: bench, context: {cluster: bench, user: bench}}]
"""

SUITES: dict[str, Callable[[Bench], list[Row]]] = {
    "decode": decode,
    "import": import_,
    "request": request,
    "start": start,
    "informer": informer,
    "lag": lag,
    "streams": streams,
    "queue": queue,
    "server": server,
}
