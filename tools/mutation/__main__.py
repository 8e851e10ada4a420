"""Change the code in small ways and run its tests: a change that no test notices shows a gap in the tests.

    make mutation                                  the decisive files, and a sample of all others
    make mutation ARGS="--only cache --sample 50"  part of it
    make mutation ARGS="--seed 7"                  other mutants
    make mutation ARGS="--only listwatch cache/ --decisive 30 --sample 20 --tests tests/simulation/test_worlds.py"
                                                   the simulation in place of the tests of each file

cosmic-ray creates the mutants; `plan.py` decides which of them are worth a run and which tests belong to a file. Each
mutant runs in a process forked from one that has already loaded pytest, over a copy of the tree, two at a time. A run
that takes too long counts as killed. `explained.yaml` lists survivors that cannot be killed, with the reason; an entry
that explains no survivor is an error, too.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

# Loaded once and inherited by every run. Nothing of the package itself may be among them.
import httptools  # noqa: F401
import hypothesis  # noqa: F401
import msgspec  # noqa: F401
import pytest
import yaml

from tools.mutation.plan import Mutant, decisive_files, mutant_at, other_files, places_of, table_of, tests_of

ROOT = Path(__file__).parents[2]
EXPLAINED = Path(__file__).with_name("explained.yaml")
SLOTS = 2
LEAST_SECONDS = 8.0
COPIED = ("src", "tests", "examples", "docs", "schema", "tools", "bench", "pyproject.toml", "README.md", "Makefile",
          "requirements", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", ".importlinter")  # fmt: skip


@dataclass
class Run:
    """A mutant whose tests are running."""

    mutant: Mutant
    slot: Path
    started: float
    limit: float


def main() -> int:
    parser = argparse.ArgumentParser(prog="make mutation", description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1, help="which mutants the sample takes (default: 1)")
    parser.add_argument("--decisive", type=int, default=1000, help="the most mutants of the files that decide")
    parser.add_argument("--sample", type=int, default=300, help="the mutants of all other files")
    parser.add_argument("--only", nargs="+", default=[""], help="only files whose path contains one of these texts")
    parser.add_argument("--tests", nargs="+", help="run these tests in place of those of each file")
    parser.add_argument("--report", type=Path, help="write every outcome to this JSON file")
    arguments = parser.parse_args()

    chosen, complete = choose(arguments.seed, arguments.decisive, arguments.sample, arguments.only)
    if not chosen:
        print("no mutants match")
        return 2
    judges = Judges(tuple(arguments.tests or ()))
    explained = {(each["file"], each["before"], each["after"]): each["reason"] for each in read_explained()}
    with tempfile.TemporaryDirectory() as folder:
        slots = [copy_tree(Path(folder) / f"slot-{number}") for number in range(SLOTS)]
        files = len({each.path for each in chosen})
        print(f"{len(chosen)} mutants in {files} files; running the tests unchanged first", flush=True)
        limits = baseline(slots, chosen, judges)
        if limits is None:
            return 2
        outcomes = run_all(chosen, slots, limits, judges)
    failed = report(outcomes, explained, arguments.report)
    stale = stale_entries(explained, outcomes, set() if arguments.tests else complete)
    for path, before, after in stale:
        print(f"explained.yaml: no mutant survives that is\n{path}\n    - {before}\n    + {after}")
    return 1 if failed or stale else 0


@dataclass(frozen=True)
class Judges:
    """The tests that judge a file: those of the plan, or the same for all files."""

    chosen: tuple[str, ...]

    def of(self, path: str) -> tuple[str, ...]:
        """Return the tests of a file, in the order in which they run."""
        return self.chosen or tests_of(ROOT, path)

    def table_of(self, path: str) -> tuple[str, ...]:
        """Return the same tests without an order."""
        return self.chosen or table_of(path)


def choose(seed: int, decisive: int, sample: int, only: list[str]) -> tuple[list[Mutant], set[str]]:
    """Return the mutants to run, and the files whose mutants are all among them.

    They are all mutants of the decisive files, or a sample of them, and a sample of the rest.
    """
    chance = random.Random(seed)
    chosen: list[Mutant] = []
    complete: set[str] = set()
    for files, most in ((decisive_files(), decisive), (other_files(ROOT), sample)):
        if not most:
            continue
        files = [path for path in files if any(text in path for text in only)]
        places = [place for path in files for place in places_of(ROOT, path)]
        chance.shuffle(places)
        found: dict[str, Mutant] = {}
        for place in places:
            if len(found) == most:
                break
            mutant = mutant_at(ROOT, place)
            if mutant is not None:
                found.setdefault(mutant.mutated, mutant)
        else:
            complete.update(files)
        chosen += sorted(found.values(), key=lambda each: (each.path, each.line))
    return chosen, complete


def copy_tree(slot: Path) -> Path:
    """Return a folder that holds what the tests need."""
    slot.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, slot / name, ignore=shutil.ignore_patterns(".work", "node_modules", "target"))
        else:
            shutil.copy2(source, slot / name)
    return slot


def baseline(slots: list[Path], chosen: list[Mutant], judges: Judges) -> dict[tuple[str, ...], float] | None:
    """Run each set of tests without a change; return its time limit, None if a test fails."""
    limits: dict[tuple[str, ...], float] = {}
    for tests in sorted({judges.table_of(each.path) for each in chosen}):
        started = time.monotonic()
        # In all copies together: as the mutants will run, and this writes the bytecode of each copy.
        running = {start(slot, tests, writes_bytecode=True): slot for slot in slots}
        failed = [slot for pid, slot in running.items() if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0]
        if failed:
            print(f"the tests fail without a change: {' '.join(tests)}\n{(failed[0] / 'output').read_text()[-3000:]}")
            return None
        limits[tests] = LEAST_SECONDS + 4 * (time.monotonic() - started)
    return limits


def start(slot: Path, tests: tuple[str, ...], *, writes_bytecode: bool = False) -> int:
    """Run tests in a child process over a copy of the tree; return its process number."""
    pid = os.fork()
    if pid:
        return pid
    status = 3
    try:
        os.setsid()
        os.chdir(slot)
        output = os.open("output", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.environ["PYTHONPATH"] = str(slot / "src")
        sys.dont_write_bytecode = not writes_bytecode
        sys.path[:] = [str(slot), str(slot / "src"), *(entry for entry in sys.path if entry not in ("", str(ROOT)))]
        arguments = ["-x", "-q", "--no-header", "-p", "no:cacheprovider", "--hypothesis-seed=1"]
        arguments += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # for modules that are loaded already
        status = int(pytest.main([*arguments, *tests]))
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
        os._exit(status)


def run_all(
    chosen: list[Mutant], slots: list[Path], limits: dict[tuple[str, ...], float], judges: Judges
) -> list[tuple[Mutant, str]]:
    """Run all mutants; return the outcome of each: killed, survived or timeout."""
    outcomes: list[tuple[Mutant, str]] = []
    running: dict[int, Run] = {}
    free, waiting = list(slots), list(reversed(chosen))
    begun = time.monotonic()
    while waiting or running:
        while waiting and free:
            mutant, slot = waiting.pop(), free.pop()
            write(slot, mutant.path, mutant.mutated)
            limit = limits[judges.table_of(mutant.path)]
            running[start(slot, judges.of(mutant.path))] = Run(mutant, slot, time.monotonic(), limit)
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            time.sleep(0.02)
            for number, run in running.items():
                if time.monotonic() - run.started > run.limit:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(number, signal.SIGKILL)
            continue
        run = running.pop(pid, None)
        if run is None:
            continue
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)  # processes that the tests left running
        code = os.waitstatus_to_exitcode(status)
        outcome = "survived" if code == 0 else "timeout" if code == -signal.SIGKILL else "killed"
        outcomes.append((run.mutant, outcome))
        write(run.slot, run.mutant.path, run.mutant.original)
        free.append(run.slot)
        if outcome == "survived":
            print(f"survived: {describe(run.mutant)}")
        done, seconds = len(outcomes), time.monotonic() - begun
        if not done % 25 or done == len(chosen):
            left = seconds / done * (len(chosen) - done)
            print(f"{done} of {len(chosen)} mutants after {seconds:.0f} s, about {left:.0f} s left", flush=True)
    return outcomes


def write(slot: Path, path: str, text: str) -> None:
    """Write a source file of a copy and delete its bytecode, which may seem current."""
    target = slot / path
    target.write_text(text, encoding="utf-8")
    for cached in target.parent.joinpath("__pycache__").glob(f"{target.stem}.*"):
        cached.unlink()


def describe(mutant: Mutant) -> str:
    """Return the place and the change of a mutant."""
    before, after = changed_lines(mutant)
    return f"{mutant.path}:{mutant.line}\n    - {before}\n    + {after}"


def changed_lines(mutant: Mutant) -> tuple[str, str]:
    """Return the lines that a mutant changes, before and after, without indentation."""
    lines = list(difflib.unified_diff(mutant.original.splitlines(), mutant.mutated.splitlines(), n=0, lineterm=""))[3:]
    return tuple(" ".join(line[1:].strip() for line in lines if line[:1] == sign) for sign in "-+")  # type: ignore[return-value]


def read_explained() -> list[dict[str, str]]:
    """Return the survivors that cannot be killed: file, line before and after, and the reason."""
    return yaml.safe_load(EXPLAINED.read_text(encoding="utf-8")) or []


def stale_entries(
    explained: dict[tuple[str, str, str], str], outcomes: list[tuple[Mutant, str]], complete: set[str]
) -> list[tuple[str, str, str]]:
    """Return the entries of completely run files that are not among the survivors."""
    survivors = {(mutant.path, *changed_lines(mutant)) for mutant, outcome in outcomes if outcome == "survived"}
    return [entry for entry in explained if entry[0] in complete and entry not in survivors]


def report(outcomes: list[tuple[Mutant, str]], explained: dict[tuple[str, str, str], str], target: Path | None) -> int:
    """Print the score; return 1 if a mutant survived without an explanation."""
    rows: list[dict[str, object]] = []
    for mutant, outcome in outcomes:
        before, after = changed_lines(mutant)
        reason = explained.get((mutant.path, before, after), "") if outcome == "survived" else ""
        rows.append({"file": mutant.path, "line": mutant.line, "operator": mutant.operator, "before": before,
                     "after": after, "outcome": "explained" if reason else outcome})  # fmt: skip
    if target is not None:
        target.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    by_file: dict[str, Counter[str]] = {}
    for row in rows:
        by_file.setdefault(str(row["file"]), Counter())[str(row["outcome"])] += 1
    for path, counts in sorted(by_file.items()):
        print(f"{path:60} " + ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())))
    total = Counter(str(row["outcome"]) for row in rows)
    killed = total["killed"] + total["timeout"]
    print(f"killed {killed} of {len(rows)} ({100 * killed / len(rows):.1f} %), explained {total['explained']}, "
          f"survived {total['survived']}")  # fmt: skip
    return 1 if total["survived"] else 0


if __name__ == "__main__":
    sys.exit(main())
