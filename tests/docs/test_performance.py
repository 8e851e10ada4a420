"""The page of the figures shows the recorded results of each suite and each target."""

from __future__ import annotations

import pytest

from bench.report import BLOCK, PAGE, RESULTS, TABLES, rendered, results_of
from bench.targets import TARGETS, Target


def test_the_page_shows_the_recorded_results() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert rendered(text) == text, "make bench ARGS=--report writes the page"


def test_the_page_has_each_table_once() -> None:
    found = [block["name"] for block in BLOCK.finditer(PAGE.read_text(encoding="utf-8"))]
    assert sorted(found) == sorted([*TABLES, "machines", "targets"])


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: f"{target.suite}: {target.name}")
def test_each_target_is_measured_unless_its_subject_is_missing(target: Target) -> None:
    results = results_of(target.suite)
    assert target.measured(results.rows) is not None or any(name in target.name for _, name, _ in results.missing)


def test_each_suite_with_results_is_on_the_page() -> None:
    assert {path.stem for path in RESULTS.glob("*.json")} == {table.suite for table in TABLES.values()}
