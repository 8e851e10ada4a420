"""`ElectionMachine`: decides what a candidate does next, and until when it is the leader; without a loop or a clock.

`leader_election` carries the steps out. `LeaseTimes` checks the durations.

Reference: client-go tools/leaderelection/leaderelection.go.
"""

from __future__ import annotations

from datetime import timedelta
from math import inf
from typing import TYPE_CHECKING

from kubeloop._kit.backoff import jitter
from kubeloop._kit.value import Value
from kubeloop.leaderelection.lease_record import LeaseRecord
from kubeloop.meta.times import format_micro_time, parse_time

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

__all__ = ["ElectionMachine", "LeaseTimes", "ReadLease", "Step", "StopLeading", "Wait", "WriteLease", "released"]

JITTER_FACTOR = 1.2
"""The largest part of the retry period that is added to it at random. Reference: client-go JitterFactor."""
_LEAST_REQUEST_TIMEOUT = 1.0
_MOST_TRANSITIONS = 2**31 - 1
"""The largest number that the server stores; an edited Lease may have it."""
_NO_LEASE = LeaseRecord(transitions=-1)
"""What a new Lease is based on: its first leader is no transition."""


class LeaseTimes(Value, frozen=True):
    """The durations of an election, in seconds. All candidates of an election should have the same.

    Attributes:
        lease_duration: How long other candidates wait after they have seen the last renewal; whole seconds.
        renew_deadline: How long the leader works after it sent its last successful renewal.
        retry_period: How long each candidate waits between two attempts.

    The clocks of two candidates may differ in rate by the factor `lease_duration / renew_deadline`. Their times of day
    do not matter.

    Raises:
        ValueError: A duration is not longer than the next one, or `lease_duration` is not a whole number.

    Reference: client-go NewLeaderElector. Intended difference: fractions of a second in `lease_duration`, which
        client-go cuts off in the Lease, are refused.
    """

    lease_duration: float = 15.0
    renew_deadline: float = 10.0
    retry_period: float = 2.0

    def __post_init__(self) -> None:
        if not self.retry_period > 0:
            raise ValueError(f"expected retry_period above 0 s, got {self.retry_period:g} s")
        least = self.retry_period * JITTER_FACTOR
        if not self.renew_deadline > least:
            raise ValueError(
                f"expected renew_deadline above {JITTER_FACTOR} times retry_period ({least:g} s), "
                f"got {self.renew_deadline:g} s"
            )
        if not self.renew_deadline < self.lease_duration < inf:
            raise ValueError(
                f"expected lease_duration above renew_deadline ({self.renew_deadline:g} s), "
                f"got {self.lease_duration:g} s"
            )
        if self.lease_duration != int(self.lease_duration):
            raise ValueError(f"expected lease_duration in whole seconds, got {self.lease_duration:g} s")

    @property
    def request_timeout(self) -> float:
        """The timeout of a request: half of `renew_deadline`, but at least a second. Reference: NewFromKubeconfig."""
        return min(max(_LEAST_REQUEST_TIMEOUT, self.renew_deadline / 2), self.renew_deadline)


class Wait(Value, frozen=True):
    """Do nothing until this time, then ask for the next step."""

    until: float


class ReadLease(Value, frozen=True):
    """Read the Lease, and report `lease_read` or `failed`. The request must have ended at `give_up_at`."""

    give_up_at: float


class WriteLease(Value, frozen=True):
    """Write this record into the Lease, and report `written` or `failed`. The request must have ended at `give_up_at`.

    `is_slow` means that the leader had to read the Lease before.
    """

    record: LeaseRecord
    give_up_at: float
    is_slow: bool = False


class StopLeading(Value, frozen=True):
    """The leadership is lost; `reason` continues a message."""

    reason: str


Step = Wait | ReadLease | WriteLease | StopLeading


