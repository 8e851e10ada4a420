"""Label and field selectors."""

from __future__ import annotations

from typing import Any

from kubeloop import fields as field_selectors
from kubeloop import labels as label_selectors
from kubeloop.models import meta_v1

from .refused import REFUSED


def labels(case: dict[str, Any]) -> Any:
    """Read a label selector, from its text or from the structured form of specs, and apply it."""
    try:
        if "text" in case:
            selector = label_selectors.Selector.parse(case["text"])
        else:
            given = case["structured"]
            structured = None if given is None else meta_v1.LabelSelector.from_dict(given)
            selector = label_selectors.from_label_selector(structured)
    except ValueError:
        return REFUSED
    return {
        "text": str(selector),
        "empty": selector.is_everything,
        "matches": [selector.matches(each) for each in case["labels"]],
        "exact": _exact(selector, case["exact"]),
    }


def fields(case: dict[str, Any]) -> Any:
    """Read a field selector and apply it, or escape a value."""
    try:
        if "escape" in case:
            return field_selectors.escape_value(case["escape"])
        if "unescape" in case:
            return field_selectors.unescape_value(case["unescape"])
        selector = field_selectors.Selector.parse(case["text"])
    except ValueError:
        return REFUSED
    return {
        "text": str(selector),
        "empty": selector.is_everything,
        "matches": [selector.matches(each) for each in case["fields"]],
        "exact": _exact(selector, case["exact"]),
    }


def _exact(selector: label_selectors.Selector | field_selectors.Selector, keys: list[str]) -> dict[str, str]:
    return {key: value for key in keys if (value := selector.required_value(key)) is not None}
