"""Find the values of a template in a JSON value.

Reference: client-go util/jsonpath/jsonpath.go. Members of a map come in the order of their names, where Go's order is
random. The work is bounded (`Budget`), because a template may come from an untrusted user.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any

from kubeloop.jsonpath.path_node import (
    Action,
    Descent,
    Field,
    Filter,
    JSONPathError,
    Literal,
    Node,
    OutsideText,
    Part,
    Slice,
    Union,
    Wildcard,
    shown,
)
from kubeloop.objects.type_guards import is_dict, is_list

__all__ = ["CHARACTERS_PER_STEP", "Budget", "Evaluation"]

MAX_STEPS = 1_000_000
"""How many values one evaluation may visit. The slowest templates need 1.5 seconds for them."""
CHARACTERS_PER_STEP = 32
"""How many characters are read or written with the work of one value."""
_STEPS_PER_PART = 5

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Budget:
    """Counts the work of one evaluation and ends it with an error if it is too much."""

    def __init__(self, steps: int = MAX_STEPS) -> None:
        self._left = steps

    def spend(self, steps: int) -> None:
        """Count work.

        Raises:
            JSONPathError: The evaluation needed too much of it.
        """
        self._left -= steps
        if self._left < 0:
            raise JSONPathError(f"the template visits more than {MAX_STEPS} values; select fewer of them")


class _Missing(JSONPathError):
    """A field or position does not exist, also because the value is no list."""


class Evaluation:
    """One evaluation of a template.

    Args:
        budget: The limit of the work.
        allow_missing_keys: Whether a field that no value has is no error.
    """

    def __init__(self, budget: Budget, *, allow_missing_keys: bool) -> None:
        self._budget = budget
        self._allow_missing_keys = allow_missing_keys

    def results(self, parts: tuple[Part, ...], data: Any) -> Iterable[tuple[Part, list[Any]]]:
        """Yield each text and expression with its results, in the order of the output."""
        for part in parts:
            self._budget.spend(_STEPS_PER_PART)
            if isinstance(part, OutsideText):
                yield part, [part.text]
            elif isinstance(part, Action):
                yield part, self._follow(part.nodes, [data])
            else:
                for value in self._follow(part.nodes, [data]):
                    yield from self.results(part.body, value)

    def _follow(self, nodes: tuple[Node, ...], values: list[Any]) -> list[Any]:
        for node in nodes:
            self._budget.spend(1 + len(values))
            values = self._step(node, values)
        return values

    def _step(self, node: Node, values: list[Any]) -> list[Any]:
        match node:
            case Field():
                return self._members(node.name, values)
            case Slice():
                return self._elements(node, values)
            case Wildcard():
                return self._joined(_parts(value) for value in values)
            case Descent():
                return self._descendants(values)
            case Literal():
                return [node.value] if isinstance(node.value, str) else [node.value] * len(values)
            case Union():
                return [each for nodes in node.choices for each in self._follow(nodes, values)]
            case Filter():
                return self._filtered(node, values)

    def _members(self, name: str, values: list[Any]) -> list[Any]:
        found = [value[name] for value in values if is_dict(value) and name in value]
        if values and not found and not self._allow_missing_keys:
            raise _Missing(f"the field {shown(name)} is missing; allow_missing_keys=True accepts this")
        return found

    def _elements(self, node: Slice, values: list[Any]) -> list[Any]:
        return self._joined(_sliced(node, value) for value in values if value is not None)

    def _joined(self, lists: Iterable[list[Any]]) -> list[Any]:
        found: list[Any] = []
        for each in lists:
            self._budget.spend(len(each))
            found += each
        return found

    def _descendants(self, values: list[Any]) -> list[Any]:
        found: list[Any] = []
        waiting = values[::-1]
        while waiting:
            value = waiting.pop()
            if value and isinstance(value, (dict, list, str)):
                found.append(value)
                if not isinstance(value, str):
                    parts = _parts(value)
                    self._budget.spend(len(parts))
                    waiting.extend(reversed(parts))
        return found

    def _filtered(self, node: Filter, values: list[Any]) -> list[Any]:
        found: list[Any] = []
        for value in values:
            if not is_list(value):
                raise JSONPathError(f"expected a list to filter, got {_kind(value)}")
            self._budget.spend(len(value))
            found.extend(each for each in value if self._passes(node, each))
        return found

    def _passes(self, node: Filter, element: Any) -> bool:
        if node.operator == "exists":
            try:
                return bool(self._follow(node.left, [element]))
            except _Missing:
                return False
        lefts = self._follow(node.left, [element])
        if not lefts:
            return False
        if len(lefts) > 1:
            raise JSONPathError(f"expected one value before {node.operator} in a condition, got {len(lefts)}")
        rights = self._follow(node.right, [element])
        if not rights:
            return False
        if len(rights) > 1:
            raise JSONPathError(f"expected one value after {node.operator} in a condition, got {len(rights)}")
        if isinstance(lefts[0], str):
            self._budget.spend(len(lefts[0]) // CHARACTERS_PER_STEP)
        return _compare(node.operator, lefts[0], rights[0])


def _sliced(node: Slice, value: Any) -> list[Any]:
    if not is_list(value):
        raise _Missing(f"expected a list, got {_kind(value)}")
    length = len(value)
    start = node.start or 0
    end = length if node.end is None else node.end
    start += length if start < 0 else 0
    end += length if end < 0 or (end == 0 and node.single) else 0
    if start == end:
        return []
    if not 0 <= start < length:
        raise _Missing(f"the position {start} is outside of a list of {length}")
    if not 0 <= end <= length:
        raise _Missing(f"the position {end - 1} is outside of a list of {length}")
    if start > end:
        raise JSONPathError(f"expected a slice that ends after its start, got {start} to {end}")
    return value[start : end : node.step]


def _parts(value: Any) -> list[Any]:
    if is_dict(value):
        return [value[key] for key in sorted(value)]
    if is_list(value):
        return value
    return list(value.encode("utf-8", "replace")) if isinstance(value, str) else []


def _compare(sign: str, left: Any, right: Any) -> bool:
    kinds = _kind(left), _kind(right)
    for kind in kinds:
        if kind in ("a map", "a list", "null") or (kind == "a boolean" and sign not in ("==", "!=")):
            raise JSONPathError(f"expected values that {sign} can compare, got {kind}")
    if kinds[0] != kinds[1]:
        raise JSONPathError(f"expected two values of the same type around {sign}, got {kinds[0]} and {kinds[1]}")
    return _COMPARE[sign](left, right)


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int():
            return "an integer"
        case float():
            return "a decimal number"
        case str():
            return "a text"
        case list():
            return "a list"
        case _:
            return "a map"
