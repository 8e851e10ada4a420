"""The decisions of a wait: what is met, what ends it, and what must be read again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest

from kubeloop.clients.resource_info import resource_info
from kubeloop.clients.wait.awaited_path import parse_path
from kubeloop.clients.wait.awaited_state import AwaitedCreation, AwaitedDeletion, AwaitedState
from kubeloop.clients.wait.wait_machine import Target, WaitMachine, WholeList
from kubeloop.errors import NotFound, Unreadable
from kubeloop.models import core_v1, meta_v1
from kubeloop.wire.watch_events import UnreadableEvent, WatchEvent
from tests.support.growth import growth

RUNNING = parse_path("{.status.phase}=Running")
INFO = resource_info(core_v1.Pod)
Machine = WaitMachine[core_v1.Pod]


def pod(name: str, phase: str = "Pending", *, uid: str = "", version: int = 1) -> core_v1.Pod:
    metadata = meta_v1.ObjectMeta(namespace="x", name=name, uid=uid or f"uid-{name}", resource_version=str(version))
    return core_v1.Pod(metadata=metadata, status=core_v1.PodStatus(phase=phase))


def machine(*names: str, state: AwaitedState[Any] = RUNNING, may_be_absent: bool = False, uid: str = "") -> Machine:
    return WaitMachine(state, [Target(f"x/{name}", uid) for name in names], INFO, may_be_absent=may_be_absent)


def selecting(state: AwaitedState[Any] = RUNNING, *, may_be_absent: bool = False) -> Machine:
    return WaitMachine(state, None, INFO, may_be_absent=may_be_absent)


def listed(
    waits: Machine, *pods: core_v1.Pod, unreadable: dict[str, Unreadable] | None = None, is_selected: bool = False
) -> None:
    waits.listed(WholeList(pods, unreadable or {}), is_selected=is_selected)


def changed(
    waits: Machine, type: Literal["ADDED", "MODIFIED", "DELETED"], obj: core_v1.Pod, *, is_selected: bool = False
) -> None:
    waits.changed([WatchEvent(type, obj)], is_selected=is_selected)


def test_an_object_in_the_state_is_met_by_the_list() -> None:
    waits = machine("a")
    assert not waits.is_done
    listed(waits, pod("a", "Running"), pod("b"))
    assert waits.is_done
    assert waits.result_of("x/a") == pod("a", "Running")


def test_an_event_meets_it_and_later_states_do_not_matter() -> None:
    waits = machine("a", "b")
    listed(waits, pod("a"), pod("b"))
    changed(waits, "MODIFIED", pod("a", "Running", version=2))
    assert not waits.is_done
    changed(waits, "MODIFIED", pod("a", "Failed", version=3))
    changed(waits, "DELETED", pod("a", "Failed", version=4))
    changed(waits, "MODIFIED", pod("b", "Running", version=5))
    assert waits.is_done
    result = waits.result_of("x/a")
    assert result is not None
    assert result.metadata.resource_version == "2"


def test_events_of_other_objects_are_ignored() -> None:
    waits = machine("a")
    listed(waits, pod("a"))
    changed(waits, "ADDED", pod("b", "Running"))
    changed(waits, "DELETED", pod("b", "Running"))
    assert [key for key, _, _ in waits.unmet()] == ["x/a"]


def test_every_version_of_a_batch_is_checked() -> None:
    waits = machine("a")
    listed(waits, pod("a"))
    waits.changed(
        [WatchEvent("MODIFIED", pod("a", "Running", version=2)), WatchEvent("MODIFIED", pod("a", "Failed", version=3))],
        is_selected=False,
    )
    assert waits.is_done


def test_an_object_that_does_not_exist_ends_the_wait() -> None:
    with pytest.raises(NotFound, match=r'404 NotFound: pods "b" not found in namespace x$') as caught:
        listed(machine("a", "b"), pod("a", "Running"))
    assert (caught.value.status.name, caught.value.status.kind) == ("b", "pods")


@pytest.mark.parametrize("delete", [listed, lambda waits: changed(waits, "DELETED", pod("a"))])
def test_an_object_that_is_deleted_ends_the_wait(delete: Callable[[Machine], None]) -> None:
    waits = machine("a")
    listed(waits, pod("a"))
    with pytest.raises(NotFound, match='pods "a" not found in namespace x: it was deleted while waiting for'):
        delete(waits)


def test_an_object_that_was_replaced_ends_the_wait() -> None:
    waits = machine("a")
    listed(waits, pod("a"))
    with pytest.raises(NotFound, match="it was deleted and created again while waiting for"):
        listed(waits, pod("a", "Running", uid="other"))


def test_with_creation_an_object_may_come_and_go() -> None:
    waits = machine("a", may_be_absent=True)
    listed(waits)
    assert waits.unmet()[0][2].text == "the object does not exist"
    changed(waits, "ADDED", pod("a"))
    assert waits.unmet()[0][2].text == "{.status.phase} is 'Pending'"
    changed(waits, "DELETED", pod("a"))
    assert waits.unmet()[0][1:] == (None, waits.unmet()[0][2])
    changed(waits, "ADDED", pod("a", uid="second"))
    listed(waits, pod("a", "Running", uid="third"))
    assert waits.is_done


def test_creation_is_met_by_any_object() -> None:
    waits = machine("a", state=AwaitedCreation(), may_be_absent=True)
    listed(waits)
    assert not waits.is_done
    changed(waits, "ADDED", pod("a"))
    assert waits.is_done


def test_an_object_that_does_not_exist_is_deleted() -> None:
    waits = machine("a", state=AwaitedDeletion())
    listed(waits)
    assert waits.is_done
    assert waits.result_of("x/a") is None


def test_a_deletion_returns_the_last_state() -> None:
    waits = machine("a", state=AwaitedDeletion())
    listed(waits, pod("a"))
    changed(waits, "MODIFIED", pod("a", "Running", version=2))
    changed(waits, "DELETED", pod("a", "Succeeded", version=3))
    assert waits.is_done
    assert waits.result_of("x/a") == pod("a", "Succeeded", version=3)


@pytest.mark.parametrize("is_list", [True, False])
def test_an_object_that_was_created_again_is_deleted(is_list: bool) -> None:
    waits = machine("a", state=AwaitedDeletion())
    listed(waits, pod("a"))
    assert not waits.is_done
    if is_list:
        listed(waits, pod("a", uid="other"))
    else:
        changed(waits, "ADDED", pod("a", uid="other"))
    assert waits.is_done
    assert waits.result_of("x/a") == pod("a")


def test_a_deletion_by_uid_does_not_wait_for_another_object() -> None:
    waits = machine("a", state=AwaitedDeletion(), uid="earlier")
    listed(waits, pod("a"))
    assert waits.is_done
    same = machine("a", state=AwaitedDeletion(), uid="uid-a")
    listed(same, pod("a"))
    assert not same.is_done


def test_a_selection_is_what_the_first_list_has() -> None:
    waits = selecting()
    assert waits.unmet()[0][0] == ""
    listed(waits, pod("a"), pod("b", "Running"), is_selected=True)
    changed(waits, "ADDED", pod("c"), is_selected=True)
    changed(waits, "MODIFIED", pod("a", "Running"), is_selected=True)
    assert waits.is_done
    assert waits.keys == ["x/a", "x/b"]


def test_a_selection_without_objects_ends_the_wait() -> None:
    with pytest.raises(NotFound, match="no matching pods found"):
        listed(selecting(), is_selected=True)


def test_a_selection_without_objects_is_deleted() -> None:
    waits = selecting(AwaitedDeletion())
    listed(waits, is_selected=True)
    assert waits.is_done


def test_a_selection_may_wait_for_the_first_objects() -> None:
    waits = selecting(may_be_absent=True)
    listed(waits, is_selected=True)
    assert not waits.is_done
    assert waits.unmet()[0][2].text == "nothing matches the selectors"
    waits.changed([WatchEvent("ADDED", pod("a")), WatchEvent("ADDED", pod("b"))], is_selected=True)
    changed(waits, "ADDED", pod("c"), is_selected=True)
    assert waits.keys == ["x/a", "x/b"]


def test_an_object_that_leaves_the_selection_is_not_deleted() -> None:
    waits = selecting()
    listed(waits, pod("a"), pod("b"), is_selected=True)
    changed(waits, "DELETED", pod("a"), is_selected=True)
    assert waits.must_widen
    listed(waits, pod("a", "Running"), pod("b"), pod("c"))
    assert [key for key, _, _ in waits.unmet()] == ["x/b"]


def test_an_object_that_is_missing_in_a_later_selected_list_is_looked_for() -> None:
    waits = selecting()
    listed(waits, pod("a"), pod("b"), is_selected=True)
    listed(waits, pod("b"), is_selected=True)
    assert waits.must_widen
    with pytest.raises(NotFound, match='"a" not found'):
        listed(waits, pod("b"))


def test_an_object_that_cannot_be_read_exists() -> None:
    broken = Unreadable("bad port", namespace="x", name="a", uid="uid-a")
    waits = machine("a")
    listed(waits, unreadable={"x/a": broken})
    assert waits.unmet()[0][2].text == "the object cannot be read: bad port"
    assert waits.uid_of("x/a") == "uid-a"
    waits.changed([UnreadableEvent(error=broken, change="MODIFIED")], is_selected=False)
    assert not waits.is_done
    changed(waits, "MODIFIED", pod("a", "Running"))
    assert waits.is_done
    deleting = machine("a", state=AwaitedDeletion())
    listed(deleting, unreadable={"x/a": broken})
    assert not deleting.is_done
    again = Unreadable("bad port", namespace="x", name="a", uid="other")
    deleting.changed([UnreadableEvent(error=again, change="ADDED")], is_selected=False)
    assert deleting.is_done


def test_an_object_that_is_created_and_cannot_be_read_ends_the_wait() -> None:
    waits = machine("a", state=AwaitedCreation(), may_be_absent=True)
    listed(waits)
    broken = Unreadable("bad port", namespace="x", name="a")
    with pytest.raises(Unreadable, match="bad port"):
        waits.changed([UnreadableEvent(error=broken, change="ADDED")], is_selected=False)


def test_without_a_list_nothing_is_known() -> None:
    assert machine("a").unmet()[0][2].text == "the server has not responded"
    assert selecting().unmet()[0][2].text == "the server has not responded"


def test_the_only_name_is_known() -> None:
    assert machine("a").only_name == "a"
    assert machine("a", "b").only_name == ""
    waits = selecting()
    assert waits.only_name == ""
    listed(waits, pod("a"), is_selected=True)
    assert waits.only_name == "a"


def test_its_state_is_shown() -> None:
    waits = machine("a", "b")
    listed(waits, pod("a"), pod("b", "Running"))
    assert repr(waits) == "<WaitMachine for {.status.phase}=Running: 1 of 2 missing>"
    assert repr(selecting()) == "<WaitMachine for {.status.phase}=Running: no objects known yet>"


def test_many_objects_whose_events_arrive_one_by_one_take_linear_time() -> None:
    def wait_for(pods: list[core_v1.Pod]) -> None:
        targets = [Target(f"x/{each.metadata.name}") for each in pods]
        waits = WaitMachine[core_v1.Pod](AwaitedCreation(), targets, INFO, may_be_absent=True)
        listed(waits)
        for each in pods:
            assert not waits.is_done
            changed(waits, "ADDED", each)
        assert waits.is_done

    assert growth(lambda size: [pod(str(number)) for number in range(size)], wait_for, 500) < 20
