from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from kubeloop.leaderelection.election_machine import (
    ElectionMachine,
    LeaseTimes,
    ReadLease,
    Step,
    StopLeading,
    Wait,
    WriteLease,
    released,
)
from kubeloop.leaderelection.lease_record import LeaseRecord

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
OTHER = LeaseRecord("other", 15, "2026-01-02T11:00:00.000000Z", "2026-01-02T11:30:00.000000Z", 4)
OURS = OTHER.replace(holder="me")


class Half(Random):
    """Chance that always returns one half, which makes the jitter 60 %."""

    def random(self) -> float:
        return 0.5


def candidate(**options: Any) -> ElectionMachine:
    return ElectionMachine("me", LeaseTimes(), random=Half(), **options)


def wall(now: float) -> datetime:
    return NOON + timedelta(seconds=now)


def next_step(machine: ElectionMachine, now: float) -> Step:
    return machine.next(now, wall(now))


def read(machine: ElectionMachine, record: LeaseRecord | None, now: float) -> Step:
    """Carry out the step at this time, which is to read the Lease; return the next one."""
    assert isinstance(next_step(machine, now), ReadLease)
    machine.lease_read(record, now)
    return next_step(machine, now)


def write(machine: ElectionMachine, now: float, response_at: float | None = None) -> LeaseRecord:
    """Carry out the step at this time, which is to write the Lease; return the record."""
    step = next_step(machine, now)
    assert isinstance(step, WriteLease)
    machine.written(step.record, now if response_at is None else response_at)
    return step.record


def leader(now: float = 0.0, **options: Any) -> ElectionMachine:
    machine = candidate(**options)
    read(machine, OURS if options else None, now)
    write(machine, now)
    return machine


# Taking a lease


def test_a_missing_lease_is_created_without_a_transition() -> None:
    machine = candidate()
    step = read(machine, None, 0.0)
    time = "2026-01-02T12:00:00.000000Z"
    assert step == WriteLease(LeaseRecord("me", 15, time, time, 0), 5.0)
    machine.written(step.record, 1.0)
    assert machine.is_leader(9.9)
    assert not machine.is_leader(10.0)
    assert machine.leader == "me"


@pytest.mark.parametrize(
    ("record", "transitions"),
    [(LeaseRecord(), 1), (released(OTHER, NOON - timedelta(1)), 5), (OTHER.replace(duration=0), 5)],
    ids=["empty", "released", "without a duration"],
)
def test_a_free_lease_is_taken_at_once(record: LeaseRecord, transitions: int) -> None:
    step = read(candidate(), record, 0.0)
    assert isinstance(step, WriteLease)
    assert (step.record.holder, step.record.transitions) == ("me", transitions)
    assert step.record.acquire_time == step.record.renew_time == "2026-01-02T12:00:00.000000Z"
    assert not step.is_slow


@pytest.mark.parametrize(("before", "after"), [(2**31 - 2, 2**31 - 1), (2**31 - 1, 2**31 - 1)])
def test_the_number_of_transitions_never_exceeds_what_the_server_stores(before: int, after: int) -> None:
    step = read(candidate(), LeaseRecord(transitions=before), 0.0)
    assert isinstance(step, WriteLease)
    assert step.record.transitions == after


def test_the_lease_of_another_holder_is_respected_for_its_duration_since_it_was_seen_to_change() -> None:
    machine = candidate()
    assert read(machine, OTHER, 100.0) == Wait(100.0 + 2.0 * 1.6)
    assert read(machine, OTHER, 104.0) == Wait(104.0 + 2.0 * 1.6)
    renewed = OTHER.replace(renew_time="2026-01-02T11:30:02.000000Z")
    assert isinstance(read(machine, renewed, 108.0), Wait)
    assert isinstance(read(machine, renewed, 122.9), Wait)
    step = read(machine, renewed, 126.2)
    assert isinstance(step, WriteLease)
    assert step.record == LeaseRecord("me", 15, step.record.renew_time, "2026-01-02T12:02:06.200000Z", 5)


def test_the_duration_in_the_record_counts_and_not_our_own() -> None:
    machine = candidate()
    long = OTHER.replace(duration=60)
    assert isinstance(read(machine, long, 0.0), Wait)
    assert isinstance(read(machine, long, 59.9), Wait)
    assert isinstance(read(machine, long, 64.0), WriteLease)


def test_the_times_in_the_record_of_another_holder_do_not_matter() -> None:
    machine = candidate()
    old = OTHER.replace(renew_time="1970-01-01T00:00:00.000000Z", acquire_time=None)
    assert isinstance(read(machine, old, 0.0), Wait)


def test_a_lease_that_has_our_identity_is_continued() -> None:
    step = read(candidate(), OURS, 0.0)
    assert isinstance(step, WriteLease)
    assert step.record == OURS.replace(renew_time="2026-01-02T12:00:00.000000Z")
    assert step.is_slow


