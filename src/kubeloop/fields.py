"""Field selectors: parse them, build them, match fields, and print them.

The text form is that of `field_selector=`: see `Selector`. The functions build selectors, which `&` joins.
Reference: k8s.io/apimachinery/pkg/fields/selector.go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from kubeloop._kit.value import Value

__all__ = [
    "FieldSelection",
    "Requirement",
    "Selector",
    "equals",
    "escape_value",
    "from_mapping",
    "not_equals",
    "unescape_value",
]

_SPECIAL = re.compile(r"[\\,=]")
_TERM = re.compile(r"(?:\\.|[^,\\]|\\$)*", re.DOTALL)
_NOT_IN_FIELD = re.compile(r"[=!,\\\s]")
_OPERATOR = re.compile(r"!=|==|=")


def escape_value(value: str) -> str:
    r"""Return the text of a value in a field selector, with a `\` before each `\`, `,` and `=`."""
    return _SPECIAL.sub(r"\\\g<0>", value)


def unescape_value(text: str) -> str:
    r"""Return the value that `escape_value` wrote.

    Raises:
        ValueError: A `,` or `=` has no `\` before it, or a `\` is before another character.
    """
    value: list[str] = []
    characters = iter(text)
    for character in characters:
        if character == "\\":
            escaped = next(characters, "")
            if not escaped or escaped not in "\\,=":
                raise ValueError(
                    f"invalid field selector: expected '\\', ',' or '=' after a \\, "
                    f"got {repr(escaped) if escaped else 'the end of the text'}: {text!r}"
                )
            value.append(escaped)
        elif character in ",=":
            raise ValueError(
                f"invalid field selector: expected a \\ before each {character!r} of a value, got none: {text!r}"
            )
        else:
            value.append(character)
    return "".join(value)


class Requirement(Value, frozen=True):
    """One condition on one field.

    Attributes:
        field: The path of the field, `status.phase`.
        value: The value, without escapes.
        equal: Whether the field must have this value; False means that it must have another value.
    """

    field: str
    value: str
    equal: bool = True

    def matches(self, fields: Mapping[str, str]) -> bool:
        """Return whether fields meet the requirement; a missing field counts as empty."""
        return (fields.get(self.field, "") == self.value) is self.equal

    def __str__(self) -> str:
        return f"{self.field}{'=' if self.equal else '!='}{escape_value(self.value)}"


FieldSelection: TypeAlias = "str | Selector | Mapping[str, str]"
"""What a `field_selector=` may be: text, a selector, or the values that fields must have."""


class Selector(Value, frozen=True):
    r"""Requirements on fields, all of which must hold.

    >>> selector = Selector.parse("spec.nodeName=n1,status.phase!=Failed")
    >>> selector.matches({"spec.nodeName": "n1", "status.phase": "Running"})
    True
    >>> str(equals("metadata.name", "a,b") & not_equals("type", "x"))
    'metadata.name=a\\,b,type!=x'

    A selector without requirements selects everything. Fields have the names of the API (camelCase); which fields can
    be selected is the server's decision, per resource. In the text form, commas separate the requirements, and in
    values a `\` precedes each `\`, `,` and `=`.
    """

    requirements: tuple[Requirement, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Selector:
        """Parse the text form; an empty text selects everything.

        Raises:
            ValueError: The text is not a selector. The message names the part that is at fault.
        """
        requirements: list[Requirement] = []
        for term in sorted(_terms(text)):
            if not term:
                continue
            operator = _OPERATOR.search(term)
            if operator is None:
                raise ValueError(
                    f"invalid field selector: expected field=value or field!=value, got {term!r}: {text!r}"
                )
            field, value = term[: operator.start()], unescape_value(term[operator.end() :])
            if field or value:
                requirements.append(Requirement(field, value, operator[0] != "!="))
        return cls(tuple(requirements))

    @classmethod
    def of(cls, selector: FieldSelection) -> Selector:
        """Return the selector that text, a selector, or a mapping of the values of fields means.

        Raises:
            TypeError: It is none of these, or a value of the mapping is not text.
            ValueError: The text is not a selector.
        """
        if isinstance(selector, Selector):
            return selector
        if isinstance(selector, str):
            return cls.parse(selector)
        if not isinstance(selector, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"expected text, a selector or a mapping of fields, got {type(selector).__name__}")
        return from_mapping(selector)

    def matches(self, fields: Mapping[str, str]) -> bool:
        """Return whether fields, by their paths (`status.phase`), meet every requirement.

        A missing field counts as empty.
        """
        return all(requirement.matches(fields) for requirement in self.requirements)

    @property
    def is_everything(self) -> bool:
        """Whether the selector has no requirement (Go's `Empty`)."""
        return not self.requirements

    def required_value(self, field: str) -> str | None:
        """Return the value that a field must have; None if no value is required."""
        return next((each.value for each in self.requirements if each.equal and each.field == field), None)

    def transform(self, change: Callable[[str, str], tuple[str, str]]) -> Selector:
        """Return a selector with other fields and values.

        Args:
            change: Called with each field and value; returns the new ones. Two empty texts remove the requirement.
        """
        changed = ((change(each.field, each.value), each.equal) for each in self.requirements)
        return Selector(tuple(Requirement(field, value, equal) for (field, value), equal in changed if field or value))

    def __and__(self, other: Selector) -> Selector:
        return Selector(self.requirements + other.requirements)

    def __str__(self) -> str:
        return ",".join(str(requirement) for requirement in self.requirements)


def equals(field: str, value: str) -> Selector:
    """Return a selector of objects whose field has this value."""
    return Selector((Requirement(field, value),))


def not_equals(field: str, value: str) -> Selector:
    """Return a selector of objects whose field has another value."""
    return Selector((Requirement(field, value, equal=False),))


def from_mapping(fields: Mapping[str, str]) -> Selector:
    """Return a selector of objects whose fields all have these values; an empty mapping selects everything.

    Raises:
        TypeError: A field or a value is not text.
        ValueError: The name of a field is empty, or contains `=`, `!` or `,`.

    Reference: apimachinery fields.SelectorFromSet.
    """
    for field, value in fields.items():
        _check(field, value)
    return Selector(tuple(Requirement(field, value) for field, value in sorted(fields.items())))


def _check(field: Any, value: Any) -> None:
    """Check a field and its value, which unchecked callers may pass as a number, a boolean or None."""
    if not isinstance(field, str):
        raise TypeError(f"expected text as a field, got {type(field).__name__}: {field!r}")
    if not field or _NOT_IN_FIELD.search(field):
        raise ValueError(f"invalid field selector: expected the path of a field, got {field!r}")
    if not isinstance(value, str):
        hint = f": write {str(value).lower()!r}" if isinstance(value, (bool, int)) else ""
        raise TypeError(f"expected text as the value of the field {field!r}, got {type(value).__name__}{hint}")


def _terms(text: str) -> list[str]:
    """Return the parts of a text between the commas that have no backslash before them."""
    terms: list[str] = []
    position = 0
    while position <= len(text):
        match = _TERM.match(text, position)
        end = match.end() if match is not None else position
        terms.append(text[position:end])
        position = end + 1
    return terms
