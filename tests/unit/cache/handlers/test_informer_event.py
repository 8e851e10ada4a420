"""The events of an informer, and how those of one object are merged."""

from __future__ import annotations

import pytest

from kubeloop.cache.handlers.informer_event import Added, Deleted, InformerEvent, Updated, merged
from tests.support.things import Thing, thing

V1, V2, V3, V4 = (thing("a", str(number)) for number in range(1, 5))
OTHER, OTHER2 = (thing("a", str(number), uid="other") for number in range(5, 7))
"""Another object of the same name, which replaced the first one while nobody watched."""


@pytest.mark.parametrize(
    ("before", "event", "after"),
    [
        ((), Added(V1), (Added(V1),)),
        ((), Updated(V1, V2), (Updated(V1, V2),)),
        ((), Deleted(V1), (Deleted(V1),)),
        ((Added(V1),), Updated(V1, V2), (Added(V2),)),
        ((Added(V1, True),), Updated(V1, V2), (Added(V2, True),)),
        ((Added(V1),), Deleted(V1), ()),
        ((Updated(V1, V2),), Updated(V2, V3), (Updated(V1, V3),)),
        ((Updated(V1, V2),), Deleted(V3), (Deleted(V3),)),
        ((Updated(V1, V2),), Deleted(V2, True), (Deleted(V2, True),)),
        ((Updated(V1, OTHER),), Updated(OTHER, OTHER2), (Updated(V1, OTHER2),)),
        ((Updated(V1, OTHER),), Deleted(OTHER), (Deleted(V1, True),)),
        ((Updated(OTHER, OTHER2),), Deleted(OTHER2), (Deleted(OTHER2),)),
        ((Deleted(V1),), Added(V2), (Deleted(V1), Added(V2))),
        ((Deleted(V1), Added(V2)), Updated(V2, V3), (Deleted(V1), Added(V3))),
        ((Deleted(V1), Added(V2)), Deleted(V2), (Deleted(V1),)),
    ],
)
def test_events_of_one_object_are_merged(
    before: tuple[InformerEvent[Thing], ...], event: InformerEvent[Thing], after: tuple[InformerEvent[Thing], ...]
):
    assert merged(before, event) == after


def test_every_event_has_its_object():
    assert [event.object for event in (Added(V1), Updated(V1, V2), Deleted(V3))] == [V1, V2, V3]


def test_events_are_told_apart_by_match():
    def described(event: InformerEvent[Thing]) -> str:
        match event:
            case Added(obj, is_in_initial_list=True):
                return f"existed {obj.value}"
            case Added(obj):
                return f"added {obj.value}"
            case Updated(old, new):
                return f"{old.value} -> {new.value}"
            case Deleted(obj, is_final_state_unknown):
                return f"deleted {obj.value} {is_final_state_unknown}"

    events = [Added(V1, True), Added(V1), Updated(V1, V2), Deleted(V3), Deleted(V3, True)]
    assert [described(event) for event in events] == [
        "existed 1", "added 1", "1 -> 2", "deleted 3 False", "deleted 3 True",
    ]  # fmt: skip


def test_events_of_different_kinds_differ():
    assert Added(V1) != Deleted(V1)
    assert Added(V1) == Added(V1)
