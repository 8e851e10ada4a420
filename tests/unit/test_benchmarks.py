"""The benchmarks: how samples become rows, rows become tables, and targets are judged."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from bench import lag_server, progress, report, workload
from bench.harness import Case, Row, measure
from bench.occurrences import core_writes, ensure_occurrences, occurrences, series_writes
from bench.report import Table, figure, markdown
from bench.subjects import Subject
from bench.targets import Target, against, largest, spread, ways


def row(subject: str, *values: float, case: str = "sync", metric: str = "cpu", unit: str = "us") -> Row:
    return Row(case, subject, metric, unit, values)


def test_a_stored_row_has_the_values_of_its_rounds() -> None:
    kept = row("kubeloop", 3.0, 1.0, 2.0)
    assert Row.stored(json.loads(json.dumps(kept.summary()))) == kept


def test_an_old_row_has_its_median_only() -> None:
    summary = {name: value for name, value in row("kubeloop", 3.0, 1.0, 2.0).summary().items() if name != "values"}
    assert Row.stored(summary).values == (2.0,)


def test_a_slow_subject_takes_part_in_the_first_round_only() -> None:
    def case(name: str) -> Case:
        return Case("sync", Subject(name, list), (sys.executable, "-c", "print('{\"cpu\": 1}')"))

    found = measure([case("quick"), case("slow")], samples=2, missing={}, once=("slow",))
    assert {row.subject: len(row.values) for row in found} == {"quick": 2, "slow": 1}


def test_a_cell_has_the_median_and_the_median_of_the_ratios_of_the_rounds() -> None:
    rows = [row("kubeloop", 10.0, 40.0, 30.0), row("client-go", 20.0, 20.0, 20.0)]
    table = Table("informer", "subject", {"CPU": ("sync", "cpu")}, ("client-go",))
    assert markdown(table, rows).splitlines()[2:] == ["| kubeloop | 30.0 µs (1.50 ×) |", "| client-go | 20.0 µs |"]


def test_a_table_has_a_dash_where_nothing_was_measured_and_no_other_lines() -> None:
    rows = [
        row("kubeloop", 10_000.0, case="10000 pods"),
        row("peer", 1.0, case="20000 pods"),
        row("x", 1.0, case="else"),
    ]
    table = Table("growth", "case", {"ours": ("kubeloop", "cpu"), "theirs": ("peer", "cpu")})
    assert markdown(table, rows).splitlines()[2:] == [
        "| 10,000 pods | 10,000 µs | – |",
        "| 20,000 pods | – | 1.00 µs |",
    ]


@pytest.mark.parametrize(("value", "text"), [(1234.5, "1,234"), (12.34, "12.3"), (1.234, "1.23"), (0.0, "0.00")])
def test_a_figure_has_up_to_three_digits(value: float, text: str) -> None:
    assert figure(value) == text


def test_a_target_beside_a_peer_is_the_median_of_the_ratios() -> None:
    rows = [row("kubeloop", 10.0, 40.0, 30.0), row("client-go", 20.0, 20.0, 20.0)]
    assert against("sync", "cpu", "kubeloop", "client-go")(rows) == 1.5
    assert against("watch", "cpu", "kubeloop", "client-go")(rows) is None


def test_the_largest_figure_of_the_cases_with_a_name() -> None:
    rows = [row("kubeloop", 1.0, case="50000 pods"), row("kubeloop", 2.0, 4.0, case="100000 pods")]
    assert largest("cpu")(rows) == 3.0
    assert largest("cpu", cases="50000")(rows) == 1.0
    assert largest("rss")(rows) is None


def test_the_largest_figure_of_one_subject() -> None:
    rows = [row("kubeloop", 1.0), row("client-go", 2.0)]
    assert largest("cpu", subject="kubeloop")(rows) == 1.0


def test_the_spread_compares_the_cheapest_rounds_of_the_sizes() -> None:
    rows = [row("kubeloop", 10.0, 30.0, case="10000 pods"), row("kubeloop", 12.0, 11.0, case="20000 pods")]
    assert spread("kubeloop", "cpu")(rows) == 1.1


def test_a_watch_list_is_compared_with_the_list_of_the_same_mode() -> None:
    rows = [
        *(
            row("kubeloop", value, case=f"100 pods, eager, {way}")
            for way, value in {"LIST": 10.0, "WatchList": 11.0}.items()
        ),
        *(
            row("kubeloop", value, case=f"100 pods, lazy, {way}")
            for way, value in {"LIST": 5.0, "WatchList": 6.0}.items()
        ),
    ]
    assert ways("100")(rows) == 1.2


def test_targets_are_met_missed_or_not_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"met": (2.0, "a reason"), "missed": (0.8, "a reason"), "missed, too": (0.5, "a reason")}
    found = [Target("queue", name, limit, largest("cpu"), bound) for name, (limit, bound) in names.items()]
    found.append(Target("queue", "absent", 1.0, largest("rss"), ""))
    summary = row("kubeloop", 1.0).summary()
    (tmp_path / "queue.json").write_text(json.dumps({"date": "", "machine": {}, "versions": {}, "rows": [summary]}))
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    monkeypatch.setattr(report, "TARGETS", found)

    assert report.targets().splitlines()[2:] == [
        "| queue | met | 2 × | 1 × | met |",
        "| queue | missed | 0.8 × | 1 × | missed by 25 % |",
        "| queue | missed, too | 0.5 × | 1 × | missed by 100 % |",
        "| queue | absent | 1 × | – | not measured |",
        "",
        "- **missed; missed, too**: a reason",
    ]


def test_a_target_of_zero_is_met_or_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row("kubeloop", 0.0, case="200", metric="lost"), row("kubeloop", 3.0, case="500", metric="lost")]
    summaries = [each.summary() for each in rows]
    (tmp_path / "leases.json").write_text(json.dumps({"date": "", "machine": {}, "versions": {}, "rows": summaries}))
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    found = [Target("leases", case, 0, largest("lost", cases=case), "a reason", "") for case in ("200", "500")]
    monkeypatch.setattr(report, "TARGETS", found)
    assert report.targets().splitlines()[2:4] == ["| leases | 200 | 0 | 0 | met |", "| leases | 500 | 0 | 3 | missed |"]


def test_the_recorded_occurrences_repeat_combine_and_exceed_the_spam_filter(tmp_path: Path) -> None:
    found = occurrences()
    assert json.loads(ensure_occurrences(tmp_path).read_text()) == [list(each) for each in found]
    assert (len(found), len({each.pod for each in found})) == (20_000, 2000)
    assert core_writes(found).text() == "6500 events, 17250 counted"
    assert series_writes(found).text() == "2000 events, 4000 counted"
    last: dict[int, int] = {}
    for number, each in enumerate(found):
        assert number - last.get(each.pod, -500) >= 500, "no event waits beside another one of its pod"
        last[each.pod] = number


def test_progress_shows_the_time_of_the_suite_and_of_its_step() -> None:
    now = 100.0
    shown = progress.Progress("leases", lambda: now)
    assert shown.line() == "bench: leases: 0 s"
    now = 165.0
    shown.begin_step("200 leases: round 1/1, kubeloop")
    now = 177.9
    assert shown.line() == "bench: leases: 1 min 17 s: 200 leases: round 1/1, kubeloop (for 12 s)"


def test_a_quick_suite_shows_no_progress() -> None:
    stream = io.StringIO()
    with progress.shown("queue", stream):
        progress.progress("a step")
    assert stream.getvalue() == ""


def test_a_program_that_logs_much_is_measured() -> None:
    program = "import sys; sys.stderr.write('x' * 1_000_000); print('{\"cpu\": 1}')"
    case = Case("sync", Subject("loud", list), (sys.executable, "-c", program))
    assert len(measure([case], samples=1, missing={})) == 1


def test_subjects_must_report_the_expected_sum() -> None:
    case = Case("sync", Subject("one", list), (sys.executable, "-c", 'print(\'{"cpu": 1, "sum": "a"}\')'))
    with pytest.raises(AssertionError, match="do not agree"):
        measure([case], samples=1, missing={}, expected="b")


@pytest.fixture
def pods(tmp_path: Path) -> Path:
    workload.ensure(tmp_path, 3)
    return tmp_path / "pods-3.json"


def test_the_lists_of_any_size_have_pods_with_names_and_versions_of_their_own(
    pods: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = lag_server.Handler.__new__(lag_server.Handler)
    monkeypatch.setattr(lag_server.Handler, "pods", lag_server.templates(str(pods)), raising=False)
    collection = lag_server.Collection()
    listed = json.loads(b"".join(handler.listed(7, collection)))
    assert len({item["metadata"]["name"] for item in listed["items"]}) == 7
    versions = [int(item["metadata"]["resourceVersion"]) for item in listed["items"]]
    assert versions == [*range(lag_server.FIRST_VERSION, lag_server.FIRST_VERSION + 7)]
    assert versions[-1] < int(listed["metadata"]["resourceVersion"])

    *events, end = map(json.loads, b"".join(handler.streamed(7, collection)).splitlines())
    assert [event["object"]["metadata"] for event in events] == [item["metadata"] for item in listed["items"]]
    assert end["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_the_empty_list_is_a_list(pods: Path) -> None:
    handler = lag_server.Handler.__new__(lag_server.Handler)
    assert json.loads(b"".join(handler.listed(0, lag_server.Collection())))["items"] == []


def test_a_collection_expires_with_and_without_changes() -> None:
    collection = lag_server.Collection()
    watch = lag_server.queue.SimpleQueue()
    collection.watches = [watch]
    collection.command("events", {"count": ["5"]})
    assert watch.get_nowait() == ("events", 5)
    collection.command("expire", {})
    assert watch.get_nowait() == ("expire", 0)
    assert collection.base == lag_server.FIRST_VERSION
    assert collection.watches == []

    listed = collection.version
    collection.watches = [watch]
    collection.command("expire", {"changed": ["1"]})
    assert collection.base == listed
    assert collection.version > listed


def test_the_metadata_of_the_workload_is_that_of_the_pods(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workload, "EVENTS", 30)
    workload.ensure(tmp_path, 20, watch=True)
    workload.ensure_metadata(tmp_path, 20)
    whole, parts = (json.loads((tmp_path / f"pods-20{name}.json").read_text())["items"] for name in ("", "-metadata"))
    partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
    assert parts == [{**partial, "metadata": item["metadata"]} for item in whole]
    whole, parts = (
        [json.loads(line) for line in (tmp_path / f"watch-20-30{name}.jsonl").read_text().splitlines()]
        for name in ("", "-metadata")
    )
    assert parts == [{**event, "object": {**partial, "metadata": event["object"]["metadata"]}} for event in whole]


def test_a_program_that_fails_is_missing_with_its_last_line_and_the_others_are_measured() -> None:
    def case(name: str, program: str) -> Case:
        return Case("sync", Subject(name, list), (sys.executable, "-c", program))

    missing: dict[tuple[str, str], str] = {}
    cases = [case("broken", "raise ValueError('no such mode')"), case("whole", "print('{\"cpu\": 1}')")]
    found = measure(cases, samples=1, missing=missing)
    assert [row.subject for row in found] == ["whole"]
    assert missing == {("sync", "broken"): "ValueError: no such mode"}


def test_the_page_says_why_subjects_were_not_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = [["sync", "lightkube", "no informer"], ["sync", "kr8s", "no informer"], ["watch", "kr8s", "no informer"]]
    document = {"date": "", "machine": {}, "versions": {}, "missing": missing, "rows": [row("kubeloop", 1.0).summary()]}
    (tmp_path / "informer.json").write_text(json.dumps(document))
    monkeypatch.setattr(report, "RESULTS", tmp_path)

    page = "before\n<!-- bench: informer -->\nold\n<!-- end -->\nafter"
    head, *table, last, empty, end, after = report.rendered(page).splitlines()[1:]
    assert (head, end, after, empty) == ("<!-- bench: informer -->", "<!-- end -->", "after", "")
    assert table[3] == "| kubeloop | 1.00 µs | – | – | – |"
    assert last == "Not measured: lightkube, kr8s: no informer."
