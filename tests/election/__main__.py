"""Run many elections, or one of them again.

python -m tests.election --seeds 5000          the worlds of the seeds 0 to 4999
python -m tests.election --seed 1234           one world, with its story
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time

from tests.election.run import run_seed
from tests.election.world import Result

CHUNK = 20


def main() -> int:
    """Run the worlds that the arguments name; return 1 if something did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.election", description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, help="run the world of this seed, and tell its story")
    parser.add_argument("--seeds", type=int, default=200, help="the number of worlds (default: 200)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (default: 0)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="the number of processes")
    arguments = parser.parse_args()
    if arguments.seed is not None:
        result = run_seed(arguments.seed)
        print(*result.story, *(result.violations or ["everything held"]), sep="\n")
        return 1 if result.violations else 0
    started = time.monotonic()
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    results: list[Result] = []
    with multiprocessing.get_context("fork").Pool(arguments.jobs) as pool:
        for seed, result in zip(seeds, pool.imap(run_seed, seeds, chunksize=CHUNK), strict=True):
            results.append(result)
            for violation in result.violations:
                print(f"seed {seed}: {violation}", flush=True)
    failed = sum(bool(result.violations) for result in results)
    after_kill, after_stop = zip(*(result.without_leader for result in results), strict=True)
    print(
        f"{len(results)} worlds in {time.monotonic() - started:.0f} s, {failed} failed; "
        f"{sum(result.terms for result in results)} terms, {sum(result.work for result in results)} requests of work; "
        f"without a leader for at most {max(after_kill):.1f} s after a kill, {max(after_stop):.1f} s after a stop"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
