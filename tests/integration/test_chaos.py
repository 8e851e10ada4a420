"""Informers on the real API server while the connection to it breaks: nothing is lost, misreported or left behind.

All informers share one client, as in a program. They reach the server through a box that cuts, stalls and refuses;
writers bypass the box. Where a test has to wait for three minutes of silence, the clock of the loop is moved.
"""

from __future__ import annotations

import asyncio
import gc
import os
import tracemalloc
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import kubeloop
from kubeloop.meta.gvk import GroupVersion, GroupVersionResource
from kubeloop.models import apps_v1, batch_v1, coordination_v1, core_v1, discovery_v1, meta_v1
from kubeloop.objects.model import SEQ, Kind, KindList, Seq
from kubeloop.transport.http1.connection import Connection
from kubeloop.unstructured import Unstructured
from tests.support.middle_box import MiddleBox, before
from tests.support.news import News
from tests.support.real_clientset import connect, wait_until_served
from tests.support.servers import AnyServer, is_python_server
from tests.support.skewed_loop import pass_by, skewed

GIVEN_UP = 205
"""Seconds after which silence has been noticed: 180, and twice the ten seconds between two checks."""

MEMORY = 1 << 20
"""The number of bytes by which the memory may grow."""

LABEL = "chaos"
"""The label of the objects of these tests: a new namespace contains some objects of its own."""

Write = Callable[[], Awaitable[None]]

TEMPLATE = {
    "metadata": {"labels": {"app": "chaos"}},
    "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "example.com/nothing:1"}]},
}


class Thing(Kind, api_version="test.kubeloop.dev/v1", kind="Thing", resource="things", namespaced=True):
    """A custom resource."""

    metadata: meta_v1.ObjectMeta = meta_v1.ObjectMeta()


class ThingList(KindList, api_version="test.kubeloop.dev/v1", kind="ThingList", item=Thing):  # type: ignore[type-arg]
    """The list of these resources."""

    metadata: meta_v1.ListMeta = meta_v1.ListMeta()
    items: Seq[Thing] = SEQ


@dataclass(frozen=True)
class Resource:
    """A resource of the server, and the fields that its objects have besides their metadata."""

    api_version: str
    plural: str
    model: Any  # a class of kinds, each with another type of objects
    content: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> GroupVersionResource:
        """Group, version and plural."""
        return GroupVersion.parse(self.api_version).with_resource(self.plural)


RESOURCES = [
    Resource("v1", "pods", core_v1.Pod, {"spec": TEMPLATE["spec"]}),
    Resource("v1", "configmaps", core_v1.ConfigMap, {"data": {"a": "b" * 1000}}),
    Resource("v1", "secrets", core_v1.Secret, {"stringData": {"a": "b"}}),
    Resource("v1", "services", core_v1.Service, {"spec": {"clusterIP": "None"}}),
    Resource("v1", "serviceaccounts", core_v1.ServiceAccount),
    Resource("v1", "events", core_v1.Event, {"reason": "Chaos"}),
    Resource("apps/v1", "deployments", apps_v1.Deployment, {
        "spec": {"selector": {"matchLabels": {"app": "chaos"}}, "replicas": 0,
                 "template": {**TEMPLATE, "spec": {**TEMPLATE["spec"], "restartPolicy": "Always"}}},
    }),
    Resource("batch/v1", "jobs", batch_v1.Job, {"spec": {"template": {"spec": TEMPLATE["spec"]}}}),
    Resource("coordination.k8s.io/v1", "leases", coordination_v1.Lease, {"spec": {"holderIdentity": "nobody"}}),
    Resource("discovery.k8s.io/v1", "endpointslices", discovery_v1.EndpointSlice, {"addressType": "IPv4"})
    if is_python_server() else  # it has no custom resources
    Resource("test.kubeloop.dev/v1", "things", Thing, {"kind": "Thing", "spec": {"size": 1, "color": "red"}}),
]  # fmt: skip


@dataclass
class Ledger:
    """The writes to one resource: the versions of each created object, and the names of the deleted objects."""

    versions: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    deleted: set[str] = field(default_factory=set)

    @property
    def present(self) -> dict[str, str]:
        """Return the objects that exist, with their versions."""
        return {name: versions[-1] for name, versions in self.versions.items() if name not in self.deleted}


