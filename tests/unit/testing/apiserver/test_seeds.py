"""Objects that are stored as they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from kubeloop import Unstructured, errors
from kubeloop.models import core_v1, meta_v1
from kubeloop.objects.model import Kind
from kubeloop.testing.apiserver.facts.recorded_server import resources
from kubeloop.testing.apiserver.seeds import Seeds
from kubeloop.testing.apiserver.storage.storage import Storage
from kubeloop.testing.apiserver.storage.stored import Key

NOW = 1_000_000_000.5
CREATED = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)


def seeds(storage: Storage, seed: int = 1) -> Seeds:
    return Seeds(storage, resources(), Random(seed), NOW)


def put(obj: Kind | Unstructured | Mapping[str, Any], key: Key) -> dict[str, Any]:
    storage = Storage()
    seeds(storage).put(obj)
    return held(storage, key)


def held(storage: Storage, key: Key) -> dict[str, Any]:
    stored = storage.get(key)
    assert stored is not None
    document: dict[str, Any] = json.loads(stored.data)
    return document


def test_what_an_object_says_of_itself_is_kept() -> None:
    pod = core_v1.Pod(
        metadata=meta_v1.ObjectMeta(
            name="a", namespace="web", uid="mine", finalizers=["example.com/x"], generation=7, owner_references=[],
            creation_timestamp=CREATED, deletion_timestamp=CREATED + timedelta(minutes=1),
            deletion_grace_period_seconds=60,
        ),
        status=core_v1.PodStatus(phase="Running"),
    )  # fmt: skip

    stored = put(pod, Key("pods", "web", "a"))

    metadata = stored["metadata"]
    assert (metadata["uid"], metadata["generation"], metadata["deletionGracePeriodSeconds"]) == ("mine", 7, 60)
    assert metadata["creationTimestamp"] == "2020-01-02T03:04:05Z"
    assert metadata["deletionTimestamp"] == "2020-01-02T03:05:05Z"
    assert stored["status"]["phase"] == "Running"


def test_what_an_object_does_not_say_is_added() -> None:
    stored = put(core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name="a")), Key("configmaps", "default", "a"))

    metadata = stored["metadata"]
    assert metadata["namespace"] == "default"
    assert metadata["creationTimestamp"] == "2001-09-09T01:46:40Z"
    assert len(metadata["uid"]) == 36
    assert metadata["resourceVersion"] == "3"  # after the namespace


def test_the_resource_version_is_that_of_the_storage() -> None:
    given = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a", "resourceVersion": "900"}}

    assert put(given, Key("configmaps", "default", "a"))["metadata"]["resourceVersion"] == "3"


@pytest.mark.parametrize("metadata", [{"uid": None}, {"creationTimestamp": None}, {"uid": ""}, {"namespace": None}])
def test_a_value_that_is_null_or_empty_is_added_too(metadata: Mapping[str, Any]) -> None:
    given = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a", **metadata}}

    stored = put(given, Key("configmaps", "default", "a"))["metadata"]

    assert stored["uid"]
    assert stored["creationTimestamp"] == "2001-09-09T01:46:40Z"
    assert stored["namespace"] == "default"


def test_a_namespace_is_created_once_and_is_active() -> None:
    storage = Storage()
    many = seeds(storage)

    many.put(core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name="a", namespace="web")))
    first = held(storage, Key("namespaces", "", "web"))
    many.put(core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name="b", namespace="web")))

    assert held(storage, Key("namespaces", "", "web")) == first
    assert first["status"] == {"phase": "Active"}
    assert first["spec"] == {"finalizers": ["kubernetes"]}
    assert first["metadata"]["labels"] == {"kubernetes.io/metadata.name": "web"}


def test_a_namespace_that_is_given_first_is_not_replaced() -> None:
    storage = Storage()
    many = seeds(storage)

    many.put({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "web", "uid": "mine"}})
    many.put(core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name="a", namespace="web")))

    assert held(storage, Key("namespaces", "", "web"))["metadata"]["uid"] == "mine"


def test_the_namespace_of_a_cluster_scoped_object_is_ignored_and_not_created() -> None:
    storage = Storage()

    seeds(storage).put({"kind": "Node", "apiVersion": "v1", "metadata": {"name": "n", "namespace": "web"}})

    assert "namespace" not in held(storage, Key("nodes", "", "n"))["metadata"]
    assert storage.get(Key("namespaces", "", "web")) is None


def test_an_object_of_another_version_is_stored_in_the_version_of_its_resource() -> None:
    event = {
        "kind": "Event", "apiVersion": "events.k8s.io/v1", "metadata": {"name": "e"}, "regarding": {"name": "p"},
        "note": "text",
    }  # fmt: skip

    stored = put(event, Key("events", "default", "e"))

    assert (stored["message"], stored["involvedObject"]) == ("text", {"name": "p"})


def test_an_unstructured_object_keeps_its_members() -> None:
    given = Unstructured({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a"}, "extra": 1})

    assert put(given, Key("configmaps", "default", "a"))["extra"] == 1


def test_the_object_of_the_caller_is_not_changed() -> None:
    given: dict[str, Any] = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a"}}

    put(given, Key("configmaps", "default", "a"))

    assert given == {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a"}}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "of a kind that the server stores, got$"),
        ({"kind": "Nothing", "apiVersion": "v1", "metadata": {"name": "a"}}, "got v1 Nothing"),
        ({"kind": "TokenReview", "apiVersion": "authentication.k8s.io/v1", "metadata": {"name": "a"}}, "TokenReview"),
        ({"kind": "ConfigMap", "apiVersion": "v1"}, "ConfigMap without metadata.name"),
        ({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"namespace": "a"}}, "ConfigMap without metadata.name"),
        ({"kind": "ConfigMap", "apiVersion": "v1", "metadata": None}, "ConfigMap without metadata.name"),
        ({"kind": "ConfigMap", "apiVersion": "a/b/c", "metadata": {"name": "a"}}, "a/b/c"),
        ({"kind": "ConfigMap", "apiVersion": "v1", "metadata": 3}, "metadata of a ConfigMap as an object, got int"),
        (
            {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a/b"}},
            r"'a/b': metadata.name may not .* '/'",
        ),
        ({"kind": "Node", "apiVersion": "v1", "metadata": {"name": ".."}}, r"Node '\.\.': metadata.name may not be"),
        (
            {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a", "namespace": "b%"}},
            "ConfigMap 'a': metadata.namespace may not contain '%'",
        ),
        ({"kind": "Podd", "apiVersion": "v1", "metadata": {"name": "a"}}, "v1 Podd; did you mean 'Pod'?"),
        (
            {"kind": "Backup", "apiVersion": "x.io/v1", "metadata": {"name": "a"}},
            "custom resources need a ControlPlane",
        ),
        (
            {"kind": "HorizontalPodAutoscaler", "apiVersion": "autoscaling/v2beta2", "metadata": {"name": "a"}},
            "the server has it as autoscaling/v2",
        ),
        ({"kind": "ConfigMapList", "apiVersion": "v1", "items": []}, "pass the items of a list one by one"),
    ],
)
def test_an_object_that_cannot_be_stored_is_refused_and_leaves_nothing(given: Mapping[str, Any], message: str) -> None:
    storage = Storage()

    with pytest.raises(errors.EncodeError, match=message):
        seeds(storage).put(given)

    assert storage.revision == 1


@pytest.mark.parametrize("given", ["web", None, [core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name="a"))]])
def test_what_is_no_object_is_refused(given: Any) -> None:
    message = f"expected a model, an Unstructured or a dictionary, got {type(given).__name__}"
    with pytest.raises(TypeError, match=message):
        seeds(Storage()).put(given)


def test_fresh_content_is_the_same_for_the_same_seed() -> None:
    first, second = Storage(), Storage()
    seeds(first).put_fresh_content()
    seeds(second).put_fresh_content()

    assert first.revision == second.revision > 100
    for resource in resources().stored():
        items = [item.data for item in first.range(resource).items]
        assert items == [item.data for item in second.range(resource).items]
