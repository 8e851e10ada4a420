"""A recorded list and a recorded watch, cut at every byte: nothing is lost, and nothing comes twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

import kubeloop
from kubeloop.cache.informer.shared_informer import SharedInformer
from kubeloop.errors import ConnectionLost
from kubeloop.meta.keys import object_key
from kubeloop.models import core_v1
from kubeloop.testing import FakeTransport, StreamedResponse, virtual_time
from kubeloop.testing.apiserver.storage.stored import Key
from kubeloop.testing.virtual_time import in_virtual_time
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers, Response
from tests.simulation.cluster import Cluster, Scope
from tests.simulation.judge import identity
from tests.support.scripted_transport import query

JSON = Headers([("Content-Type", "application/json")])


@dataclass
class Recording:
    """What a server sent: a list, the frames of the watch that followed, and what existed in the end."""

    listed: bytes
    version: str
    frames: list[tuple[int, bytes]]
    objects: dict[str, tuple[str, int]]


async def record() -> Recording:
    cluster = Cluster(Random(1), servers=1, window=None)
    server = next(cluster.running())
    a, b, c = (Key("configmaps", "one", name) for name in "abc")
    cluster.put(a, app="a")
    cluster.put(b, app="a")
    truth = cluster.truth(Scope("configmaps"))
    async with server.clientset() as clientset:
        listed = await clientset.rest.get("configmaps", into=bytes)
        version = json.loads(listed)["metadata"]["resourceVersion"]
        params = {"watch": True, "resourceVersion": version, "allowWatchBookmarks": True, "timeoutSeconds": 61}
        async with clientset.rest.stream("configmaps", params=params) as body:
            cluster.put(c, app="b")
            cluster.put(a, app="b")
            cluster.delete(b)
            cluster.put(b, app="a")
            cluster.put(c, app="a", breaks="content")
            cluster.delete(c)
            cluster.put(c, app="a")
            sent = b"".join([chunk async for chunk in body])
    frames = [
        (int(json.loads(frame)["object"]["metadata"]["resourceVersion"]), frame)
        for frame in sent.splitlines(keepends=True)
    ]
    assert [json.loads(frame)["type"] for _, frame in frames] == [
        "ADDED", "MODIFIED", "DELETED", "ADDED", "MODIFIED", "DELETED", "ADDED", "BOOKMARK",
    ]  # fmt: skip
    objects = {path: (fact.uid, fact.version) for path, fact in truth.facts.items()}
    return Recording(listed, version, frames, objects)


class CutOnce:
    """A server that sends a recording, and cuts the first list or the first watch after some bytes."""

    def __init__(self, recording: Recording, what: str, after: int, *, is_orderly: bool) -> None:
        self.recording = recording
        self.what = what
        self.after = after
        self.is_orderly = is_orderly
        self.requests: list[str] = []

    def respond(self, request: Request) -> Response | StreamedResponse:
        parameters = query(request)
        what = "watch" if "watch" in parameters else "list"
        is_first = what not in self.requests
        self.requests.append(what)
        body = self.recording.listed
        if what == "watch":
            since = int(parameters["resourceVersion"])
            body = b"".join(frame for version, frame in self.recording.frames if version > since)
        is_cut = what == self.what and is_first
        if what == "list" and not is_cut:
            return Response(200, JSON, body)
        return StreamedResponse(self._chunks(body, is_cut=is_cut), 200, JSON)

    async def _chunks(self, body: bytes, *, is_cut: bool) -> AsyncIterator[bytes]:
        sent = body[: self.after] if is_cut else body
        if sent:
            yield sent
        if not is_cut:
            await asyncio.Event().wait()
        elif not self.is_orderly:
            raise ConnectionLost("reset by peer")


class Replay:
    """Adds up the calls of a handler."""

    def __init__(self) -> None:
        self.state: dict[str, tuple[str, int]] = {}
        self.newest: dict[str, int] = {}

    def register(self, informer: SharedInformer[Any]) -> None:
        informer.add_event_handler(on_add=self.on_add, on_update=self.on_update, on_delete=self.on_delete)

    def on_add(self, obj: Any) -> None:
        path, now = object_key(obj), identity(obj)
        assert path not in self.state
        assert now[1] > self.newest.get(path, 0)
        self.newest[path] = now[1]
        self.state[path] = now

    def on_update(self, old: Any, new: Any) -> None:
        path, now = object_key(new), identity(new)
        assert self.state[path] == identity(old)
        assert now[1] >= self.newest[path]
        self.newest[path] = now[1]
        self.state[path] = now

    def on_delete(self, obj: Any) -> None:
        del self.state[object_key(obj)]


async def follow(server: CutOnce, errors: list[str]) -> None:
    clientset = kubeloop.Clientset(
        kubeloop.Config(host="https://simulation.test"), transport=FakeTransport(server.respond), random=Random(1)
    )
    async with clientset, kubeloop.SharedInformerFactory(clientset, random=Random(2)) as factory:
        informer = factory.informer(core_v1.ConfigMap)
        replay = Replay()
        replay.register(informer)
        await asyncio.sleep(60)
        stored = {object_key(obj): identity(obj) for obj in informer.indexer}
        if not stored == replay.state == server.recording.objects or informer.unreadable:
            errors.append(f"{server.what} cut after {server.after} bytes: stored {stored}, told {replay.state}")


@pytest.mark.parametrize("is_orderly", [False, True], ids=["reset", "closed"])
@pytest.mark.parametrize("what", ["list", "watch"])
@in_virtual_time
async def test_a_cut_after_any_byte_loses_nothing(
    what: str, is_orderly: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("ERROR", "kubeloop")
    recording = await record()
    size = len(recording.listed) if what == "list" else sum(len(frame) for _, frame in recording.frames)
    assert size > 400
    errors: list[str] = []
    for first in range(0, size + 1, 100):
        async with asyncio.TaskGroup() as group:
            for after in range(first, min(first + 100, size + 1)):
                group.create_task(follow(CutOnce(recording, what, after, is_orderly=is_orderly), errors))
    assert errors == []
    assert not caplog.records
    assert virtual_time.elapsed() > 60