class Writer:
    """Creates, changes and deletes objects of one resource, past the box. Names are never used again."""

    def __init__(self, clientset: kubeloop.Clientset, resource: Resource, namespace: str) -> None:
        self.ledger = Ledger()
        self._objects = clientset.resource(Unstructured, resource.name, namespace)
        self._content = resource.content
        if resource.plural == "events":
            self._content = {**self._content, "involvedObject": {"kind": "Namespace", "namespace": namespace}}
        self._count = 0

    async def begin(self) -> None:
        """Create two objects and change one of them."""
        self._count += 1
        await self._create(f"kept-{self._count}")
        await self._create(f"brief-{self._count}")
        await self._change(f"kept-{self._count}")

    async def finish(self) -> None:
        """Change one of them again, delete the other and an older one, and create a third."""
        await self._change(f"kept-{self._count}")
        await self._delete(f"brief-{self._count}")
        await self._create(f"late-{self._count}")
        if self._count > 1:
            await self._delete(f"late-{self._count - 1}")

    async def clean(self) -> None:
        """Delete everything."""
        for name in self.ledger.present:
            await self._delete(name)

    async def _create(self, name: str) -> None:
        made = await self._objects.create({"metadata": {"name": name, "labels": {LABEL: "yes"}}, **self._content})
        self.ledger.versions[name].append(made.metadata.resource_version)

    async def _change(self, name: str) -> None:
        count = len(self.ledger.versions[name])
        made = await self._objects.patch(name, {"metadata": {"labels": {"turn": str(count)}}})
        self.ledger.versions[name].append(made.metadata.resource_version)

    async def _delete(self, name: str) -> None:
        await self._objects.delete(name, grace_period_seconds=0, propagation_policy="Background")
        self.ledger.deleted.add(name)


class History:
    """The events that the handler of one informer got of the objects of a writer, and the errors among these."""

    def __init__(self, informer: kubeloop.SharedInformer[Any], ledger: Ledger, news: News) -> None:
        self.informer = informer
        self.faults: list[str] = []
        self._versions: dict[str, list[str]] = {}
        self._deleted: set[str] = set()
        self._ledger = ledger
        self._news = news
        informer.add_event_handler(on_add=self._add, on_update=self._update, on_delete=self._delete)
        informer.set_watch_error_handler(news.come)

    def __repr__(self) -> str:
        differs = sorted(self._ledger.present.items() ^ self.present.items())
        return f"{self.informer!r}, {self.informer.last_error!r}, differs in {differs}, missed {self.missed()}"

    @property
    def present(self) -> dict[str, str]:
        """Return the objects that exist according to the events, with their versions."""
        return {name: versions[-1] for name, versions in self._versions.items() if name not in self._deleted}

    @property
    def is_complete(self) -> bool:
        """Return whether the events include the present state of all objects."""
        return self.present == self._ledger.present

    def missed(self) -> list[str]:
        """Return the changes without an event as written; the server changes a pod twice before it deletes the pod."""
        written, told = self._ledger.versions, self._versions
        return [name for name in written if told.get(name, [])[: len(written[name])] != written[name]]

    def forget(self) -> None:
        """Forget everything."""
        self._versions.clear()
        self._deleted.clear()

    def _add(self, obj: Any) -> None:
        name = obj.metadata.name
        if name in self._versions:
            self.faults.append(f"second add of {name}")
        self._versions[name] = [obj.metadata.resource_version]
        self._news.come()

    def _update(self, old: Any, new: Any) -> None:
        name, before, after = new.metadata.name, old.metadata.resource_version, new.metadata.resource_version
        versions = self._versions.setdefault(name, [])
        if name in self._deleted or versions[-1:] != [before] or int(after) < int(before):
            self.faults.append(f"update of {name} from {before} to {after} after {versions}")
        if after != before:  # a list contains everything
            versions.append(after)
        self._news.come()

    def _delete(self, obj: Any) -> None:
        name = obj.metadata.name
        if name not in self._versions or name in self._deleted:
            self.faults.append(f"deletion of {name}, which did not exist")
        self._deleted.add(name)
        self._news.come()


@dataclass
class Scene:
    """The objects that a fault acts on."""

    plane: AnyServer
    box: MiddleBox
    informers: tuple[kubeloop.SharedInformer[Any], ...]
    news: News


# Faults. Each gets a function that writes; no write may be lost.


async def nothing(scene: Scene, write: Write) -> None:
    await write()


async def cut(scene: Scene, write: Write) -> None:
    scene.box.cut()
    await write()


async def reset(scene: Scene, write: Write) -> None:
    scene.box.cut(reset=True)
    await write()


async def cut_inside_a_record(scene: Scene, write: Write) -> None:
    scene.box.cut_inside()
    await write()


async def late(scene: Scene, write: Write) -> None:
    scene.box.hold()
    await write()
    await scene.box.until(lambda box: box.held > 0)
    scene.box.release()


async def silent(scene: Scene, write: Write) -> None:
    scene.box.hold()
    await write()
    await pass_by(GIVEN_UP)


async def refused(scene: Scene, write: Write) -> None:
    scene.box.refuse()
    scene.box.cut()
    await write()
    await scene.news.until(
        lambda: not any(informer.is_connected for informer in scene.informers),
        lambda: [informer for informer in scene.informers if informer.is_connected],
    )
    await scene.box.accept()


