"""The long run of informers (`make soak`) in its short form: one round with every disturbance, on the real server."""

from __future__ import annotations

from pathlib import Path

from kubeloop.testing import ControlPlane
from tests.soak.disturbances import DISTURBANCES
from tests.soak.run import Settings, run

PLAN = (
    (0.0, "compaction"),
    (0.5, "connections cut"),
    (1.0, "token rotated"),
    (1.5, "connections forgotten"),
    (1.5, "etcd killed"),
    (3.0, "connections reset"),
    (3.0, "token rotated late"),
    (4.0, "cut inside a record"),
    (4.5, "refused"),
    (5.0, "compaction"),
    (5.0, "API server killed"),
    (5.5, "everything swallowed"),
)
"""The second at which each disturbance begins. They overlap, but servers restart one after another."""

SHORT = Settings(minutes=0, size=4, pause=1.0, plan=PLAN, away_seconds=0.5, skips=True, trace=True)

MEMORY = 1 << 20
"""The number of bytes by which the memory of the program may grow."""


async def test_every_kind_of_informer_recovers_from_every_disturbance(
    control_plane: ControlPlane, tmp_path: Path
) -> None:
    figures = await run(control_plane, tmp_path, SHORT)
    print(figures.rows(0.0))
    assert figures.faults == []
    assert figures.disturbances.keys() == DISTURBANCES.keys()
    assert figures.verdicts["consistent"] > 0
    assert figures.writes.keys() >= {"create", "patch", "update", "delete", "delete_collection"}
    first, last = figures.closed
    assert last["traced"] - first["traced"] < MEMORY
