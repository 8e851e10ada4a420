from __future__ import annotations

from typing import Any

import pytest

import kubeloop
from kubeloop.models import core_v1, meta_v1
from kubeloop.record import Occurrence, reference_to
from kubeloop.record.occurrence import object_identity, occurrence_of
from tests.support.occurrences import pod


def said(obj: Any = None, **changes: Any) -> Occurrence:
    values: dict[str, Any] = {"type": "Normal", "reason": "Started", "action": "Start", "note": "up"} | changes
    related, annotations = values.pop("related", None), values.pop("annotations", None)
    return occurrence_of(pod() if obj is None else obj, **values, related=related, annotations=annotations)


def test_an_occurrence_has_what_the_call_said() -> None:
    node = core_v1.Node(metadata=meta_v1.ObjectMeta(name="n1"))
    assert said(related=node, annotations={"example.com/a": "b"}) == Occurrence(
        regarding=reference_to(pod()),
        type="Normal",
        reason="Started",
        action="Start",
        note="up",
        related=reference_to(node),
        annotations={"example.com/a": "b"},
    )


def test_what_is_not_given_is_empty() -> None:
    occurrence = said(note="")
    assert (occurrence.note, occurrence.related, occurrence.annotations) == ("", None, {})


def test_the_title_names_the_object() -> None:
    node = core_v1.Node(metadata=meta_v1.ObjectMeta(name="n1"))
    assert said().title == "Normal Started of Pod default/web"
    assert said(node).title == "Normal Started of Node n1"


def test_texts_are_shortened_in_bytes() -> None:
    occurrence = said(reason="é" * 100, action="€" * 100, note="😀" * 300)
    assert occurrence.reason == "é" * 64
    assert occurrence.action == "€" * 42
    assert occurrence.note == "😀" * 255 + "…"
    assert [len(text.encode()) for text in (occurrence.reason, occurrence.action, occurrence.note)] == [128, 126, 1023]


def test_the_longest_texts_stay() -> None:
    occurrence = said(reason="r" * 128, action="a" * 128, note="n" * 1024)
    assert (occurrence.reason, occurrence.action, occurrence.note) == ("r" * 128, "a" * 128, "n" * 1024)


def test_texts_are_cleaned_before_they_are_shortened() -> None:
    occurrence = said(reason="a\x1b", action="b\ud800", note="\x00" * 1024)
    assert (occurrence.reason, occurrence.action) == ("a\\x1b", "b\N{REPLACEMENT CHARACTER}")
    assert occurrence.note == "\\x00" * 255 + "\\…"


def test_annotations_keep_control_characters_because_programs_read_them() -> None:
    given = {"a": "x\r\n\ud800"}
    assert said(annotations=given).annotations == {"a": "x\r\n\N{REPLACEMENT CHARACTER}"}
    assert given == {"a": "x\r\n\ud800"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"type": "Error"}, "expected the type 'Normal' or 'Warning' of an event, got 'Error'"),
        ({"type": ""}, "expected the type 'Normal' or 'Warning' of an event, got ''"),
        ({"type": None}, "expected the type 'Normal' or 'Warning' of an event, got None"),
        ({"reason": ""}, "expected the reason of an event, such as 'FailedScheduling', got an empty text"),
        ({"action": ""}, "expected the action of an event, such as 'Binding', got an empty text"),
        ({"annotations": {"a b": "c"}}, "the annotation 'a b' of an event has no valid key: name must consist of"),
        ({"obj": pod("")}, "the Pod that the event is about has no name: create it first"),
        ({"related": pod("")}, "the Pod that the event relates to has no name: create it first"),
        ({"obj": core_v1.ObjectReference(name="a")}, "the object that the event is about has no kind: ObjectRef"),
        ({"obj": core_v1.PodList()}, "the PodList that the event is about has no name"),
        ({"obj": kubeloop.Unstructured({"metadata": {"name": "a"}})}, "the object has no kind"),
    ],
)
def test_a_value_that_no_event_can_have_is_an_error(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        said(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reason": None}, "expected text as the reason of an event, got NoneType"),
        ({"action": 5}, "expected text as the action of an event, got int"),
        ({"note": b"x"}, "expected text as the note of an event, got bytes"),
        ({"obj": "web"}, "expected an object with a kind"),
        ({"related": "web"}, "expected an object with a kind"),
        ({"annotations": [("a", "b")]}, "expected a mapping as the annotations of an event, got list"),
        ({"annotations": {"a": 1}}, "expected text as the annotation 'a' of an event, got int"),
        ({"annotations": {1: "a"}}, "expected text as the key of an annotation of an event, got int"),
    ],
)
def test_a_value_of_the_wrong_type_is_an_error(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        said(**changes)


def test_the_identity_of_an_object_has_no_version_and_no_field_path() -> None:
    first, second = reference_to(pod(version="1"), "a"), reference_to(pod(version="2"), "b")
    assert object_identity(first) == object_identity(second)


@pytest.mark.parametrize("field", ["kind", "namespace", "name", "uid", "api_version"])
def test_every_other_field_distinguishes_objects(field: str) -> None:
    draft = reference_to(pod()).draft()
    setattr(draft, field, "other")
    assert object_identity(draft.finish().after) != object_identity(reference_to(pod()))
