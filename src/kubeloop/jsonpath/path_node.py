"""The parts of a parsed template, as values, and the error of this package."""

from __future__ import annotations

from kubeloop._kit.text import safe_text
from kubeloop._kit.value import Value

__all__ = [
    "Action",
    "Descent",
    "Field",
    "Filter",
    "JSONPathError",
    "Literal",
    "Node",
    "OutsideText",
    "Part",
    "RangeBlock",
    "Slice",
    "Union",
    "Wildcard",
    "shown",
]

_SHOWN = 500


class JSONPathError(ValueError):
    """A template cannot be parsed, or an object does not have what the template requires.

    The message names the part of the template and never contains data of the object, which may be secret.
    """

    def __init__(self, message: str) -> None:
        super().__init__(safe_text(message))


def shown(text: str) -> str:
    """Return a part of a template in quotes for an error, so that a long one does not push the problem out of it."""
    return repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}…"


class Field(Value, frozen=True):
    """A member of a map by its name: `.name` or `['name']`."""

    name: str


class Slice(Value, frozen=True):
    """Elements of a list: `[1]`, `[-2:]`, `[0:6:2]`, `[*]`.

    Attributes:
        start: The first position; None is 0.
        end: The position after the last one; None is the length of the list.
        step: The distance between two elements; None is 1.
        single: Whether the template names one position, so that an end of 0 follows the last element.
    """

    start: int | None
    end: int | None
    step: int | None
    single: bool


class Wildcard(Value, frozen=True):
    """All members of a map, elements of a list, or bytes of a text: `.*`."""


class Descent(Value, frozen=True):
    """The value and everything in it that has parts: `..`."""


class Literal(Value, frozen=True):
    """A text in quotes, a number or a boolean inside braces."""

    value: str | int | float | bool


class Union(Value, frozen=True):
    """The results of several expressions, one after the other: `[0,2]`, `['a','b']`."""

    choices: tuple[tuple[Node, ...], ...]


class Filter(Value, frozen=True):
    """The elements of a list that meet a condition: `[?(@.a=="x")]`; without an operator, those that have the value."""

    left: tuple[Node, ...]
    operator: str
    right: tuple[Node, ...]


Node = Field | Slice | Wildcard | Descent | Literal | Union | Filter


class OutsideText(Value, frozen=True):
    """Text outside braces."""

    text: str


class Action(Value, frozen=True):
    """One expression in braces; without nodes, it is the current object."""

    nodes: tuple[Node, ...]


class RangeBlock(Value, frozen=True):
    """`{range EXPRESSION}…{end}`: the body, once per result of the expression."""

    nodes: tuple[Node, ...]
    body: tuple[Part, ...]


Part = OutsideText | Action | RangeBlock
