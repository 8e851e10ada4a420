"""Deleting objects."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.errors import Conflict, Forbidden, NotFound
from kubeloop.testing.apiserver.writing.deletion import Deletion, delete_object
from kubeloop.testing.apiserver.writing.moment import time_text
from kubeloop.testing.apiserver.writing.writer import Writer
from kubeloop.wire.parse_options import DeleteOptions
from tests.support.served_kinds import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    EVENTS,
    JOBS,
    NAMESPACES,
    NOW,
    NOW_TEXT,
    PODS,
    create,
    read,
    state,
    writer,
)

RUNNING: dict[str, Any] = {"metadata": {"name": "a"}, "spec": {"nodeName": "n", "terminationGracePeriodSeconds": 30}}


def delete(to: Writer, resource: Any, name: str = "a", **request: Any) -> Deletion:
    namespace = "default" if resource.namespaced else ""
    return delete_object(to, resource, namespace, name, DeleteOptions(**request))


def metadata(to: Writer, resource: Any, name: str = "a") -> dict[str, Any]:
    found = read(to, resource, name)
    assert found is not None
    return dict(found["metadata"])


def test_an_object_without_finalizers_is_gone_at_once() -> None:
    to = writer()
    old = create(to, CONFIG_MAPS, {"metadata": {"name": "a"}})

    result = delete(to, CONFIG_MAPS)

    assert result.is_deleted
    assert not result.returns_object
    assert state(result.stored)["metadata"]["uid"] == old["metadata"]["uid"]
    assert result.stored.revision == to.storage.revision
    assert read(to, CONFIG_MAPS, "a") is None


def test_a_missing_object_cannot_be_deleted() -> None:
    with pytest.raises(NotFound):
        delete(writer(), CONFIG_MAPS)


def test_an_object_with_finalizers_is_marked_and_waits() -> None:
    to = writer()
    create(to, DEPLOYMENTS, {"metadata": {"name": "a", "finalizers": ["x/y"]}})

    result = delete(to, DEPLOYMENTS)

    assert not result.is_deleted
    assert result.returns_object
    marked = metadata(to, DEPLOYMENTS)
    assert (marked["deletionTimestamp"], marked["deletionGracePeriodSeconds"], marked["generation"]) == (NOW_TEXT, 0, 2)


def test_a_second_deletion_of_a_marked_object_changes_nothing() -> None:
    to = writer()
    create(to, DEPLOYMENTS, {"metadata": {"name": "a", "finalizers": ["x/y"]}})
    delete(to, DEPLOYMENTS)
    before = to.storage.revision

    result = delete(writer(to.storage, now=NOW + 60), DEPLOYMENTS)

    assert to.storage.revision == before
    assert not result.is_deleted


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [("uid", "other", "UID in the precondition"), ("resource_version", "1", "ResourceVersion in the precondition")],
)
def test_preconditions_that_are_not_met_are_a_conflict(field: str, value: str, text: str) -> None:
    to = writer()
    create(to, CONFIG_MAPS, {"metadata": {"name": "a"}})

    with pytest.raises(Conflict, match=text) as raised:
        delete(to, CONFIG_MAPS, **{field: value})

    assert raised.value.status.kind == "ConfigMap"
    assert read(to, CONFIG_MAPS, "a")


def test_preconditions_that_are_met_allow_the_deletion() -> None:
    to = writer()
    old = create(to, PODS, RUNNING)["metadata"]

    assert delete(to, PODS, uid=old["uid"], resource_version=old["resourceVersion"], grace_period_seconds=0).is_deleted


@pytest.mark.parametrize(
    ("resource", "request_", "expected"),
    [
        (DEPLOYMENTS, {}, None),
        (DEPLOYMENTS, {"propagation_policy": "Background"}, None),
        (DEPLOYMENTS, {"propagation_policy": "Foreground"}, ["foregroundDeletion"]),
        (DEPLOYMENTS, {"propagation_policy": "Orphan"}, ["orphan"]),
        (DEPLOYMENTS, {"orphan_dependents": True}, ["orphan"]),
        (DEPLOYMENTS, {"orphan_dependents": False}, None),
        (JOBS, {}, ["orphan"]),
        (JOBS, {"propagation_policy": "Background"}, None),
        (JOBS, {"orphan_dependents": False}, None),
        (EVENTS, {"propagation_policy": "Foreground"}, None),
    ],
)
def test_the_policy_becomes_a_finalizer_of_the_garbage_collector(
    resource: Any, request_: dict[str, Any], expected: list[str] | None
) -> None:
    to = writer()
    create(to, resource, {"metadata": {"name": "a"}})

    delete(to, resource, **request_)

    found = read(to, resource, "a")
    assert (found["metadata"].get("finalizers") if found else None) == expected


def test_a_new_policy_replaces_the_finalizer_of_the_old_one() -> None:
    to = writer()
    create(to, DEPLOYMENTS, {"metadata": {"name": "a", "finalizers": ["orphan", "x/y"]}})

    delete(to, DEPLOYMENTS, propagation_policy="Foreground")

    assert metadata(to, DEPLOYMENTS)["finalizers"] == ["x/y", "foregroundDeletion"]


def test_a_finalizer_of_the_object_is_a_policy_too() -> None:
    to = writer()
    create(to, DEPLOYMENTS, {"metadata": {"name": "a", "finalizers": ["orphan"]}})

    delete(to, DEPLOYMENTS)

    assert metadata(to, DEPLOYMENTS)["finalizers"] == ["orphan"]


def test_a_running_pod_remains_for_its_grace_period() -> None:
    to = writer()
    create(to, PODS, RUNNING)

    result = delete(to, PODS)

    assert (result.is_deleted, result.returns_object) == (False, True)
    marked = metadata(to, PODS)
    assert marked["deletionTimestamp"] == time_text(NOW + 30)
    assert (marked["deletionGracePeriodSeconds"], marked["generation"]) == (30, 2)


def test_a_grace_period_can_be_shortened_and_not_extended() -> None:
    to = writer()
    create(to, PODS, RUNNING)
    delete(to, PODS)

    delete(to, PODS, grace_period_seconds=60)
    assert metadata(to, PODS)["deletionGracePeriodSeconds"] == 30
    delete(to, PODS)
    assert metadata(to, PODS)["deletionGracePeriodSeconds"] == 30
    delete(to, PODS, grace_period_seconds=10)
    assert metadata(to, PODS)["deletionGracePeriodSeconds"] == 10
    assert metadata(to, PODS)["deletionTimestamp"] == time_text(NOW + 10)


def test_a_period_that_would_have_ended_already_is_one_second() -> None:
    to = writer()
    create(to, PODS, RUNNING)
    delete(to, PODS)

    delete(writer(to.storage, now=NOW + 20), PODS, grace_period_seconds=10)

    assert metadata(to, PODS)["deletionGracePeriodSeconds"] == 1
    assert metadata(to, PODS)["deletionTimestamp"] == time_text(NOW + 20)


def test_a_grace_period_of_0_removes_a_pod_that_is_being_deleted() -> None:
    to = writer()
    create(to, PODS, RUNNING)
    delete(to, PODS)

    result = delete(to, PODS, grace_period_seconds=0)

    assert (result.is_deleted, result.returns_object) == (True, True)
    assert read(to, PODS, "a") is None


def test_a_pod_that_is_not_scheduled_is_gone_at_once_after_an_event_with_its_deletion_time() -> None:
    to = writer()
    create(to, PODS, {"metadata": {"name": "a"}, "spec": {}})
    before = to.storage.revision

    result = delete(to, PODS)

    assert result.is_deleted
    assert to.storage.revision == before + 2
    assert state(result.stored)["metadata"]["deletionGracePeriodSeconds"] == 0


def test_a_pod_with_finalizers_waits_for_them() -> None:
    to = writer()
    create(to, PODS, {"metadata": {"name": "a", "finalizers": ["x/y"]}, "spec": {}})

    assert not delete(to, PODS, grace_period_seconds=0).is_deleted
    assert metadata(to, PODS)["deletionGracePeriodSeconds"] == 0


@pytest.mark.parametrize("resource", [CONFIG_MAPS, PODS, NAMESPACES])
def test_a_dry_run_deletes_nothing(resource: Any) -> None:
    to = writer()
    create(to, resource, {"metadata": {"name": "a"}})
    before = to.storage.revision

    delete(writer(to.storage, dry_run=True), resource)

    assert to.storage.revision == before
    assert "deletionTimestamp" not in metadata(to, resource)


def test_a_namespace_becomes_terminating_and_waits_for_its_controller() -> None:
    to = writer()
    create(to, NAMESPACES, {"metadata": {"name": "other"}})

    first = delete(to, NAMESPACES, "other")
    before = to.storage.revision
    second = delete(to, NAMESPACES, "other")

    assert (first.is_deleted, first.returns_object) == (False, True)
    assert state(first.stored)["status"]["phase"] == "Terminating"
    assert to.storage.revision == before
    assert second.stored.revision == first.stored.revision


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({}, None),
        ({"propagation_policy": "Orphan"}, ["orphan"]),
        ({"propagation_policy": "Foreground"}, ["foregroundDeletion"]),
        ({"orphan_dependents": False}, ["foregroundDeletion"]),
    ],
)
def test_a_namespace_has_finalizers_of_the_garbage_collector_too(
    request_: dict[str, Any], expected: list[str] | None
) -> None:
    to = writer()
    create(to, NAMESPACES, {"metadata": {"name": "other"}})

    delete(to, NAMESPACES, "other", **request_)

    assert metadata(to, NAMESPACES, "other").get("finalizers") == expected


def test_some_namespaces_may_not_be_deleted() -> None:
    with pytest.raises(Forbidden, match="this namespace may not be deleted"):
        delete(writer(), NAMESPACES, "default")


@pytest.mark.parametrize(("field", "value"), [("uid", "other"), ("resource_version", "1")])
def test_preconditions_of_a_namespace_name_the_resource(field: str, value: str) -> None:
    to = writer()
    create(to, NAMESPACES, {"metadata": {"name": "other"}})

    with pytest.raises(Conflict, match="Precondition failed") as raised:
        delete(to, NAMESPACES, "other", **{field: value})

    assert raised.value.status.kind == "namespaces"


def test_an_object_that_returns_itself_is_returned_when_it_is_gone() -> None:
    to = writer()
    create(to, PODS, {"metadata": {"name": "a"}})

    result = delete(to, PODS)

    assert result.returns_object
    assert state(result.stored)["metadata"]["name"] == "a"