@pytest.mark.parametrize("steps", [0, 1], ids=["read", "write"])
def test_a_candidate_whose_request_failed_waits_and_reads_again(steps: int) -> None:
    machine = candidate()
    for _ in range(steps):
        read(machine, None, 0.0)
    next_step(machine, 0.5)
    machine.failed(1.0)
    assert next_step(machine, 1.0) == Wait(1.0 + 2.0 * 1.6)
    assert next_step(machine, 4.2) == ReadLease(9.2)
    assert not machine.is_leader(4.2)


def test_the_response_to_a_claim_that_is_later_than_the_deadline_does_not_make_a_leader() -> None:
    machine = candidate()
    read(machine, None, 0.0)
    write(machine, 0.0, response_at=10.0)
    assert not machine.is_leader(10.0)
    assert isinstance(next_step(machine, 10.0), ReadLease)


@pytest.mark.parametrize(("random", "pause"), [(0.0, 2.0), (1.0, 4.4)])
def test_the_pause_of_a_candidate_has_jitter(random: float, pause: float) -> None:
    class Fixed(Random):
        def random(self) -> float:
            return random

    machine = ElectionMachine("me", LeaseTimes(), random=Fixed())
    step = read(machine, OTHER, 0.0)
    assert isinstance(step, Wait)
    assert step.until == pytest.approx(pause)


# Renewing


def test_a_leader_renews_without_reading_two_seconds_after_it_sent_the_last_renewal() -> None:
    machine = leader()
    first = write(machine, 1.0, response_at=1.7)
    assert next_step(machine, 1.7) == Wait(3.0)
    renewal = next_step(machine, 3.0)
    assert renewal == WriteLease(first.replace(renew_time="2026-01-02T12:00:03.000000Z"), 8.0)
    machine.written(renewal.record, 3.1)
    assert machine.leads_until == 13.0


def test_the_first_renewal_comes_after_a_random_part_of_the_retry_period() -> None:
    machine = leader()
    assert next_step(machine, 0.7) == Wait(1.0)


def test_a_failed_renewal_is_repeated_at_once_after_reading() -> None:
    machine = leader()
    claimed = next_step(machine, 2.0)
    machine.failed(3.0)
    assert isinstance(claimed, WriteLease)
    step = read(machine, claimed.record, 3.0)
    assert isinstance(step, WriteLease)
    assert step.is_slow
    assert step.record == claimed.record.replace(renew_time="2026-01-02T12:00:03.000000Z")
    machine.written(step.record, 3.1)
    assert machine.leads_until == 13.0
    assert isinstance(next_step(machine, 5.0), WriteLease)


def test_a_failed_attempt_of_a_leader_is_followed_by_the_next_one_a_retry_period_after_its_begin() -> None:
    machine = leader()
    next_step(machine, 2.0)
    machine.failed(2.5)
    next_step(machine, 2.5)
    machine.failed(3.0)
    assert next_step(machine, 3.0) == Wait(4.0)
    assert isinstance(next_step(machine, 4.0), WriteLease)


def test_no_request_of_a_leader_outlives_the_deadline() -> None:
    machine = leader()
    step = next_step(machine, 8.0)
    assert isinstance(step, WriteLease)
    assert step.give_up_at == 10.0
    machine.failed(9.0)
    assert next_step(machine, 9.0) == ReadLease(10.0)


def test_a_leader_that_could_not_renew_stops_at_the_deadline() -> None:
    machine = leader()
    next_step(machine, 9.0)
    machine.failed(9.5)
    assert machine.is_leader(9.99)
    assert not machine.is_leader(10.0)
    assert next_step(machine, 10.0) == StopLeading("the lease was not renewed within 10 s")


def test_nothing_makes_a_stopped_candidate_the_leader_again() -> None:
    machine = leader()
    step = next_step(machine, 9.0)
    assert isinstance(step, WriteLease)
    assert isinstance(next_step(machine, 10.0), StopLeading)
    machine.written(step.record, 10.1)
    assert not machine.is_leader(10.1)
    assert isinstance(next_step(machine, 30.0), StopLeading)


def test_a_leader_that_sees_another_holder_stops_at_once() -> None:
    machine = leader()
    next_step(machine, 2.0)
    machine.failed(2.1)
    assert read(machine, OTHER, 2.1) == StopLeading("the lease is held by other")
    assert not machine.is_leader(2.1)
    assert machine.leader == "other"


def test_a_leader_whose_lease_was_deleted_creates_it_again() -> None:
    machine = leader()
    next_step(machine, 2.0)
    machine.failed(2.1)
    step = read(machine, None, 2.1)
    assert isinstance(step, WriteLease)
    assert step.record.transitions == 0
    assert machine.is_leader(2.1)


def test_a_leader_whose_lease_was_emptied_takes_it_again() -> None:
    machine = leader()
    next_step(machine, 2.0)
    machine.failed(2.1)
    step = read(machine, LeaseRecord(transitions=7), 2.1)
    assert isinstance(step, WriteLease)
    assert step.record.transitions == 8
    assert machine.is_leader(2.1)


