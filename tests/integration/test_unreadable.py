"""Objects that the real API server stores and a class cannot read are reported and affect no other object."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

import kubeloop
from kubeloop.cache.informer.shared_informer import SharedInformer
from kubeloop.cache.source.lister_watcher import ListWatch
from kubeloop.cache.source.rest_source import rest_list_watch
from kubeloop.meta.gvk import GroupResource
from kubeloop.models import apps_v1
from tests.support.custom_resources import generated
from tests.support.depth import is_too_deep

DEPTHS = (1_100, 3_000, 9_000)


@pytest.fixture(params=["typed", "dynamic"])
def revisions(request: pytest.FixtureRequest, clientset: kubeloop.Clientset, namespace: str) -> Any:
    """Return the same collection through both clients. Any: their objects have the same structure and two types."""
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
    bad: set[str] = set()
    for depth in DEPTHS:
        write = clientset.rest.post(
            "controllerrevisions", body=revision(f"deep-{depth}", depth), into=apps_v1.ControllerRevision, **where
        )
        if is_too_deep(depth):
            with pytest.raises(kubeloop.UnreadableWriteResponse) as written:
                await write
            assert (written.value.code, written.value.name) == (201, f"deep-{depth}")
            bad.add(f"deep-{depth}")
        else:
            assert (await write).metadata.name == f"deep-{depth}"
    await clientset.rest.post("controllerrevisions", body=revision("flat", 1), into=bytes, **where)

    keys = {f"{namespace}/{name}" for name in bad}
    good = {"flat", *(f"deep-{depth}" for depth in DEPTHS)} - bad
    listing = await revisions.list()
    assert {item.metadata.name for item in listing.items} == good
    assert set(listing.unreadable) == keys
    assert all(error.uid and error.resource_version for error in listing.unreadable.values())

    objects = revisions.iterate(limit=1)
    assert {item.metadata.name async for item in objects} == good
    assert set(objects.unreadable) == keys

    for name in bad:
        for call in (revisions.get(name), revisions.edit(name, lambda _: None)):
            with pytest.raises(kubeloop.Unreadable) as caught:
                await call
            assert caught.value.key == f"{namespace}/{name}"

    async with revisions.watch(timeout=60.0) as events:
        first = [await anext(events) for _ in range(4)]
        assert {one.key for one in first if isinstance(one, kubeloop.UnreadableEvent)} == keys
        assert await revisions.delete("deep-9000") is None  # the server returns a Status
        gone = await anext(events)
    assert (gone.type, gone.object.metadata.name) == ("DELETED", "deep-9000")
    assert set((await revisions.list()).unreadable) == keys - {f"{namespace}/deep-9000"}
    await revisions.delete_collection()
    assert dict((await revisions.list()).unreadable) == {}


async def test_events_of_deeply_nested_objects_are_reported_in_their_place(
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
            versions: list[int] = []
            for one, change in ((added, "ADDED"), (modified, "MODIFIED")):
                if is_too_deep(depth):
                    assert isinstance(one, kubeloop.UnreadableEvent)
                    assert (one.change, one.key) == (change, f"{namespace}/deep-{depth}")
                    versions.append(int(one.resource_version))
                else:
                    assert (one.type, one.object.metadata.name) == (change, f"deep-{depth}")
                    versions.append(int(one.object.metadata.resource_version))
            assert (deleted.type, deleted.object.metadata.name) == ("DELETED", f"deep-{depth}")
            assert versions[0] < versions[1] < int(events.resource_version)
        assert (await anext(events)).object.metadata.name == "flat"


class Expiring:
    """A source that can end its watch as the server does after it has forgotten the version."""

    def __init__(self, source: ListWatch[Any]) -> None:
        self._source = source
        self._expired = asyncio.Event()
        self.list = source.list

    def expire(self) -> None:
        """End the open watch."""
        self._expired.set()

    @asynccontextmanager
    async def watch(self, *, resource_version: str, timeout_seconds: int) -> AsyncIterator[Expiring]:
        """Open a watch of the source."""
        async with self._source.watch(resource_version=resource_version, timeout_seconds=timeout_seconds) as stream:
            self._stream = stream
            yield self

    async def batch(self) -> Any:
        """Return the next events, or fail once the watch is to expire."""
        coming = asyncio.ensure_future(self._stream.batch())
        expired = asyncio.ensure_future(self._expired.wait())
        try:
            await asyncio.wait((coming, expired), return_when=asyncio.FIRST_COMPLETED)
            if coming.done():
                return coming.result()
            self._expired.clear()
            raise kubeloop.Expired(kubeloop.StatusDetails(code=410, reason="Expired", message="too old"))
        finally:
            for task in (coming, expired):
                task.cancel()
            await asyncio.wait((coming, expired))


def dials_crd(size: dict[str, Any]) -> dict[str, Any]:
    spec = {"type": "object", "properties": {"size": size}}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
    }
    names = {"plural": "dials", "singular": "dial", "kind": "Dial", "listKind": "DialList"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "dials.test.kubeloop.dev"},
        "spec": {"group": "test.kubeloop.dev", "scope": "Namespaced", "names": names, "versions": [version]},
    }


@pytest_asyncio.fixture
async def dials_served(clientset: kubeloop.Clientset) -> AsyncIterator[None]:
    """The custom resource with integers as sizes; the first write waits until the server serves the resource."""
    crds = clientset.apiextensions_v1.custom_resource_definitions()
    await crds.create(dials_crd({"type": "integer"}))
    yield
    await crds.delete("dials.test.kubeloop.dev")


@pytest.fixture
def dial_class(tmp_path: Path) -> Iterator[Any]:
    """Return the class that was generated while sizes were integers."""
    (tmp_path / "crd.yaml").write_text(json.dumps(dials_crd({"type": "integer"})))
    with generated("generated_dials", tmp_path, tmp_path / "crd.yaml"):
        yield import_module("generated_dials.models.test_kubeloop_dev_v1")


async def test_a_controller_survives_a_schema_that_grows_under_its_generated_class(
    clientset: kubeloop.Clientset, namespace: str, dial_class: Any, dials_served: None
) -> None:
    """(A1), (A2), (A3), (A4): an integer becomes int-or-string, under a controller that takes NotFound for deleted."""
    crds = clientset.apiextensions_v1.custom_resource_definitions()
    dials: Any = clientset.dynamic.resource("test.kubeloop.dev/v1", "dials").namespace(namespace)

    async def write(name: str, size: object) -> None:
        """Create or change an object, as soon as the server accepts such values: before, apply fails with a 500."""
        head = {"apiVersion": "test.kubeloop.dev/v1", "kind": "Dial"}
        body = {**head, "metadata": {"name": name}, "spec": {"size": size}}
        async with asyncio.timeout(30):
            while True:
                try:
                    await dials.apply(body, field_manager="test", force=True)
                except (kubeloop.Invalid, kubeloop.NotFound, kubeloop.InternalError):
                    await asyncio.sleep(0.05)
                else:
                    return

    await write("kept", 1)
    await write("gone", 2)
    await write("made-again", 3)
    source = Expiring(
        rest_list_watch(
            clientset.rest,
            dial_class.Dial,
            namespace=namespace,
        )
    )
    informer = SharedInformer(source, resource=GroupResource("test.kubeloop.dev", "dials"))
    controller = Controller(informer)
    informer.add_event_handler(on_add=controller.see, on_update=controller.see_change, on_delete=controller.see)
    running = asyncio.create_task(informer.run())
    try:
        async with asyncio.timeout(30):
            await informer.wait_for_sync()
            await controller.until(lambda: controller.sizes == {"kept": 1, "gone": 2, "made-again": 3})

            await crds.patch(
                "dials.test.kubeloop.dev",
                [
                    {
                        "op": "replace",
                        "path": "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/size",
                        "value": {"x-kubernetes-int-or-string": True},
                    }
                ],
                type="json",
            )
            await write("kept", "10%")
            await write("gone", "20%")
            await write("new", "30%")
            await write("mark", 1)
            await controller.until(lambda: "mark" in controller.sizes)
            unreadable = {f"{namespace}/{name}" for name in ("kept", "gone", "new")}
            assert set(informer.unreadable) == unreadable

            source.expire()
            await dials.delete("gone")
            await dials.delete("made-again")
            await write("made-again", "40%")
            await write("mark", 2)
            await controller.until(lambda: controller.sizes.get("mark") == 2)
            await controller.until(lambda: len(controller.deleted) == 2)
            assert sorted(controller.deleted) == ["gone", "made-again"]
            assert set(informer.unreadable) == {f"{namespace}/{name}" for name in ("kept", "new", "made-again")}
            # Whatever the controller reads, no object that exists is missing.
            assert informer.lister.namespace(namespace).get("kept").spec.size == 1
            for name in ("new", "made-again"):
                with pytest.raises(kubeloop.Unreadable, match="size"):
                    informer.lister.namespace(namespace).get(name)

            typed = clientset.resource(dial_class.Dial, namespace)
            assert set((await typed.list()).unreadable) == {f"{namespace}/{n}" for n in ("kept", "new", "made-again")}
            await write("kept", 11)
            await write("new", 12)
            await controller.until(lambda: controller.sizes.get("new") == 12)
            await controller.until(lambda: controller.sizes.get("kept") == 11)
            await dials.delete("made-again")
            await write("mark", 3)
            await controller.until(lambda: controller.sizes.get("mark") == 3)
            assert dict(informer.unreadable) == {}
            assert sorted(controller.deleted) == ["gone", "made-again"]
    finally:
        running.cancel()
        await asyncio.wait([running])


class Controller:
    """Handles keys with the lister, and takes an object that is not found for deleted, as every controller does."""

    def __init__(self, informer: SharedInformer[Any]) -> None:
        self._informer = informer
        self._news = asyncio.Event()
        self.sizes: dict[str, int] = {}
        self.deleted: list[str] = []

    def see(self, obj: Any) -> None:
        """Handle an object that was added or deleted."""
        name = obj.metadata.name
        try:
            self.sizes[name] = self._informer.lister.namespace(obj.metadata.namespace).get(name).spec.size
        except kubeloop.NotFound:
            self.deleted.append(name)
            del self.sizes[name]
        except kubeloop.Unreadable:
            # Only after the object that was read before was deleted.
            self.deleted.append(name)
            del self.sizes[name]
        self._news.set()

    def see_change(self, _old: Any, new: Any) -> None:
        """Handle an object that changed."""
        self.see(new)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until a condition holds."""
        while not holds():
            self._news.clear()
            await self._news.wait()
