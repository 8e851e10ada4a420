from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

import pytest

import kubeloop
from kubeloop.leaderelection import default_identity
from kubeloop.leaderelection.lease_lock import LeaseLock
from kubeloop.leaderelection.lease_record import LeaseRecord, lease_with, record_of
from kubeloop.testing import fake
from kubeloop.unstructured import Unstructured

TIME = "2026-01-02T12:00:00.000000Z"
RECORD = LeaseRecord("me", 15, TIME, TIME, 3)
SPEC = {
    "holderIdentity": "me",
    "leaseDurationSeconds": 15,
    "acquireTime": TIME,
    "renewTime": TIME,
    "leaseTransitions": 3,
}


def lock_of(
    client: fake.Clientset, labels: Mapping[str, str] | None = None, annotations: Mapping[str, str] | None = None
) -> LeaseLock:
    return LeaseLock(client, "default", "x", labels=labels or {}, annotations=annotations or {})


def lease(spec: object = SPEC, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "x", "namespace": "default", **metadata},
        "spec": spec,
    }


async def stored(client: fake.Clientset) -> dict[str, Any]:
    found = await client.dynamic.resource("coordination.k8s.io/v1", "leases").namespace("default").get("x")
    return found.to_dict()


@pytest.mark.parametrize(
    "record",
    [
        RECORD,
        RECORD.replace(strategy="OldestEmulationVersion", preferred_holder="other"),
        LeaseRecord("", 1, TIME, TIME),
    ],
    ids=["plain", "coordinated", "released"],
)
async def test_a_record_that_is_written_is_read_again(record: LeaseRecord) -> None:
    client = fake.Clientset()
    lock = lock_of(client)
    assert await lock.read(5) is None
    await lock.write(record, 5)
    assert await lock.read(5) == record
    typed = await client.coordination_v1.leases("default").get("x")
    assert typed.spec.holder_identity == record.holder
    assert typed.spec.renew_time == kubeloop.parse_time(TIME)
    assert (typed.spec.strategy, typed.spec.preferred_holder) == (
        record.strategy or None,
        record.preferred_holder or None,
    )


@pytest.mark.parametrize(
    ("labels", "expected"), [({}, None), ({"app": "web"}, {"app": "web"})], ids=["no labels", "labels"]
)
async def test_a_new_lease_has_the_labels(labels: dict[str, str], expected: dict[str, str] | None) -> None:
    client = fake.Clientset()
    lock = lock_of(client, labels)
    await lock.read(5)
    await lock.write(RECORD, 5)
    document = await stored(client)
    assert document["metadata"].get("labels") == expected
    assert document["spec"] == SPEC


async def test_a_new_lease_has_the_annotations() -> None:
    client = fake.Clientset()
    lock = lock_of(client, annotations={"example.com/owner": "web"})
    await lock.read(5)
    await lock.write(RECORD, 5)
    document = await stored(client)
    assert document["metadata"]["annotations"] == {"example.com/owner": "web"}
    assert "labels" not in document["metadata"]


@pytest.mark.parametrize("before", [None, {"example.com/owner": "old", "example.com/note": "kept"}])
async def test_an_update_adds_the_annotations_and_keeps_those_of_others(before: dict[str, str] | None) -> None:
    client = fake.Clientset(lease(**({} if before is None else {"annotations": before})))
    lock = lock_of(client, annotations={"example.com/owner": "web"})
    await lock.read(5)
    await lock.write(RECORD, 5)
    document = await stored(client)
    assert document["metadata"]["annotations"] == {**(before or {}), "example.com/owner": "web"}


async def test_an_update_adds_the_labels_and_keeps_what_others_wrote() -> None:
    before = lease(
        {**SPEC, "strategy": "OldestEmulationVersion"},
        labels={"app": "old", "team": "a"},
        annotations={"example.com/note": "kept"},
    )
    client = fake.Clientset(before)
    lock = lock_of(client, {"app": "web"})
    await lock.read(5)
    await lock.write(RECORD.replace(holder="you"), 5)
    document = await stored(client)
    assert document["metadata"]["labels"] == {"app": "web", "team": "a"}
    assert document["metadata"]["annotations"] == {"example.com/note": "kept"}
    assert document["spec"] == {**SPEC, "holderIdentity": "you"}


