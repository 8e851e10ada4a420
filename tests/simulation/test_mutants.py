"""The simulation notices faults: those of `mutants` are found within 300 worlds."""

from __future__ import annotations

import pytest

from tests.simulation.mutants import MUTANTS
from tests.simulation.world import run_seed

MOST = 300


@pytest.mark.parametrize("name", MUTANTS)
def test_a_fault_that_was_put_back_is_found(name: str) -> None:
    with MUTANTS[name]():
        assert any(run_seed(seed).violations for seed in range(MOST))
