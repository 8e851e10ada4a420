"""Label selectors: parse them, build them, match labels, and print them.

The text form is that of `label_selector=`: see `Selector`. The functions build selectors, which `&` joins.
Reference: k8s.io/apimachinery/pkg/labels/selector.go; apis/meta/v1/helpers.go (LabelSelectorAsSelector).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Protocol, TypeAlias

from kubeloop._kit.value import Value, force_setattr
from kubeloop.meta.name_rules import label_key_faults, label_value_faults
from kubeloop.meta.structured_selector import check_labels, structured_selector

__all__ = [
    "LabelSelection",
    "LabelSelectorLike",
    "Operator",
    "Requirement",
    "Selector",
    "does_not_exist",
    "equals",
    "everything",
    "exists",
    "from_label_selector",
    "from_mapping",
    "greater_than",
    "is_in",
    "less_than",
    "not_equals",
    "not_in",
    "nothing",
]


class Operator(StrEnum):
    """The relation between a label and the values of a requirement."""

    EQUALS = "="
    DOUBLE_EQUALS = "=="
    NOT_EQUALS = "!="
    IN = "in"
    NOT_IN = "notin"
    EXISTS = "exists"
    DOES_NOT_EXIST = "!"
    GREATER_THAN = "gt"
    LESS_THAN = "lt"


_ANY_OF = frozenset({Operator.EQUALS, Operator.DOUBLE_EQUALS, Operator.IN})
_NONE_OF = frozenset({Operator.NOT_EQUALS, Operator.NOT_IN})
_PRESENCE = frozenset({Operator.EXISTS, Operator.DOES_NOT_EXIST})
_SETS = frozenset({Operator.IN, Operator.NOT_IN})
_SIGNS = {Operator.GREATER_THAN: ">", Operator.LESS_THAN: "<"}
_INTEGER = re.compile(r"[-+]?[0-9]{1,19}", re.ASCII)


def _integer(text: str) -> int | None:
    """Return an integer of 64 bits; None if the text is not one."""
    number = int(text) if _INTEGER.fullmatch(text) else None
    return number if number is not None and -(2**63) <= number < 2**63 else None


class Requirement(Value, frozen=True):
    """One condition on one label.

    Attributes:
        key: The key of the label.
        operator: The relation between the label and the values.
        values: The values, sorted and without repetitions.

    Raises:
        ValueError: No label can have the key or a value, or the operator does not accept the number of values. The
            message names every fault.
    """

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        force_setattr(self, "operator", Operator(self.operator))
        force_setattr(self, "values", tuple(sorted(set(self.values))))
        faults = [f"key {self.key!r}: {fault}" for fault in label_key_faults(self.key)]
        count = len(self.values)
        if self.operator in _SETS:
            if not count:
                faults.append(f"expected at least one value for {self.operator!s}, got none")
        elif self.operator in _PRESENCE:
            if count:
                faults.append(f"expected no value for {self.operator!s}, got {count}")
        elif count != 1:
            faults.append(f"expected one value for {self.operator!s}, got {count}")
        if self.operator in _SIGNS:
            faults += [f"expected an integer, got {value!r}" for value in self.values if _integer(value) is None]
        faults += [f"value {value!r}: {fault}" for value in self.values for fault in label_value_faults(value)]
        if faults:
            raise ValueError(f"invalid label selector: {'; '.join(faults)}")

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Return whether labels meet the requirement."""
        operator = self.operator
        value = labels.get(self.key)
        if operator in _ANY_OF:
            return value is not None and value in self.values
        if operator in _NONE_OF:
            return value is None or value not in self.values
        if operator in _PRESENCE:
            return (value is not None) == (operator is Operator.EXISTS)
        number, limit = _integer(value or ""), _integer(self.values[0])
        if number is None or limit is None:
            return False
        return number > limit if operator is Operator.GREATER_THAN else number < limit

    def __str__(self) -> str:
        operator = self.operator
        if operator in _PRESENCE:
            return self.key if operator is Operator.EXISTS else f"!{self.key}"
        if operator in _SETS:
            return f"{self.key} {operator!s} ({','.join(self.values)})"
        return f"{self.key}{_SIGNS.get(operator, str(operator))}{self.values[0]}"


LabelSelection: TypeAlias = "str | Selector | Mapping[str, str]"
"""What a `label_selector=` may be: text, a selector, or the labels that an object must have: `{"app": "web"}`."""


