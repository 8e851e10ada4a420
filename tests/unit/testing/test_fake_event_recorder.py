from __future__ import annotations

from typing import Any

import pytest

from kubeloop.models import core_v1, meta_v1
from kubeloop.record import reference_to
from kubeloop.testing import fake
from tests.support.occurrences import pod

NODE = core_v1.Node(metadata=meta_v1.ObjectMeta(name="n1"))


def filled() -> fake.EventRecorder:
    recorder = fake.EventRecorder()
    recorder.event(pod(), "Warning", "NoFreePort", "BookPort", "no port is free in 30000-32767")
    recorder.event(pod("b"), "Normal", "Bound", "Bind", "bound", related=NODE, annotations={"a": "b"})
    recorder.event(pod("b"), "Normal", "Bound", "Bind", "bound again", related=NODE)
    return recorder


def test_every_call_is_kept() -> None:
    recorder = filled()
    assert [event.reason for event in recorder.events] == ["NoFreePort", "Bound", "Bound"]
    assert recorder.events[1].annotations == {"a": "b"}
    assert repr(recorder) == "<EventRecorder with 3 events in memory>"


def test_events_can_be_forgotten() -> None:
    recorder = filled()
    recorder.clear()
    assert recorder.events == ()


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ({}, 0),
        ({"type": "Normal"}, 1),
        ({"reason": "Bound"}, 1),
        ({"action": "Bind"}, 1),
        ({"about": pod("b")}, 1),
        ({"about": pod(version="9")}, 0),
        (
            {"about": core_v1.ObjectReference(kind="Pod", namespace="default", name="web", uid="u1", api_version="v1")},
            0,
        ),
        ({"related": NODE}, 1),
        ({"note": "bound again"}, 2),
        ({"note_contains": "30000"}, 0),
        ({"reason": "Bound", "times": 2}, 1),
        ({"reason": "NoFreePort", "times": 1}, 0),
    ],
)
def test_the_first_event_that_has_all_is_returned(wanted: dict[str, Any], index: int) -> None:
    recorder = filled()
    assert recorder.assert_event(**wanted) is recorder.events[index]


@pytest.mark.parametrize(
    "wanted",
    [
        {"type": "Warning", "reason": "Bound"},
        {"reason": "Boun"},
        {"action": "BookPort", "note_contains": "bound"},
        {"about": pod("c")},
        {"about": pod(uid="u2")},
        {"about": reference_to(pod(), "spec")},
        {"related": pod()},
        {"related": NODE, "about": pod()},
        {"note": "no port"},
        {"note_contains": "unbound"},
    ],
)
def test_an_event_that_differs_in_one_thing_is_not_found(wanted: dict[str, Any]) -> None:
    recorder = filled()
    recorder.assert_no_event(**wanted)
    with pytest.raises(AssertionError, match=r"expected an event with .*, got 0 of them; recorded:"):
        recorder.assert_event(**wanted)


def test_the_message_shows_what_was_wanted_and_what_was_recorded() -> None:
    with pytest.raises(AssertionError) as raised:
        filled().assert_event(
            type="Normal", reason="Lost", about=reference_to(pod(), "spec"), related=NODE, note_contains="x"
        )
    assert str(raised.value).splitlines() == [
        "expected an event with type 'Normal', reason 'Lost', regarding Pod default/web spec (u1), "
        "related Node n1, 'x' in its note, got 0 of them; recorded:",
        "  1. Warning NoFreePort BookPort: 'no port is free in 30000-32767', about Pod default/web (u1)",
        "  2. Normal Bound Bind: 'bound', about Pod default/b (u1), related to Node n1",
        "  3. Normal Bound Bind: 'bound again', about Pod default/b (u1), related to Node n1",
    ]


def test_the_message_says_that_nothing_was_recorded() -> None:
    with pytest.raises(AssertionError, match="expected an event with any content, got 0 of them; nothing was recorded"):
        fake.EventRecorder().assert_event()


@pytest.mark.parametrize(("times", "number"), [(1, "1 event"), (3, "3 events"), (9, "9 events")])
def test_another_number_of_events_is_an_error(times: int, number: str) -> None:
    with pytest.raises(AssertionError, match=f"expected {number} with reason 'Bound', got 2 of them"):
        filled().assert_event(reason="Bound", times=times)


@pytest.mark.parametrize("times", [0, -1])
def test_a_number_below_one_is_refused(times: int) -> None:
    with pytest.raises(ValueError, match=f"expected times of at least 1, got {times}; assert_no_event asserts"):
        filled().assert_event(times=times)


def test_an_event_that_should_not_be_is_an_error() -> None:
    fake.EventRecorder().assert_no_event()
    with pytest.raises(AssertionError, match="expected no event with any content, got 3 of them; recorded:"):
        filled().assert_no_event()


def test_arguments_are_checked_and_shortened_as_by_the_real_recorders() -> None:
    recorder = fake.EventRecorder()
    wrong: Any = "Error"
    with pytest.raises(ValueError, match="expected the type"):
        recorder.event(pod(), wrong, "A", "B", "c")
    recorder.event(pod(), "Normal", "r" * 200, "B", "n" * 2000)
    (event,) = recorder.events
    assert (len(event.reason), len(event.note.encode())) == (128, 1024)


async def test_a_program_may_enter_it() -> None:
    async with fake.EventRecorder() as recorder:
        recorder.event(pod(), "Normal", "A", "B", "c")
    recorder.assert_event(reason="A")
