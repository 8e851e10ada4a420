"""Elections in simulated worlds: `ELECTION_SEEDS` of them, 200 by default. `python -m tests.election` runs more."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from kubeloop._kit.value import force_setattr
from kubeloop.leaderelection import LeaderElection
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


def keeps_the_fence_open(election: LeaderElection) -> None:
    """Remove the check from the fence."""
    election._check_leadership = lambda: None  # type: ignore[method-assign]


@pytest.mark.parametrize(
    "arguments",
    [
        {"fence": lambda _, clientset: clientset},
        {"change": keeps_the_fence_open},
        {"change": later_deadline},
    ],
    ids=["without a fence", "with an open fence", "without a deadline"],
)
def test_an_election_that_is_broken_is_noticed(arguments: dict[str, Callable[..., Any]]) -> None:
    assert any(run_seed(seed, **arguments).violations for seed in range(20))