class Selector(Value, frozen=True):
    """Requirements on labels, all of which must hold, in the order of their keys.

    >>> selector = Selector.parse("app in (web,api),!canary")
    >>> selector.matches({"app": "web"}), selector.matches({"app": "web", "canary": ""})
    (True, False)
    >>> str(equals("app", "web") & greater_than("size", 3))
    'app=web,size>3'

    A selector without requirements selects everything. Keys and values are checked by the rules of Kubernetes whenever
    a selector is created. In the text form, commas separate the requirements:

        app=web, app==web    the label has this value         app!=web             it has another value, or is missing
        app in (web, api)    it has one of these values       app notin (web, api) it has another value, or is missing
        app                  it is present                    !app                 it is missing
        size>5, size<5       it is an integer greater than, or less than, this

    Intended difference from client-go: the text of a selector that matches nothing matches nothing too. Go prints an
    empty text, which selects everything.
    """

    requirements: tuple[Requirement, ...] = ()

    def __post_init__(self) -> None:
        force_setattr(self, "requirements", tuple(sorted(self.requirements, key=lambda each: each.key)))

    @classmethod
    def parse(cls, text: str) -> Selector:
        """Parse the text form; an empty text selects everything.

        Raises:
            ValueError: The text is not a selector. The message names what was expected and what was found.
        """
        return cls(tuple(_Parser(text).parse()))

    @classmethod
    def of(cls, selector: LabelSelection | LabelSelectorLike) -> Selector:
        """Return the selector that a value of any form means.

        >>> str(Selector.of({"app": "web"})), str(Selector.of({"matchLabels": {"app": "web"}}))
        ('app=web', 'app=web')

        Args:
            selector: Text; a selector; a mapping of labels, which an object must all have; or the structured form of a
                spec, as a model (`meta_v1.LabelSelector`) or as a mapping with the API's field names. A spec without a
                selector selects nothing, or everything, depending on its kind: see `from_label_selector`.

        Raises:
            TypeError: It is none of these, or a value of the mapping is not text.
            ValueError: The text is not a selector, or no label can have a key or a value.
        """
        if isinstance(selector, Selector):
            return selector
        if isinstance(selector, str):
            return cls.parse(selector)
        if isinstance(selector, Mapping):
            structured = structured_selector(selector)
            return from_mapping(selector) if structured is None else from_label_selector(structured)
        if not hasattr(selector, "match_labels"):
            raise TypeError(
                f"expected text, a selector, a mapping of labels or a LabelSelector, got {type(selector).__name__}"
            )
        return from_label_selector(selector)

    def matches(self, labels: Mapping[str, str] | None) -> bool:
        """Return whether labels meet every requirement; None means no labels."""
        present: Mapping[str, str] = {} if labels is None else labels
        for requirement in self.requirements:  # noqa: SIM110 (a lister runs this per object; all() takes longer)
            if not requirement.matches(present):
                return False
        return True

    @property
    def is_everything(self) -> bool:
        """Whether the selector has no requirement (Go's `Empty`)."""
        return not self.requirements

    def required_value(self, key: str) -> str | None:
        """Return the only value that a label may have; None if several values are allowed or no value is required."""
        for requirement in self.requirements:
            if requirement.key == key:
                exact = requirement.operator in _ANY_OF and len(requirement.values) == 1
                return requirement.values[0] if exact else None
        return None

    def __and__(self, other: Selector) -> Selector:
        return Selector(self.requirements + other.requirements)

    def __str__(self) -> str:
        return ",".join(str(requirement) for requirement in self.requirements)


def everything() -> Selector:
    """Return the selector that selects everything."""
    return _EVERYTHING


def nothing() -> Selector:
    """Return a selector that selects nothing: it requires a label to be both present and missing."""
    return _NOTHING


def equals(key: str, value: str) -> Selector:
    """Return a selector of objects that have this label with this value."""
    return Selector((Requirement(key, Operator.EQUALS, (value,)),))


def not_equals(key: str, value: str) -> Selector:
    """Return a selector of objects that have this label with another value, or without this label."""
    return Selector((Requirement(key, Operator.NOT_EQUALS, (value,)),))


def is_in(key: str, values: Iterable[str]) -> Selector:
    """Return a selector of objects that have this label with one of these values."""
    return Selector((Requirement(key, Operator.IN, tuple(values)),))


def not_in(key: str, values: Iterable[str]) -> Selector:
    """Return a selector of objects that have this label with none of these values, or without this label."""
    return Selector((Requirement(key, Operator.NOT_IN, tuple(values)),))


def exists(key: str) -> Selector:
    """Return a selector of objects that have this label."""
    return Selector((Requirement(key, Operator.EXISTS),))


def does_not_exist(key: str) -> Selector:
    """Return a selector of objects without this label."""
    return Selector((Requirement(key, Operator.DOES_NOT_EXIST),))


def greater_than(key: str, number: int) -> Selector:
    """Return a selector of objects that have this label with an integer greater than `number`."""
    return Selector((Requirement(key, Operator.GREATER_THAN, (str(number),)),))


def less_than(key: str, number: int) -> Selector:
    """Return a selector of objects that have this label with an integer less than `number`."""
    return Selector((Requirement(key, Operator.LESS_THAN, (str(number),)),))


