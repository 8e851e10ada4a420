"""Templates without conditions have the results of a simple model, fail only with JSONPathError, and do linear work.

The model is a pair for each piece of a template: its text, and a function that returns its results.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop.jsonpath import JSONPath, JSONPathError
from kubeloop.jsonpath.path_evaluation import Budget, Evaluation
from kubeloop.jsonpath.template_parser import parse_template

NAMES = st.sampled_from(("a", "b", "c-d"))
SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-2, 2) | st.sampled_from(("", "x", "é<"))
DATA = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=15
)


class WrongError(Exception):
    """The model has no result."""


class Step(NamedTuple):
    """A piece of an expression; `select` maps values, and whether keys may be missing, to values."""

    text: str
    select: Callable[[list[Any], bool], list[Any]]


class Piece(NamedTuple):
    """A part of a template; `results` maps the current value, and whether keys may be missing, to lists of results."""

    text: str
    results: Callable[[Any, bool], list[list[Any]]]


# --- the model --------------------------------------------------------------------------------------------------------


def field(name: str, *, is_quoted: bool) -> Step:
    def select(values: list[Any], may_miss: bool) -> list[Any]:
        found = [value[name] for value in values if isinstance(value, dict) and name in value]
        if values and not found and not may_miss:
            raise WrongError
        return found

    return Step(f"['{name}']" if is_quoted else f".{name}", select)


def positions(value: Any, start: int, end: int, step: int) -> list[Any]:
    if start > end or any(position not in range(len(value)) for position in range(start, end)):
        raise WrongError
    return [value[position] for position in range(start, end, step)]


def of_lists(text: str, select: Callable[[list[Any]], list[Any]]) -> Step:
    def select_all(values: list[Any], _: bool) -> list[Any]:
        if not all(value is None or isinstance(value, list) for value in values):
            raise WrongError
        return [each for value in values if value is not None for each in select(value)]

    return Step(text, select_all)


def index(number: int) -> Step:
    def select(value: list[Any]) -> list[Any]:
        position = number % len(value) if -len(value) <= number < 0 else number
        return positions(value, position, position + 1, 1)

    return of_lists(f"[{number}]", select)


def part_of(start: int | None, end: int | None, step: int | None) -> Step:
    def select(value: list[Any]) -> list[Any]:
        first, last = (each + len(value) if each < 0 else each for each in (start or 0, end or 0))
        return positions(value, first, len(value) if end is None else last, step or 1)

    shown = ":".join("" if each is None else str(each) for each in (start, end, step))
    return of_lists(f"[{shown}]", select)


def children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [each for _, each in sorted(value.items())]
    return list(value.encode()) if isinstance(value, str) else value if isinstance(value, list) else []


def descendants(value: Any) -> list[Any]:
    found = [each for child in children(value) for each in descendants(child)]
    return [value, *found] if children(value) else []


def union(choices: list[Step]) -> Step:
    text = ",".join(choice.text[1:-1] for choice in choices)
    return Step(f"[{text}]", lambda values, may_miss: [v for each in choices for v in each.select(values, may_miss)])


def select(steps: list[Step], values: list[Any], may_miss: bool) -> list[Any]:
    for step in steps:
        values = step.select(values, may_miss)
    return values


def action(steps: list[Step]) -> Piece:
    text = "".join(step.text for step in steps)
    return Piece(f"{{{text}}}", lambda value, may_miss: [select(steps, [value], may_miss)])


def range_block(steps: list[Step], body: list[Piece]) -> Piece:
    def results(value: Any, may_miss: bool) -> list[list[Any]]:
        each_value = select(steps, [value], may_miss)
        return [found for one in each_value for piece in body for found in piece.results(one, may_miss)]

    expression = "".join(step.text for step in steps)
    return Piece(f"{{range {expression}}}{''.join(piece.text for piece in body)}{{end}}", results)


# --- strategies -------------------------------------------------------------------------------------------------------

ENDS = st.none() | st.integers(-3, 3)
QUOTED = st.builds(field, NAMES, is_quoted=st.just(True))
POSITIONS = st.builds(index, st.integers(-3, 3))
SLICES = st.builds(part_of, ENDS, ENDS, st.none() | st.integers(1, 3))
ALL = st.just(of_lists("[*]", list))
WILDCARD = st.just(Step(".*", lambda values, _: [each for value in values for each in children(value)]))
DESCENT = st.just(Step("..", lambda values, _: [each for value in values for each in descendants(value)]))
UNIONS = st.builds(union, st.lists(QUOTED | POSITIONS | SLICES | ALL, min_size=2, max_size=3))
LINEAR_STEPS = st.builds(field, NAMES, is_quoted=st.booleans()) | POSITIONS | SLICES | ALL | WILDCARD
STEPS = LINEAR_STEPS | UNIONS


def expressions(steps: st.SearchStrategy[Step]) -> st.SearchStrategy[list[Step]]:
    return st.lists(steps, max_size=4)


def templates(paths: st.SearchStrategy[list[Step]]) -> st.SearchStrategy[list[Piece]]:
    texts = st.text("xé }\n", min_size=1, max_size=3).map(lambda text: Piece(text, lambda _, __: [[text]]))
    pieces = st.recursive(
        st.builds(action, paths), lambda inner: st.builds(range_block, paths, st.lists(inner, max_size=3)), max_leaves=6
    )
    # Two texts beside each other would be one result.
    return st.lists(st.tuples(texts, pieces), max_size=3).map(lambda pairs: [each for pair in pairs for each in pair])


WITH_DESCENT = expressions(STEPS).flatmap(
    lambda path: st.integers(0, len(path)).flatmap(
        lambda at: st.just(path) | DESCENT.map(lambda step: [*path[:at], step, *path[at:]])
    )
)


@given(templates(WITH_DESCENT), DATA, st.booleans())
def test_results_are_those_of_a_simple_model(template: list[Piece], data: Any, may_miss: bool) -> None:
    path = JSONPath("".join(piece.text for piece in template), allow_missing_keys=may_miss)
    try:
        expected = [found for piece in template for found in piece.results(data, may_miss)]
    except WrongError:
        with pytest.raises(JSONPathError):
            path.results(data)
        return
    assert path.results(data) == expected


PIECES = (
    *"{}[]()?@$.*:,'\"\\-+0 17aé\n\x00\ud800",
    *("..", "[?(", ")]", "==", "<", "{range ", "{end}", "true", "{.a", "['b']", "[*]", "\\u00", "\\x4", "e9"),
)


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(), DATA, st.booleans())
def test_no_text_raises_another_error_than_that_of_jsonpath(text: str, data: Any, may_miss: bool) -> None:
    for parse in (JSONPath, JSONPath.relaxed):
        with suppress(JSONPathError):
            path = parse(text, allow_missing_keys=may_miss)
            path.text(data)
            path.json(data)


# --- work -------------------------------------------------------------------------------------------------------------


class Counter(Budget):
    """Counts the work without a limit."""

    spent = 0

    def spend(self, steps: int) -> None:
        self.spent += steps


def visited(template: str, data: Any) -> int:
    counter = Counter()
    for _ in Evaluation(counter, allow_missing_keys=True).results(parse_template(template), data):
        pass
    return counter.spent


def size_of(value: Any) -> int:
    return 1 + (len(value) * 2 if isinstance(value, str) else sum(map(size_of, children(value))))


@given(templates(expressions(LINEAR_STEPS)), DATA)
def test_the_work_of_simple_templates_is_linear_in_the_template_and_in_the_object(
    template: list[Piece], data: Any
) -> None:
    text = "".join(piece.text for piece in template)
    try:
        work = visited(text, data)
    except JSONPathError:  # a position outside of its list ends the work
        return
    assert work <= 5 * len(text) * size_of(data)


@pytest.mark.parametrize(
    "template",
    [
        "{.items[*].name}",
        "{..name}",
        "{..tags..b}",
        "{.items[*]['name','tags'].*}",
        "{.items[?(@.name=='x')].tags}",
        "{.items[?(@..tags)].name}",
        "{range .items[*]}{range .tags[*]}{@}{end}{..}{end}",
    ],
)
def test_twice_as_many_items_are_at_most_twice_the_work(template: str) -> None:
    def items(count: int) -> Any:
        return {"items": [{"name": "x", "tags": ["a", {"b": "c"}]}] * count}

    assert 0 < visited(template, items(200)) <= 2 * visited(template, items(100))
