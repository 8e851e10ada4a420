"""The table at the end of the demo: what held, who led when, and the numbers of the run."""

from collections.abc import Mapping
from pathlib import Path

from .history import Term
from .judge import CHECKS, Verdict


class Result:
    """The lines of the table that must hold, each with examples of what is wrong."""

    def __init__(self, verdict: Verdict, terms: list[Term], names: dict[str, str]) -> None:
        self.terms = terms
        self.names = names
        self.lines = [(text, verdict.faults[check]) for check, text in CHECKS.items()]

    def line(self, text: str, faults: list[str]) -> None:
        self.lines.append((text, faults))

    @property
    def is_good(self) -> bool:
        return not any(faults for _, faults in self.lines)


def show_table(result: Result, numbers: Mapping[str, object], log: Path) -> bool:
    """Print the table, and return whether every line holds."""
    print()
    for text, faults in result.lines:
        print(f"  {'FAIL' if faults else 'ok  '}  {text}")
        for example in faults[:3]:
            print(f"          {example}")
    print(f"\n  {'leader':<8}{'from':>8}{'to':>10}   {'end of the term':<26}{'without a leader':>16}")
    for term, following in zip(result.terms, [*result.terms[1:], None], strict=True):
        end = "" if term.end is None else f"{term.end:.1f} s"
        gap = "" if following is None or term.end is None else f"{following.begin - term.end:.1f} s"
        name = result.names.get(term.identity, "?")
        print(f"  {name:<8}{term.begin:>6.1f} s{end:>10}   {term.reason:<26}{gap:>16}")
    print()
    for name, value in numbers.items():
        print(f"  {name:<24}{value}")
    print(f"\n{'Every line holds.' if result.is_good else f'Not every line holds; see {log}.'}", flush=True)
    return result.is_good