def test_a_renewal_never_has_the_time_of_the_one_before() -> None:
    # A wall clock that stops or jumps: the server does not store an update without a change.
    machine = candidate()
    read(machine, None, 0.0)
    times = []
    for now in (0.0, 2.0, 4.0):
        step = machine.next(now, NOON)
        assert isinstance(step, WriteLease)
        machine.written(step.record, now)
        times.append(step.record.renew_time)
    assert times[0] != times[1] != times[2]


def test_a_wall_clock_that_jumps_changes_no_decision() -> None:
    machine = leader()
    step = machine.next(2.0, NOON - timedelta(days=365))
    assert isinstance(step, WriteLease)
    assert step.record.renew_time == "2025-01-02T12:00:00.000000Z"
    machine.written(step.record, 2.0)
    assert machine.leads_until == 12.0


# Coordinated election


def test_a_coordinated_candidate_never_creates_or_takes_a_lease() -> None:
    for record in (None, LeaseRecord(), OTHER, released(OTHER, NOON)):
        assert isinstance(read(candidate(is_coordinated=True), record, 0.0), Wait)
    machine = candidate(is_coordinated=True)
    read(machine, OTHER, 0.0)
    assert isinstance(read(machine, OTHER, 60.0), Wait)


def test_a_coordinated_candidate_leads_once_the_server_has_written_its_name() -> None:
    step = read(candidate(is_coordinated=True), OURS.replace(strategy="OldestEmulationVersion"), 0.0)
    assert isinstance(step, WriteLease)
    renewed = OURS.replace(strategy="OldestEmulationVersion", renew_time="2026-01-02T12:00:00.000000Z")
    assert step.record == renewed


def test_a_coordinated_leader_reads_before_each_renewal() -> None:
    machine = leader(is_coordinated=True)
    assert isinstance(next_step(machine, 2.0), ReadLease)


def test_a_coordinated_leader_does_not_renew_at_the_end_of_its_term() -> None:
    machine = leader(is_coordinated=True)
    preferred = OURS.replace(preferred_holder="other", renew_time="2026-01-02T12:00:00.000000Z")
    for now in (2.0, 4.0, 6.0, 8.0):
        assert isinstance(read(machine, preferred, now), Wait)
    assert machine.is_leader(9.9)
    assert next_step(machine, 10.0) == StopLeading("the API server prefers other")


def test_a_coordinated_candidate_does_not_continue_an_expired_lease() -> None:
    machine = candidate(is_coordinated=True)
    preferred = OURS.replace(preferred_holder="other")
    read(machine, preferred, 0.0)
    assert isinstance(read(machine, preferred, 20.0), Wait)


def test_a_coordinated_leader_whose_lease_was_deleted_waits_for_the_server() -> None:
    machine = leader(is_coordinated=True)
    assert isinstance(read(machine, None, 2.0), Wait)
    assert machine.is_leader(2.0)


# Releasing, and the durations


def test_a_released_record_is_empty_for_a_second_and_keeps_the_transitions() -> None:
    time = "2026-01-02T12:00:00.000000Z"
    assert released(OTHER, NOON) == LeaseRecord("", 1, time, time, 4)


def test_the_defaults_are_those_of_kubernetes_components() -> None:
    times = LeaseTimes()
    assert (times.lease_duration, times.renew_deadline, times.retry_period) == (15.0, 10.0, 2.0)
    assert times.request_timeout == 5.0
    assert LeaseTimes(3, 1.5, 0.5).request_timeout == 1.0
    assert LeaseTimes(1, 0.5, 0.1).request_timeout == 0.5


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((10, 10, 2), r"expected lease_duration above renew_deadline \(10 s\), got 10 s"),
        ((5, 10, 2), "expected lease_duration above renew_deadline"),
        ((15, 2.4, 2), r"expected renew_deadline above 1.2 times retry_period \(2.4 s\), got 2.4 s"),
        ((15, 10, 0), "expected retry_period above 0 s, got 0 s"),
        ((15, 10, -1), "expected retry_period above 0 s"),
        ((15, 10, float("nan")), "expected retry_period above 0 s"),
        ((15, -10, 2), "expected renew_deadline above"),
        ((-15, 10, 2), "expected lease_duration above"),
        ((float("inf"), 10, 2), "expected lease_duration above"),
        ((15, float("nan"), 2), "expected renew_deadline above"),
        ((2.5, 2.2, 1), "expected lease_duration in whole seconds, got 2.5 s"),
    ],
)
def test_durations_that_contradict_each_other_are_refused(values: tuple[float, float, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LeaseTimes(*values)


def test_the_repr_shows_the_state() -> None:
    assert repr(candidate()) == "<ElectionMachine me: leader: unknown>"
    assert repr(leader()) == "<ElectionMachine me: leads until 10>"
