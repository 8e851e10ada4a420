"""The suite `manifests`: a file of documents is parsed and applied, and pods are waited for, beside peers."""

from dataclasses import replace

from .documents import PATTERN, ensure_documents, expected
from .harness import Bench, Row
from .replay import DATA
from .stage import stage
from .subjects import Subject

LARGE = 10  # times as many documents
DELAY, KUBECTL_DELAY = "0.3", "1.2"  # seconds until a watch is open
APPLIED, COUNTED, WAIT = "apply", "apply: requests", "wait"
UNITS = {"cpu": "us", "whole": "us", "wall": "us", "peak": "MB", "rss": "KB", "requests": "count"}
WAIT_UNITS = {
    **{f"{name}{mark}": "ms" for mark in ("", " from the write") for name in ("p50", "p99")},
    "cpu": "us",
}
SLOW = ("lightkube", "kr8s", "kubernetes", "kubesdk", "cloudcoil")  # to parse the large file: half a minute
WITHOUT_WAIT = ("kubernetes", "kubernetes, created", "kubesdk")


def parsed(documents: int) -> str:
    """Return the name of the case in which a file of so many documents is parsed."""
    return f"parse {documents} documents"


def manifests(bench: Bench) -> list[Row]:
    """Apply a file of 200 documents on a real API server over TLS: the costs per document. Parsing is measured apart.

    kr8s, kubesdk and cloudcoil cannot apply, and create. `whole` is the CPU of the whole process: its start, imports,
    parsing and applying. Discovery caches are empty. Then 100 pods become ready, one after the other: the time from the
    arrival of the event at a plain watch to the return of `wait`.
    """
    subjects = _with_variants(bench.subjects)
    count = bench.documents
    rows = _parse(bench, subjects, count, ()) + _parse(bench, subjects, count * LARGE, SLOW)
    file = str(ensure_documents(DATA, count))
    with stage() as commands:
        options = {"units": UNITS, "expected": expected(count)}
        rows += bench.measure(
            APPLIED,
            subjects,
            lambda subject: subject.command("apply", commands, file),
            metrics=lambda result: {name: result[name] for name in ("cpu", "whole", "wall", "peak") if name in result},
            **options,
        )
        rows += bench.measure(
            COUNTED,
            subjects,
            lambda subject: subject.command("apply", f"{commands}#counted", file),
            metrics=lambda result: {"requests": result["requests"]},
            samples=1,
            **options,
        )
        rows += _wait(bench, subjects, commands, str(max(count // 2, 1)))
    return rows


def _with_variants(subjects: list[Subject]) -> list[Subject]:
    """Return the subjects, and `kubernetes` again, which can apply and create."""
    created = [
        replace(subject, name="kubernetes, created", environment=(*subject.environment, ("BENCH_MODE", "create")))
        for subject in subjects
        if subject.name == "kubernetes"
    ]
    return [*subjects, *created]


def _parse(bench: Bench, subjects: list[Subject], count: int, once: tuple[str, ...]) -> list[Row]:
    case = parsed(count)
    files = [str(ensure_documents(DATA, each)) for each in (len(PATTERN), count)]
    able = []
    for subject in subjects:
        if subject.name == "kubectl":
            bench.missing[case, subject.name] = "parsing cannot be measured alone"
        elif subject.name != "kubernetes, created":
            able.append(subject)
    return bench.measure(
        case,
        able,
        lambda subject: subject.command("parse", *files),
        metrics=lambda result: {"cpu": result["cpu"], "rss": result["rss"]},
        units=UNITS,
        once=once,
        expected=expected(count),
    )


def _wait(bench: Bench, subjects: list[Subject], commands: str, count: str) -> list[Row]:
    able = []
    for subject in subjects:
        if subject.name in WITHOUT_WAIT:
            bench.missing[WAIT, subject.name] = "no wait for a condition"
        else:
            able.append(subject)
    return bench.measure(
        WAIT,
        able,
        lambda subject: subject.command("wait", commands, count, KUBECTL_DELAY if subject.name == "kubectl" else DELAY),
        metrics=lambda result: {name: result[name] for name in WAIT_UNITS},
        units=WAIT_UNITS,
    )
