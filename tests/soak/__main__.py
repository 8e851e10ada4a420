"""Run informers for an hour, or for as long as you like, while servers are killed and connections break.

python -m tests.soak --minutes 60          a line per minute, a summary, and the exit status 1 if something did not hold
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from kubeloop.testing import ControlPlane
from tests.soak.run import Settings, run


async def main() -> int:
    defaults = Settings()
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=defaults.minutes, help="the minutes to run (default: 60)")
    parser.add_argument("--size", type=int, default=defaults.size, help="objects of a resource per namespace")
    parser.add_argument("--pause", type=float, default=defaults.pause, help="seconds between writes of a resource")
    parser.add_argument("--seed", type=int, default=defaults.seed, help="chooses the times of disturbances")
    parser.add_argument("--folder", type=Path, help="where to write the summary and the logs (default: a new folder)")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="kubeloop-soak-"))
    folder.mkdir(parents=True, exist_ok=True)
    settings = Settings(minutes=options.minutes, size=options.size, pause=options.pause, seed=options.seed)
    print(f"{options.minutes:g} minutes with the seed {options.seed}; logs and the summary: {folder}", flush=True)
    # By default the server deletes events after an hour; here only the writers delete.
    async with ControlPlane(api_server_args=["--event-ttl=24h"]) as plane:
        figures = await run(plane, folder, settings, lambda text: print(text, flush=True))
    figures.write(folder, settings.warm_up)
    print(f"\n{(folder / 'summary.md').read_text(encoding='utf-8')}")
    print("Something did not hold." if figures.faults else "Everything held.", flush=True)
    return 1 if figures.faults else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
