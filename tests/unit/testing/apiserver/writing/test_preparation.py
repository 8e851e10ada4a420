"""What every write does to an object."""

from __future__ import annotations

from random import Random
from typing import Any

from kubeloop.testing.apiserver.writing.moment import Moment
from kubeloop.testing.apiserver.writing.preparation import changed_object, new_object, with_metadata
from tests.support.served_kinds import (
    CLAIMS,
    CONFIG_MAPS,
    DEPLOYMENTS,
    NOW,
    NOW_TEXT,
    PODS,
    REPLICA_SETS,
)

MOMENT = Moment(NOW, Random(1))


def changed(
    new: dict[str, Any], old: dict[str, Any], resource: Any = DEPLOYMENTS, subresource: str = ""
) -> dict[str, Any]:
    return changed_object(new, old, resource, subresource, MOMENT)


def test_fields_are_set_or_removed() -> None:
    assert with_metadata({"metadata": {"a": 1, "b": 2}, "c": 3}, a=None, d=4) == {"metadata": {"b": 2, "d": 4}, "c": 3}


def test_a_new_object_has_the_system_fields_of_the_server() -> None:
    given = {
        "metadata": {
            "name": "a",
            "uid": "mine",
            "creationTimestamp": "2020-01-01T00:00:00Z",
            "deletionTimestamp": "2020-01-01T00:00:00Z",
            "deletionGracePeriodSeconds": 3,
            "selfLink": "/a",
            "resourceVersion": "7",
            "managedFields": [{}],
            "labels": {},
            "generation": 7,
        }
    }

    created = new_object(given, DEPLOYMENTS, MOMENT)["metadata"]

    assert len(created.pop("uid")) == 36
    assert created == {"name": "a", "creationTimestamp": NOW_TEXT, "generation": 1}


def test_a_kind_without_generations_keeps_the_given_one() -> None:
    given = {"metadata": {"name": "a", "generation": 7}}

    assert new_object(given, CONFIG_MAPS, MOMENT)["metadata"]["generation"] == 7


def test_the_status_of_a_new_object_is_that_of_the_server() -> None:
    given = {"metadata": {"name": "a"}, "status": {"replicas": 5, "readyReplicas": 5}}

    assert new_object(given, REPLICA_SETS, MOMENT)["status"] == {"replicas": 0}
    assert new_object(given, PODS, MOMENT)["status"]["phase"] == "Pending"


def test_a_name_is_generated_only_if_there_is_none() -> None:
    generated = new_object({"metadata": {"generateName": "a-"}}, CONFIG_MAPS, MOMENT)["metadata"]
    given = new_object({"metadata": {"generateName": "a-", "name": "b"}}, CONFIG_MAPS, MOMENT)["metadata"]

    assert generated["name"].startswith("a-")
    assert len(generated["name"]) == 7
    assert given["name"] == "b"


OLD: dict[str, Any] = {
    "metadata": {"name": "a", "uid": "1", "creationTimestamp": NOW_TEXT, "generation": 3, "labels": {"a": "b"}},
    "spec": {"replicas": 1},
    "status": {"replicas": 1},
}


def test_an_update_changes_no_status_and_an_update_of_the_status_nothing_else() -> None:
    new = {"metadata": {"name": "a", "labels": {"a": "c"}}, "spec": {"replicas": 2}, "status": {"replicas": 2}}

    whole, status = changed(new, OLD), changed(new, OLD, subresource="status")

    assert whole == {
        **OLD,
        "metadata": {**OLD["metadata"], "generation": 4, "labels": {"a": "c"}},
        "spec": {"replicas": 2},
    }
    assert status == {**OLD, "status": {"replicas": 2}}


def test_a_status_that_may_not_change_metadata_changes_none() -> None:
    new = {
        "metadata": {
            "name": "a",
            "resourceVersion": "8",
            "labels": {"a": "c"},
            "finalizers": ["x/y"],
            "annotations": {"n": ""},
        },
        "status": {"allocation": {}},
    }

    assert changed(new, OLD, CLAIMS, "status")["metadata"] == {**OLD["metadata"], "resourceVersion": "8"}


def test_the_generation_grows_with_the_fields_that_count() -> None:
    same = {**OLD, "metadata": {**OLD["metadata"], "generation": 9, "labels": {"x": "y"}}}
    annotated = {**OLD, "metadata": {**OLD["metadata"], "annotations": {"x": "y"}}}

    assert changed(same, OLD)["metadata"]["generation"] == 3
    assert changed(annotated, OLD)["metadata"]["generation"] == 4
    assert changed(annotated, OLD, REPLICA_SETS)["metadata"]["generation"] == 3


def test_an_update_keeps_uid_and_times_of_the_stored_object() -> None:
    old = with_metadata(OLD, deletionTimestamp=NOW_TEXT, deletionGracePeriodSeconds=0)
    new = {"metadata": {"name": "a", "creationTimestamp": "2020-01-01T00:00:00Z"}, "spec": {"replicas": 1}}

    metadata = changed(new, old)["metadata"]

    assert {name: metadata[name] for name in ("uid", "creationTimestamp", "deletionTimestamp")} == {
        "uid": "1",
        "creationTimestamp": NOW_TEXT,
        "deletionTimestamp": NOW_TEXT,
    }
    assert metadata["deletionGracePeriodSeconds"] == 0


def test_ephemeral_containers_leave_the_rest_of_the_pod_alone() -> None:
    pod = {**OLD, "spec": {"nodeName": "n"}}
    new = {"metadata": {"name": "a", "resourceVersion": "8"}, "spec": {"ephemeralContainers": [{"name": "d"}]}}

    result = changed(new, pod, PODS, "ephemeralcontainers")

    assert result["spec"] == {"nodeName": "n", "ephemeralContainers": [{"name": "d"}]}
    assert result["metadata"] == {**OLD["metadata"], "generation": 4, "resourceVersion": "8"}
