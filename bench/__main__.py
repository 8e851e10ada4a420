"""`make bench ARGS="decode --pods 10000"`: compare kubeloop with its peers in one run: medians, ranges and ratios.

Prints a table per suite. Without the name of a suite, all suites run. With `--record`, the results are also written to
`bench/results/SUITE.json` and to docs/performance.md; `--report` only writes the page from the recorded results.
"""

import argparse
import os
import platform
import sys

from .harness import show, write
from .progress import shown
from .report import PAGE, RESULTS, rendered
from .subjects import MAKERS, Missing, Subject, takes_part_in
from .suites import SUITES, Bench


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
    parser.add_argument("--samples", type=int, default=3, help="processes a subject and case")
    parser.add_argument("--seconds", type=int, default=600, help="how long the suite leases holds its Leases")
    parser.add_argument("--documents", type=int, default=200, help="how many documents the suite manifests applies")
    parser.add_argument("--only", nargs="+", choices=MAKERS, metavar="SUBJECT", help=f"of {', '.join(MAKERS)}")
    parser.add_argument("--record", action="store_true", help="write the results, and the page of the figures")
    parser.add_argument("--report", action="store_true", help="measure nothing; write the page of the figures")
    options = parser.parse_args()
    if options.report:
        return write_page()
    for suite in options.suites:
        if suite not in SUITES:
            parser.error(f"no suite {suite!r}; there are {', '.join(SUITES)}")

    subjects: list[Subject] = []
    absent: dict[tuple[str, str], str] = {}
    suites = options.suites or [*SUITES]
    for name in options.only or MAKERS:
        if not any(takes_part_in(name, suite) for suite in suites):
            continue
        try:
            subjects.append(MAKERS[name]())
        except Missing as error:
            absent["all", name] = str(error)
    for suite in suites:
        present = [subject for subject in subjects if subject.takes_part_in(suite)]
        sizes = options.samples, options.pods, options.seconds, options.documents
        bench = Bench(present, *sizes, missing=absent_from(suite, absent))
        run = SUITES[suite]
        try:
            with shown(suite):
                rows = run(bench)
        except Missing as error:
            print(f"\n{suite}: not run: {error}")
            continue
        show(f"{suite}: {run.__doc__}", rows, bench.missing)
        if options.record:
            write(RESULTS / f"{suite}.json", machine(), bench, rows)
    return write_page() if options.record else 0


def absent_from(suite: str, absent: dict[tuple[str, str], str]) -> dict[tuple[str, str], str]:
    """Return why subjects that a suite measures could not be built."""
    return {key: why for key, why in absent.items() if takes_part_in(key[1], suite)}


def write_page() -> int:
    PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
