"""The page of the figures, docs/performance.md: its tables are written from the recorded results.

A block of the page begins with `<!-- bench: NAME -->` and ends with `<!-- end -->`. What is between them is replaced by
the table of this name, by the machines and versions, or by the targets.
"""

import json
import re
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .events import CORE, CORRELATION, SERIES
from .harness import Row
from .manifests import APPLIED, COUNTED, LARGE, WAIT, parsed
from .targets import TARGETS, Target

HERE = Path(__file__).resolve().parent
RESULTS, PAGE = HERE / "results", HERE.parent / "docs" / "performance.md"
BLOCK = re.compile(r"(?P<begin><!-- bench: (?P<name>[\w ]+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL)
UNITS = {"us": " µs", "ms": " ms", "KB": " KB", "MB": " MB", "x": " ×", "count": "", "%": " %"}
NOTHING = "–"


@dataclass(frozen=True)
class Table:
    """A table of one suite.

    Attributes:
        suite: The suite.
        lines: What a line is: "case", "subject" or "metric".
        columns: The heading of each column, and the other two of case, subject and metric, in this order.
        references: Subjects; the first that was measured in the same case is what other subjects are compared with.
    """

    suite: str
    lines: str
    columns: dict[str, tuple[str, str]]
    references: tuple[str, ...] = ()

    def row(self, rows: Sequence[Row], line: str, column: tuple[str, str]) -> Row | None:
        """Return the row of a cell."""
        keys = dict(zip((key for key in KEYS if key != self.lines), column, strict=True)) | {self.lines: line}
        return next((row for row in rows if all(getattr(row, key) == value for key, value in keys.items())), None)

    def cases(self) -> set[str]:
        """Return the cases that the columns name, which are none where lines or subjects are cases."""
        return {case for case, _ in self.columns.values()} if self.lines == "subject" else set()

    def concerns(self, case: str) -> bool:
        """Return whether a case in which a subject is missing is not that of another table of the suite."""
        others = {case for table in TABLES.values() if table.suite == self.suite for case in table.cases()}
        return case in self.cases() or case not in others


DOCUMENTS = 200
KEYS = ("case", "subject", "metric")
PROTOBUF = ("client-go protobuf",)


def by_subject(suite: str, columns: dict[str, tuple[str, str]]) -> Table:
    return Table(suite, "subject", columns, PROTOBUF)


def cpu_of(*subjects: str) -> dict[str, tuple[str, str]]:
    """Return columns with the CPU of subjects, for tables whose lines are cases."""
    return {subject: (subject, "cpu") for subject in subjects}


TABLES = {
    "informer": by_subject(
        "informer",
        {
            "CPU per pod until synced": ("sync", "cpu"),
            "memory per pod": ("sync", "rss"),
            "CPU per event": ("watch", "cpu"),
            "memory per pod after the events": ("watch", "rss"),
        },
    ),
    "growth": Table(
        "growth",
        "case",
        {
            f"{name}: {heading}": (subject, metric)
            for name, subject in {"eager": "kubeloop", "lazy": "kubeloop lazy", "dynamic": "kubeloop dynamic"}.items()
            for heading, metric in {"CPU": "cpu", "memory": "rss"}.items()
        },
    ),
    "profile": Table(
        "profile",
        "metric",
        {
            name: ("sync of 50000 pods", subject)
            for name, subject in {"eager": "kubeloop", "lazy": "kubeloop lazy", "dynamic": "kubeloop dynamic"}.items()
        },
    ),
    "lag": Table(
        "lag",
        "case",
        {
            heading: ("kubeloop", metric)
            for heading, metric in {
                "CPU per pod": "cpu",
                "sync": "sync",
                "relist, unchanged": "relist, unchanged",
                "relist, changed": "relist, changed",
                "20,000 events": "burst",
            }.items()
        },
    ),
    "peaks": Table(
        "lag",
        "case",
        {
            heading: ("kubeloop", f"peak of {metric}")
            for heading, metric in {
                "sync": "sync",
                "relist, unchanged": "relist, unchanged",
                "relist, changed": "relist, changed",
                "20,000 events": "burst",
            }.items()
        },
    ),
    "queue": Table(
        "queue",
        "case",
        cpu_of("kubeloop", "client-go", "controller-runtime"),
        ("client-go", "controller-runtime"),
    ),
    "latency": by_subject(
        "latency",
        {
            heading: ("300 changes, 100 per second", metric)
            for heading, metric in {
                "p50": "p50",
                "p99": "p99",
                "of it the write, p50": "p50 of the write",
                "of it the write, p99": "p99 of the write",
                "CPU per event": "cpu",
            }.items()
        },
    ),
    "events": by_subject(
        "events",
        {
            heading: (case, metric)
            for heading, case, metric in (
                ("core v1: CPU", CORE, "cpu"),
                ("core v1: time", CORE, "wall"),
                ("correlation alone: CPU", CORRELATION, "cpu"),
                ("events.k8s.io/v1: CPU", SERIES, "cpu"),
                ("events.k8s.io/v1: time", SERIES, "wall"),
            )
        },
    ),
    "leases": Table(
        "leases",
        "case",
        {
            f"{name}: {heading}": (subject, metric)
            for heading, metric in {
                "lost": "lost",
                "CPU per renewal": "cpu",
                "CPU": "cpu share",
                "memory": "rss",
                "renewal, p50": "p50",
                "p99": "p99",
                "longest": "max",
            }.items()
            for name, subject in {"kubeloop": "kubeloop", "client-go": PROTOBUF[0]}.items()
        },
    ),
    "manifests": Table(
        "manifests",
        "subject",
        {
            "CPU": (APPLIED, "cpu"),
            "CPU of the whole process": (APPLIED, "whole"),
            "time": (APPLIED, "wall"),
            "requests": (COUNTED, "requests"),
            "peak of memory": (APPLIED, "peak"),
        },
        ("kubeloop",),
    ),
    "parsing": Table(
        "manifests",
        "subject",
        {
            f"{name}, {count:,} documents": (parsed(count), metric)
            for count in (DOCUMENTS, DOCUMENTS * LARGE)
            for name, metric in {"CPU": "cpu", "memory": "rss"}.items()
        },
        ("kubeloop",),
    ),
    "waiting": Table(
        "manifests",
        "subject",
        {
            "event → return, p50": (WAIT, "p50"),
            "p99": (WAIT, "p99"),
            "write → return, p50": (WAIT, "p50 from the write"),
            "p99 of it": (WAIT, "p99 from the write"),
            "CPU": (WAIT, "cpu"),
        },
        ("kubeloop",),
    ),
    "decode": by_subject(
        "decode",
        {
            "CPU per pod, 1,000": ("1000 pods", "cpu"),
            "10,000": ("10000 pods", "cpu"),
            "50,000": ("50000 pods", "cpu"),
            "memory per pod, 10,000": ("10000 pods", "rss"),
            "full collection, 10,000": ("10000 pods", "gc pause"),
        },
    ),
    "request": by_subject(
        "request",
        {
            f"{scheme.upper()}, {at_once} at once": (f"GET {scheme}, {at_once} at once", "cpu")
            for scheme in ("http", "https")
            for at_once in (1, 50)
        },
    ),
    "start": by_subject(
        "start", {"CPU": ("start → first listed pod", "cpu"), "time": ("start → first listed pod", "wall")}
    ),
    "import": Table("import", "case", cpu_of("kubeloop", "lightkube", "kubernetes", "kubernetes_asyncio", "kr8s")),
    "streams": Table(
        "streams",
        "metric",
        {
            subject: ("200 watches, 50 requests at once", subject)
            for subject in ("kubeloop", "client-go protobuf h2", "client-go json h2", "client-go json http/1.1")
        },
    ),
    "server": Table(
        "server",
        "case",
        cpu_of("kubeloop", "kubeloop (in memory)", "kubeloop (TLS)", "kube-apiserver + etcd"),
        ("kube-apiserver + etcd",),
    ),
}


@dataclass(frozen=True)
class Results:
    """The recorded results of one suite."""

    date: str
    machine: dict[str, str]
    versions: dict[str, str]
    rows: list[Row]
    missing: list[tuple[str, str, str]]


def results_of(suite: str) -> Results:
    """Return the recorded results of a suite, which are empty if there are none."""
    file = RESULTS / f"{suite}.json"
    if not file.exists():
        return Results("", {}, {}, [], [])
    document = json.loads(file.read_text(encoding="utf-8"))
    missing = [(case, subject, why) for case, subject, why in document.get("missing", [])]
    rows = [*map(Row.stored, document["rows"])]
    return Results(document["date"], document["machine"], document["versions"], rows, missing)


def rendered(page: str) -> str:
    """Return the page with the current text of each block.

    Raises:
        KeyError: The page has a block that does not exist.
    """

    def block(found: re.Match[str]) -> str:
        return f"{found['begin']}\n{_block(found['name'])}\n\n{found['end']}"

    return BLOCK.sub(block, page)


def _block(name: str) -> str:
    if name == "targets":
        return targets()
    if name == "machines":
        return machines()
    table = TABLES[name]
    results = results_of(table.suite)
    text = markdown(table, results.rows)
    absent: dict[str, list[str]] = {}
    for case, subject, why in results.missing:
        if table.concerns(case):
            absent.setdefault(why, []).append(subject)
    reasons = "; ".join(f"{', '.join(dict.fromkeys(names))}: {why}" for why, names in absent.items())
    return f"{text}\n\nNot measured: {reasons}." if reasons else text


def markdown(table: Table, rows: Sequence[Row]) -> str:
    """Return a table in Markdown. In parentheses is the ratio to the reference: below 1, it takes less."""
    shown = [
        row for row in rows if any(table.row([row], getattr(row, table.lines), key) for key in table.columns.values())
    ]
    lines = [("", *table.columns)]
    names = dict.fromkeys(getattr(row, table.lines) for row in shown)
    for line in sorted(names, key=lambda name: table.lines == "subject" and not name.startswith("kubeloop")):
        cells = (_cell(table, rows, table.row(rows, line, column)) for column in table.columns.values())
        lines.append((_with_separators(line), *cells))
    return _pipes(lines)


def _cell(table: Table, rows: Sequence[Row], row: Row | None) -> str:
    if row is None:
        return NOTHING
    text = figure(row.median) + UNITS[row.unit]
    if row.subject in table.references:
        return text
    others = [other for other in rows if (other.case, other.metric) == (row.case, row.metric)]
    reference = next((other for name in table.references for other in others if other.subject == name), None)
    return f"{text} ({figure(ratio(row, reference))} ×)" if reference and reference.median else text


def ratio(row: Row, reference: Row) -> float:
    """Return the median of the ratios of the rounds."""
    return statistics.median(row.beside(reference, lambda a, b: a / b))


def figure(value: float) -> str:
    """Return a number with up to three digits that count."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _with_separators(text: str) -> str:
    return re.sub(r"\b\d{4,}\b", lambda number: f"{int(number[0]):,}", text)


def targets() -> str:
    """Return the targets with what was measured, and below them what bounds those that were missed."""
    lines = [("suite", "target", "at most", "measured", "")]
    missed = []
    for target in TARGETS:
        value = target.measured(results_of(target.suite).rows)
        if value is None:
            lines.append((target.suite, target.name, target.text(target.limit), NOTHING, "not measured"))
            continue
        is_met = value <= target.limit
        excess = f" by {(value / target.limit - 1) * 100:.0f} %" if target.limit else ""
        verdict = "met" if is_met else f"missed{excess}"
        lines.append((target.suite, target.name, target.text(target.limit), target.text(value), verdict))
        missed += [] if is_met else [target]
    return "\n\n".join((_pipes(lines), *([_missed(missed)] if missed else [])))


def _missed(missed: Iterable[Target]) -> str:
    """Return what bounds the targets that were missed, each reason once, with the names of its targets."""
    names: dict[str, list[str]] = {}
    for target in missed:
        names.setdefault(target.bound, []).append(target.name)
    return "\n".join(f"- **{'; '.join(found)}**: {bound}" for bound, found in names.items())


def machines() -> str:
    """Return when, on which machine and with which versions each suite was measured."""
    suites: dict[str, list[str]] = {}
    for suite in dict.fromkeys(table.suite for table in TABLES.values()):
        results = results_of(suite)
        machine = results.machine
        if not machine:
            continue
        measured = " ".join(row.subject for row in results.rows)
        peers = dict.fromkeys(
            text for name, text in results.versions.items() if name.split()[0] in measured and name != "kubeloop"
        )
        text = "; ".join((f"{machine['cpu']}, {machine['memory']}", f"CPython {machine['python']}", *peers))
        suites.setdefault(text, []).append(f"`{suite}` ({results.date})")
    return "\n".join(f"- {', '.join(names)}: {text}." for text, names in suites.items())


def _pipes(lines: Sequence[tuple[str, ...]]) -> str:
    head, *rest = (f"| {' | '.join(line)} |" for line in lines)
    return "\n".join((head, "|" + "---|" * len(lines[0]), *rest))
