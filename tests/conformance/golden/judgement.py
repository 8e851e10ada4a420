"""The comparison of our results with Go's: equal, or named in a table of differences; see README.md."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from .differences import INTENDED, Difference
from .ours import RESULTS

__all__ = ["Judged", "judge", "recorded", "unexplained"]

HERE = Path(__file__).parent
UNSTABLE = {"unstable": True}


class Judged(NamedTuple):
    """One case, both results, and the entries of the tables that cover the difference."""

    surface: str
    case: Any
    go: Any
    ours: Any
    explained_by: tuple[Difference, ...]

    @property
    def is_equal(self) -> bool:
        """Whether both results are the same JSON."""
        return canonical(self.go) == canonical(self.ours)

    def __str__(self) -> str:
        return "\n".join(
            (
                f"{self.surface}: {_shown(self.case)}",
                f"    Go:   {_shown(self.go)}",
                f"    ours: {_shown(self.ours)}",
            )
        )


def recorded(surface: str, folder: Path = HERE) -> Iterator[tuple[Any, Any]]:
    """Read the cases of a surface with Go's results, except those for which two runs of Go differ."""
    inputs = (folder / "inputs" / f"{surface}.jsonl").read_text().splitlines()
    results = (folder / "results" / f"{surface}.jsonl").read_text(encoding="utf-8").split("\n")
    if results[-1] or len(inputs) != len(results) - 1:
        raise ValueError(f"{surface}: {len(inputs)} inputs and {len(results) - 1} results; run make golden")
    for case, result in zip(inputs, results, strict=False):
        go = json.loads(result, parse_int=_number)
        if go != UNSTABLE:
            yield json.loads(case), go


def judge(surface: str, pairs: Iterable[tuple[Any, Any]]) -> Iterator[Judged]:
    """Run each case with kubeloop and look up the entries that cover the difference."""
    for case, go in pairs:
        ours = _result_of(surface, case)
        names: tuple[Difference, ...] = ()
        if canonical(go) != canonical(ours):
            names = tuple(entry for entry in INTENDED if entry.surface == surface and entry.covers(case, go, ours))
        yield Judged(surface, case, go, ours, names)


def _result_of(surface: str, case: Any) -> Any:
    try:
        return RESULTS[surface](case)
    except Exception as error:
        # No caller expects such an exception; the result never equals one of Go.
        return {"raised": type(error).__name__}


def unexplained(surface: str, pairs: Iterable[tuple[Any, Any]]) -> list[Judged]:
    """Return the cases in which we differ from Go without an entry that covers the difference."""
    return [each for each in judge(surface, pairs) if not each.is_equal and not each.explained_by]


def canonical(value: Any) -> str:
    """Write JSON so that equal values are equal texts: 1 and true differ, 1 and 1.0 do not."""
    return json.dumps(_plain(value), sort_keys=True, ensure_ascii=True)


def _number(text: str) -> int | float:
    """Return the number. Go writes great floats without an exponent; a number beyond 64 bits is a float."""
    number = int(text)
    return number if -(2**63) <= number < 2**64 else float(text)


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, (list, tuple)) else value


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 1500 else f"{text[:1500]}…"