def from_mapping(labels: Mapping[str, str]) -> Selector:
    """Return a selector of objects that have all these labels; an empty mapping selects everything.

    Raises:
        TypeError: A value is not text. The message names the function for what was probably meant.
        ValueError: No label can have a key or a value.

    Reference: apimachinery labels.ValidatedSelectorFromSet.
    """
    check_labels(labels)
    return Selector(tuple(Requirement(key, Operator.EQUALS, (value,)) for key, value in labels.items()))


class _Expression(Protocol):
    @property
    def key(self) -> str: ...
    @property
    def operator(self) -> str: ...
    @property
    def values(self) -> Sequence[str]: ...


class LabelSelectorLike(Protocol):
    """The structured form of a selector in a spec: `meta_v1.LabelSelector`."""

    @property
    def match_labels(self) -> Mapping[str, str]:
        """The labels that an object must have."""
        ...

    @property
    def match_expressions(self) -> Sequence[_Expression]:
        """The requirements that an object must meet."""
        ...


_STRUCTURED = {
    "In": Operator.IN,
    "NotIn": Operator.NOT_IN,
    "Exists": Operator.EXISTS,
    "DoesNotExist": Operator.DOES_NOT_EXIST,
}


def from_label_selector(selector: LabelSelectorLike | None) -> Selector:
    """Return the selector of a spec.

    Args:
        selector: The structured form. An empty selector selects everything; None selects nothing.

    Raises:
        ValueError: An operator is unknown, or no label can have a key or a value.
    """
    if selector is None:
        return _NOTHING
    requirements = list(from_mapping(selector.match_labels).requirements)
    for expression in selector.match_expressions:
        operator = _STRUCTURED.get(expression.operator)
        if operator is None:
            raise ValueError(
                f"invalid label selector: expected an operator of {', '.join(_STRUCTURED)}, "
                f"got {expression.operator!r}: key {expression.key!r}"
            )
        requirements.append(Requirement(expression.key, operator, tuple(expression.values)))
    return Selector(tuple(requirements))


_EVERYTHING = Selector()
_NOTHING = Selector((Requirement("nothing", Operator.EXISTS), Requirement("nothing", Operator.DOES_NOT_EXIST)))

_TOKEN = re.compile(r"[ \t\r\n]*(?:(!=|==|[=!(),<>])|([^ \t\r\n=!(),<>]+)|$)")
_COMPARISONS = {
    "=": Operator.EQUALS,
    "==": Operator.DOUBLE_EQUALS,
    "!=": Operator.NOT_EQUALS,
    ">": Operator.GREATER_THAN,
    "<": Operator.LESS_THAN,
    "in": Operator.IN,
    "notin": Operator.NOT_IN,
}
_SYMBOLS = frozenset("=!(),<>") | {"!=", "=="}


class _Parser:
    """A recursive descent over the tokens of a selector; the end of the text is the empty token."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = [match[1] or match[2] or "" for match in _TOKEN.finditer(text)]
        self._position = 0

    def parse(self) -> list[Requirement]:
        requirements: list[Requirement] = []
        if not self._peek():
            return requirements
        while True:
            requirements.append(self._requirement())
            after = self._next()
            if not after:
                return requirements
            if after != ",":
                raise self._fault(after, "',' or the end of the text")
            if self._peek() != "!" and not self._is_word(self._peek()):
                raise self._fault(self._peek(), "a label after ','")

    def _requirement(self) -> Requirement:
        absent = self._peek() == "!"
        if absent:
            self._next()
        key = self._next()
        if not self._is_word(key):
            raise self._fault(key, "a label")
        if absent:
            return Requirement(key, Operator.DOES_NOT_EXIST)
        if self._peek() in ("", ","):
            return Requirement(key, Operator.EXISTS)
        token = self._next()
        operator = _COMPARISONS.get(token)
        if operator is None:
            raise self._fault(token, f"one of {', '.join(_COMPARISONS)}")
        return Requirement(key, operator, tuple(self._set() if operator in _SETS else self._value()))

    def _value(self) -> list[str]:
        if self._peek() in ("", ","):
            return [""]
        value = self._next()
        if not self._is_word(value):
            raise self._fault(value, "a value")
        return [value]

    def _set(self) -> list[str]:
        """Parse `(a,b)`; nothing between two commas, or between a comma and a bracket, is the empty value."""
        opening = self._next()
        if opening != "(":
            raise self._fault(opening, "'('")
        values = [""]
        while (found := self._next()) != ")":
            if found == ",":
                values.append("")
            elif self._is_word(found) and not values[-1]:
                values[-1] = found
            else:
                raise self._fault(found, "a value, ',' or ')'")
        return values

    def _peek(self) -> str:
        return self._tokens[self._position]

    def _next(self) -> str:
        token = self._tokens[self._position]
        self._position += 1
        return token

    @staticmethod
    def _is_word(token: str) -> bool:
        return bool(token) and token not in _SYMBOLS

    def _fault(self, found: str, expected: str) -> ValueError:
        got = repr(found) if found else "the end of the text"
        return ValueError(f"invalid label selector: expected {expected}, got {got}: {self._text!r}")
