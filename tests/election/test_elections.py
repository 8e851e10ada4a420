"""Elections in simulated worlds: `ELECTION_SEEDS` of them, 200 by default. `python -m tests.election` runs more."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from kubeloop._kit.value import force_setattr
from kubeloop.leaderelection import LeaderElection
from kubeloop.leaderelection.election_machine import ElectionMachine
from kubeloop.leaderelection.lease_record import LeaseRecord
from tests.election.world import run_seed

SEEDS = int(os.environ.get("ELECTION_SEEDS", "200"))
CHUNK = 20


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_leaders_never_overlap_and_follow_each_other_in_time_from(first: int) -> None:
    for seed in range(first, min(first + CHUNK, SEEDS)):
        result = run_seed(seed)
        assert not result.violations, "\n".join(
            [f"python -m tests.election --seed {seed}", *result.violations, *result.story]
        )


def test_the_same_seed_has_the_same_world() -> None:
    first, second = run_seed(3), run_seed(3)
    assert first.story == second.story
    assert first.work == second.work > 20


def test_worlds_are_not_trivial() -> None:
    results = [run_seed(seed) for seed in range(20)]
    assert sum(result.terms for result in results) >= 80
    assert sum("blocks its loop" in line for result in results for line in result.story) >= 10
    assert sum("lost the lease" in line for result in results for line in result.story) >= 10
    assert all(after_kill > 5 for after_kill, _ in (result.without_leader for result in results))


def later_deadline(election: LeaderElection) -> None:
    """Move the deadline to a minute after the last renewal."""
    force_setattr(election._times, "renew_deadline", 60.0)


def counts_from_the_response(election: LeaderElection) -> None:
    """Count the deadline from the response to the last renewal, and not from its sending."""
    new_machine = election._new_machine

    def changed() -> ElectionMachine:
        machine = new_machine()
        written = machine.written

        def written_now(record: LeaseRecord, now: float) -> None:
            machine._sent_at = now
            written(record, now)

        machine.written = written_now  # type: ignore[method-assign]
        return machine

    election._new_machine = changed  # type: ignore[method-assign]


def keeps_the_fence_open(election: LeaderElection) -> None:
    """Remove the check from the fence."""
    election._check_leadership = lambda: None  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("arguments", "seeds"),
    [
        ({"fence": lambda _, clientset: clientset}, 20),
        ({"change": keeps_the_fence_open}, 20),
        ({"change": later_deadline}, 20),
        ({"change": counts_from_the_response}, 60),
    ],
    ids=["without a fence", "with an open fence", "without a deadline", "with a deadline from the response"],
)
def test_an_election_that_is_broken_is_noticed(arguments: dict[str, Callable[..., Any]], seeds: int) -> None:
    assert any(run_seed(seed, **arguments).violations for seed in range(seeds))
