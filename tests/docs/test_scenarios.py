"""The tables of scenarios name tests that exist, and nearly every scenario has one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.markdown import ROOT
from tests.support.markdown_tables import tables
from tests.support.named_tests import fault_of

FOLDER = ROOT / "tests" / "scenarios"
PAGES = sorted(page for page in FOLDER.glob("*.md") if page.name != "README.md")
COLUMNS = ("Scenario", "Tests", "Reason if there is none")
MOST_WITHOUT_A_TEST = 0.1
CODE = re.compile(r"`([^`]*)`")


def faults(text: str, root: Path = ROOT) -> list[str]:
    """Return what is wrong with a page of scenarios, one line per fault; all its tables count as one."""
    found = tables(text)
    wrong = [f"expected the columns {COLUMNS}, got {table.columns}" for table in found if table.columns != COLUMNS]
    rows = [row for table in found if table.columns == COLUMNS for row in table.rows]
    if not rows:
        return [*wrong, "expected a table with rows, got none"]
    seen: dict[str, int] = {}
    without_test = 0
    for row in rows:
        if len(row.cells) != len(COLUMNS):
            wrong.append(f"line {row.line}: expected {len(COLUMNS)} cells, got {len(row.cells)}")
            continue
        scenario, tests, reason = row.cells
        wrong += [f"line {row.line}: {fault}" for fault in _row_faults(scenario, tests, reason, root)]
        key = " ".join(scenario.lower().split())
        if first := seen.get(key):
            wrong.append(f"line {row.line}: the scenario of line {first} again: {scenario}")
        seen.setdefault(key, row.line)
        without_test += not tests
    if without_test > len(rows) * MOST_WITHOUT_A_TEST:
        wrong.append(f"expected a test in at least 90 % of {len(rows)} rows, got {without_test} rows without a test")
    return wrong


def _row_faults(scenario: str, tests: str, reason: str, root: Path) -> list[str]:
    if not scenario:
        return ["expected a scenario, got an empty cell"]
    if not tests:
        return [] if reason else [f"expected a test or a reason, got neither: {scenario}"]
    names = CODE.findall(tests)
    wrong = [fault for name in names if (fault := fault_of(name, root))]
    if not names or CODE.sub("", tests).strip(" ,"):
        wrong.append(f"expected names of tests in backquotes, got {tests}")
    if reason:
        wrong.append(f"expected no reason beside a test, got {reason}")
    return wrong


def test_the_client_side_of_client_go_has_its_tables() -> None:
    assert {"certificate", "clientcmd", "exec", "informers", "oidc", "rest", "transport"} <= {
        page.stem for page in PAGES
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_scenario_has_a_test_or_a_reason(page: Path) -> None:
    assert faults(page.read_text(encoding="utf-8")) == []


THIS = "`tests/docs/test_scenarios.py::test_each_scenario_has_a_test_or_a_reason`"


def page_of(*rows: str, columns: Sequence[str] = COLUMNS) -> str:
    return "\n".join(["# A page", "", f"| {' | '.join(columns)} |", "|---|---|---|", *rows, ""])


def test_accepts_rows_with_tests_in_backquotes() -> None:
    assert faults(page_of(f"| One | {THIS} | |", f"| Two | {THIS}, {THIS} | |")) == []


@pytest.mark.parametrize(("row", "fault"), [
    ("| A | | |", "line 5: expected a test or a reason, got neither: A"),
    ("| | | not in Python |", "line 5: expected a scenario, got an empty cell"),
    ("| A | `tests/docs/test_nowhere.py::test_a` | |",
     "line 5: the file does not exist: tests/docs/test_nowhere.py::test_a"),
    ("| A | `tests/docs/test_scenarios.py::test_a` | |",
     "line 5: the file has no such test: tests/docs/test_scenarios.py::test_a"),
    ("| A | `tests/docs/test_scenarios.py::faults` | |",
     "line 5: the file has no such test: tests/docs/test_scenarios.py::faults"),
    ("| A | `tests/docs/test_scenarios.py` | |", "line 5: expected tests/folder/file.py::name or "
     "tests/folder/file.py::Class::name, got tests/docs/test_scenarios.py"),
    ("| A | `src/kubeloop/errors.py::APIError` | |", "line 5: expected tests/folder/file.py::name or "
     "tests/folder/file.py::Class::name, got src/kubeloop/errors.py::APIError"),
    ("| A | see the other one | |", "line 5: expected names of tests in backquotes, got see the other one"),
    (f"| A | {THIS} and more | |", f"line 5: expected names of tests in backquotes, got {THIS} and more"),
    (f"| A | {THIS} | not in Python |", "line 5: expected no reason beside a test, got not in Python"),
    (f"| A | {THIS} |", "line 5: expected 3 cells, got 2"),
])  # fmt: skip
def test_refuses_a_row(row: str, fault: str) -> None:
    assert fault in faults(page_of(row))


def test_refuses_a_scenario_that_is_listed_twice() -> None:
    text = page_of(f"| An  expired token | {THIS} | |", f"| an expired Token | {THIS} | |")
    assert faults(text) == ["line 6: the scenario of line 5 again: an expired Token"]


@pytest.mark.parametrize(("reasons", "is_accepted"), [(1, True), (2, False)])
def test_refuses_more_than_a_tenth_of_rows_without_a_test(reasons: int, is_accepted: bool) -> None:
    tested = [f"| Tested {number} | {THIS} | |" for number in range(10 - reasons)]
    untested = [f"| Untested {number} | | not in Python |" for number in range(reasons)]
    fault = "expected a test in at least 90 % of 10 rows, got 2 rows without a test"
    assert faults(page_of(*tested, *untested)) == ([] if is_accepted else [fault])


def test_counts_the_rows_of_all_tables_of_a_page() -> None:
    tested = [f"| Tested {number} | {THIS} | |" for number in range(9)]
    assert faults(page_of("| Untested | | not in Python |") + page_of(*tested)) == []


def test_refuses_other_columns() -> None:
    wrong = faults(page_of(f"| A | {THIS} | |", columns=("Case", "Tests", "Reason if there is none")))
    assert wrong == [
        f"expected the columns {COLUMNS}, got ('Case', 'Tests', 'Reason if there is none')",
        "expected a table with rows, got none",
    ]


@pytest.mark.parametrize("text", ["# A page\n", page_of(), f"```\n{page_of(f'| A | {THIS} | |')}```\n"])
def test_refuses_a_page_without_rows(text: str) -> None:
    assert faults(text) == ["expected a table with rows, got none"]


def test_a_vertical_bar_in_a_cell_is_escaped() -> None:
    assert tables(page_of(r"| `a \| b` | c | |"))[0].rows[0].cells == ("`a | b`", "c", "")


@pytest.mark.parametrize(("name", "is_test"), [
    ("test_plain", True),
    ("test_async", True),
    ("TestQueue::test_method", True),
    ("TestMachine", True),
    ("test_method", False),
    ("test_inner", False),
    ("TestQueue", False),
    ("Queue::test_method", False),
    ("helper", False),
])  # fmt: skip
def test_finds_functions_methods_and_classes_of_hypothesis(name: str, is_test: bool, tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_queue.py").write_text("""
raise AssertionError("the file is parsed, not imported")
def test_plain():
    def test_inner(): ...
async def test_async(): ...
def helper(): ...
class TestQueue:
    def test_method(self): ...
class Queue:
    def test_method(self): ...
TestMachine = Machine.TestCase
""")
    assert (fault_of(f"tests/test_queue.py::{name}", tmp_path) is None) is is_test
