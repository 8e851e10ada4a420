"""Our results are client-go's, except for differences that a table names; see README.md.

Go is not needed: its results are recorded in `results/`.
"""

from __future__ import annotations

from functools import cache

import pytest

from .differences import INTENDED, Difference
from .judgement import Judged, canonical, judge, recorded
from .ours import RESULTS

SHOWN = 5


@cache
def judged(surface: str) -> list[Judged]:
    """Judge all cases of a surface, once for all tests."""
    return list(judge(surface, recorded(surface)))


@pytest.mark.parametrize("surface", sorted(RESULTS))
def test_results_are_those_of_client_go(surface: str) -> None:
    unexplained = [each for each in judged(surface) if not each.is_equal and not each.explained_by]

    shown = "\n".join(str(each) for each in unexplained[:SHOWN])
    assert not unexplained, f"{len(unexplained)} of {len(judged(surface))} cases differ; the first:\n{shown}"


@pytest.mark.parametrize("entry", INTENDED, ids=lambda entry: f"{entry.surface}: {entry.reason[:60]}")
def test_each_difference_names_a_case(entry: Difference) -> None:
    """A fixed or imagined fault must not stay in the tables: its entry would hide the same fault later."""
    assert any(entry in each.explained_by for each in judged(entry.surface)), f"remove this entry: {entry.reason}"


def test_enough_cases_are_recorded_on_every_surface() -> None:
    counts = {surface: len(judged(surface)) for surface in RESULTS}

    assert min(counts.values()) >= 100, counts
    assert sum(counts.values()) >= 3000, counts


def test_most_results_are_equal_on_every_surface() -> None:
    """A table that covers nearly everything would be useless."""
    for surface in RESULTS:
        equal = sum(each.is_equal for each in judged(surface))
        assert equal >= len(judged(surface)) // 2, surface


@pytest.mark.parametrize(("left", "right"), [(1, True), ("1", 1), (None, False), ([1], [True]), ({"a": 1}, {"a": "1"})])
def test_values_of_different_types_are_different(left: object, right: object) -> None:
    assert canonical(left) != canonical(right)


def test_numbers_are_compared_by_value() -> None:
    assert canonical({"a": [1.0]}) == canonical({"a": [1]})
