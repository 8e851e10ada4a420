"""Objects that the real API server stores and a class cannot read: they are told, and stand in nobody's way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

import kubeloop
from kubeloop.models import apps_v1
from tests.support.real_clientset import connect

DEPTHS = (1_100, 3_000, 9_000)


@pytest_asyncio.fixture
async def clientset(kubeconfig: Path) -> AsyncIterator[kubeloop.Clientset]:
    async with connect(kubeconfig) as clientset:
        yield clientset


@pytest.fixture(params=["typed", "dynamic"])
def revisions(request: pytest.FixtureRequest, clientset: kubeloop.Clientset, namespace: str) -> Any:
    """The same collection through both clients. Any: their objects have one shape and two types."""
    if request.param == "typed":
        return clientset.apps_v1.controller_revisions(namespace)
    return clientset.dynamic.resource("apps/v1", "controllerrevisions").namespace(namespace)


def revision(name: str, depth: int) -> bytes:
    data = '{"a":' * depth + "1" + "}" * depth
    head = f'"apiVersion":"apps/v1","kind":"ControllerRevision","metadata":{{"name":"{name}"}}'
    return f'{{{head},"revision":1,"data":{data}}}'.encode()


async def test_deeply_nested_objects_cost_no_other_object(
    revisions: Any, clientset: kubeloop.Clientset, namespace: str
) -> None:
    """(B1), (A4), (A6): list, iterate, get, edit, the first state of a watch, and the writes themselves."""
    where: Any = {"group_version": "apps/v1", "namespace": namespace}
    for depth in DEPTHS:
        with pytest.raises(kubeloop.UnreadableWriteResponse) as written:
            await clientset.rest.post(
                "controllerrevisions", body=revision(f"deep-{depth}", depth), into=apps_v1.ControllerRevision, **where
            )
        assert (written.value.code, written.value.name) == (201, f"deep-{depth}")
    await clientset.rest.post("controllerrevisions", body=revision("flat", 1), into=bytes, **where)

    keys = {f"{namespace}/deep-{depth}" for depth in DEPTHS}
    listing = await revisions.list()
    assert [item.metadata.name for item in listing.items] == ["flat"]
    assert set(listing.unreadable) == keys
    assert all(error.uid and error.resource_version for error in listing.unreadable.values())

    objects = revisions.iterate(limit=1)
    assert [item.metadata.name async for item in objects] == ["flat"]
    assert set(objects.unreadable) == keys

    for call in (revisions.get("deep-9000"), revisions.edit("deep-9000", lambda _: None)):
        with pytest.raises(kubeloop.Unreadable) as caught:
            await call
        assert caught.value.key == f"{namespace}/deep-9000"

    async with revisions.watch(timeout=60.0) as events:
        first = [await anext(events) for _ in range(4)]
        assert {one.key for one in first if isinstance(one, kubeloop.UnreadableEvent)} == keys
        assert (await revisions.delete("deep-9000")).status == "Success"
        gone = await anext(events)
    assert (gone.type, gone.object.metadata.name) == ("DELETED", "deep-9000")
    assert set((await revisions.list()).unreadable) == keys - {f"{namespace}/deep-9000"}
    await revisions.delete_collection()
    assert dict((await revisions.list()).unreadable) == {}


async def test_events_of_deeply_nested_objects_are_told_in_their_place(
    revisions: Any, clientset: kubeloop.Clientset, namespace: str
) -> None:
    """(B1), (A2), (A3)"""
    where: Any = {"group_version": "apps/v1", "namespace": namespace}
    start = (await revisions.list()).metadata.resource_version
    async with revisions.watch(resource_version=start, timeout=60.0) as events:
        for depth in DEPTHS:
            name = f"deep-{depth}"
            await clientset.rest.post("controllerrevisions", body=revision(name, depth), into=bytes, **where)
            await clientset.rest.patch(
                "controllerrevisions", name=name, body={"metadata": {"labels": {"a": "b"}}}, into=bytes, **where
            )
            await revisions.delete(name)
        await clientset.rest.post("controllerrevisions", body=revision("flat", 1), into=bytes, **where)
        for depth in DEPTHS:
            added, modified, deleted = [await anext(events) for _ in range(3)]
            for one, change in ((added, "ADDED"), (modified, "MODIFIED")):
                assert isinstance(one, kubeloop.UnreadableEvent)
                assert (one.change, one.key) == (change, f"{namespace}/deep-{depth}")
            assert (deleted.type, deleted.object.metadata.name) == ("DELETED", f"deep-{depth}")
            assert int(added.resource_version) < int(modified.resource_version) < int(events.resource_version)
        assert (await anext(events)).object.metadata.name == "flat"
