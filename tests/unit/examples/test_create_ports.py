"""createPorts: what the controller writes into its ledger, and how the demo's judge reads a server's state."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kubeloop
from examples.create_ports.controller import COUNT, PORTS, RANGE, settle
from examples.create_ports.demo import CHECKS, judge
from kubeloop.models import core_v1, meta_v1


def pod(name: str, count: str = "1", ports: str = "", uid: str = "u", version: str = "1") -> core_v1.Pod:
    annotations = {COUNT: count} | ({PORTS: ports} if ports else {})
    metadata = meta_v1.ObjectMeta(
        name=name, namespace="default", uid=uid, resource_version=version, annotations=annotations
    )
    return core_v1.Pod(metadata=metadata)


def faults(pods: list[core_v1.Pod], ledger: dict[str, str], store: dict[str, str] | None = None) -> set[str]:
    if store is None:
        store = {kubeloop.object_key(pod): pod.metadata.resource_version for pod in pods}
    found = judge(core_v1.PodList(items=pods), ledger, store).faults
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
    with pytest.raises(RuntimeError, match="expected 2001 free ports, got 2000"):
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
