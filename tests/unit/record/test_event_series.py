from __future__ import annotations

from collections import Counter
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop.record import Occurrence, reference_to
from kubeloop.record.event_series import EventSeries
from kubeloop.record.recorded_event import EventNames, RecordedEvent
from tests.support.occurrences import EPOCH, SECOND, occurrence, pod


def new_series() -> EventSeries:
    return EventSeries(EventNames(Random(1)))


def observe(series: EventSeries, said: Occurrence | None = None, *, at: float = 0.0) -> list[RecordedEvent]:
    return series.observe(said or occurrence(), at, EPOCH + at * SECOND)


def counts(events: list[RecordedEvent]) -> list[int]:
    return [event.count for event in events]


def test_the_first_occurrence_and_the_second_are_written_and_later_ones_are_counted() -> None:
    series = new_series()
    assert [counts(observe(series, at=at)) for at in range(5)] == [[1], [2], [], [], []]


def test_a_series_has_the_name_and_the_times_of_its_occurrences() -> None:
    series = new_series()
    (first,), (second,) = observe(series), observe(series, at=3)
    assert first.name == second.name
    assert (second.first_time, second.last_time) == (EPOCH, EPOCH + 3 * SECOND)
    observe(series, at=9)
    (third,) = series.unwritten()
    assert (third.name, third.count, third.last_time) == (first.name, 3, EPOCH + 9 * SECOND)


def test_the_note_and_the_annotations_are_those_of_the_first() -> None:
    series = new_series()
    observe(series, occurrence(note="one", annotations={"a": "b"}))
    (second,) = observe(series, occurrence(note="two"))
    assert (second.occurrence.note, second.occurrence.annotations) == ("one", {"a": "b"})


@pytest.mark.parametrize(
    "other",
    [
        occurrence(type="Normal"),
        occurrence(reason="Other"),
        occurrence(action="Other"),
        occurrence(related=reference_to(pod())),
        occurrence(reference_to(pod(), "spec")),
        occurrence(pod("other")),
        occurrence(pod(uid="u2")),
    ],
    ids=["type", "reason", "action", "related", "field path", "name", "uid"],
)
def test_other_occurrences_are_other_events(other: Occurrence) -> None:
    series = new_series()
    observe(series)
    assert counts(observe(series, other)) == [1]


@pytest.mark.parametrize("path", ["", "spec"])
def test_the_version_of_the_object_and_of_the_related_one_do_not_count(path: str) -> None:
    series = new_series()
    first, second = (
        occurrence(pod(version=version), related=reference_to(pod("b", version=version), path)) for version in "12"
    )
    assert counts(observe(series, first) + observe(series, second)) == [1, 2]


def test_related_objects_distinguish_events_by_their_field_paths_too() -> None:
    series = new_series()
    first, second = (occurrence(related=reference_to(pod("b"), path)) for path in ("a", "b"))
    assert counts(observe(series, first) + observe(series, second)) == [1, 1]


def test_a_refresh_writes_every_series_and_no_single_event() -> None:
    series = new_series()
    observe(series, occurrence(pod("single")))
    for at in range(4):
        observe(series, at=at)
    assert counts(series.refreshed()) == [4]
    assert counts(series.refreshed()) == [4]


def test_a_series_ends_after_more_than_six_minutes() -> None:
    series = new_series()
    for _ in range(3):
        observe(series, at=100)
    assert series.finished(460) == []
    assert counts(series.finished(460.1)) == [3]
    assert counts(observe(series, at=461)) == [1]


def test_a_series_of_two_is_written_at_its_end_too() -> None:
    series = new_series()
    observe(series)
    observe(series)
    assert counts(series.finished(361)) == [2]


def test_the_time_of_the_last_occurrence_counts() -> None:
    series = new_series()
    observe(series)
    observe(series, at=300)
    assert series.finished(400) == []


def test_a_single_event_is_forgotten_without_a_write() -> None:
    series = new_series()
    observe(series)
    assert repr(series) == "<EventSeries: 1 events>"
    assert series.finished(361) == []
    assert repr(series) == "<EventSeries: 0 events>"


def test_only_counts_that_were_not_written_are_left_at_the_end() -> None:
    series = new_series()
    assert series.unwritten() == []
    observe(series)
    observe(series)
    assert series.unwritten() == []
    observe(series)
    assert counts(series.unwritten()) == [3]
    assert series.unwritten() == []
    observe(series)
    series.refreshed()
    assert series.unwritten() == []


def test_with_4096_events_the_oldest_is_forgotten_after_its_count_is_written() -> None:
    series = new_series()
    for _ in range(3):
        observe(series, occurrence(pod("counted")))
    for number in range(4095):
        assert counts(observe(series, occurrence(pod(f"p{number}")))) == [1]
    new, forgotten = observe(series, occurrence(pod("last")))
    assert (new.occurrence.regarding.name, new.count) == ("last", 1)
    assert (forgotten.occurrence.regarding.name, forgotten.count) == ("counted", 3)
    assert len(observe(series, occurrence(pod("another")))) == 1
    assert repr(series) == "<EventSeries: 4096 events>"


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", "c", "refresh", "finish"]), st.floats(0, 500))), st.integers(0, 2**32)
)
def test_what_is_written_adds_up_to_what_occurred(steps: list[tuple[str, float]], seed: int) -> None:
    """Per event, the last count that was written is the number of its occurrences; so nothing is lost or doubled."""
    series, occurred, now = EventSeries(EventNames(Random(seed))), Counter[str](), 0.0
    written: dict[str, RecordedEvent] = {}
    for step, pause in steps:
        now += pause
        if step == "refresh":
            events = series.refreshed()
        elif step == "finish":
            events = series.finished(now)
        else:
            occurred[step] += 1
            events = series.observe(occurrence(pod(step)), now, EPOCH + timedelta(seconds=now))
        for event in events:
            assert event.count >= written.get(event.name, event).count
            written[event.name] = event
    written |= {event.name: event for event in series.unwritten()}
    total = Counter[str]()
    for event in written.values():
        total[event.occurrence.regarding.name] += event.count
    assert total == occurred
