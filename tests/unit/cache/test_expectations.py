"""The scenarios of Kubernetes' controller_utils_test.go, and of ReplicaSet's controller."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop.cache import ControllerExpectations, Expectations, UIDTrackingControllerExpectations
from kubeloop.testing.virtual_time import elapsed, in_virtual_time

both_kinds = pytest.mark.parametrize("kind", [ControllerExpectations, UIDTrackingControllerExpectations])


class Clock:
    def __init__(self):
        self.time = 0.0

    def __call__(self):
        return self.time


def create(kind=ControllerExpectations, **options):
    clock = Clock()
    return kind(now=clock, **options), clock


@both_kinds
def test_an_object_without_expectations_is_satisfied(kind):
    expectations, _ = create(kind)
    assert expectations.is_satisfied("default/web")
    assert expectations.get_expectations("default/web") is None
    expectations.creation_observed("default/web")
    expectations.delete_expectations("default/web")
    assert expectations.get_expectations("default/web") is None


def test_expectations_are_satisfied_when_all_creations_and_deletions_were_observed():
    expectations, _ = create()
    expectations.set_expectations("web", creations=10, deletions=30)
    for _ in range(11):
        expectations.creation_observed("web")
    assert not expectations.is_satisfied("web")
    for _ in range(30):
        assert not expectations.is_satisfied("web")
        expectations.deletion_observed("web")
    assert expectations.is_satisfied("web")
    expectations.deletion_observed("web")
    assert expectations.get_expectations("web") == Expectations(creations=-1, deletions=-1)
    assert expectations.is_satisfied("web")


def test_one_object_does_not_affect_another():
    expectations, _ = create()
    expectations.expect_creations("web", 1)
    expectations.expect_deletions("db", 1)
    expectations.creation_observed("web")
    assert expectations.is_satisfied("web")
    assert not expectations.is_satisfied("db")


def test_new_expectations_replace_the_former_ones():
    expectations, _ = create()
    expectations.expect_deletions("web", 5)
    expectations.expect_creations("web", 2)
    assert expectations.get_expectations("web") == Expectations(creations=2, deletions=0)


@both_kinds
def test_expired_expectations_of_objects_that_nobody_asks_for_are_removed(kind, caplog):
    """(A controller that never calls `delete_expectations` must not need ever more memory.)"""
    expectations, clock = create(kind, timeout=10.0)
    for number in range(1000):
        key = f"web-{number}"
        clock.time += 1.0
        if kind is UIDTrackingControllerExpectations:
            expectations.expect_deletions(key, ["u"])
            if number != 500:
                expectations.deletion_observed(key, "u")
            assert expectations.get_uids(key) == frozenset(["u"] if number == 500 else [])
        else:
            expectations.expect_deletions(key, 1)
            if number != 500:
                expectations.deletion_observed(key)
    assert "of 11 objects, 0 unfulfilled" in repr(expectations)
    assert [line.partition(":")[0] for line in caplog.messages] == ["expectations of web-500"]
    assert expectations.is_satisfied("web-500")


@both_kinds
def test_expectations_expire_and_a_warning_names_what_was_missed(kind, caplog):
    expectations, clock = create(kind)
    expectations.expect_creations("default/web", 2)
    expectations.creation_observed("default/web")
    clock.time = 300.0
    assert not expectations.is_satisfied("default/web")
    assert not caplog.text
    clock.time = 300.001
    assert expectations.is_satisfied("default/web")
    assert caplog.messages == [
        "expectations of default/web: 1 creations and 0 deletions were not observed within 300 s;"
        " reconciling without them"
    ]
    assert expectations.get_expectations("default/web") is None
    assert expectations.is_satisfied("default/web")
    assert len(caplog.messages) == 1


def test_fulfilled_expectations_expire_without_a_warning(caplog):
    expectations, clock = create(timeout=30.0)
    expectations.expect_creations("web", 1)
    expectations.creation_observed("web")
    clock.time = 31.0
    assert expectations.is_satisfied("web")
    assert not caplog.text


def test_only_new_expectations_start_a_new_timeout():
    expectations, clock = create(timeout=30.0)
    expectations.expect_creations("web", 5)
    clock.time = 20.0
    expectations.creation_observed("web")
    expectations.raise_expectations("web", creations=1, deletions=2)
    assert expectations.get_expectations("web") == Expectations(creations=5, deletions=2)
    clock.time = 30.5
    assert expectations.is_satisfied("web")
    expectations.expect_creations("web", 5)
    clock.time = 60.0
    assert not expectations.is_satisfied("web")


def test_raising_one_number_leaves_the_other():
    expectations, _ = create()
    expectations.set_expectations("web", creations=1, deletions=1)
    expectations.raise_expectations("web", creations=2)
    assert expectations.get_expectations("web") == Expectations(creations=3, deletions=1)
    expectations.raise_expectations("web", deletions=2)
    assert expectations.get_expectations("web") == Expectations(creations=3, deletions=3)


def test_raising_and_lowering_need_expectations():
    expectations, _ = create()
    expectations.raise_expectations("web", creations=3)
    expectations.lower_expectations("web", creations=1)
    assert expectations.get_expectations("web") is None
    expectations.expect_creations("web", 3)
    expectations.lower_expectations("web", creations=3, deletions=1)
    assert expectations.get_expectations("web") == Expectations(creations=0, deletions=-1)
    assert expectations.is_satisfied("web")


def test_repr_counts_the_objects_that_are_waited_for():
    expectations, _ = create()
    expectations.expect_creations("web", 1)
    expectations.expect_creations("db", 0)
    assert repr(expectations) == "<ControllerExpectations of 2 objects, 1 unfulfilled>"
    tracking, _ = create(UIDTrackingControllerExpectations)
    assert repr(tracking) == (
        "<UIDTrackingControllerExpectations <ControllerExpectations of 0 objects, 0 unfulfilled>>"
    )


def test_each_expected_deletion_counts_once_by_its_uid():
    expectations, _ = create(UIDTrackingControllerExpectations)
    expectations.expect_deletions("web", ["uid-1", "uid-2", "uid-2"])
    assert expectations.get_expectations("web") == Expectations(creations=0, deletions=2)
    expectations.deletion_observed("web", "uid-1")  # the update that sets deletionTimestamp
    expectations.deletion_observed("web", "uid-1")  # the deletion
    expectations.deletion_observed("web", "another pod")
    expectations.deletion_observed("db", "uid-2")
    assert expectations.get_uids("web") == {"uid-2"}
    assert not expectations.is_satisfied("web")
    expectations.deletion_observed("web", "uid-2")
    assert expectations.is_satisfied("web")
    assert expectations.get_uids("web") == frozenset()


def test_deleted_expectations_leave_no_uids():
    expectations, _ = create(UIDTrackingControllerExpectations)
    expectations.expect_deletions("web", ["uid-1"])
    expectations.delete_expectations("web")
    assert expectations.is_satisfied("web")
    assert (expectations.get_uids("web"), expectations.get_expectations("web")) == (frozenset(), None)


def test_expired_expectations_leave_no_uids(caplog):
    expectations, clock = create(UIDTrackingControllerExpectations, timeout=30.0)
    expectations.expect_deletions("web", ["uid-1"])
    clock.time = 31.0
    assert expectations.is_satisfied("web")
    assert expectations.get_uids("web") == frozenset()
    caplog.clear()
    expectations.expect_deletions("web", ["uid-2"])
    assert not caplog.text


def test_a_warning_names_deletions_that_are_replaced(caplog):
    expectations, _ = create(UIDTrackingControllerExpectations)
    expectations.expect_deletions("web", ["uid-2", "uid-1"])
    expectations.expect_deletions("web", ["uid-3"])
    assert caplog.messages == ["expectations of web: forgetting the expected deletions of uid-1, uid-2"]
    expectations.deletion_observed("web", "uid-3")
    expectations.expect_deletions("web", ["uid-4"])
    assert len(caplog.messages) == 1


@in_virtual_time
async def test_a_controller_behind_a_slow_cache_creates_each_pod_once():
    """The cache reports a pod two seconds after its creation, and the controller is called every 100 ms."""
    expectations = ControllerExpectations()
    created, cached = [], []

    async def report():
        await asyncio.sleep(2)
        cached.append("pod")
        expectations.creation_observed("web")

    async with asyncio.TaskGroup() as reports:
        while elapsed() < 10:
            if expectations.is_satisfied("web") and (missing := 3 - len(cached)):
                expectations.expect_creations("web", missing)
                for _ in range(missing):
                    created.append("pod")
                    reports.create_task(report())
            await asyncio.sleep(0.1)
    assert (len(created), len(cached)) == (3, 3)


@in_virtual_time
async def test_a_missed_event_stops_a_controller_for_the_timeout_only():
    expectations = UIDTrackingControllerExpectations()
    expectations.expect_deletions("web", ["missed"])
    while not expectations.is_satisfied("web"):
        await asyncio.sleep(1)
    assert elapsed() == 301.0


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("expect"), st.sets(st.sampled_from("abc"))),
            st.tuples(st.just("observe"), st.sampled_from("abcd")),
            st.tuples(st.just("wait"), st.sampled_from([1.0, 100.0, 200.0])),
        ),
        max_size=30,
    )
)
def test_tracking_agrees_with_a_set_of_uids(operations):
    expectations, clock = create(UIDTrackingControllerExpectations)
    missing: set[str] = set()
    since = 0.0
    for operation, value in operations:
        if operation == "expect":
            expectations.expect_deletions("web", value)
            missing, since = set(value), clock.time
        elif operation == "observe":
            expectations.deletion_observed("web", value)
            missing.discard(value)
        else:
            clock.time += value
        if missing and clock.time - since > 300.0:
            missing = set()
        assert expectations.is_satisfied("web") is (not missing)
        assert expectations.get_uids("web") == missing
