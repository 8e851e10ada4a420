"""Which members of an apply set are searched and deleted, in which order, and which are not deleted in any case."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.clients.applyset.applyset_coverage import Coverage
from kubeloop.clients.applyset.applyset_format import PART_OF, id_of
from kubeloop.clients.applyset.applyset_parent import ParentReference, parent_of
from kubeloop.clients.applyset.prune_plan import (
    AppliedMember,
    FoundObject,
    MemberList,
    lists_of,
    order_of_deletion,
    prunable,
    reason_to_keep,
)
from kubeloop.errors import ApplySetError
from kubeloop.meta.gvk import GroupKind
from kubeloop.models import meta_v1
from tests.support.applyset_world import KINDS, mapping_of

PARENT = parent_of(ParentReference("configmaps", "shop"), mapping_of("ConfigMap"), "web")
MEMBER = {PART_OF: id_of(PARENT)}


def found(kind: str, name: str, namespace: str = "", **metadata: Any) -> FoundObject:
    known: dict[str, Any] = {"uid": f"uid-{name}", "labels": MEMBER, **metadata}
    return FoundObject(mapping_of(kind), meta_v1.ObjectMeta(name=name, namespace=namespace, **known))


def leftovers(*items: FoundObject, applied: tuple[str, ...] = ()) -> list[str]:
    return [
        str(each)
        for item in items
        for each in prunable(PARENT, MemberList(item.mapping, item.metadata.namespace), [item.metadata], applied)
    ]


def applied(kind: str, name: str, namespace: str = "") -> AppliedMember:
    parsed = GroupKind.parse(kind)
    return AppliedMember(parsed, mapping_of(kind).resource.resource, namespace, name, f"uid-{name}")


def test_each_kind_is_listed_in_each_namespace_and_other_kinds_once() -> None:
    kinds = frozenset({GroupKind("", "ConfigMap"), GroupKind("apps", "Deployment"), GroupKind("", "Namespace")})
    lists = lists_of(Coverage(kinds, frozenset({"b", "a"})), KINDS)
    assert [(read.mapping.resource.resource, read.namespace) for read in lists] == [
        ("configmaps", "a"),
        ("configmaps", "b"),
        ("namespaces", ""),
        ("deployments", "a"),
        ("deployments", "b"),
    ]


def test_an_empty_set_needs_no_list() -> None:
    assert lists_of(Coverage(frozenset(), frozenset({"a"})), KINDS) == []


def test_what_was_applied_stays_by_uid_and_not_by_name() -> None:
    one, recreated = found("Secret", "a", "web"), found("Secret", "b", "web", uid="another")
    assert leftovers(one, recreated, applied=("uid-a", "uid-b")) == ["Secret web/b"]


@pytest.mark.parametrize("labels", [{}, {PART_OF: "applyset-of-somebody-v1"}, {"app": "shop"}])
def test_a_server_that_lists_objects_of_other_sets_is_not_believed(labels: dict[str, str]) -> None:
    with pytest.raises(ApplySetError, match=r"has no label .*: Secret web/a"):
        leftovers(found("Secret", "a", "web", labels=labels))


def test_a_member_without_a_uid_is_an_error() -> None:
    with pytest.raises(ApplySetError, match=r"has no uid: Secret web/a"):
        leftovers(found("Secret", "a", "web", uid=""))


def test_the_parent_is_never_a_leftover_even_if_it_is_a_member() -> None:
    parent, other = found("ConfigMap", "shop", "web"), found("ConfigMap", "shop", "elsewhere")
    assert leftovers(parent, other) == ["ConfigMap elsewhere/shop"]


def test_an_object_with_the_name_of_an_applied_one_is_no_leftover_whatever_its_uid() -> None:
    again, other = found("ConfigMap", "a", "web", uid="new"), found("ConfigMap", "a", "elsewhere", uid="other")
    names = {(GroupKind("", "ConfigMap"), "web", "a")}
    for each, stays in ((again, True), (other, False)):
        read = MemberList(each.mapping, each.metadata.namespace)
        assert prunable(PARENT, read, [each.metadata], {"uid-a"}, names) == ([] if stays else [each])


@pytest.mark.parametrize(
    ("namespace", "name"), [("elsewhere", "a"), ("", "a"), ("web", "")], ids=["another", "none", "no name"]
)
def test_a_list_with_an_object_that_cannot_be_in_it_is_refused(namespace: str, name: str) -> None:
    odd = found("ConfigMap", name, namespace)
    with pytest.raises(ApplySetError, match="expected a list of named objects of the namespace web"):
        prunable(PARENT, MemberList(odd.mapping, "web"), [odd.metadata], ())


@pytest.mark.parametrize(
    ("owner", "stays"),
    [
        ({"kind": "ConfigMap", "name": "shop", "controller": True, "api_version": "example.com/v1"}, True),
        ({"kind": "Service", "name": "web", "controller": True}, True),
        ({"kind": "Service", "name": "web", "controller": False}, False),
        ({"kind": "Service", "name": "web"}, False),
        ({"kind": "ConfigMap", "name": "shop", "controller": True}, False),
    ],
)
def test_what_a_controller_created_with_a_copied_label_is_left_to_it(owner: dict[str, Any], stays: bool) -> None:
    reference = meta_v1.OwnerReference(**{"api_version": "v1", "uid": "u", **owner})
    assert leftovers(found("Endpoints", "web", "web", owner_references=[reference])) == (
        [] if stays else ["Endpoints web/web"]
    )


def test_leftovers_are_deleted_in_the_reverse_order_of_applying() -> None:
    ranks = {"Namespace": 0, "CustomResourceDefinition": 1, "ConfigMap": 2}
    mixed = [
        found("Namespace", "old"),
        found("CustomResourceDefinition.apiextensions.k8s.io", "widgets.example.com"),
        found("Widget.example.com", "a", "web"),
        found("ConfigMap", "b", "web"),
    ]
    ordered = order_of_deletion(mixed, lambda kind: ranks.get(kind.kind, 9))
    assert [each.metadata.name for each in ordered] == ["a", "b", "widgets.example.com", "old"]


def test_an_object_that_two_kinds_list_is_deleted_once() -> None:
    twice = [found("Deployment.apps", "a", "web", uid="u"), found("Widget.example.com", "a", "web", uid="u")]
    assert order_of_deletion(twice, lambda _: 0) == twice[:1]


@pytest.mark.parametrize(
    ("leftover", "reason"),
    [
        (found("Namespace", "web"), "it contains ConfigMap web/shop, the parent of the apply set"),
        (found("Namespace", "a"), "with it, the server would delete Secret s, which was applied"),
        (found("Namespace", "b"), None),
        (found("ConfigMap", "a", "web"), None),
        (
            found("CustomResourceDefinition.apiextensions.k8s.io", "widgets.example.com"),
            "with it, the server would delete Widget w, which was applied",
        ),
        (found("CustomResourceDefinition.apiextensions.k8s.io", "fleets.example.com"), None),
    ],
)
def test_a_leftover_whose_deletion_deletes_what_was_applied_stays(leftover: FoundObject, reason: str | None) -> None:
    present = [applied("Secret", "s", "a"), applied("Widget.example.com", "w", "c")]
    assert reason_to_keep(PARENT, leftover, present) == reason


def test_the_definition_of_the_parent_stays() -> None:
    parent = parent_of(ParentReference("fleets", "north"), mapping_of("Fleet.example.com"), None)
    definition = found("CustomResourceDefinition.apiextensions.k8s.io", "fleets.example.com")
    assert reason_to_keep(parent, definition, []) == "it defines Fleet north, the parent of the apply set"
