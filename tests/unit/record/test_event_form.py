"""What is sent is what client-go sends: its patches are differences of two objects."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kubeloop.record import Occurrence
from kubeloop.record.event_form import CoreForm, EventsV1Form
from kubeloop.record.recorded_event import RecordedEvent
from kubeloop.testing import fake
from kubeloop.wire.patches.merge_rules import rules_for
from kubeloop.wire.patches.strategic_diff import two_way_patch
from tests.support.occurrences import EPOCH, occurrence

EVENTS = EventsV1Form(fake.Clientset(), "tester", "tester-1", Random(1))
CORE = CoreForm(fake.Clientset(), "tester", "n1", Random(1))


def recorded(said: Occurrence, count: int, seconds: float) -> RecordedEvent:
    return RecordedEvent("web.1", said, EPOCH, EPOCH + timedelta(seconds=seconds), count)


def difference(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    rules = rules_for(new["apiVersion"], "Event")
    assert rules is not None
    return two_way_patch(old, new, rules)


@given(st.integers(2, 1000), st.floats(0, 1e6), st.text(max_size=9))
def test_the_patch_of_a_series_is_the_difference_to_the_event_without_it(count: int, seconds: float, text: str) -> None:
    event = recorded(occurrence(note=text, annotations={"a": text}), count, seconds)
    new = EVENTS.object_of(event).to_dict()
    old = {name: value for name, value in new.items() if name != "series"}
    assert EVENTS.patch_of(event) == difference(old, new)


@given(st.integers(2, 1000), st.floats(0, 1e6), st.sampled_from(["", "no", "(combined) x"]))
def test_the_patch_of_a_count_is_the_difference_to_an_event_without_it(count: int, seconds: float, text: str) -> None:
    event = recorded(occurrence(note=text), count, seconds)
    new = CORE.object_of(event).to_dict()
    if not text:
        del new["message"]  # Go omits empty fields
    old = {**new, "count": 0, "lastTimestamp": "1970-01-01T00:00:00Z"}
    old.pop("message", None)
    assert CORE.patch_of(event) == difference(old, new)


def test_a_single_event_has_no_series_and_a_recreated_one_has() -> None:
    assert EVENTS.object_of(recorded(occurrence(), 1, 0)).series is None
    series = EVENTS.object_of(recorded(occurrence(), 7, 5)).series
    assert series is not None
    assert (series.count, series.last_observed_time) == (7, EPOCH + timedelta(seconds=5))


def test_a_recreated_core_event_has_its_count_and_both_times() -> None:
    event = CORE.object_of(recorded(occurrence(), 7, 5))
    assert (event.count, event.first_timestamp, event.last_timestamp) == (7, EPOCH, EPOCH + timedelta(seconds=5))


def test_all_pauses_of_events_k8s_io_are_10_to_12_and_a_half_seconds() -> None:
    pauses = [EVENTS.pause(failures) for failures in range(1, 500)]
    assert 10 <= min(pauses) < 10.1
    assert 12.4 < max(pauses) <= 12.5


def test_the_first_pause_of_core_is_random_and_the_others_are_10_seconds() -> None:
    first = [CORE.pause(1) for _ in range(500)]
    assert 0 <= min(first) < 0.1
    assert 9.9 < max(first) < 10
    assert {CORE.pause(failures) for failures in range(2, 12)} == {10.0}
