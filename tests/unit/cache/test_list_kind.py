"""Which bodies are lists of a resource without a model."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.cache.list_kind import ListKind
from kubeloop.errors import DecodeError
from kubeloop.unstructured import UnstructuredList


def page(kind: str, *items: dict[str, Any], api_version: str = "v1") -> UnstructuredList:
    return UnstructuredList({"apiVersion": api_version, "kind": kind, "metadata": {}, "items": [*items]})


def test_the_first_list_shows_the_kind_of_all_lists() -> None:
    kind = ListKind()
    kind.check(page("ConfigMapList"))
    kind.check(page("ConfigMapList"))
    with pytest.raises(DecodeError, match="expected v1 ConfigMapList as before, got v1 SecretList"):
        kind.check(page("SecretList"))


def test_a_streamed_list_shows_it_too() -> None:
    kind = ListKind()
    kind.streamed("v1", "ConfigMap")
    for other in (page("SecretList"), page("SecretList", {"metadata": {"name": "a"}}), page("PodList")):
        with pytest.raises(DecodeError, match=r"expected a list of v1 ConfigMap, got v1 \w+List"):
            kind.check(other)
    kind.check(page("ConfigMapList"))


@pytest.mark.parametrize("items", [[], [{"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}}]])
def test_lists_of_custom_resources_may_have_any_name(items: list[dict[str, Any]]) -> None:
    kind = ListKind()
    kind.streamed("example.com/v1", "Thing")
    kind.check(page("Things", *items, api_version="example.com/v1"))
    with pytest.raises(DecodeError, match=r"expected example.com/v1 Things as before, got example.com/v1 ThingList"):
        kind.check(page("ThingList", api_version="example.com/v1"))


@pytest.mark.parametrize(
    "other",
    [
        page("Others", {"kind": "Other", "apiVersion": "example.com/v1", "metadata": {}}, api_version="example.com/v1"),
        page("Things", api_version="example.com/v2"),
    ],
)
def test_objects_of_another_kind_or_version_are_no_such_list(other: UnstructuredList) -> None:
    kind = ListKind()
    kind.streamed("example.com/v1", "Thing")
    with pytest.raises(DecodeError, match=r"expected a list of example\.com/v1 Thing"):
        kind.check(other)


def test_the_repr_shows_what_is_known() -> None:
    kind = ListKind()
    assert repr(kind) == "<ListKind not known yet>"
    kind.streamed("v1", "Pod")
    assert repr(kind) == "<ListKind ('v1', 'Pod')>"
