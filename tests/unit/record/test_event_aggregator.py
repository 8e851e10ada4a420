from __future__ import annotations

import pytest

from kubeloop.record import Occurrence, reference_to
from kubeloop.record.event_aggregator import EventAggregator
from tests.support.occurrences import occurrence, pod

PREFIX = "(combined from similar events): "


def after_nine(at: float = 0.0) -> EventAggregator:
    """Return an aggregator that has seen the notes 1 to 9."""
    aggregator = EventAggregator()
    for number in range(1, 10):
        said = occurrence(note=str(number))
        assert aggregator.aggregate(said, at)[0] is said
    return aggregator


def note_of(aggregator: EventAggregator, said: Occurrence, at: float = 0.0) -> str:
    return aggregator.aggregate(said, at)[0].note


def test_the_tenth_different_note_is_combined() -> None:
    assert note_of(after_nine(), occurrence(note="10")) == PREFIX + "10"


def test_every_combined_event_has_one_key_and_single_events_have_their_own() -> None:
    aggregator = EventAggregator()
    keys = [aggregator.aggregate(occurrence(note=str(number)), 0.0)[1] for number in range(1, 13)]
    assert len(set(keys[:9])) == 9
    assert len(set(keys[9:])) == 1
    assert keys[9] not in keys[:9]


def test_a_combined_event_has_no_annotations() -> None:
    said, _ = after_nine().aggregate(occurrence(note="10", annotations={"a": "b"}), 0.0)
    assert said.annotations == {}


def test_a_repeated_note_is_not_a_different_one() -> None:
    aggregator = EventAggregator()
    assert {note_of(aggregator, occurrence(note="same")) for _ in range(20)} == {"same"}


def test_the_oldest_note_makes_room() -> None:
    aggregator = after_nine()
    assert note_of(aggregator, occurrence(note="10")) == PREFIX + "10"  # forgets 1
    assert note_of(aggregator, occurrence(note="2")) == "2"
    assert note_of(aggregator, occurrence(note="1")) == PREFIX + "1"  # forgets 2
    assert note_of(aggregator, occurrence(note="2")) == PREFIX + "2"


def test_after_more_than_ten_quiet_minutes_the_notes_are_counted_anew() -> None:
    assert note_of(after_nine(100), occurrence(note="10"), 700) == PREFIX + "10"
    assert note_of(after_nine(100), occurrence(note="10"), 700.1) == "10"


def test_each_event_extends_the_time() -> None:
    aggregator = after_nine()
    note_of(aggregator, occurrence(note="9"), 500)
    assert note_of(aggregator, occurrence(note="10"), 1000) == PREFIX + "10"


@pytest.mark.parametrize(
    "other",
    [
        occurrence(note="10", type="Normal"),
        occurrence(note="10", reason="Other"),
        occurrence(pod("other"), note="10"),
        occurrence(pod(uid="u2"), note="10"),
    ],
    ids=["type", "reason", "name", "uid"],
)
def test_other_types_reasons_and_objects_are_not_similar(other: Occurrence) -> None:
    assert note_of(after_nine(), other) == "10"


@pytest.mark.parametrize(
    "similar",
    [occurrence(reference_to(pod(), "spec"), note="10"), occurrence(pod(version="8"), note="10")],
    ids=["field path", "version"],
)
def test_field_paths_and_versions_do_not_distinguish_similar_events(similar: Occurrence) -> None:
    assert note_of(after_nine(), similar) == PREFIX + "10"


def test_events_about_two_containers_have_two_keys() -> None:
    aggregator = EventAggregator()
    keys = {aggregator.aggregate(occurrence(reference_to(pod(), path)), 0.0)[1] for path in ("a", "b")}
    assert len(keys) == 2


def test_4096_kinds_of_events_are_kept_apart() -> None:
    aggregator = after_nine()
    for number in range(4096):
        note_of(aggregator, occurrence(pod(f"p{number}")))
    assert note_of(aggregator, occurrence(note="10")) == "10"
    assert repr(aggregator) == "<EventAggregator: 4096 kinds of events>"
