"""Those who read: informers of every kind, readers of `watch()`, and readers of `iterate()`.

A new kind of informer is one line of `FLAVOURS`.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import Any

import kubeloop
from kubeloop.cache.informer.shared_informer import SharedInformer
from kubeloop.errors import APIError, DecodeError, TransportError
from kubeloop.meta.gvk import GroupVersionResource
from kubeloop.meta.keys import object_key
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing import virtual_time
from kubeloop.unstructured import Unstructured
from tests.simulation.cluster import NAMESPACES, ODD, Scope, Truth, is_picked
from tests.simulation.judge import (
    APP_INDEX,
    PATIENCE,
    Judge,
    identity,
    judge_pace,
    judge_pages,
    judge_patience,
    judge_promptness,
    judge_replay,
    judge_requests,
    judge_store,
)
from tests.simulation.network import Attempt, Link, Network
from tests.simulation.recorder import Recorder
from tests.simulation.request_model import Client, ReaderModel, RequestModel

__all__ = ["FLAVOURS", "Consumer", "Flavour", "InformerRun", "PageReader", "WatchReader"]

MODELS = {"configmaps": core_v1.ConfigMap, "services": core_v1.Service, "pods": core_v1.Pod, "events": core_v1.Event}


def model_of(resource: str) -> tuple[Any, ...]:
    return (MODELS[resource],)


def unstructured_of(resource: str) -> tuple[Any, ...]:
    return (Unstructured, GroupVersionResource("", "v1", resource))


def metadata_of(resource: str) -> tuple[Any, ...]:
    return (meta_v1.PartialObjectMetadata, MODELS[resource])


def only_readable(obj: Any) -> Any:
    """Return an object, or fail on some with odd names: the transform of picky informers."""
    if is_picked(object_key(obj)):
        raise ValueError("a picky transform")
    return obj


def index_by_app(obj: Any) -> Iterator[str]:
    yield obj.metadata.labels["app"]


@dataclass(frozen=True)
class Flavour:
    """A kind of informer.

    Attributes:
        arguments: Returns the positional arguments of `factory.informer` for a resource.
        reads_content: Whether an object whose content is broken is unreadable, and not only one with broken metadata.
        options: Keywords of `factory.informer`.
        settings: Keywords of the factory.
        has_sources: Whether each namespace is listed and watched for itself.
    """

    arguments: Callable[[str], tuple[Any, ...]]
    reads_content: bool
    options: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    has_sources: bool = False


FLAVOURS = {
    "typed": Flavour(model_of, reads_content=True),
    "dynamic": Flavour(unstructured_of, reads_content=False),
    "lazy": Flavour(model_of, reads_content=False, options={"mode": "lazy"}),
    "compressed": Flavour(model_of, reads_content=False, options={"mode": "compressed"}),
    "kept": Flavour(model_of, reads_content=False, options={"keep": ["metadata"]}),
    "metadata": Flavour(metadata_of, reads_content=False),
    "of several namespaces": Flavour(model_of, reads_content=True, has_sources=True),
    "typed paged": Flavour(model_of, reads_content=True, settings={"watch_list": False}),
    "dynamic paged": Flavour(unstructured_of, reads_content=False, settings={"watch_list": False}),
}
"""The kinds of informers. Each world has one of each of the first two at least."""


class Consumer:
    """A client of its own, and a task that reads with it.

    Attributes:
        name: The name in the story.
        link: Its way to the servers.
        storm: The most requests in a few seconds, once it was checked.
    """

    def __init__(self, name: str, scope: Scope, network: Network, judge: Judge, random: Random) -> None:
        self.name = name
        self.scope = scope
        self.truth: Truth = network.cluster.truth(scope)
        self.judge = judge
        self.random = random
        self.link = Link(name, network, Random(random.getrandbits(32)))
        self.clientset = kubeloop.Clientset(
            kubeloop.Config(host="https://simulation.test"), transport=self.link, random=Random(random.getrandbits(32))
        )
        self.task: asyncio.Task[None] | None = None
        self.storm = 0

    def start(self) -> None:
        self.task = asyncio.get_running_loop().create_task(self.run(), name=self.name)

    async def stop(self) -> None:
        """Stop, and judge what must hold at any moment."""
        if self.task is not None:
            self.task.cancel()
            with suppress(asyncio.CancelledError):
                await self.task

    async def run(self) -> None:
        raise NotImplementedError

    def check(self) -> None:
        """Judge what holds when all faults have been over for a while."""
        self.storm = judge_requests(self.judge, self.link)

    def __repr__(self) -> str:
        return f"{self.name} of {self.scope.resource} {self.scope.namespace or '*'} {self.scope.app or '*'}"


class InformerRun(Consumer):
    """An informer with its handlers.

    Args:
        flavour: The kind.
        page_size: The number of objects per page; None for the default.
    """

    def __init__(
        self,
        name: str,
        scope: Scope,
        network: Network,
        judge: Judge,
        random: Random,
        *,
        flavour: Flavour,
        page_size: int | None,
        max_internal_error_retry: float,
        min_watch_timeout: float | None,
        resync_period: float,
    ) -> None:
        super().__init__(name, scope, network, judge, random)
        self.factory = kubeloop.SharedInformerFactory(
            self.clientset,
            page_size=page_size,
            max_internal_error_retry=max_internal_error_retry,
            min_watch_timeout=min_watch_timeout,
            resync_period=resync_period,
            random=Random(random.getrandbits(32)),
            **flavour.settings,
        )
        self.informer: SharedInformer[Any] = self.factory.informer(
            *flavour.arguments(scope.resource),
            namespace=NAMESPACES if flavour.has_sources else scope.namespace,
            label_selector=f"app={scope.app}" if scope.app else "",
            transform=only_readable if scope.is_picky else None,
            **flavour.options,
        )
        self.informer.set_watch_error_handler(self._report)
        self.informer.add_indexers({APP_INDEX: index_by_app})
        sources = NAMESPACES if flavour.has_sources else (scope.namespace,)
        self.truths = {namespace: network.cluster.truth(replace(scope, namespace=namespace)) for namespace in sources}
        self._resync_period = resync_period
        self._client = Client(
            flavour.settings.get("watch_list", True), page_size, max(300.0, min_watch_timeout or 0.0),
            max_internal_error_retry,
        )  # fmt: skip
        self.recorders: list[Recorder] = []
        self.reported = 0
        self._synced_at = math.inf
        self._stop = asyncio.Event()

    def _report(self, reflector: object, error: Exception) -> None:
        self.reported += 1

    def add_handler(self, kind: str) -> None:
        if not self.informer.is_stopped:
            self.recorders.append(
                Recorder(
                    kind,
                    self.judge,
                    self.name,
                    self.informer,
                    self.truths,
                    self.link,
                    Random(self.random.getrandbits(32)),
                )
            )

    def remove_handler(self) -> None:
        if len(self.recorders) > 1:
            self.recorders.pop().remove()

    async def run(self) -> None:
        async with self.clientset, self.factory:
            loop = asyncio.get_running_loop()
            sync, look = loop.create_task(self._watch_sync()), loop.create_task(self._look_at_errors())
            await self._stop.wait()
        look.cancel()
        await sync
        with suppress(asyncio.CancelledError):
            await look

    async def stop(self) -> None:
        """Stop, and check that the calls of plain handlers add up to the store, as they do at any moment."""
        self._stop.set()
        if self.task is not None:
            await self.task
        stored = {object_key(obj): identity(obj) for obj in self.informer.indexer}
        for recorder in self.recorders:
            if recorder.kind in ("plain", "detailed") and recorder.registration.has_synced:
                judge_replay(self.judge, self.name, recorder.state, stored)

    def check(self) -> None:
        super().check()
        judge_pages(self.judge, self.link)
        by_path: dict[str, list[Attempt]] = {}
        last: Attempt | None = None
        for attempt in self.link.attempts:
            if attempt.path.endswith(f"/{self.scope.resource}"):
                by_path.setdefault(attempt.path, []).append(attempt)
                last = attempt
            elif last is not None and not last.is_watch:
                last.include(attempt)  # a look at the API
        for attempts in by_path.values():
            judge_pace(self.judge, self.name, attempts)
            judge_patience(self.judge, self.name, attempts)
            judge_promptness(self.judge, self.name, attempts)
        if not self.link.has_doubtful_lists:
            self._check_requests(by_path.values())
        self._check_resyncs()
        stored = judge_store(self.judge, self.name, self.informer, self.truth)
        passing = {object_key(obj) for obj in self.informer.indexer if obj.metadata.labels["app"] == "a"}
        for recorder in self.recorders:
            expected = {path: each for path, each in stored.items() if path in passing or recorder.kind != "filter"}
            judge_replay(self.judge, f"{self.name}, {recorder.kind} handler", recorder.state, expected)

    def _check_requests(self, sources: Iterable[list[Attempt]]) -> None:
        """Compare the requests of each source with the model, and what the informer says about them."""
        models: list[RequestModel] = []
        for attempts in sources:
            models.append(RequestModel(self._client, partial(self.judge.violation, self.name)))
            models[-1].follow(attempts)
        lists = sum(model.lists for model in models) - len(models)
        statistics = self.informer.statistics()
        if sum(statistics.relists.values()) != lists:
            self.judge.violation(self.name, f"listed {lists} times again, counted {statistics.relists}")
        failures, retries = (sum(getattr(model, name) for model in models) for name in ("failures", "retries"))
        if not failures <= self.reported <= failures + retries:
            self.judge.violation(self.name, f"failed {failures} times, reported {self.reported} failures")
        versions = self.informer.store_resource_version, self.informer.last_sync_resource_version
        is_late = statistics.lag_seconds and not statistics.backlog
        if not statistics.queued:
            is_late = is_late or versions[0] != versions[1]
        elif statistics.queued > len(self.truths):  # bookmarks may have arrived at this very moment
            is_late = True
        if is_late or statistics.state != "synced":
            self.judge.violation(self.name, f"the store is at {versions}, with {statistics}")

    def _check_resyncs(self) -> None:
        """Check that each handler was passed each object once per period, and never if there is none."""
        now, period = virtual_time.elapsed(), self._resync_period
        for recorder in self.recorders:
            if not period:
                if recorder.resynced:
                    self.judge.violation(self.name, f"resynced {sorted(recorder.resynced)[:3]} without a period")
                continue
            begin = max(self._synced_at + 2 * period, recorder.added_at + 2 * period, now - PATIENCE)
            expected = max(0.0, now - begin) / period  # an informer may have synced a moment ago
            for path in recorder.state:
                times = [time for time in recorder.resynced.get(path, ()) if time > begin]
                is_old = recorder.kind != "async" and recorder.since[path] < begin
                if is_old and not expected - 1 <= len(times) <= expected + 1:
                    what = f"{path} was passed again {len(times)} times, expected {expected:.1f}"
                    self.judge.violation(f"{self.name}, {recorder.kind} handler", what)

    async def _watch_sync(self) -> None:
        """Judge the moment at which the informer has synced."""
        await self.informer.wait_until_settled()
        self._synced_at = virtual_time.elapsed()
        if not self.informer.has_synced or self.link.has_doubtful_lists:
            return
        if any(namespace not in self.link.lists for namespace in self.truths):
            self.judge.violation(self.name, "synced without a list")
        stored = {object_key(obj): identity(obj) for obj in self.informer.indexer}
        for recorder in self.recorders:
            if recorder.kind in ("plain", "detailed") and recorder.registration.has_synced:
                judge_replay(self.judge, f"{self.name}, just synced", recorder.state, stored)

    async def _look_at_errors(self) -> None:
        """Judge what the informer says it waits for, every few seconds."""
        while True:
            await asyncio.sleep(3.7)
            text = self.informer.last_error
            if len(self.truths) == 1 and "waiting for a response" in text:
                attempt = self.link.attempts[-1]
                is_list = not attempt.is_watch or attempt.begins_with_list
                is_first = not self.informer.has_synced
                what = ("the first LIST" if is_first else "a LIST") if is_list else "a watch"
                if not text.startswith(f"{what} has been"):
                    self.judge.violation(self.name, f"waits for {what}, says: {text}")


class WatchReader(Consumer):
    """A loop around `client.watch()`, which begins again with what exists when the watch raises an error."""

    def __init__(self, name: str, scope: Scope, network: Network, judge: Judge, random: Random) -> None:
        super().__init__(name, scope, network, judge, random)
        self.state: dict[str, tuple[str, int]] = {}
        self._is_blurred = False  # an event came without the name of its object

    async def run(self) -> None:
        async with self.clientset:
            client = self.clientset.resource(MODELS[self.scope.resource], self.scope.namespace)
            while True:
                with suppress(APIError, TransportError, DecodeError):
                    await self._follow(client)
                await asyncio.sleep(0.5 + self.random.random())

    async def _follow(self, client: Any) -> None:
        """Read what exists, by a list or by the watch, and follow it."""
        begin, timeout = len(self.link.attempts), self.random.choice((None, 20.0, 400.0))
        try:
            await self._read(client, timeout)
        finally:
            if not self.link.has_doubtful_lists:
                ReaderModel(timeout, partial(self.judge.violation, self.name)).follow(self.link.attempts[begin:])

    async def _read(self, client: Any, timeout: float | None) -> None:
        state: dict[str, tuple[str, int]] = {}
        start = None
        if self.random.random() < 0.5:
            listed = await client.list()
            start = listed.metadata.resource_version
            state.update((object_key(obj), identity(obj)) for obj in listed.items)
        async with client.watch(resource_version=start, timeout=timeout) as events:
            last = int(events.resource_version or 0)
            self.state = state if last else self.state
            async for event in self._unless_hopeless(events):
                version = self._apply(event, state)
                if self.state is not state:  # the first state has no order
                    last = int(events.resource_version or 0)
                    self.state = state if last else self.state
                    continue
                if version == 0 or self.link.has_doubtful_lists:
                    continue
                if version < last:
                    self.judge.violation(self.name, f"{event.type} at version {version} came after version {last}")
                last = version

    async def _unless_hopeless(self, events: Any) -> AsyncIterator[Any]:
        """Yield the events of an open watch, which raises no error that waiting can cure."""
        try:
            async for event in events:
                yield event
        except APIError as error:
            if error.code == 429 or error.code >= 500:
                self.judge.violation(self.name, f"watch() raised {error!r}")
            raise
        except TransportError as error:
            if error.retryable:
                self.judge.violation(self.name, f"watch() raised {error!r}")
            raise

    def _apply(self, event: Any, state: dict[str, tuple[str, int]]) -> int:
        if event.type == "UNREADABLE":
            self._is_blurred = self._is_blurred or not event.key
            state.pop(event.key, None)
            return int(event.resource_version or 0)
        path, now = object_key(event.object), identity(event.object)
        if event.type != "DELETED":
            state[path] = now
            return now[1]
        state.pop(path, None)
        if now[0] not in self.truth.gone:
            self.judge.violation(self.name, f"a false deletion of {path}: {now}")
        return now[1]

    def check(self) -> None:
        super().check()
        expected = {
            path: (fact.uid, fact.version)
            for path, fact in self.truth.facts.items()
            if self.truth.scope.can_read(path, fact)
        }
        told = self.state
        if self._is_blurred:
            expected, told = ({path: now for path, now in each.items() if ODD not in path} for each in (expected, told))
        # A watch without a version does not report earlier deletions.
        if not self.link.has_doubtful_lists:
            judge_replay(self.judge, self.name, told, expected)


class PageReader(Consumer):
    """A loop around `client.iterate()` in small pages."""

    def __init__(self, name: str, scope: Scope, network: Network, judge: Judge, random: Random) -> None:
        super().__init__(name, scope, network, judge, random)
        self.reads = 0

    async def run(self) -> None:
        async with self.clientset:
            client = self.clientset.resource(MODELS[self.scope.resource], self.scope.namespace)
            while True:
                with suppress(APIError, TransportError, DecodeError):
                    await self._read(client)
                await asyncio.sleep(5 + 10 * self.random.random())

    async def _read(self, client: Any) -> None:
        before = dict(self.truth.facts)
        options = self.random.choice(
            ({}, {"resource_version": "0"}, {"resource_version": "0", "resource_version_match": "NotOlderThan"})
        )
        is_fresh = not options
        objects = client.iterate(limit=self.random.choice((4, 10, 500)), **options)
        found = [obj.metadata.uid async for obj in objects]
        self.reads += 1
        if len(set(found)) < len(found):
            self.judge.violation(self.name, "iterate() yielded an object twice")
        missing = {path for path, fact in before.items() if fact.uid not in self.truth.gone and fact.uid not in found}
        has_nameless = any(path.startswith("#") for path in objects.unreadable)
        holes = missing - objects.unreadable.keys() if is_fresh and not has_nameless else set()
        # An object may have become unreadable, and readable again, while the pages were read.
        holes -= {path for path in holes if not self.scope.can_read(path, before[path])}
        if holes:
            self.judge.violation(self.name, f"iterate() left out {sorted(holes)[:3]}, which existed all the time")
