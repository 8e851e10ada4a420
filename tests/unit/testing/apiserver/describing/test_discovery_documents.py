"""The documents of discovery, made from resources."""

from __future__ import annotations

from typing import Any

from kubeloop.testing.apiserver.describing.discovery_documents import (
    Document,
    aggregated_groups,
    core_versions,
    group_document,
    group_list,
    resource_list,
)
from kubeloop.testing.apiserver.facts.served_resource import Resources, ServedGroup, ServedResource, Subresource

SCALE = Subresource("scale", "Scale", "autoscaling", "v1", ("get", "update"))
STATUS = Subresource("status", "Deployment", "apps", "v1", ("get",))
DEPLOYMENTS = ServedResource(
    "apps",
    "v1",
    "deployments",
    "deployment",
    "Deployment",
    namespaced=True,
    verbs=("get", "list"),
    short_names=("deploy",),
    categories=("all",),
    storage_version_hash="8aSe+NMegvE=",
    subresources={"scale": SCALE, "status": STATUS},
)
NODES = ServedResource("", "v1", "nodes", "node", "Node", namespaced=False, verbs=("get",))
CORE = ServedGroup("", {"v1": (NODES,)})
APPS = ServedGroup("apps", {"v1": (DEPLOYMENTS,), "v1beta1": ()})
RESOURCES = Resources([CORE, APPS])


def items_of(document: Document) -> list[Any]:
    items = document["items"]
    assert isinstance(items, list)
    return items


def test_the_core_group_lists_its_versions_and_the_address_of_the_server() -> None:
    assert core_versions(RESOURCES, "10.1.2.3:6443") == {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "10.1.2.3:6443"}],
    }
    assert core_versions(Resources([APPS]), "x")["versions"] == []


def test_the_other_groups_list_their_versions_with_the_preferred_one() -> None:
    versions = [
        {"groupVersion": "apps/v1", "version": "v1"},
        {"groupVersion": "apps/v1beta1", "version": "v1beta1"},
    ]
    group = {"name": "apps", "versions": versions, "preferredVersion": versions[0]}
    assert group_list(RESOURCES) == {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group]}
    assert group_document(APPS) == {"kind": "APIGroup", "apiVersion": "v1", **group}


def test_a_list_of_resources_has_subresources_after_their_resource() -> None:
    listed = resource_list(APPS, "v1")
    assert (listed["apiVersion"], listed["groupVersion"]) == ("v1", "apps/v1")
    assert listed["resources"] == [
        {
            "name": "deployments",
            "singularName": "deployment",
            "namespaced": True,
            "kind": "Deployment",
            "verbs": ["get", "list"],
            "shortNames": ["deploy"],
            "categories": ["all"],
            "storageVersionHash": "8aSe+NMegvE=",
        },
        {
            "name": "deployments/scale",
            "singularName": "",
            "namespaced": True,
            "group": "autoscaling",
            "version": "v1",
            "kind": "Scale",
            "verbs": ["get", "update"],
        },
        {
            "name": "deployments/status",
            "singularName": "",
            "namespaced": True,
            "kind": "Deployment",
            "verbs": ["get"],
        },
    ]


def test_the_list_of_the_core_group_does_not_name_its_own_version() -> None:
    listed = resource_list(CORE, "v1")
    assert "apiVersion" not in listed
    assert listed["groupVersion"] == "v1"


def test_the_aggregated_form_of_a_path_has_all_its_groups() -> None:
    core, others = aggregated_groups(RESOURCES, core=True), aggregated_groups(RESOURCES, core=False)
    node = {
        "resource": "nodes",
        "responseKind": {"group": "", "version": "", "kind": "Node"},
        "scope": "Cluster",
        "singularResource": "node",
        "verbs": ["get"],
    }
    versions = [{"version": "v1", "resources": [node], "freshness": "Current"}]
    assert core["items"] == [{"metadata": {}, "versions": versions}]
    (group,) = items_of(others)
    assert group["metadata"] == {"name": "apps"}
    assert [version["version"] for version in group["versions"]] == ["v1", "v1beta1"]


def test_the_aggregated_form_names_the_group_of_a_kind_only_if_it_is_another_one() -> None:
    (group,) = items_of(aggregated_groups(RESOURCES, core=False))
    (deployments,) = group["versions"][0]["resources"]
    assert deployments["responseKind"] == {"group": "", "version": "", "kind": "Deployment"}
    assert (deployments["shortNames"], deployments["categories"]) == (["deploy"], ["all"])
    kinds = {one["subresource"]: one["responseKind"] for one in deployments["subresources"]}
    assert kinds == {
        "scale": {"group": "autoscaling", "version": "v1", "kind": "Scale"},
        "status": {"group": "", "version": "", "kind": "Deployment"},
    }
