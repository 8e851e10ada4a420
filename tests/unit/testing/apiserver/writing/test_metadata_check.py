"""The rules of metadata."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.errors import StatusCause
from kubeloop.testing.apiserver.writing.metadata_check import create_faults, update_faults
from kubeloop.testing.apiserver.writing.name_form import dns_subdomain

GOOD: dict[str, Any] = {"name": "web", "namespace": "default", "uid": "1", "resourceVersion": "5"}
OWNER: dict[str, Any] = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "7"}


def created(**fields: Any) -> list[StatusCause]:
    return create_faults({**GOOD, **fields}, is_namespaced=True, name_form=dns_subdomain)


def updated(new: dict[str, Any], old: dict[str, Any] | None = None) -> list[StatusCause]:
    return update_faults({**GOOD, **new}, {**GOOD, **(old or {})}, is_namespaced=True)


def test_good_metadata_has_no_faults() -> None:
    fine = {
        "labels": {"app": "web", "example.com/tier": ""},
        "annotations": {"Example.com/Note": "any text"},
        "ownerReferences": [{**OWNER, "controller": True}],
        "finalizers": ["example.com/cleanup", "orphan"],
        "generation": 3,
    }

    assert created(**fine) == []
    assert updated(fine) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"name": ""}, [("FieldValueRequired", "metadata.name")]),
        ({"name": "Web"}, [("FieldValueInvalid", "metadata.name")]),
        ({"generateName": "Web-"}, [("FieldValueInvalid", "metadata.generateName")]),
        ({"namespace": ""}, [("FieldValueRequired", "metadata.namespace")]),
        ({"namespace": "a.b"}, [("FieldValueInvalid", "metadata.namespace")]),
        ({"generation": -1}, [("FieldValueInvalid", "metadata.generation")]),
        ({"labels": {"a b": "c"}}, [("FieldValueInvalid", "metadata.labels")]),
        ({"labels": {"a": "c d"}}, [("FieldValueInvalid", "metadata.labels")]),
        ({"annotations": {"a b": "c"}}, [("FieldValueInvalid", "metadata.annotations")]),
        ({"annotations": {"a": "c" * 262_144}}, [("FieldValueTooLong", "metadata.annotations")]),
        (
            {"finalizers": ["not qualified"]},
            [("FieldValueInvalid", "metadata.finalizers"), ("FieldValueInvalid", "metadata.finalizers[0]")],
        ),
        ({"finalizers": ["plain"]}, [("FieldValueInvalid", "metadata.finalizers[0]")]),
        ({"finalizers": ["orphan", "foregroundDeletion"]}, [("FieldValueInvalid", "metadata.finalizers")]),
        (
            {"ownerReferences": [{}]},
            [
                ("FieldValueRequired", f"metadata.ownerReferences[0].{name}")
                for name in ("apiVersion", "kind", "name", "uid")
            ],
        ),
        (
            {"ownerReferences": [{**OWNER, "apiVersion": "a/b/c"}]},
            [("FieldValueInvalid", "metadata.ownerReferences[0].apiVersion")],
        ),
        (
            {"ownerReferences": [{**OWNER, "apiVersion": "v1", "kind": "Event"}]},
            [("FieldValueInvalid", "metadata.ownerReferences[0]")],
        ),
        (
            {"ownerReferences": [{**OWNER, "controller": True}, {**OWNER, "controller": True}]},
            [("FieldValueInvalid", "metadata.ownerReferences")],
        ),
    ],
)
def test_a_new_object_must_keep_each_rule(fields: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert [(fault.reason, fault.field) for fault in created(**fields)] == expected


def test_an_object_of_the_cluster_has_no_namespace() -> None:
    faults = create_faults(GOOD, is_namespaced=False, name_form=dns_subdomain)

    assert faults == [StatusCause("FieldValueForbidden", "Forbidden: not allowed on this type", "metadata.namespace")]


def test_the_rule_for_all_names_is_shown_only_if_the_kind_has_no_rule() -> None:
    faults = create_faults({**GOOD, "name": "a/b"}, is_namespaced=True, name_form=lambda _name, _is_prefix: [])

    assert [fault.message for fault in faults] == ["Invalid value: \"a/b\": may not contain '/'"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "other"),
        ("uid", "2"),
        ("creationTimestamp", "2026-01-01T00:00:00Z"),
        ("deletionTimestamp", "2026-01-01T00:00:00Z"),
        ("deletionGracePeriodSeconds", 3),
    ],
)
def test_some_fields_are_immutable(field: str, value: object) -> None:
    faults = updated({field: value})

    assert [(fault.reason, fault.field) for fault in faults] == [("FieldValueInvalid", f"metadata.{field}")]
    assert faults[0].message.endswith(": field is immutable")


def test_an_update_needs_a_resource_version() -> None:
    assert [fault.field for fault in updated({"resourceVersion": ""})] == ["metadata.resourceVersion"]


def test_the_generation_must_not_be_decremented() -> None:
    assert [fault.field for fault in updated({"generation": 2}, {"generation": 3})] == ["metadata.generation"]


def test_an_object_that_is_being_deleted_gets_no_new_finalizers() -> None:
    gone = {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["example.com/a"]}

    assert updated({**gone, "finalizers": []}, gone) == []
    faults = updated({**gone, "finalizers": ["example.com/b", "example.com/a"]}, gone)

    assert [(fault.reason, fault.field) for fault in faults] == [("FieldValueForbidden", "metadata.finalizers")]
    assert faults[0].message.endswith('[]string{"example.com/b"}')


def test_a_finalizer_without_a_domain_is_refused_in_updates_too() -> None:
    assert [fault.field for fault in updated({"finalizers": ["plain"]})] == ["metadata.finalizers[0]"]
