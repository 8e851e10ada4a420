"""The selectors in the specs of objects, from plain data."""

from __future__ import annotations

from typing import Any, cast

from kubeloop import labels
from kubeloop.testing.apiserver.writing.document_parts import list_in, mapping_in

__all__ = ["selector_of"]

_OPERATORS = {
    "In": labels.is_in,
    "NotIn": labels.not_in,
}


def selector_of(selector: Any) -> labels.Selector:
    """Return the selector of a LabelSelector, or of the plain map of a ReplicationController.

    A missing selector selects nothing, and an empty LabelSelector everything.

    Raises:
        ValueError: An operator, a key or a value is not allowed.
    """
    if not isinstance(selector, dict):
        return labels.nothing()
    found = cast("dict[str, Any]", selector)
    if found and not found.keys() & {"matchLabels", "matchExpressions"}:
        return labels.from_mapping(found)
    result = labels.from_mapping(mapping_in(found, "matchLabels"))
    for expression in list_in(found, "matchExpressions"):
        result &= _requirement(expression.get("key") or "", expression.get("operator"), list_in(expression, "values"))
    return result


def _requirement(key: str, operator: Any, values: list[Any]) -> labels.Selector:
    if operator in _OPERATORS:
        return _OPERATORS[operator](key, values)
    if operator == "Exists":
        return labels.exists(key)
    if operator == "DoesNotExist":
        return labels.does_not_exist(key)
    raise ValueError(f"{operator!r} is not a valid label selector operator")
