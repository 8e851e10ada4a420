"""The difference between the actions that a test expects and those that happened, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from .action import Action

__all__ = ["difference"]

_MAX_VALUE = 200


def difference(expected: Sequence[Action], actual: Sequence[Action]) -> str:
    """Return both lists as one: `-` marks what is missing, `+` what was not expected, `!` what differs inside."""
    lines = [f"expected {_count(expected)}, got {_count(actual)}:"]
    matcher = SequenceMatcher(None, list(map(str, expected)), list(map(str, actual)), autojunk=False)
    for kind, begin, end, other_begin, other_end in matcher.get_opcodes():
        if kind == "equal":
            for wanted, found in zip(expected[begin:end], actual[other_begin:other_end], strict=True):
                lines += _inside(wanted, found)
        else:
            lines += [f"- {action}" for action in expected[begin:end]]
            lines += [f"+ {action}" for action in actual[other_begin:other_end]]
    return "\n  ".join(lines)


def _inside(wanted: Action, found: Action) -> Iterator[str]:
    names = found.differences(wanted)
    yield f"{'!' if names else ' '} {found}"
    for name in names:
        for place, expected, got in _differences(getattr(wanted, name), getattr(found, name), name):
            yield f"      {place}: expected {_shown(expected)}, got {_shown(got)}"


def _differences(expected: Any, got: Any, place: str) -> Iterator[tuple[str, Any, Any]]:  # plain data of any shape
    """Yield the places in which two values differ, as deep as their shapes agree; `...` stands for an absent value."""
    if _is_mapping(expected) and _is_mapping(got):
        for key in [*expected, *(key for key in got if key not in expected)]:
            yield from _differences(expected.get(key, ...), got.get(key, ...), f"{place}.{key}")
    elif _is_list(expected) and _is_list(got) and len(expected) == len(got):
        for index, pair in enumerate(zip(expected, got, strict=True)):
            yield from _differences(*pair, f"{place}[{index}]")
    elif expected != got:
        yield place, expected, got


def _is_mapping(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _shown(value: object) -> str:
    if value is ...:
        return "nothing"
    text = repr(value)
    return text if len(text) <= _MAX_VALUE else f"{text[:_MAX_VALUE]}... ({len(text)} characters)"


def _count(actions: Sequence[Action]) -> str:
    return "no action" if not actions else "1 action" if len(actions) == 1 else f"{len(actions)} actions"