def test_an_update_keeps_fields_that_a_newer_server_has_added() -> None:
    before = lease({**SPEC, "fieldOfTheFuture": {"a": 1}}, annotations={"a": "b"})
    after = lease_with(Unstructured(before), RECORD.replace(holder="you"), labels={}, annotations={})
    assert after == lease({**SPEC, "holderIdentity": "you", "fieldOfTheFuture": {"a": 1}}, annotations={"a": "b"})


async def test_an_update_without_labels_keeps_those_of_the_lease() -> None:
    client = fake.Clientset(lease(labels={"team": "a"}))
    lock = lock_of(client)
    await lock.read(5)
    await lock.write(RECORD, 5)
    assert (await stored(client))["metadata"]["labels"] == {"team": "a"}


async def test_an_update_of_a_lease_without_labels_adds_them() -> None:
    client = fake.Clientset(lease())
    lock = lock_of(client, {"app": "web"})
    await lock.read(5)
    await lock.write(RECORD, 5)
    assert (await stored(client))["metadata"]["labels"] == {"app": "web"}


async def test_an_update_is_refused_if_the_lease_has_changed() -> None:
    client = fake.Clientset(lease())
    first, second = lock_of(client), lock_of(client)
    await first.read(5)
    await second.read(5)
    await first.write(RECORD.replace(transitions=4), 5)
    with pytest.raises(kubeloop.Conflict):
        await second.write(RECORD.replace(holder="you"), 5)
    await first.write(RECORD.replace(transitions=5), 5)


async def test_the_second_of_two_creates_is_refused() -> None:
    client = fake.Clientset()
    first, second = lock_of(client), lock_of(client)
    await first.read(5)
    await second.read(5)
    await first.write(RECORD, 5)
    with pytest.raises(kubeloop.AlreadyExists):
        await second.write(RECORD, 5)


@pytest.mark.parametrize("verb", ["get", "create", "update"])
async def test_an_error_of_the_server_is_raised(verb: str) -> None:
    client = fake.Clientset(*([lease()] if verb == "update" else []))
    lock = lock_of(client)
    client.api.on(verb, "leases").fail(kubeloop.Forbidden)

    async def read_and_write() -> None:
        await lock.read(5)
        await lock.write(RECORD, 5)

    with pytest.raises(kubeloop.Forbidden):
        await read_and_write()


async def test_a_lease_that_was_deleted_is_created_after_the_next_read() -> None:
    client = fake.Clientset(lease())
    lock = lock_of(client)
    await lock.read(5)
    await client.coordination_v1.leases("default").delete("x")
    with pytest.raises(kubeloop.Conflict):  # its uid is in the update
        await lock.write(RECORD, 5)
    assert await lock.read(5) is None
    await lock.write(RECORD, 5)
    assert (await stored(client))["spec"] == SPEC


@pytest.mark.parametrize(
    "spec",
    [
        None,
        [],
        "text",
        {},
        {"holderIdentity": None, "leaseDurationSeconds": "15", "renewTime": 3, "strategy": []},
        {"leaseDurationSeconds": 10**400, "leaseTransitions": -(2**31)},
        {"leaseDurationSeconds": True},
    ],
    ids=["null", "list", "text", "empty", "other types", "not of 32 bits", "truth values"],
)
def test_fields_that_cannot_be_read_have_their_zero_values(spec: object) -> None:
    assert record_of(Unstructured(lease(spec))) == LeaseRecord()


@pytest.mark.parametrize("spec", [None, "text"])
async def test_a_spec_that_is_no_mapping_is_replaced(spec: object) -> None:
    client = fake.Clientset(lease(spec))
    lock = lock_of(client)
    await lock.read(5)
    await lock.write(RECORD, 5)
    assert (await stored(client))["spec"] == SPEC


def test_the_default_identity_is_the_host_name_and_a_uuid() -> None:
    host, _, uuid = default_identity().rpartition("_")
    assert host == socket.gethostname()
    assert len(uuid) == 36
    assert default_identity() != default_identity()


def test_the_repr_names_the_lease() -> None:
    assert repr(lock_of(fake.Clientset())) == "<LeaseLock default/x>"
