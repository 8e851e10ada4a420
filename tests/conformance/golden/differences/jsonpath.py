"""Intended differences in JSONPath: what client-go executes otherwise than the template reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kubeloop.jsonpath import JSONPath, JSONPathError
from kubeloop.jsonpath.path_evaluation import Budget, Evaluation
from kubeloop.jsonpath.path_node import Field, Filter, Part, RangeBlock, Slice
from kubeloop.jsonpath.printed_value import printed
from kubeloop.jsonpath.template_parser import parse_template

from .entry import Difference, refused

__all__ = ["INTENDED"]

_STRICTER = ("has no end", "a mixture of both", "braces of their own", "unknown operator", "unknown word", "at least 1")
_BIG = 2**63


class _EndsAtEmptyLists(Evaluation):
    """Ends the evaluation of a slice at the first list of which it selects nothing, without looking at the others."""

    def _elements(self, node: Slice, values: list[Any]) -> list[Any]:
        found: list[Any] = []
        for value in values:
            elements = super()._elements(node, [value])
            if value is not None and not elements:
                break
            found += elements
        return found


class _RunsEmptyRanges(Evaluation):
    """Executes the body of a range without elements once, on null, and drops the results but not an error."""

    def results(self, parts: tuple[Part, ...], data: Any) -> Iterator[tuple[Part, list[Any]]]:
        for part in parts:
            if not isinstance(part, RangeBlock):
                yield from super().results((part,), data)
                continue
            values = self._follow(part.nodes, [data])
            for value in values:
                yield from self.results(part.body, value)
            if not values:
                list(self.results(part.body, None))


class _FailedIsThere(_EndsAtEmptyLists):
    """Counts an expression that cannot be evaluated as one that has a value, except for a missing field."""

    def _passes(self, node: Filter, element: Any) -> bool:
        if node.operator != "exists":
            return super()._passes(node, element)
        values = [element]
        for each in node.left:
            try:
                values = self._step(each, values)
            except JSONPathError:
                return not isinstance(each, Field)
        return bool(values)


def _is_explained(by: type[Evaluation], case: Any, go: Any) -> bool:
    """Return whether an evaluation that has client-go's fault has client-go's results."""
    evaluation = by(Budget(), allow_missing_keys=case.get("missing", False))
    try:
        found = evaluation.results(parse_template(case["template"]), case["data"])
        texts = [[printed(value) for value in values] for _, values in found]
    except JSONPathError:
        return refused(go)
    if "sorted" in go:
        return bool(sorted(text for each in texts for text in each) == go["sorted"])
    return bool(texts == go["results"])


def _is_refused_sooner(case: Any, go: Any, ours: Any) -> bool:
    if not refused(ours) or refused(go):
        return False
    try:
        JSONPath(case["template"])
    except JSONPathError as error:
        return any(words in str(error) for words in _STRICTER)
    return False


def _numbers(value: Any) -> list[int]:
    if isinstance(value, (dict, list)):
        return [number for each in (value.values() if isinstance(value, dict) else value) for number in _numbers(each)]
    return [value] if isinstance(value, int) else []


INTENDED = [
    Difference(
        "jsonpath",
        "client-go panics where the current object of a template or of a range is null, and where a range has no "
        "elements, because it then executes the body on null; it prints null as <no value> there. A null has no parts "
        "here and is printed as null, and an empty range does nothing.",
        lambda case, go, ours: (
            (go == {"panic": True} or "<no value>" in str(go))
            and ("{range " in case["template"] or case["data"] is None)
        ),
    ),
    Difference(
        "jsonpath",
        "Unknown words, unknown operators, steps below 1, and range and end that do not pair up are mistakes, which "
        "the constructor reports. client-go parses them, and executes the rest of an open range twice.",
        _is_refused_sooner,
    ),
    Difference(
        "jsonpath",
        "A range without elements prints nothing. client-go executes its body once, on null, where fields are missing.",
        lambda case, go, ours: _is_explained(_RunsEmptyRanges, case, go),
    ),
    Difference(
        "jsonpath",
        "Each list yields its elements. client-go loses the elements of all lists after the first of which it selects "
        "none: of the tags of three objects, those after an object without tags.",
        lambda case, go, ours: _is_explained(_EndsAtEmptyLists, case, go),
    ),
    Difference(
        "jsonpath",
        "A condition without an operator is false for an element that has no such position. In client-go an expression "
        "that fails is true, so [?(@.tags[0])] selects the objects without tags too.",
        lambda case, go, ours: _is_explained(_FailedIsThere, case, go),
    ),
    Difference(
        "jsonpath",
        "Integers beyond 64 bits are printed exactly. Go reads them as floats.",
        lambda case, go, ours: any(abs(number) >= _BIG for number in _numbers(case["data"])),
    ),
    Difference(
        "jsonpath",
        "An escape in quotes that is no UTF-8 is U+FFFD, because a text has no other bytes. Go escapes it in JSON.",
        lambda case, go, ours: "\\377" in case["template"] and go["text"] == ours["text"] == "\ufffd",
    ),
]
