"""createPorts: what the controller writes into its ledger, and how the demo's judge reads a server's state."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kubeloop
from examples.create_ports.history import History, Version, inconsistencies
from examples.create_ports.judge import CHECKS, EventTotals, count_events, judge
from examples.create_ports.ledger import COUNT, PORTS, RANGE, NoFreePort, settle
from kubeloop.models import core_v1, events_v1, meta_v1
from kubeloop.testing import fake


def pod(name: str, count: str = "1", ports: str = "", uid: str = "u", version: str = "1") -> core_v1.Pod:
    annotations = {COUNT: count} | ({PORTS: ports} if ports else {})
    metadata = meta_v1.ObjectMeta(
        name=name, namespace="default", uid=uid, resource_version=version, annotations=annotations
    )
    return core_v1.Pod(metadata=metadata)


def faults(pods: list[core_v1.Pod], ledger: dict[str, str], store: dict[str, str] | None = None) -> set[str]:
    if store is None:
        store = {kubeloop.object_key(pod): pod.metadata.resource_version for pod in pods}
    found = judge(core_v1.PodList(items=pods), ledger, {"A": store}).faults
    assert found.keys() == CHECKS.keys()
    return {check for check, examples in found.items() if examples}


def test_the_judge_is_content_when_all_agrees():
    pods = [pod("a", "2", "30000,30001"), pod("b", "0"), pod("c", "1", "30002")]
    ledger = {"30000": "default/a/u", "30001": "default/a/u", "30002": "default/c/u"}
    assert faults(pods, ledger) == set()


def test_the_judge_sees_a_pod_without_its_ports():
    assert "served" in faults([pod("a", "2")], {})


def test_the_judge_sees_a_pod_with_too_many_ports():
    ledger = {"30000": "default/a/u", "30001": "default/a/u"}
    assert faults([pod("a", "1", "30000,30001")], ledger) == {"served"}


@pytest.mark.parametrize("owner", ["default/gone/u", "default/a/an-earlier-uid"])
def test_the_judge_sees_ports_of_deleted_pods(owner: str):
    assert faults([pod("a", "0")], {"30000": owner}) == {"freed"}


def test_the_judge_sees_an_annotation_that_the_ledger_does_not_know():
    assert faults([pod("a", "1", "30000")], {}) == {"agree"}


def test_the_judge_sees_a_booking_that_no_annotation_shows():
    assert faults([pod("a", "0")], {"30000": "default/a/u"}) == {"agree"}


def test_the_judge_sees_a_port_that_two_pods_show():
    pods = [pod("a", "1", "30000"), pod("b", "1", "30000")]
    assert "double" in faults(pods, {"30000": "default/a/u"})


@pytest.mark.parametrize("store", [{}, {"default/a": "0"}, {"default/a": "1", "default/gone": "1"}])
def test_the_judge_sees_a_store_that_is_not_the_list(store: dict[str, str]):
    assert faults([pod("a", "0")], {}, store) == {"store"}


def test_the_judge_sees_that_one_of_two_stores_is_not_the_list():
    found = judge(core_v1.PodList(items=[pod("a", "0")]), {}, {"A": {"default/a": "1"}, "B": {}})
    assert found.faults["store"] == ["B: default/a"]


def ledger(revision: int, writer: str = "A", **ports: str) -> Version:
    return Version(revision, "", {port.removeprefix("p"): owner for port, owner in ports.items()}, writer)


def shows(revision: int, owner: str, *ports: str, writer: str = "A") -> Version:
    return Version(revision, owner, dict.fromkeys(ports, owner), writer)


GOOD = [ledger(1, p1="x"), shows(2, "x", "1"), shows(3, "x"), ledger(4), ledger(5, p1="y"), shows(6, "y", "1")]


def test_a_port_that_was_freed_before_it_was_booked_again_is_in_order():
    found = inconsistencies(GOOD, [])
    assert (found.checked, found.double, found.late) == (6, [], [])


def test_versions_are_checked_in_the_order_of_their_revisions_and_once():
    found = inconsistencies([*reversed(GOOD), *GOOD], [])
    assert (found.checked, found.double) == (6, [])


@pytest.mark.parametrize(
    "versions",
    [
        [ledger(1, p1="x"), shows(2, "x", "1"), ledger(3, p1="y")],
        [ledger(1, p1="x"), shows(2, "y", "1"), shows(3, "y")],
        [shows(1, "x", "1"), ledger(2, p1="x")],
    ],
    ids=["booked again too early", "shown by another pod for a moment", "shown before it was booked"],
)
def test_a_port_that_two_pods_may_have_at_any_time_is_seen(versions: list[Version]):
    assert len(inconsistencies(versions, []).double) == 1


def test_nothing_is_concluded_from_states_that_were_seen_in_part():
    versions = [ledger(1), shows(5, "x", "1"), ledger(8, p1="x")]
    found = inconsistencies(versions, [(1, 8)])
    assert (found.checked, found.double) == (2, [])


def test_a_write_of_an_earlier_leader_after_the_first_of_the_next_one_is_seen():
    versions = [ledger(1, p1="x"), ledger(2, "B"), shows(3, "x"), ledger(4, "A", p1="y")]
    assert inconsistencies(versions, []).late == ["A wrote revision 4 after B"]


def test_a_change_by_others_is_no_write_of_the_leader_that_wrote_before():
    versions = [ledger(1, p1="x"), shows(2, "x", "1"), ledger(3, "B", p1="x", p2="y"), shows(4, "x", "1")]
    assert inconsistencies(versions, []).late == []


def test_the_terms_of_leaders_are_those_of_the_lease():
    history = History(fake.Clientset(), 0)
    history.see_lease("A", 1, 1)
    history.see_lease("A", 1, 4)
    history.see_lease("B", 9, 9)
    history.see_lease("", 12, 12)
    history.see_lease("A", 13, 13)
    assert [(term.identity, term.begin, term.end) for term in history.terms] == [
        ("A", 1, 4),
        ("B", 9, 12),
        ("A", 13, None),
    ]
    assert history.leader == "A"
    history.end_term(14, "SIGKILL")
    assert history.leader == ""


def test_an_outage_of_the_api_server_is_the_reason_of_a_lost_lease():
    history = History(fake.Clientset(), 0)
    history.see_lease("A", 1, 4)
    history.outage = (4.2, 8)
    history.see_lease("B", 10, 10)
    assert history.terms[0].reason == "the API server was down"


def test_the_totals_of_events_leave_out_those_of_others():
    def event(controller: str, count: int = 1) -> events_v1.Event:
        series = events_v1.EventSeries(count=count) if count > 1 else None
        return events_v1.Event(reporting_controller=controller, series=series)

    events = [event("c"), event("c", 2), event("c", 9), event("another", 9)]
    assert count_events(events, "c") == EventTotals(objects=3, series=2, writes=6)


def test_a_pod_gets_the_first_free_ports():
    ledger = {str(RANGE[0]): "default/b/u"}
    assert settle(ledger, "default/a", "default/a/u", 2, shrink=False) == [str(RANGE[1]), str(RANGE[2])]
    assert len(ledger) == 3


def test_ports_that_are_still_shown_stay_until_the_annotation_is_written():
    ledger: dict[str, str] = {}
    settle(ledger, "default/a", "default/a/u", 3, shrink=False)
    assert len(settle(ledger, "default/a", "default/a/u", 1, shrink=False)) == 1
    assert len(ledger) == 3
    settle(ledger, "default/a", "default/a/u", 1, shrink=True)
    assert len(ledger) == 1


def test_ports_of_a_deleted_namesake_are_freed():
    ledger = {"30000": "default/a/old", "30001": "default/ab/u"}
    settle(ledger, "default/a", "default/a/new", 1, shrink=True)
    assert set(ledger.values()) == {"default/a/new", "default/ab/u"}


def test_too_many_ports_are_refused_and_nothing_is_booked():
    ledger: dict[str, str] = {}
    with pytest.raises(NoFreePort, match="expected 2001 free ports, got 2000"):
        settle(ledger, "default/a", "default/a/u", 2001, shrink=False)
    assert ledger == {}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 4), st.booleans()), max_size=30), st.integers())
def test_settling_again_changes_nothing_and_nothing_is_booked_twice(steps: list[tuple[str, int, bool]], seed: int):
    ledger: dict[str, str] = {}
    random.Random(seed).shuffle(steps)
    for name, count, shrink in steps:
        ports = settle(ledger, f"default/{name}", f"default/{name}/u", count, shrink=shrink)
        before = dict(ledger)
        assert settle(ledger, f"default/{name}", f"default/{name}/u", count, shrink=shrink) == ports
        assert ledger == before
        assert {ledger[port] for port in ports} <= {f"default/{name}/u"}
        assert len(set(ports)) == count
