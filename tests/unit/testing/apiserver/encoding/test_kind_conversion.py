"""What a conversion to the internal form and back changes."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.testing.apiserver.encoding.kind_conversion import convert_kind
from kubeloop.testing.apiserver.encoding.scalar_forms import Unfit

GENERATION = "deprecated.daemonset.template.generation"


@pytest.mark.parametrize(
    ("api_version", "kind", "data", "expected"),
    [
        (
            "v1",
            "Secret",
            {"data": {"a": "YQ==", "b": "Yg=="}, "stringData": {"a": "x"}},
            {"data": {"a": "eA==", "b": "Yg=="}},
        ),
        ("v1", "Secret", {"stringData": {"a": ""}}, {"data": {"a": ""}}),
        ("v1", "Secret", {"data": {"a": "YQ=="}}, {"data": {"a": "YQ=="}}),
        ("v1", "Node", {"spec": {"podCIDR": "a"}}, {"spec": {"podCIDR": "a", "podCIDRs": ["a"]}}),
        ("v1", "Node", {"spec": {"podCIDRs": ["a", "b"]}}, {"spec": {"podCIDR": "a", "podCIDRs": ["a", "b"]}}),
        ("v1", "Node", {"spec": {"podCIDR": "b", "podCIDRs": ["a"]}}, {"spec": {"podCIDR": "b", "podCIDRs": ["b"]}}),
        ("v1", "Node", {"spec": {}}, {"spec": {}}),
        (
            "apps/v1",
            "StatefulSet",
            {"spec": {"volumeClaimTemplates": [{"metadata": {}}]}},
            {"spec": {"volumeClaimTemplates": [{"metadata": {}, "kind": "PersistentVolumeClaim", "apiVersion": "v1"}]}},
        ),
        ("apps/v1", "DaemonSet", {"metadata": {}}, {"metadata": {"annotations": {GENERATION: "0"}}}),
        (
            "apps/v1",
            "DaemonSet",
            {"metadata": {"annotations": {GENERATION: "+07"}}},
            {"metadata": {"annotations": {GENERATION: "7"}}},
        ),
        ("v1", "Pod", {"stringData": {"a": "b"}}, {"stringData": {"a": "b"}}),
    ],
)
def test_some_kinds_are_changed(api_version: str, kind: str, data: Any, expected: Any) -> None:
    convert_kind(data, api_version, kind)

    assert data == expected


def test_a_generation_that_is_no_integer_is_refused() -> None:
    with pytest.raises(Unfit, match="invalid syntax"):
        convert_kind({"metadata": {"annotations": {GENERATION: "x"}}}, "apps/v1", "DaemonSet")
