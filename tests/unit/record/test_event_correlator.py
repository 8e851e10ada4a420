"""The cases of client-go's TestEventCorrelator, and what they do not cover."""

from __future__ import annotations

from random import Random

import pytest

from kubeloop.record import Occurrence, reference_to
from kubeloop.record.event_correlator import EventCorrelator
from kubeloop.record.recorded_event import EventNames, RecordedEvent
from tests.support.occurrences import EPOCH, SECOND, occurrence, pod

SIMILAR = occurrence(reference_to(pod(), "spec.containers{a}"), reason="similar", note="similar message")
COMBINED = "(combined from similar events): similar message"


def new_correlator() -> EventCorrelator:
    return EventCorrelator(EventNames(Random(1)))


def correlate(said: list[Occurrence], interval: float) -> list[RecordedEvent | None]:
    correlator = new_correlator()
    return [
        correlator.correlate(each, number * interval, EPOCH + number * interval * SECOND)
        for number, each in enumerate(said)
    ]


def similar(number: int) -> list[Occurrence]:
    return [SIMILAR.replace(note=f"{each}-{SIMILAR.note}") for each in range(number)]


@pytest.mark.parametrize(
    ("before", "new", "interval", "note", "count"),
    [
        ([], occurrence(), 5, "no", 1),
        ([occurrence()], occurrence(), 5, "no", 2),
        ([occurrence()] * 10, occurrence(), 30, "no", 11),
        ([occurrence(pod(f"p{each}"), note=str(each)) for each in range(30)], occurrence(), 5, "no", 1),
        (similar(9), SIMILAR, 5, COMBINED, 1),
        (similar(10), SIMILAR, 5, COMBINED, 2),
        ([SIMILAR.replace(regarding=reference_to(pod(), "spec.containers{b}"))], SIMILAR, 5, SIMILAR.note, 1),
        (similar(9), SIMILAR, 601, SIMILAR.note, 1),
    ],
    ids=[
        "a single event",
        "the same event counts",
        "the same event counts, also more often than is combined",
        "many different events",
        "similar events are combined",
        "combined events count",
        "events of different containers",
        "similar events in long intervals",
    ],
)
def test_an_event_has_its_note_and_its_count(
    before: list[Occurrence], new: Occurrence, interval: float, note: str, count: int
) -> None:
    *_, event = correlate([*before, new], interval)
    assert event is not None
    assert (event.occurrence.note, event.count) == (note, count)
    assert event.last_time == EPOCH + len(before) * interval * SECOND
    assert (event.first_time == event.last_time) == (count == 1)


def test_the_same_event_is_spam_if_it_occurs_too_often() -> None:
    events = correlate([occurrence()] * 27, 1)
    assert [event is None for event in events] == [False] * 25 + [True] * 2


def test_what_the_spam_filter_drops_is_counted() -> None:
    correlator = new_correlator()
    for _ in range(30):
        correlator.correlate(occurrence(), 0.0, EPOCH)
    event = correlator.correlate(occurrence(), 301.0, EPOCH)
    assert event is not None
    assert event.count == 31


def test_one_event_keeps_its_name() -> None:
    first, second, other = correlate([occurrence(), occurrence(), occurrence(note="x")], 1)
    assert first is not None
    assert second is not None
    assert other is not None
    assert first.name == second.name != other.name


def test_a_combined_event_has_the_newest_note() -> None:
    *_, before, last = correlate(similar(11), 1)
    assert before is not None
    assert last is not None
    assert (before.name, last.occurrence.note) == (last.name, "(combined from similar events): 10-similar message")


def test_4096_events_are_counted() -> None:
    correlator = new_correlator()
    correlator.correlate(occurrence(), 0.0, EPOCH)
    for number in range(4095):
        correlator.correlate(occurrence(pod(f"p{number}")), 0.0, EPOCH)
    event = correlator.correlate(occurrence(), 0.0, EPOCH)
    assert event is not None
    assert event.count == 2
    for number in range(4096):
        correlator.correlate(occurrence(pod(f"q{number}")), 0.0, EPOCH)
    event = correlator.correlate(occurrence(), 1000.0, EPOCH)
    assert event is not None
    assert event.count == 1
    assert repr(correlator) == "<EventCorrelator: 4096 events>"
