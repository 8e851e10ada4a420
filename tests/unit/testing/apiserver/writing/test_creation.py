"""Creating objects."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.errors import AlreadyExists, APIError, BadRequest, Forbidden, Invalid, NotFound
from kubeloop.testing.apiserver.storage.storage import Storage
from kubeloop.testing.apiserver.writing.creation import create_object
from kubeloop.testing.apiserver.writing.deletion import delete_object
from kubeloop.wire.parse_options import DeleteOptions
from tests.support.served_kinds import (
    CLUSTER_ROLES,
    CONFIG_MAPS,
    LEASES,
    NAMESPACES,
    PODS,
    create,
    read,
    writer,
)

NAMED: dict[str, Any] = {"metadata": {"name": "a"}}


def test_a_created_object_is_stored_with_the_revision_of_the_write() -> None:
    to = writer()

    stored = create_object(to, CONFIG_MAPS, "default", {**NAMED, "data": {"k": "v"}})

    assert stored.revision == to.storage.revision
    found = read(to, CONFIG_MAPS, "a")
    assert found is not None
    assert found["data"] == {"k": "v"}
    assert found["metadata"]["resourceVersion"] == str(stored.revision)
    assert found["metadata"]["namespace"] == "default"


def test_a_dry_run_stores_nothing_and_has_no_resource_version() -> None:
    to = writer(writer().storage, dry_run=True)
    before = to.storage.revision

    created = create(to, CONFIG_MAPS, NAMED)

    assert to.storage.revision == before
    assert created["metadata"]["uid"]
    assert "resourceVersion" not in created["metadata"]


def test_a_dry_run_keeps_the_resource_version_of_the_client() -> None:
    to = writer(writer().storage, dry_run=True)

    created = create(to, CONFIG_MAPS, {"metadata": {"name": "a", "resourceVersion": "7"}})

    assert created["metadata"]["resourceVersion"] == "7"


def test_a_name_can_be_used_once_per_namespace() -> None:
    to = writer()
    create(to, NAMESPACES, {"metadata": {"name": "other"}})
    create(to, CONFIG_MAPS, NAMED)
    create(to, CONFIG_MAPS, NAMED, "other")

    with pytest.raises(AlreadyExists) as raised:
        create(to, CONFIG_MAPS, NAMED)

    status = raised.value.status
    assert (status.code, status.message) == (409, 'configmaps "a" already exists')
    assert (status.kind, status.name, status.group) == ("configmaps", "a", "")


def test_an_object_that_is_being_deleted_keeps_its_name() -> None:
    to = writer()
    create(to, CONFIG_MAPS, {"metadata": {"name": "a", "finalizers": ["x/y"]}})
    delete_object(to, CONFIG_MAPS, "default", "a", DeleteOptions())

    with pytest.raises(AlreadyExists) as raised:
        create(to, CONFIG_MAPS, NAMED)

    assert raised.value.status.message == 'object is being deleted: configmaps "a" already exists'


def test_a_taken_generated_name_is_generated_again() -> None:
    storage = writer().storage
    taken = create(writer(storage, seed=5), CONFIG_MAPS, {"metadata": {"generateName": "a-"}})

    second = create(writer(storage, seed=5), CONFIG_MAPS, {"metadata": {"generateName": "a-"}})

    assert second["metadata"]["name"] != taken["metadata"]["name"]


def test_too_many_taken_names_are_a_conflict_to_be_retried() -> None:
    storage = writer().storage
    first = writer(storage, seed=5)
    for _ in range(8):
        create(first, CONFIG_MAPS, {"metadata": {"generateName": "a-"}})

    with pytest.raises(AlreadyExists) as raised:
        create(writer(storage, seed=5), CONFIG_MAPS, {"metadata": {"generateName": "a-"}})

    assert raised.value.retry_after == 1
    assert raised.value.status.message.endswith("the server was not able to generate a unique name for the object")


def test_another_namespace_in_the_object_is_refused() -> None:
    with pytest.raises(BadRequest, match="does not match the namespace sent on the request"):
        create(writer(), CONFIG_MAPS, {"metadata": {"name": "a", "namespace": "other"}})


def test_an_object_of_the_cluster_loses_its_namespace() -> None:
    created = create(writer(), CLUSTER_ROLES, {"metadata": {"name": "system:a", "namespace": "other"}})

    assert "namespace" not in created["metadata"]


def test_the_namespace_must_exist() -> None:
    with pytest.raises(NotFound) as raised:
        create(writer(Storage()), CONFIG_MAPS, NAMED, "nowhere")

    assert (raised.value.status.message, raised.value.status.kind) == ('namespaces "nowhere" not found', "namespaces")


def test_nothing_is_created_in_a_namespace_that_is_being_deleted() -> None:
    to = writer()
    create(to, NAMESPACES, {"metadata": {"name": "other"}})
    delete_object(to, NAMESPACES, "", "other", DeleteOptions())

    with pytest.raises(Forbidden) as raised:
        create(to, CONFIG_MAPS, NAMED, "other")

    assert raised.value.has_cause("NamespaceTerminating")
    assert raised.value.status.message == (
        'configmaps "a" is forbidden: unable to create new content in namespace other because it is being terminated'
    )


def test_bad_metadata_is_refused_with_causes() -> None:
    with pytest.raises(Invalid) as raised:
        create(writer(), PODS, {"metadata": {"name": "A", "labels": {"a b": ""}}})

    assert [cause.field for cause in raised.value.causes] == ["metadata.name", "metadata.labels"]
    assert (raised.value.status.kind, raised.value.status.name) == ("Pod", "A")


def test_an_object_with_a_resource_version_is_not_created() -> None:
    to = writer()

    with pytest.raises(APIError, match="resourceVersion should not be set on objects to be created") as raised:
        create(to, CONFIG_MAPS, {"metadata": {"name": "a", "resourceVersion": "3"}})

    assert (raised.value.code, raised.value.reason) == (500, "")
    assert read(to, CONFIG_MAPS, "a") is None


def test_a_resource_version_is_refused_before_a_taken_name() -> None:
    to = writer()
    create(to, CONFIG_MAPS, NAMED)

    with pytest.raises(APIError, match="resourceVersion should not be set"):
        create(to, CONFIG_MAPS, {"metadata": {"name": "a", "resourceVersion": "3"}})


def test_a_resource_version_that_is_no_number_is_ignored_when_an_object_is_created() -> None:
    assert create(writer(), CONFIG_MAPS, {"metadata": {"name": "a", "resourceVersion": "x"}})


def test_some_kinds_accept_finalizers_without_a_domain() -> None:
    metadata = {"name": "a", "finalizers": ["plain"]}

    assert create(writer(), LEASES, {"metadata": metadata})["metadata"]["finalizers"] == ["plain"]
    with pytest.raises(Invalid):
        create(writer(), CONFIG_MAPS, {"metadata": metadata})
