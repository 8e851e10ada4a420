"""Simulated worlds: `SIMULATION_SEEDS` of them, 300 by default. `make simulate SEEDS=10000` runs more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.faults import FAULTS
from tests.simulation.plan import make_plan
from tests.simulation.world import run_seed

SEEDS = int(os.environ.get("SIMULATION_SEEDS", "300"))
CHUNK = 20
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_everything_holds_in_the_worlds_from(first: int) -> None:
    for seed in range(first, min(first + CHUNK, SEEDS)):
        result = run_seed(seed)
        assert not result.violations, "\n".join([f"make simulate SEED={seed}", *result.violations, *result.story])


def test_the_same_seed_has_the_same_world_in_another_process() -> None:
    program = "from tests.simulation.world import run_seed\nprint([run_seed(seed).trace for seed in range(5)])"
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PYTHONHASHSEED": "7"}
    printed = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert printed.stdout.strip() == str([run_seed(seed).trace for seed in range(5)])


def test_worlds_are_not_trivial() -> None:
    plans = [make_plan(seed) for seed in range(1000)]
    for kind in FAULTS:
        assert sum(kind in {fault.kind for fault in plan.faults} for plan in plans) >= 50, kind
    assert all(len(plan.informers) >= 3 and len(plan.faults) >= 3 for plan in plans)
    assert all({"typed", "dynamic"} <= {informer.flavour for informer in plan.informers} for plan in plans)
    assert sorted(sum(size for _, size in plan.bursts) for plan in plans)[500] >= 200


def test_a_world_without_writes_and_faults_would_be_noticed() -> None:
    result = run_seed(0)
    assert result.writes > 200
    assert result.calls > 100
    assert result.requests > 10
