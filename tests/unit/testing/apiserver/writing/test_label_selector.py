"""Selectors in the specs of objects."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.testing.apiserver.writing.label_selector import selector_of


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        (None, False),
        ({}, True),
        ({"app": "web"}, True),
        ({"app": "other"}, False),
        ({"matchLabels": {"app": "web"}}, True),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "x"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, False),
        ({"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "b", "operator": "Exists"}]}, False),
    ],
)
def test_a_selector_selects_by_labels(selector: Any, selected: bool) -> None:
    assert selector_of(selector).matches({"app": "web"}) is selected


def test_an_unknown_operator_is_refused() -> None:
    with pytest.raises(ValueError, match="Near"):
        selector_of({"matchExpressions": [{"key": "a", "operator": "Near"}]})
