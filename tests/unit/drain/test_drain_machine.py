"""The states of the pods that leave a node, without a server or a clock."""

from __future__ import annotations

import pytest

from kubeloop import errors
from kubeloop.drain.drain_machine import DrainMachine
from kubeloop.drain.drain_settings import DrainSettings
from kubeloop.drain.eviction_outcome import MAX_FAULTS, RETRY_PAUSE
from tests.support.drained import pod_on

SETTINGS = DrainSettings()


def machine(*names: str, settings: DrainSettings = SETTINGS) -> DrainMachine:
    return DrainMachine("n1", [pod_on(name) for name in names], settings)


def outcomes(found: DrainMachine) -> dict[str, str]:
    return {each.name: each.outcome for each in found.results}


def test_each_pod_is_attempted_once_and_then_awaited() -> None:
    states = machine("a", "b")
    assert states.next_attempt == 0.0
    taken = [states.take(1.0), states.take(1.0)]
    assert [pod.metadata.name for pod in taken if pod is not None] == ["a", "b"]
    assert states.take(1.0) is None
    assert states.next_attempt is None
    states.attempted("uid-a", None, 2.0)
    assert (states.next_attempt, states.is_finished) == (None, False)
    assert repr(states) == "<DrainMachine of n1: 2 pods left, 1 terminating>"
    states.deleted("uid-a")
    states.deleted("uid-a")
    assert outcomes(states) == {"a": "evicted"}
    assert [step.action for step in states.take_steps()] == ["evicting", "evicting", "evicted"]
    assert states.take_steps() == []


def test_a_pod_that_is_refused_is_due_after_the_pause() -> None:
    states = machine("a")
    states.take(1.0)
    states.attempted("uid-a", errors.TooManyRequests(errors.StatusDetails(code=429, message="no")), 2.0)
    assert states.next_attempt == 2.0 + RETRY_PAUSE
    assert states.take(2.0 + RETRY_PAUSE - 0.1) is None
    assert states.take(2.0 + RETRY_PAUSE) is not None


def test_faults_are_counted_in_a_row() -> None:
    states = machine("a")
    now = 0.0
    lost, busy = errors.ConnectionLost("cut"), errors.TooManyRequests(errors.StatusDetails(code=429, message="no"))
    for error in [*[lost] * MAX_FAULTS, busy, *[lost] * MAX_FAULTS]:
        assert states.take(now) is not None
        states.attempted("uid-a", error, now)
        now += RETRY_PAUSE
    assert not states.is_finished
    states.take(now)
    states.attempted("uid-a", lost, now)
    assert outcomes(states) == {"a": "failed"}


def test_the_end_of_an_attempt_for_a_deleted_pod_changes_nothing() -> None:
    states = machine("a")
    states.take(0.0)
    states.deleted("uid-a")
    states.attempted("uid-a", errors.ConnectionLost("cut"), 1.0)
    assert (outcomes(states), states.next_attempt) == ({"a": "evicted"}, None)


def test_events_of_other_pods_are_ignored() -> None:
    states = machine("a")
    states.observed(pod_on("b"))
    states.deleted("uid-b")
    assert (states.is_finished, states.results) == (False, [])


def test_a_list_shows_what_was_deleted() -> None:
    states = machine("a", "b", "c")
    states.replaced({"uid-b"})
    assert outcomes(states) == {"a": "evicted", "c": "evicted"}


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (SETTINGS, 'error when evicting pods/"a" -n "default": over'),
        (DrainSettings(uses_eviction=False), 'error when deleting pods/"a" -n "default": over'),
    ],
)
def test_the_end_tells_what_each_pod_was_waiting_for(settings: DrainSettings, text: str) -> None:
    states = machine("a", "b", settings=settings)
    states.take(0.0)
    states.take(0.0)
    states.attempted("uid-b", None, 1.0)
    states.end_all("timed out", "over")
    assert {each.name: each.message for each in states.results} == {
        "a": text,
        "b": 'error when waiting for pod "b" in namespace "default" to terminate: over',
    }
    assert states.is_finished


def test_only_pods_that_were_evicted_are_skipped() -> None:
    settings = DrainSettings(skip_wait_for_delete_timeout=10)
    deleted = {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}
    states = DrainMachine("n1", [pod_on("a", **deleted), pod_on("b", **deleted)], settings)
    assert states.next_skip is None
    states.take(0.0)
    states.attempted("uid-a", None, 1.0)
    assert states.next_skip is not None
    states.skip_overdue(states.next_skip - 1)
    assert states.results == []
    states.skip_overdue(states.next_skip)
    assert outcomes(states) == {"a": "skipped"}
