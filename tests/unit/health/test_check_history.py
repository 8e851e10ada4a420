from __future__ import annotations

from logging import DEBUG, INFO, WARNING

import pytest

from kubeloop.health.check_history import CheckHistory


def record(history: CheckHistory, *results: tuple[float, str]) -> list[tuple[int, str]]:
    return [tuple(history.record("a", error, now)) for now, error in results]  # type: ignore[misc]


@pytest.mark.parametrize("may_fail_at_start", [True, False])
def test_the_begin_and_the_end_of_a_failure_are_news(may_fail_at_start: bool) -> None:
    history = CheckHistory(may_fail_at_start=may_fail_at_start)
    assert record(history, (0, ""), (10, "broken"), (20, "broken"), (35, "gone"), (40, ""), (50, "")) == [
        (DEBUG, "passes"),
        (WARNING, "fails: broken"),
        (DEBUG, "has failed for 10 s: broken"),
        (DEBUG, "has failed for 25 s: gone"),
        (INFO, "passes again, after 30 s"),
        (DEBUG, "passes"),
    ]


def test_a_failure_before_the_first_success_is_part_of_a_start() -> None:
    history = CheckHistory(may_fail_at_start=True)
    assert record(history, (0, "not synced"), (10, ""), (20, "broken")) == [
        (INFO, "does not pass yet: not synced"),
        (INFO, "passes again, after 10 s"),
        (WARNING, "fails: broken"),
    ]


def test_a_liveness_check_must_not_fail_at_the_start_either() -> None:
    assert record(CheckHistory(may_fail_at_start=False), (0, "broken")) == [(WARNING, "fails: broken")]


def test_checks_have_histories_of_their_own() -> None:
    history = CheckHistory(may_fail_at_start=False)
    history.record("a", "broken", 0)
    assert history.record("b", "broken", 1).level == WARNING
    assert history.record("b", "", 2).level == INFO
    assert history.record("a", "broken", 3).level == DEBUG
