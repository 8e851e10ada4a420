"""Run many elections, or one of them again.

python -m tests.election --seeds 5000          the worlds of the seeds 0 to 4999, and what happened in them
python -m tests.election --seed 1234           one world, with its story
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter

from tests.election.happenings import HAPPENINGS
from tests.election.run import run_seed
from tests.election.world import Result

CHUNK = 5
LOG_SECONDS = 10.0
"""The seconds between two lines of progress, where the output is no terminal."""


def main() -> int:
    """Run the worlds that the arguments name; return 1 if something did not hold."""
    parser = argparse.ArgumentParser(prog="make simulate-election", description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, help="run the world of this seed, and tell its story")
    parser.add_argument("--seeds", type=int, default=300, help="the number of worlds (default: 300)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (default: 0)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="the number of processes")
    arguments = parser.parse_args()
    if arguments.seed is not None:
        result = run_seed(arguments.seed)
        print(*result.story, *(result.violations or ["everything held"]), sep="\n")
        return 1 if result.violations else 0
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    progress = Progress(len(seeds))
    results: list[Result] = []
    failed: list[int] = []
    with multiprocessing.get_context("fork").Pool(arguments.jobs) as pool:
        for seed, result in zip(seeds, pool.imap(_run, seeds, chunksize=CHUNK), strict=True):
            results.append(result)
            if result.violations:
                failed.append(seed)
                progress.clear()
                print(f"seed {seed} failed; run it again with: make simulate-election SEED={seed}")
                print(*(f"    {line}" for line in result.violations), sep="\n", flush=True)
            progress.show(len(results), len(failed))
    progress.clear()
    _print_summary(results, failed, progress.seconds)
    return 1 if failed else 0


class Progress:
    """Shows how far the run is: a line that changes on a terminal, and a line now and then in a log."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._started = time.monotonic()
        self._is_terminal = sys.stdout.isatty()
        self._shown_at = self._started

    @property
    def seconds(self) -> float:
        """The seconds since the start."""
        return time.monotonic() - self._started

    def show(self, done: int, failed: int) -> None:
        """Show the number of worlds that have been run, unless that was shown a moment ago."""
        now = time.monotonic()
        if now - self._shown_at < (0.2 if self._is_terminal else LOG_SECONDS):
            return
        self._shown_at = now
        left = self.seconds / done * (self._total - done)
        text = f"{done} of {self._total} worlds after {self.seconds:.0f} s, {failed} failed, about {left:.0f} s left"
        print(f"\r\033[K{text}" if self._is_terminal else text, end="" if self._is_terminal else "\n", flush=True)

    def clear(self) -> None:
        """Remove the line from a terminal."""
        if self._is_terminal:
            print("\r\033[K", end="", flush=True)


def _run(seed: int) -> Result:
    result = run_seed(seed)
    result.story.clear()
    return result


def _print_summary(results: list[Result], failed: list[int], seconds: float) -> None:
    worlds = Counter(what for result in results for what in result.happened)
    times: Counter[str] = Counter()
    for result in results:
        times.update(result.happened)
    print(f"{'what happened':78} {'worlds':>7} {'times':>8}")
    for what in HAPPENINGS:
        print(f"{what:78} {worlds[what]:7} {times[what]:8}{'' if worlds[what] else '  never'}")
    after_kill, after_release = zip(*(result.without_leader for result in results), strict=True)
    print(
        f"\n{sum(result.terms for result in results)} terms, {sum(result.work for result in results)} requests of work"
    )
    print(f"a new leader at most {max(after_kill):.2f} s after a crash, {max(after_release):.2f} s after a release")
    print(f"{len(results)} worlds in {seconds:.0f} s: {len(failed)} failed")
    for seed in failed[:20]:
        print(f"make simulate-election SEED={seed}")


if __name__ == "__main__":
    sys.exit(main())
