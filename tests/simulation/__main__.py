"""Run many worlds, or one of them again.

python -m tests.simulation --seeds 10000            the worlds of the seeds 0 to 9999, and what they cover
python -m tests.simulation --seed 1234              one world, with its story
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import statistics
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.simulation.branches import Branches

if TYPE_CHECKING:
    from tests.simulation.branches import Branch
    from tests.simulation.world import Result

CHUNK = 20
EVERY = 200
"""Worlds between two lines of progress."""

_branches = Branches()


def main() -> int:
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, help="run the world of this seed, and tell its story")
    parser.add_argument("--seeds", type=int, default=300, help="the number of worlds (default: 300)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (default: 0)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="the number of processes")
    arguments = parser.parse_args()
    if arguments.seed is not None:
        return tell(arguments.seed)
    started = time.monotonic()
    results: list[Result] = []
    total = Branches()
    failed = 0
    for some, known, taken in run_all(arguments.first, arguments.seeds, arguments.jobs):
        results.extend(some)
        total.known |= known
        total.taken += taken
        for result in some:
            if result.violations:
                failed += 1
                print_failure(result)
        if not len(results) % EVERY:
            seconds = time.monotonic() - started
            left = seconds / len(results) * (arguments.seeds - len(results))
            print(f"{len(results)} worlds after {seconds:.0f} s, {failed} failed, about {left:.0f} s left", flush=True)
    print_summary(results, total)
    return 1 if failed else 0


def tell(seed: int) -> int:
    from tests.simulation.world import run_seed

    result = run_seed(seed)
    print(*result.story, sep="\n")
    print(f"{result.writes} writes, {result.requests} requests, {result.calls} calls of handlers")
    print(f"{result.cpu_seconds:.3f} s of CPU, {result.seconds:.0f} simulated seconds, trace {result.trace:08x}")
    print(*(result.violations or ["everything held"]), sep="\n")
    return 1 if result.violations else 0


def run_all(first: int, count: int, jobs: int) -> Iterator[tuple[list[Result], set[Branch], Counter[Branch]]]:
    """Run worlds in processes of their own, and yield the results of some at a time, in the order of the seeds."""
    chunks = [range(start, min(start + CHUNK, first + count)) for start in range(first, first + count, CHUNK)]
    with multiprocessing.get_context("fork").Pool(jobs, initializer=_branches.install) as pool:
        yield from pool.imap(run_chunk, chunks)


def run_chunk(seeds: range) -> tuple[list[Result], set[Branch], Counter[Branch]]:
    from tests.simulation.world import failed, run_seed

    results: list[Result] = []
    for seed in seeds:
        try:
            result = run_seed(seed)
        except Exception:
            result = failed(seed, traceback.format_exc())
        if not result.violations:
            result.story.clear()
        results.append(result)
    taken = _branches.taken.copy()
    _branches.taken.clear()
    return results, _branches.known, taken


def print_failure(result: Result) -> None:
    print(f"\nseed {result.seed} failed; run it again with: make simulate SEED={result.seed}")
    print(*(f"    {line}" for line in result.violations), sep="\n", flush=True)


def print_summary(results: list[Result], branches: Branches) -> None:
    from tests.simulation.faults import FAULTS

    faults = Counter(kind for result in results for kind in result.faults)
    flavours = Counter(flavour for result in results for flavour in set(result.informers))
    print(f"\n{'kind of fault':40} {'worlds':>7}")
    for kind in FAULTS:
        print(f"{kind:40} {faults[kind]:7}")
    print(f"\n{'kind of informer':40} {'worlds':>7}")
    for flavour, count in sorted(flavours.items()):
        print(f"{flavour:40} {count:7}")
    print(f"\n{'per world':40} {'least':>9} {'median':>9} {'mean':>9} {'most':>9}")
    for name, values in {
        "writes": [result.writes for result in results],
        "faults": [len(result.faults) for result in results],
        "informers": [len(result.informers) for result in results],
        "requests": [result.requests for result in results],
        "calls of handlers": [result.calls for result in results],
        "simulated seconds": [result.seconds for result in results],
        "requests of one consumer in 10 s": [result.storm for result in results],
        "CPU seconds": [result.cpu_seconds for result in results],
    }.items():
        figures = (min(values), statistics.median(values), statistics.fmean(values), max(values))
        digits = 3 if name == "CPU seconds" else 0
        print(f"{name:40} " + " ".join(f"{figure:9.{digits}f}" for figure in figures))
    print(f"\n{'aim':40} {'least':>9} {'most':>9} {'found':>9}")
    for name, least, most, found in (
        ("writes, median", 200, math.inf, statistics.median(result.writes for result in results)),
        ("faults in each world", 3, math.inf, min(len(result.faults) for result in results)),
        ("informers in each world", 3, math.inf, min(len(result.informers) for result in results)),
        ("worlds with the rarest kind of fault", len(results) // 20, math.inf, min(faults[kind] for kind in FAULTS)),
        ("CPU seconds, median", 0.0, 0.3, statistics.median(result.cpu_seconds for result in results)),
    ):
        print(f"{name:40} {least:9g} {most:9g} {found:9.3g}{'' if least <= found <= most else '  missed'}")
    print()
    print(*branches.report(), sep="\n")
    bad = [result.seed for result in results if result.violations]
    print(f"\n{len(results)} worlds: {len(bad)} failed")
    print(*(f"make simulate SEED={seed}" for seed in bad[:20]), sep="\n")


if __name__ == "__main__":
    sys.exit(main())
