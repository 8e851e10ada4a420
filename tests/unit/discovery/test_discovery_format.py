"""Parsing of discovery documents. The scenarios are those of client-go's discovery/aggregated_discovery_test.go."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.discovery.discovery_format import (
    GroupsAndResources,
    core_group,
    from_aggregated,
    is_aggregated,
    preferred,
)
from kubeloop.meta.gvk import GroupVersion
from kubeloop.models import apidiscovery_v2, meta_v1


def kind(name: str, group: str = "apps", version: str = "v1") -> dict[str, str]:
    return {"group": group, "version": version, "kind": name}


def document(*groups: dict[str, Any]) -> apidiscovery_v2.APIGroupDiscoveryList:
    return apidiscovery_v2.APIGroupDiscoveryList.from_dict({"items": list(groups)})


def group(name: str, *versions: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": name}, "versions": list(versions)}


DEPLOYMENTS: dict[str, Any] = {
    "resource": "deployments", "singularResource": "deployment", "scope": "Namespaced", "verbs": ["get", "list"],
    "shortNames": ["deploy"], "categories": ["all"], "responseKind": kind("Deployment"),
    "subresources": [{"subresource": "scale", "verbs": ["get"], "responseKind": kind("Scale", "autoscaling")}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", True),
        ("application/json; as=APIGroupDiscoveryList; v=v2; g=apidiscovery.k8s.io; charset=utf-8", True),
        ("application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList", False),
        ("application/json", False),
        ("text/html;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", False),
        ("", False),
    ],
)
def test_the_content_type_determines_the_form(content_type: str, expected: bool) -> None:
    assert is_aggregated(content_type) is expected


def test_groups_versions_resources_and_subresources_come_apart() -> None:
    offer = from_aggregated(document(group("apps", {"version": "v1", "resources": [DEPLOYMENTS]})))
    (apps,) = offer.groups
    assert apps.name == "apps"
    assert apps.preferred_version.group_version == "apps/v1"
    assert offer.resources is not None
    deployments, scale = offer.resources[GroupVersion("apps", "v1")].resources
    assert (deployments.name, deployments.kind, deployments.namespaced) == ("deployments", "Deployment", True)
    assert deployments.short_names == ("deploy",)
    assert (scale.name, scale.kind, scale.group) == ("deployments/scale", "Scale", "autoscaling")


def test_a_stale_version_is_a_failure_and_not_preferred() -> None:
    versions = [{"version": "v2", "freshness": "Stale"}, {"version": "v1", "freshness": "Current"}]
    offer = from_aggregated(document(group("down.io", *versions), group("gone.io", versions[0])))
    assert [one.preferred_version.version for one in offer.groups] == ["v1", ""]
    assert set(offer.failures) == {GroupVersion("down.io", "v2"), GroupVersion("gone.io", "v2")}
    assert offer.resources is not None
    assert list(offer.resources) == [GroupVersion("down.io", "v1")]


def test_a_resource_without_a_kind_is_left_out_but_not_its_subresources() -> None:
    nameless = {**DEPLOYMENTS, "responseKind": None}
    offer = from_aggregated(document(group("apps", {"version": "v1", "resources": [nameless]})))
    assert offer.resources is not None
    assert [one.name for one in offer.resources[GroupVersion("apps", "v1")].resources] == ["deployments/scale"]


def test_the_older_form_of_the_core_group() -> None:
    (core,) = core_group(meta_v1.APIVersions(versions=["v1"]))
    assert (core.name, core.preferred_version.group_version) == ("", "v1")
    assert core_group(meta_v1.APIVersions()) == []


def test_of_each_resource_the_preferred_version_is_kept_else_the_first() -> None:
    def version(name: str) -> meta_v1.GroupVersionForDiscovery:
        return meta_v1.GroupVersionForDiscovery(group_version=f"g/{name}", version=name)

    def resources(name: str, *names: str) -> meta_v1.APIResourceList:
        items = [meta_v1.APIResource(name=one, kind="K") for one in names]
        return meta_v1.APIResourceList(group_version=f"g/{name}", resources=items)

    one = meta_v1.APIGroup(
        name="g", versions=[version("v1"), version("v2"), version("v3")], preferred_version=version("v2")
    )
    lists = [resources("v1", "a", "b", "a/status"), resources("v2", "a"), resources("v3", "b", "c")]
    kept = preferred(GroupsAndResources([one], lists, {}))
    assert {one.group_version: [r.name for r in one.resources] for one in kept} == {
        "g/v1": ["b"],
        "g/v2": ["a"],
        "g/v3": ["c"],
    }
