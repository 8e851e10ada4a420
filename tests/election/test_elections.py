"""Elections in simulated worlds: `ELECTION_SEEDS` of them, 200 by default. `make simulate-election` runs more."""

from __future__ import annotations

import os

import pytest

from tests.election.happenings import HAPPENINGS
from tests.election.mutants import MUTANTS
from tests.election.run import run_seed

SEEDS = int(os.environ.get("ELECTION_SEEDS", "200"))
CHUNK = 20
MOST = 200
"""The worlds among which there must be one that notices a mutant."""
VERY_RARE = {
    "a claim was stored, and its response came after the deadline",
    "the server went down while a request of the election was under way",
    "the lease was lost to another holder",
}
"""What happens in some of thousands of worlds, and not in each few of them."""


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_leaders_never_overlap_and_follow_each_other_in_time_from(first: int) -> None:
    for seed in range(first, min(first + CHUNK, SEEDS)):
        result = run_seed(seed)
        assert not result.violations, "\n".join(
            [f"make simulate-election SEED={seed}", *result.violations, *result.story]
        )


def test_the_same_seed_has_the_same_world() -> None:
    first, second = run_seed(3), run_seed(3)
    assert first.story == second.story
    assert first.happened == second.happened
    assert first.work == second.work > 20


def test_the_rare_things_happen() -> None:
    results = [run_seed(seed) for seed in range(50)]
    happened = {what for result in results for what in result.happened}
    assert set(HAPPENINGS) - happened <= VERY_RARE
    assert sum(result.terms for result in results) >= 250
    assert all(after_kill > 5 for after_kill, _ in (result.without_leader for result in results))


@pytest.mark.parametrize("name", MUTANTS)
def test_an_election_that_is_broken_is_noticed(name: str) -> None:
    assert any(run_seed(seed, **MUTANTS[name]).violations for seed in range(MOST))