async def killed(scene: Scene, write: Write) -> None:
    await scene.plane.kill("kube-apiserver")
    await scene.plane.restart("kube-apiserver")
    await write()


async def killed_behind_a_silent_box(scene: Scene, write: Write) -> None:
    scene.box.hold()
    await killed(scene, write)
    await pass_by(GIVEN_UP)


Fault = Callable[[Scene, Write], Awaitable[None]]

FAULTS = [cut, reset, cut_inside_a_record, late, silent, refused]


@pytest.fixture
def traced() -> Iterator[None]:
    """Start tracing memory allocations."""
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize(("scheme", "restart"), [("https", killed), ("http", killed_behind_a_silent_box)])
@skewed
async def test_twenty_informers_lose_nothing_and_leave_nothing(
    scheme: str, restart: Fault, control_plane: AnyServer, namespace: str
) -> None:
    others = connections()
    async with (
        connect(control_plane.kubeconfig) as direct,
        before(control_plane, scheme=scheme) as (box, config),
        kubeloop.Clientset(config) as clientset,
    ):
        if not is_python_server():
            await wait_until_served(direct)
        writers = [Writer(direct, resource, namespace) for resource in RESOURCES]
        news = News()
        factory = kubeloop.SharedInformerFactory(clientset, namespace=namespace, label_selector=LABEL)
        histories = [
            History(informer, writer.ledger, news)
            for writer, resource in zip(writers, RESOURCES, strict=True)
            for informer in (factory.informer(resource.model), factory.informer(Unstructured, resource.name))
        ]
        scene = Scene(control_plane, box, factory.informers, news)

        async def all_of(step: Callable[[Writer], Awaitable[None]]) -> None:
            await asyncio.gather(*map(step, writers))

        async def play(fault: Fault) -> None:
            await all_of(Writer.begin)
            await fault(scene, lambda: all_of(Writer.finish))
            await all_told()

        async def all_told() -> None:
            await news.until(
                lambda: all(history.is_complete for history in histories),
                lambda: [history for history in histories if not history.is_complete],
            )

        tasks = len(asyncio.all_tasks())
        async with factory:
            await factory.wait_for_cache_sync(timeout=60)
            await play(nothing)
            at_first = await usage(box, others, watches=20)
            for fault in FAULTS:
                await play(fault)
                assert [history for history in histories if history.missed()] == [], fault
            await play(restart)  # the server has forgotten its history: a list may stand for several changes
            assert [fault for history in histories for fault in history.faults] == []
            for resource in RESOURCES:
                await check_store(direct, factory, resource, namespace)
            await all_of(Writer.clean)
            await all_told()
            for history in histories:
                history.forget()
            at_last = await usage(box, others, watches=20)
            assert (at_last.sockets, at_last.tasks) == (at_first.sockets, at_first.tasks)
            assert at_last.memory - at_first.memory < MEMORY, (at_first, at_last)
        assert len(asyncio.all_tasks()) == tasks
        await usage(box, others, watches=0)


async def check_store(
    direct: kubeloop.Clientset, factory: kubeloop.SharedInformerFactory, resource: Resource, namespace: str
) -> None:
    """Check that the stores of a resource hold the objects of a fresh list."""
    fresh = (await direct.resource(resource.model, namespace).list(label_selector=LABEL)).items
    typed = factory.informer(resource.model).lister.list()
    assert {obj.metadata.uid: obj for obj in typed} == {obj.metadata.uid: obj for obj in fresh}
    dynamic = factory.informer(Unstructured, resource.name).lister.list()
    assert {(obj.metadata.uid, obj.metadata.resource_version) for obj in dynamic} == {
        (obj.metadata.uid, obj.metadata.resource_version) for obj in fresh
    }


@dataclass
class Usage:
    """The resources that this process uses."""

    sockets: int
    tasks: int
    memory: int


def connections() -> list[Connection]:
    gc.collect()
    return [each for each in gc.get_objects() if type(each) is Connection]


async def usage(box: MiddleBox, others: Sequence[Connection], *, watches: int) -> Usage:
    """Measure after idle connections are closed, so that only those of watches are open.

    Args:
        box: What the connections pass.
        others: The connections that existed before the test: those of a test that has failed are kept with its report.
        watches: The number of watches.
    """
    await pass_by(75)
    await box.until(lambda box: box.open == watches)
    assert len(connections()) == len(others) + watches
    return Usage(_sockets(), len(asyncio.all_tasks()), tracemalloc.get_traced_memory()[0])


def _sockets() -> int:
    count = 0
    for path in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the descriptor that lists the directory
            count += os.readlink(path).startswith("socket:")
    return count
