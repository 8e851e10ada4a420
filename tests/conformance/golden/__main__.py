"""`python -m tests.conformance.golden record | check | compare`: run client-go on the inputs; see README.md."""

from __future__ import annotations

import argparse
import filecmp
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kubeloop.testing.controlplane import steps
from kubeloop.testing.controlplane.binaries import cache_directory
from kubeloop.testing.controlplane.build import find_go
from kubeloop.testing.controlplane.plane import report_to_stderr

from . import judgement
from .generators import GENERATORS, cases

HERE = Path(__file__).parent
SEED = 1


def main() -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.golden", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("record", help="write the inputs and Go's results into the repository")
    commands.add_parser("check", help="record again into a temporary folder and compare byte for byte")
    compare = commands.add_parser("compare", help="compare ours with Go's results to fresh inputs; nothing is written")
    compare.add_argument("seed", type=int)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        fresh = Path(name)
        record(fresh, SEED if arguments.command != "compare" else arguments.seed)
        if arguments.command == "record":
            for part in ("inputs", "results"):
                shutil.rmtree(HERE / part, ignore_errors=True)
                shutil.copytree(fresh / part, HERE / part)
            return 0
        return check(fresh) if arguments.command == "check" else report(fresh)


def record(into: Path, seed: int) -> None:
    """Write inputs, and Go's results for these, into a folder."""
    (into / "inputs").mkdir()
    for surface in GENERATORS:
        # In the order in which they were generated, each case once.
        lines = dict.fromkeys(
            json.dumps(case, ensure_ascii=True, separators=(",", ":")) for case in cases(surface, seed)
        )
        (into / "inputs" / f"{surface}.jsonl").write_text("".join(f"{line}\n" for line in lines))
    go = steps.run(find_go(cache_directory(), report_to_stderr))
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": ""}
    command = [str(go), "run", ".", "-in", into / "inputs", "-out", into / "results", "-fixtures", HERE / "fixtures"]
    subprocess.run(command, cwd=HERE / "go", env=environment, check=True)


def check(fresh: Path) -> int:
    """Compare the recorded files with fresh ones."""
    differing = [
        f"{part}/{surface}.jsonl"
        for part in ("inputs", "results")
        for surface in GENERATORS
        if not _same(HERE / part / f"{surface}.jsonl", fresh / part / f"{surface}.jsonl")
    ]
    if differing:
        print(
            f"the recorded files differ: {', '.join(differing)}; run make golden and look at the change",
            file=sys.stderr,
        )
        return 1
    print("the recorded inputs and results are current")
    return 0


def _same(recorded: Path, fresh: Path) -> bool:
    return recorded.exists() and filecmp.cmp(recorded, fresh, shallow=False)


def report(fresh: Path) -> int:
    """Print the differences of our results for fresh inputs, except those that the tables name."""
    count = 0
    for surface in GENERATORS:
        pairs = list(_pairs(fresh, surface))
        for difference in judgement.unexplained(surface, pairs):
            count += 1
            print(difference)
    print(f"{count} differences that no table names")
    return 1 if count else 0


def _pairs(folder: Path, surface: str) -> Iterator[tuple[Any, Any]]:
    return judgement.recorded(surface, folder)


if __name__ == "__main__":
    sys.exit(main())
