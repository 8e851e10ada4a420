"""The rules that a replay checks: each kind of fault of an informer is found."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kubeloop.cache.fifo.delta import DeletedFinalStateUnknown
from kubeloop.models import core_v1, meta_v1
from tests.soak.replay import Replay, checksum, states_of


def pod(version: str = "1", *, uid: str = "u") -> core_v1.Pod:
    return core_v1.Pod(metadata=meta_v1.ObjectMeta(name="a", namespace="n", uid=uid, resource_version=version))


def replay(*steps: Callable[[Replay], object]) -> tuple[Replay, list[str]]:
    faults: list[str] = []
    made = Replay("typed pods", faults)
    for step in steps:
        step(made)
    return made, faults


def test_the_events_of_a_correct_informer_add_up_to_its_store() -> None:
    made, faults = replay(
        lambda it: it.add(pod("1")),
        lambda it: it.update(pod("1"), pod("3")),
        lambda it: it.update(pod("3"), pod("4", uid="new")),
        lambda it: it.delete(DeletedFinalStateUnknown("n/a", pod("4", uid="new"))),
        lambda it: it.add(pod("6", uid="newest")),
    )
    assert faults == []
    assert made.events == 5
    assert made.deleted == {"u", "new"}
    assert checksum(made.states) == checksum(states_of([pod("6", uid="newest")]))
    assert checksum(made.states) != checksum(states_of([pod("5", uid="newest")]))


@pytest.mark.parametrize(
    ("steps", "fault"),
    [
        ([lambda it: it.add(pod()), lambda it: it.add(pod("2"))], "second add of n/a"),
        ([lambda it: it.add(pod()), lambda it: it.delete(pod()), lambda it: it.add(pod())], "after its deletion"),
        ([lambda it: it.update(pod("1"), pod("2"))], "update of n/a from"),
        ([lambda it: it.add(pod("1")), lambda it: it.update(pod("2"), pod("3"))], "update of n/a from"),
        ([lambda it: it.add(pod("3")), lambda it: it.update(pod("3"), pod("2"))], "back from 3 to 2"),
        ([lambda it: it.delete(pod())], "deletion of n/a"),
        ([lambda it: it.add(pod()), lambda it: it.delete(pod(uid="other"))], "deletion of n/a"),
    ],
    ids=["second add", "back from the dead", "unknown", "gap", "back in time", "unknown deletion", "another object"],
)
def test_an_event_that_breaks_a_rule_is_a_fault(steps: list[Callable[[Replay], object]], fault: str) -> None:
    _, faults = replay(*steps)
    assert [fault in found for found in faults] == [True]
