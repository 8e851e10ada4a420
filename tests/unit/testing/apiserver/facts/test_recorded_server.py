"""The facts of the recorded file: resources, versions that share a storage, and rules per resource."""

from __future__ import annotations

from string import ascii_lowercase

import pytest

from kubeloop.testing.apiserver.facts.recorded_server import (
    health_checks,
    kubernetes_version,
    resources,
    root_paths,
    version_document,
)
from kubeloop.testing.apiserver.facts.served_resource import ServedResource

RESOURCES = resources()


def find(group: str, version: str, plural: str) -> ServedResource:
    found = RESOURCES.find(group, version, plural)
    assert found is not None
    return found


PODS = find("", "v1", "pods")
DEPLOYMENTS = find("apps", "v1", "deployments")


def test_the_resources_are_built_once() -> None:
    assert resources() is RESOURCES


def test_everything_that_discovery_lists_is_recorded() -> None:
    assert len(RESOURCES) > 90
    assert len(RESOURCES.groups) > 20
    assert RESOURCES.groups[0].name == ""


def test_names_scopes_and_verbs() -> None:
    assert (DEPLOYMENTS.singular, DEPLOYMENTS.kind, DEPLOYMENTS.namespaced) == ("deployment", "Deployment", True)
    assert (DEPLOYMENTS.short_names, DEPLOYMENTS.categories) == (("deploy",), ("all",))
    assert "deletecollection" in DEPLOYMENTS.verbs
    assert DEPLOYMENTS.storage_version_hash == "8aSe+NMegvE="
    assert not find("", "v1", "nodes").namespaced


def test_every_resource_has_sorted_verbs_and_a_singular() -> None:
    for resource in RESOURCES:
        assert list(resource.verbs) == sorted(resource.verbs)
        assert resource.verbs
        assert set(resource.singular) <= set(ascii_lowercase)


def test_a_subresource_has_the_kind_and_the_group_of_its_bodies() -> None:
    kinds = {name: (one.group, one.version, one.kind) for name, one in PODS.subresources.items()}
    assert kinds["eviction"] == ("policy", "v1", "Eviction")
    assert kinds["binding"] == ("", "v1", "Binding")
    assert kinds["status"] == ("", "v1", "Pod")
    token = find("", "v1", "serviceaccounts").subresources["token"]
    assert (token.group, token.version, token.kind) == ("authentication.k8s.io", "v1", "TokenRequest")
    scale = DEPLOYMENTS.subresources["scale"]
    assert (scale.group, scale.version, scale.verbs) == ("autoscaling", "v1", ("get", "patch", "update"))


def test_a_write_to_a_status_changes_nothing_else_and_a_write_to_the_resource_no_status() -> None:
    assert DEPLOYMENTS.reset_fields == (".status",)
    assert ".spec" in DEPLOYMENTS.subresources["status"].reset_fields


@pytest.mark.parametrize(
    ("stored_as", "versions", "storage_version"),
    [
        ("events", ["v1", "events.k8s.io/v1"], "v1"),
        ("horizontalpodautoscalers.autoscaling", ["autoscaling/v2", "autoscaling/v1"], "autoscaling/v2"),
        (
            "leasecandidates.coordination.k8s.io",
            ["coordination.k8s.io/v1beta1", "coordination.k8s.io/v1alpha2"],
            "coordination.k8s.io/v1beta1",
        ),
        ("customresourcedefinitions.apiextensions.k8s.io", ["apiextensions.k8s.io/v1"], "apiextensions.k8s.io/v1"),
    ],
)
def test_versions_of_one_object_share_a_storage(stored_as: str, versions: list[str], storage_version: str) -> None:
    found = RESOURCES.stored_as(stored_as)
    assert [resource.api_version for resource in found] == versions
    assert {resource.storage_version for resource in found} == {storage_version}


def test_every_storage_version_is_served() -> None:
    for stored_as in RESOURCES.stored():
        assert RESOURCES.of_storage(stored_as) is not None


def test_what_can_be_listed_is_stored_except_component_statuses() -> None:
    unstored = [resource for resource in RESOURCES if not resource.stored_as]
    assert [resource.plural for resource in unstored if "list" in resource.verbs] == ["componentstatuses"]
    assert find("", "v1", "bindings") in unstored


def test_field_labels_lead_to_paths_in_the_stored_form() -> None:
    assert PODS.field_labels["spec.host"] == "spec.nodeName"
    assert PODS.field_paths["spec.nodeName"] == "spec.nodeName"
    events = find("events.k8s.io", "v1", "events")
    assert events.field_labels["regarding.kind"] == "involvedObject.kind"
    assert "involvedObject.kind" not in events.field_labels
    assert find("batch", "v1", "jobs").field_paths["status.successful"] == "status.succeeded"


def test_an_unknown_field_label_has_the_message_of_its_kind() -> None:
    assert PODS.unknown_field_label.format("x") == "field label not supported: x"
    expected = '"x" is not a known field selector: only "metadata.name", "metadata.namespace"'
    assert DEPLOYMENTS.unknown_field_label.format("x") == expected
    assert all("{}" in resource.unknown_field_label for resource in RESOURCES if resource.stored_as)


def test_rules_of_writes() -> None:
    allows_create = {resource.plural for resource in RESOURCES if resource.allows_create_on_update}
    assert {"leases", "endpoints", "events", "services", "roles"} <= allows_create
    assert not allows_create & {"pods", "deployments", "configmaps"}
    assert DEPLOYMENTS.allows_unconditional_update
    assert not find("coordination.k8s.io", "v1", "leases").allows_unconditional_update


def test_rules_of_generations() -> None:
    assert DEPLOYMENTS.sets_generation
    assert DEPLOYMENTS.generation_fields == ("metadata.annotations", "spec")
    configmaps = find("", "v1", "configmaps")
    assert (configmaps.sets_generation, configmaps.generation_fields) == (False, ())


def test_rules_of_deletions() -> None:
    assert [resource.plural for resource in RESOURCES if resource.has_graceful_deletion] == ["pods"]
    assert find("batch", "v1", "jobs").default_deletion_policy == "OrphanDependents"
    assert find("", "v1", "events").default_deletion_policy == "Unsupported"
    assert (PODS.returns_deleted_object, DEPLOYMENTS.returns_deleted_object) == (True, False)
    assert [resource.plural for resource in RESOURCES if resource.may_be_deleted_by_update] == ["namespaces"]
    assert {resource.seconds_to_live for resource in RESOURCES.stored_as("events")} == {3600}


def test_columns_are_those_of_the_table() -> None:
    assert [column.name for column in PODS.columns][:5] == ["Name", "Ready", "Status", "Restarts", "Age"]
    assert (PODS.columns[0].format, PODS.columns[0].priority) == ("name", 0)
    assert {column.name for column in PODS.columns if column.priority == 1} >= {"IP", "Node"}


def test_version_and_health_checks() -> None:
    assert version_document()["gitVersion"] == kubernetes_version()
    assert "ping" in health_checks("livez")
    assert "informer-sync" in health_checks("readyz")
    assert "/apis/apps/v1" in root_paths()
