"""What the parent of a set says about its members, and which parents are refused, as in the tests of kubectl."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.clients.applyset.applyset_coverage import Coverage, parent_configuration, read_parent
from kubeloop.clients.applyset.applyset_format import (
    ADDITIONAL_NAMESPACES,
    CONTAINS_GROUP_KINDS,
    CONTAINS_GROUP_RESOURCES,
    ID,
    TOOLING,
    TOOLING_VALUE,
    id_of,
)
from kubeloop.clients.applyset.applyset_parent import ApplySetParent, ParentReference, parent_of
from kubeloop.errors import ApplySetError
from kubeloop.meta.gvk import GroupKind, GroupResource
from tests.support.applyset_world import mapping_of

CONFIG_MAP, DEPLOYMENT = GroupKind("", "ConfigMap"), GroupKind("apps", "Deployment")
PARENT = parent_of(ParentReference("secrets", "my-set"), mapping_of("Secret"), "test")
CLUSTER_PARENT = parent_of(ParentReference("fleets", "north"), mapping_of("Fleet.example.com"), None)
LABELS = {ID: id_of(PARENT)}
ANNOTATIONS = {TOOLING: TOOLING_VALUE, CONTAINS_GROUP_KINDS: "ConfigMap,Deployment.apps", ADDITIONAL_NAMESPACES: ""}


def without(annotation: str, **more: str) -> dict[str, str]:
    return {name: value for name, value in ANNOTATIONS.items() if name != annotation} | more


@pytest.mark.parametrize(
    ("labels", "annotations", "message"),
    [
        (LABELS, without(TOOLING), f"has no annotation {TOOLING}: it is not the parent of an apply set"),
        (LABELS, {**ANNOTATIONS, TOOLING: "helm/v3"}, "is managed by 'helm', not by 'kubeloop'"),
        (LABELS, {**ANNOTATIONS, TOOLING: "helm"}, "is managed by 'helm', not by 'kubeloop'"),
        (LABELS, {**ANNOTATIONS, TOOLING: "kubectl/v1.37.0"}, "is managed by 'kubectl', not by 'kubeloop'"),
        (LABELS, {**ANNOTATIONS, TOOLING: "a.com/kubeloop/v1"}, "is managed by 'a.com/kubeloop', not by 'kubeloop'"),
        (LABELS, {**ANNOTATIONS, TOOLING: ""}, "is managed by '', not by 'kubeloop'"),
        ({}, ANNOTATIONS, f"expected the label {ID} with the value {id_of(PARENT)!r}, got none"),
        ({ID: "somethingelse"}, ANNOTATIONS, f"with the value {id_of(PARENT)!r}, got 'somethingelse'"),
        (LABELS, without(CONTAINS_GROUP_KINDS), f"the annotation {CONTAINS_GROUP_KINDS} is missing"),
        (LABELS, {**ANNOTATIONS, CONTAINS_GROUP_KINDS: "Secret,,Pod"}, "got an empty name in an annotation"),
        (LABELS, {**ANNOTATIONS, CONTAINS_GROUP_KINDS: ".apps"}, "got an empty name in an annotation"),
        (LABELS, {**ANNOTATIONS, ADDITIONAL_NAMESPACES: "a,"}, "got an empty name in an annotation"),
    ],
)
def test_a_parent_that_is_not_that_of_this_set_is_refused(
    labels: dict[str, str], annotations: dict[str, str], message: str
) -> None:
    with pytest.raises(ApplySetError) as caught:
        read_parent(PARENT, labels, annotations, "5")
    assert message in str(caught.value)
    assert "Secret test/my-set" in str(caught.value)


def test_a_custom_resource_that_is_no_parent_yet_is_told_with_what_makes_it_one() -> None:
    with pytest.raises(ApplySetError) as caught:
        read_parent(CLUSTER_PARENT, {}, {}, "5")
    assert str(caught.value).endswith(
        f"Fleet north; to make it one, give it the label {ID}={id_of(CLUSTER_PARENT)} and the annotations "
        f'{TOOLING}={TOOLING_VALUE} and {CONTAINS_GROUP_KINDS}=""'
    )


def test_a_parent_says_kinds_and_namespaces_with_its_own() -> None:
    record = read_parent(PARENT, LABELS, {**ANNOTATIONS, ADDITIONAL_NAMESPACES: "a,b"}, "5")
    assert record.coverage == Coverage(frozenset({CONFIG_MAP, DEPLOYMENT}), frozenset({"a", "b", "test"}))
    assert (record.resource_version, record.is_current) == ("5", True)


def test_a_parent_without_a_namespace_covers_only_the_namespaces_it_names() -> None:
    record = read_parent(CLUSTER_PARENT, {ID: id_of(CLUSTER_PARENT)}, {**ANNOTATIONS, ADDITIONAL_NAMESPACES: "a"}, "5")
    assert record.coverage.namespaces == {"a"}


def test_the_annotation_of_namespaces_may_be_missing() -> None:
    record = read_parent(PARENT, LABELS, without(ADDITIONAL_NAMESPACES), "5")
    assert (record.coverage.namespaces, record.is_current) == ({"test"}, False)


def test_the_deprecated_annotation_counts_only_if_the_other_is_missing() -> None:
    deprecated = {CONTAINS_GROUP_RESOURCES: "deployments.apps,secrets"}
    record = read_parent(PARENT, LABELS, without(CONTAINS_GROUP_KINDS, **deprecated), "5")
    assert record.resources == {GroupResource("apps", "deployments"), GroupResource("", "secrets")}
    assert (record.coverage.kinds, record.is_current) == (frozenset(), False)
    both = read_parent(PARENT, LABELS, {**ANNOTATIONS, **deprecated}, "5")
    assert both.resources == frozenset()
    with pytest.raises(ApplySetError, match="is missing"):
        read_parent(PARENT, LABELS, without(CONTAINS_GROUP_KINDS, **{CONTAINS_GROUP_RESOURCES: ""}), "5")


def test_an_empty_annotation_of_kinds_is_an_empty_set() -> None:
    record = read_parent(PARENT, LABELS, {**ANNOTATIONS, CONTAINS_GROUP_KINDS: ""}, "5")
    assert record.coverage == Coverage(frozenset(), frozenset({"test"}))


def test_another_version_of_kubeloop_may_change_the_set_and_writes_its_own() -> None:
    record = read_parent(PARENT, LABELS, {**ANNOTATIONS, TOOLING: "kubeloop/v0.0.1"}, "5")
    assert not record.is_current


@pytest.mark.parametrize(
    ("parent", "version", "metadata"),
    [
        (PARENT, "", {"name": "my-set", "namespace": "test"}),
        (PARENT, "7", {"name": "my-set", "namespace": "test", "resourceVersion": "7"}),
        (CLUSTER_PARENT, "", {"name": "north"}),
    ],
)
def test_the_configuration_of_a_parent_has_kubectls_labels_and_annotations(
    parent: ApplySetParent, version: str, metadata: dict[str, Any]
) -> None:
    coverage = Coverage(frozenset({DEPLOYMENT, CONFIG_MAP}), frozenset({"b", "a", "test"}))
    namespaces = "a,b" if parent is PARENT else "a,b,test"
    assert parent_configuration(parent, coverage, version) == {
        "apiVersion": parent.api_version,
        "kind": parent.kind.kind,
        "metadata": {
            **metadata,
            "labels": {ID: id_of(parent)},
            "annotations": {
                TOOLING: TOOLING_VALUE,
                CONTAINS_GROUP_KINDS: "ConfigMap,Deployment.apps",
                ADDITIONAL_NAMESPACES: namespaces,
            },
        },
    }


def test_what_is_written_is_read_as_the_same_coverage() -> None:
    coverage = Coverage.of([(CONFIG_MAP, "a"), (DEPLOYMENT, "test"), (GroupKind("", "Namespace"), "")])
    metadata = parent_configuration(PARENT, coverage)["metadata"]
    record = read_parent(PARENT, metadata["labels"], metadata["annotations"], "5")
    assert (record.coverage, record.is_current) == (coverage, True)


def test_a_coverage_is_a_superset_if_both_parts_are() -> None:
    one, both = Coverage.of([(CONFIG_MAP, "a")]), Coverage.of([(CONFIG_MAP, "a"), (DEPLOYMENT, "b")])
    assert both >= one
    assert not one >= both
    assert not Coverage(both.kinds, frozenset({"b"})) >= one
    assert one | Coverage.of([(DEPLOYMENT, "b")]) == both
