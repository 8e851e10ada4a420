"""The text that names the parent of an apply set, and the rules for its namespace."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.clients.applyset.applyset_parent import ParentReference, parent_of, parse_parent_reference
from tests.support.applyset_world import mapping_of


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("configmaps/shop", ParentReference("configmaps", "shop")),
        ("secret/shop", ParentReference("secret", "shop")),
        ("shop", ParentReference("secrets", "shop")),
        ("fleets.example.com/north", ParentReference("fleets.example.com", "north")),
    ],
)
def test_a_reference_is_a_resource_and_a_name_or_the_name_of_a_secret(text: str, wanted: ParentReference) -> None:
    assert parse_parent_reference(text) == wanted


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (
            "secrets/",
            ValueError,
            "expected a reference such as \"configmaps/shop\" as apply_set, got 'secrets/': no name",
        ),
        ("", ValueError, "got '': no name"),
        ("/shop", ValueError, "got '/shop': no resource"),
        ("secrets/a/b", ValueError, "name of an apply set 'a/b'"),
        ("secrets/..", ValueError, "name of an apply set may not be '..'"),
        (None, TypeError, 'expected a reference such as "configmaps/shop" as apply_set, got NoneType'),
    ],
)
def test_a_reference_that_names_no_object_is_refused(text: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        parse_parent_reference(text)
    assert message in str(caught.value)


def test_a_namespaced_parent_needs_a_namespace_that_the_caller_names() -> None:
    reference = parse_parent_reference("configmaps/shop")
    with pytest.raises(ValueError, match=r"configmaps/shop needs a namespace, .*: pass apply_set_namespace="):
        parent_of(reference, mapping_of("ConfigMap"), None)
    parent = parent_of(reference, mapping_of("ConfigMap"), "web")
    assert (parent.namespace, parent.path, str(parent)) == (
        "web",
        "/api/v1/namespaces/web/configmaps/shop",
        "ConfigMap web/shop",
    )


def test_a_parent_without_namespaces_ignores_the_namespace() -> None:
    parent = parent_of(parse_parent_reference("fleets.example.com/north"), mapping_of("Fleet.example.com"), "web")
    assert (parent.namespace, parent.path, str(parent)) == ("", "/apis/example.com/v1/fleets/north", "Fleet north")


@pytest.mark.parametrize(
    ("kind", "is_built_in"),
    [("ConfigMap", True), ("Secret", True), ("Service", False), ("Widget.example.com", False)],
)
def test_only_secrets_and_config_maps_are_parents_without_permission(kind: str, is_built_in: bool) -> None:
    parent = parent_of(ParentReference("x", "shop"), mapping_of(kind), "web")
    assert parent.is_built_in is is_built_in
