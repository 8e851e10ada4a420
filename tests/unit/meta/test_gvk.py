"""Group, version, kind and resource."""

from __future__ import annotations

import pytest

from kubeloop.meta.gvk import (
    GroupKind,
    GroupResource,
    GroupVersion,
    GroupVersionKind,
    GroupVersionResource,
    version_priority,
)


@pytest.mark.parametrize(
    ("text", "expected", "prefix"),
    [
        ("v1", GroupVersion("", "v1"), "/api/v1"),
        ("apps/v1", GroupVersion("apps", "v1"), "/apis/apps/v1"),
        (
            "rbac.authorization.k8s.io/v1",
            GroupVersion("rbac.authorization.k8s.io", "v1"),
            "/apis/rbac.authorization.k8s.io/v1",
        ),
    ],
)
def test_reads_and_prints_an_api_version_and_knows_its_path(text, expected, prefix):
    assert GroupVersion.parse(text) == expected
    assert str(expected) == text
    assert expected.api_prefix == prefix


def test_reads_the_empty_api_version_as_go():
    assert GroupVersion.parse("") == GroupVersion.parse("/") == GroupVersion("", "")


def test_refuses_an_api_version_with_two_slashes():
    with pytest.raises(ValueError, match="'a/b/c'"):
        GroupVersion.parse("a/b/c")


def test_goes_from_kinds_and_resources_to_their_parts_and_back():
    kind = GroupVersionKind.from_api_version("apps/v1", "Deployment")
    assert (kind.group_version, kind.group_kind, kind.api_version) == (
        GroupVersion("apps", "v1"),
        GroupKind("apps", "Deployment"),
        "apps/v1",
    )
    assert kind.group_kind.with_version("v1") == kind == kind.group_version.with_kind("Deployment")
    resource = GroupVersion("apps", "v1").with_resource("deployments")
    assert resource.group_resource.with_version("v1") == resource
    assert GroupVersionKind.from_api_version("v1", "Pod") == GroupVersionKind("", "v1", "Pod")
    assert resource.group_version == kind.group_version


def test_prints_as_go():
    """(E15) As String() of each type in apimachinery's schema prints it."""
    assert str(GroupVersionKind("apps", "v1", "Deployment")) == "apps/v1, Kind=Deployment"
    assert str(GroupVersionKind("", "v1", "Pod")) == "/v1, Kind=Pod"
    assert str(GroupVersionKind("", "", "Pod")) == "/, Kind=Pod"
    assert str(GroupVersionKind("apps", "", "Deployment")) == "apps/, Kind=Deployment"
    assert str(GroupVersionResource("apps", "v1", "deployments")) == "apps/v1, Resource=deployments"
    assert str(GroupVersionResource("", "v1", "pods")) == "/v1, Resource=pods"
    assert str(GroupVersion("", "v1")) == "v1"
    assert str(GroupVersion("apps", "")) == "apps/"
    assert str(GroupKind("", "Pod")) == "Pod"


@pytest.mark.parametrize("text", ["pods", "deployments.apps", "certificates.cert-manager.io"])
def test_reads_what_it_prints(text):
    assert str(GroupResource.parse(text)) == text
    assert str(GroupKind.parse(text)) == text


def test_a_kind_and_a_resource_of_the_same_name_differ():
    assert GroupKind("a", "b") != GroupResource("a", "b")
    assert len({GroupKind("a", "b"), GroupResource("a", "b"), GroupKind("a", "b")}) == 2


def test_prefers_stable_to_beta_to_alpha_and_newer_to_older():
    best_first = [
        "v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2", "foo1", "foo10", "v1.2",
    ]  # fmt: skip
    assert sorted(sorted(best_first), key=version_priority, reverse=True) == best_first
