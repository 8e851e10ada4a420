"""Label selectors as JSON data: the labels that an object must have, and the structured form of a spec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

__all__ = ["Expression", "StructuredSelector", "check_labels", "structured_selector"]

_FIELDS = frozenset({"matchLabels", "matchExpressions"})


class StructuredSelector:
    """The structured form of a selector.

    Args:
        data: The form with the API's field names.

    Raises:
        TypeError: A field has a wrong type.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.match_labels: Mapping[str, str] = _of_type(data, "matchLabels", Mapping) or {}
        self.match_expressions = [Expression(each) for each in _of_type(data, "matchExpressions", list) or ()]


class Expression:
    """A requirement of the structured form. Arguments as of `StructuredSelector`."""

    def __init__(self, data: Any) -> None:
        if not isinstance(data, Mapping):
            raise TypeError(
                f"invalid label selector: expected a mapping in matchExpressions, got {type(data).__name__}"
            )
        fields = cast("Mapping[str, Any]", data)
        self.key: str = _of_type(fields, "key", str) or ""
        self.operator: str = _of_type(fields, "operator", str) or ""
        self.values: Sequence[str] = _of_type(fields, "values", list) or ()


def structured_selector(data: Mapping[str, Any]) -> StructuredSelector | None:
    """Return the structured form that a mapping contains; None for a mapping of labels."""
    is_structured = data.keys() <= _FIELDS and not any(isinstance(each, str) for each in data.values())
    return StructuredSelector(data) if data and is_structured else None


def check_labels(labels: Mapping[Any, Any]) -> None:
    """Check the types of labels, which unchecked callers may pass as numbers, lists or None.

    Raises:
        TypeError: A key or a value is not text. The message names what was probably meant.
    """
    for key, value in labels.items():
        if not isinstance(key, str):
            raise TypeError(f"expected text as the key of a label, got {type(key).__name__}: {key!r}")
        if not isinstance(value, str):
            raise TypeError(
                f"expected text as the value of the label {key!r}, got {type(value).__name__}: {_hint(key, value)}"
            )


def _hint(key: str, value: object) -> str:
    if value is None:
        return f"write labels.exists({key!r}) or labels.does_not_exist({key!r})"
    if isinstance(value, bool):
        return f"write {str(value).lower()!r}"
    if isinstance(value, (int, float)):
        return f"write {str(value)!r}"
    if isinstance(value, Mapping):
        return "write labels.Selector.of(...) for the structured form"
    return f"write labels.is_in({key!r}, [...]) for one of several values"


def _of_type(data: Mapping[str, Any], name: str, expected: type[Any]) -> Any:
    value = data.get(name)
    if value is not None and not isinstance(value, expected):
        what = "text" if expected is str else "a list" if expected is list else "a mapping"
        raise TypeError(f"invalid label selector: expected {what} as {name}, got {type(value).__name__}")
    return value
