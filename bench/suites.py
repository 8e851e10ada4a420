"""What is measured. A suite takes subjects, runs its cases, and returns rows; each says what a number of it means."""

import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from . import workload
from .events import events
from .harness import Bench, Case, Row
from .informers import growth, informer, profile
from .lag import lag
from .latency import latency
from .leases import leases
from .manifests import manifests
from .queues import queue
from .replay import AUTHORITY, DATA, convert, replay
from .server import server
from .streams import streams
from .subjects import SLOW, WORK, Subject, with_collector_off

PROCESS_UNITS = {"cpu": "ms", "wall": "ms"}
BARE, MSGSPEC, FLOOR = "bare", "msgspec alone", "floor: asyncio + ssl + msgspec + yaml"
CLIENTSET, CORE = "import + Clientset from a kubeconfig", "import core_v1"
REQUESTS = {1: 2000, 50: 10_000}  # at once → how many


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
            case,
            subjects,
            lambda subject, size=size: subject.command("decode", str(DATA), str(size)),
            once=[variant.name for name in SLOW for variant in bench.everybody() if variant.name.startswith(name)],
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
    "growth": growth,
    "profile": profile,
    "lag": lag,
    "queue": queue,
    "latency": latency,
    "events": events,
    "leases": leases,
    "manifests": manifests,
    "streams": streams,
    "server": server,
}
