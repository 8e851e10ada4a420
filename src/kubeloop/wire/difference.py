"""Difference and Differences: what differs between two objects, as records and in words.

`object_difference` finds the differences.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeAlias, overload

from kubeloop._kit.text import MASK, counted, safe_text
from kubeloop._kit.value import Value

__all__ = ["Difference", "DifferenceKind", "Differences"]

DifferenceKind: TypeAlias = Literal["added", "removed", "changed", "reordered"]

_LONGEST_SHOWN = 120


class Difference(Value, frozen=True):
    """One place at which two objects differ; its text says so in words.

    >>> print(kubeloop.Difference("spec.replicas", "changed", 1, 3))
    spec.replicas: changed from 1 to 3

    Attributes:
        path: The path with the API's field names: `spec.template.spec.containers[name=web].image`. An item of a list is
            named by its key where the list has one, else by its position: in the new list, or in the old one if it was
            removed.
        kind: `"added"`, `"removed"`, `"changed"`, or `"reordered"` for a list whose items have only changed places.
        old: The JSON value before; None if it was added. Of a reordered list, the keys of the items.
        new: The JSON value after; None if it was removed.
        is_secret: Whether the value is secret: `old` and `new` then are masks. Secret parts of a value are masks, too.
    """

    path: str
    kind: DifferenceKind
    old: Any = None
    new: Any = None
    is_secret: bool = False

    def __str__(self) -> str:
        return safe_text(f"{self.path or 'the whole'}: {self._words()}")

    def _words(self) -> str:
        if self.is_secret:
            return f"{self.kind} (the value is secret)"
        if self.kind == "added":
            return f"added {_shown(self.new)}"
        if self.kind == "removed":
            return f"removed {_shown(self.old)}"
        if self.kind == "reordered":
            return f"order changed from {', '.join(map(str, self.old))} to {', '.join(map(str, self.new))}"
        if isinstance(self.old, str) and isinstance(self.new, str) and "\n" in self.old + self.new:
            return _lines(self.old, self.new)
        return f"changed from {_shown(self.old)} to {_shown(self.new)}"


class Differences(Sequence[Difference]):
    """The differences of two objects, in the order of their fields; false if there are none. Prints one per line.

    Args:
        differences: The differences.
    """

    __slots__ = ("_items",)

    def __init__(self, differences: Iterable[Difference] = ()) -> None:
        self._items = tuple(differences)

    @property
    def paths(self) -> list[str]:
        """The paths of the differences."""
        return [each.path for each in self._items]

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> Difference: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Difference]: ...
    def __getitem__(self, index: int | slice) -> Difference | Sequence[Difference]:
        return self._items[index]

    def __eq__(self, other: object) -> bool:
        return self._items == other._items if isinstance(other, Differences) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self.paths))

    def __str__(self) -> str:
        return "\n".join(map(str, self._items)) if self._items else "no differences"

    def __repr__(self) -> str:
        places = f": {', '.join(self.paths)}" if self._items else ""
        return safe_text(f"<{counted(len(self._items), 'difference')}{places}>")


def _shown(value: Any) -> str:
    text = MASK if value == MASK else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}… ({counted(len(text), 'character')})"


def _lines(old: str, new: str) -> str:
    """Return in which lines two texts differ."""
    before, after = old.split("\n"), new.split("\n")
    begin = 0
    while begin < min(len(before), len(after)) and before[begin] == after[begin]:
        begin += 1
    end = 0
    while end < min(len(before), len(after)) - begin and before[-1 - end] == after[-1 - end]:
        end += 1
    gone, come = (each[begin : len(each) - end] for each in (before, after))
    where = f"line {begin + 1}"
    if not gone:
        return f"{counted(len(come), 'line')} added at {where}: {_shown(chr(10).join(come))}"
    if not come:
        return f"{counted(len(gone), 'line')} removed at {where}: {_shown(chr(10).join(gone))}"
    is_one = len(gone) == len(come) == 1
    what = f"{where} changed" if is_one else f"{counted(max(len(gone), len(come)), 'line')} changed from {where} on"
    return f"{what}: from {_shown(chr(10).join(gone))} to {_shown(chr(10).join(come))}"