class ElectionMachine:
    """One candidate, from its first attempt until it has lost the leadership.

    `next` returns the step to carry out, and the reports contain its result. All times are those of one monotonic
    clock, whose zero and rate may differ from those of other candidates.

    - An attempt of the leader is one update with the version that it wrote last. If that fails, the attempt reads the
      Lease and updates it then, as each attempt of another candidate does.
    - A candidate counts the duration of a lease from the moment at which it has seen the record change itself.
    - The leader leads until `leads_until`: the time at which it sent its last successful renewal, plus the deadline.
    - Nothing makes a candidate the leader again once it has stopped.

    Args:
        identity: The name of this candidate.
        times: The durations.
        random: The source of the jitter.
        is_coordinated: Whether the server chooses the leader (KEP-4355): the candidate waits until the Lease names it,
            never takes it, reads the Lease before each renewal, and does not renew once another holder is preferred.

    Attributes:
        leads_until: The time until which this candidate is the leader; minus infinity if it is not.
        leader: The identity of the last observed leader; `""` if there is none.
        observed_at: The time at which the record was seen to change last, or was written here.

    Reference: client-go LeaderElector.tryAcquireOrRenew and tryCoordinatedRenew. Intended differences: the deadline
        counts from the sending of the last renewal, not from the next attempt after its response, so that a leader
        stops before its lease can expire, and the retry period of renewals counts from the sending too; the first
        renewal comes after a random part of the retry period; a leader that sees another holder stops at once.
    """

    def __init__(self, identity: str, times: LeaseTimes, *, random: Random, is_coordinated: bool = False) -> None:
        self._identity = identity
        self._times = times
        self._random = random
        self._is_coordinated = is_coordinated
        self._record: LeaseRecord | None = None
        self._plan: LeaseRecord | None = None
        self._sent_at = -inf
        self._attempt_at = -inf
        self._pause_until = -inf
        self._must_read = True
        self._is_in_attempt = False
        self._stopped = ""
        self.leads_until = -inf
        self.observed_at = -inf

    @property
    def leader(self) -> str:
        """The identity of the last observed leader; `""` if there is none."""
        return "" if self._record is None else self._record.holder

    def is_leader(self, now: float) -> bool:
        """Return whether this candidate is the leader at this time."""
        return now < self.leads_until

    def next(self, now: float, wall: datetime) -> Step:
        """Return the next step.

        Args:
            now: The time.
            wall: The time of day, for the times in the record; nothing is decided by it.
        """
        if -inf < self.leads_until <= now:
            preferred = self._record.preferred_holder if self._record is not None and self._is_coordinated else ""
            self.stop(
                f"the API server prefers {preferred}"
                if preferred
                else f"the lease was not renewed within {self._times.renew_deadline:g} s"
            )
        if self._stopped:
            return StopLeading(self._stopped)
        if not self._is_in_attempt:
            if now < self._pause_until:
                return Wait(self._pause_until)
            self._is_in_attempt = True
            self._attempt_at = now
            self._plan = None
            self._must_read = self._is_coordinated or self.leads_until == -inf
        give_up_at = now + self._times.request_timeout
        if self.leads_until > -inf:
            give_up_at = min(give_up_at, self.leads_until)
        if self._must_read and self._plan is None:
            return ReadLease(give_up_at)
        base = self._plan or self._record or _NO_LEASE
        self._sent_at = now
        is_slow = self._must_read and base.holder == self._identity
        return WriteLease(self._claim(base, wall), give_up_at, is_slow)

    def stop(self, reason: str) -> None:
        """Stop: this candidate is not the leader any more. The first reason counts."""
        self._stopped = self._stopped or reason
        self.leads_until = -inf

    def lease_read(self, record: LeaseRecord | None, now: float) -> None:
        """Report the record of the Lease; None if there is no Lease."""
        if record is None:
            if self._is_coordinated:
                self.failed(now)
            else:
                self._plan = _NO_LEASE
            return
        if record != self._record:
            self._observe(record, now)
        is_ours = record.holder == self._identity
        if self.leads_until > -inf and record.holder and not is_ours:
            self.stop(f"the lease is held by {record.holder}")
            return
        is_valid = now < self.observed_at + record.duration
        if self._is_coordinated:
            may_write = is_ours and is_valid and not record.preferred_holder
        else:
            may_write = is_ours or not record.holder or not is_valid
        if may_write:
            self._plan = record
        else:
            self.failed(now)

    def written(self, record: LeaseRecord, now: float) -> None:
        """Report that the record is in the Lease."""
        self._observe(record, now)
        self._end_attempt()
        # The renewals of elections that begin together are spread, or each of them would need a connection.
        share = self._random.random() if self.leads_until == -inf else 1.0
        self._pause_until = self._sent_at + self._times.retry_period * share
        leads_until = self._sent_at + self._times.renew_deadline
        if now < leads_until and not self._stopped:
            self.leads_until = leads_until

    def failed(self, now: float) -> None:
        """Report that the step failed, or that it is unknown whether the record was written."""
        if not self._must_read:
            self._must_read = True
            return
        self._end_attempt()
        retry_period = self._times.retry_period
        if self.leads_until > -inf:
            self._pause_until = max(now, self._attempt_at + retry_period)
        else:
            self._pause_until = now + jitter(retry_period, JITTER_FACTOR, self._random)

    def _observe(self, record: LeaseRecord, now: float) -> None:
        self._record = record
        self.observed_at = now

    def _end_attempt(self) -> None:
        self._is_in_attempt = False
        self._plan = None

    def _claim(self, base: LeaseRecord, wall: datetime) -> LeaseRecord:
        """Return the record with which this candidate takes or renews a lease."""
        time = _time_after(base, wall)
        is_ours = base.holder == self._identity
        return LeaseRecord(
            self._identity,
            int(self._times.lease_duration),
            base.acquire_time if is_ours else time,
            time,
            min(base.transitions + (not is_ours), _MOST_TRANSITIONS),
            base.strategy if self._is_coordinated else "",
        )

    def __repr__(self) -> str:
        state = (
            f"leads until {self.leads_until:g}" if self.leads_until > -inf else f"leader: {self.leader or 'unknown'}"
        )
        return f"<ElectionMachine {self._identity}: {state}>"


def released(record: LeaseRecord, wall: datetime) -> LeaseRecord:
    """Return the record that lets another candidate take the lease at once. Reference: LeaderElector.tryRelease."""
    time = _time_after(record, wall)
    return LeaseRecord("", 1, time, time, record.transitions, record.strategy)


def _time_after(record: LeaseRecord, wall: datetime) -> str:
    """Return the time of day as text that differs from the last renewal.

    The server does not store an update without a change, so that other candidates would not see the renewal.
    """
    text = format_micro_time(wall)
    if text != record.renew_time:
        return text
    return format_micro_time(parse_time(text) + timedelta(microseconds=1))
