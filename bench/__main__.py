"""`make bench ARGS="decode --pods 10000"`: compare kubeloop with its peers in one run: medians, ranges and ratios.

Prints a table per suite and writes `bench/results/SUITE.json`. Without the name of a suite, all suites run.
"""

import argparse
import os
import platform
import sys
from pathlib import Path

from .harness import show, write
from .subjects import MAKERS, Missing, Subject
from .suites import SUITES, Bench

RESULTS = Path(__file__).resolve().parent / "results"


def machine() -> dict[str, str]:
    with open("/proc/cpuinfo") as cpuinfo:
        models = [line.partition(":")[2].strip() for line in cpuinfo if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": f"{len(models)} x {models[0] if models else platform.machine()}",
        "memory": f"{memory / 2**30:.0f} GiB",
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "suites", nargs="*", metavar="SUITE", help=f"{', '.join(SUITES)}; all of them when none is named"
    )
    parser.add_argument("--pods", type=int, nargs="+", default=[1000, 10_000, 50_000], help="sizes of the LISTs")
    parser.add_argument("--samples", type=int, default=5, help="processes a subject and case")
    parser.add_argument("--only", nargs="+", choices=MAKERS, metavar="SUBJECT", help=f"of {', '.join(MAKERS)}")
    options = parser.parse_args()
    for suite in options.suites:
        if suite not in SUITES:
            parser.error(f"no suite {suite!r}; there are {', '.join(SUITES)}")

    subjects: list[Subject] = []
    absent: dict[tuple[str, str], str] = {}
    for name in options.only or MAKERS:
        try:
            subjects.append(MAKERS[name]())
        except Missing as error:
            absent["all", name] = str(error)
    for suite in options.suites or SUITES:
        bench = Bench(subjects, options.samples, options.pods, dict(absent))
        run = SUITES[suite]
        try:
            rows = run(bench)
        except Missing as error:
            print(f"\n{suite}: not run: {error}")
            continue
        show(f"{suite}: {run.__doc__}", rows, bench.missing)
        write(RESULTS / f"{suite}.json", machine(), {subject.name: subject.versions for subject in subjects}, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
