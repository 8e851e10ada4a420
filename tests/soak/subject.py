"""The program under test: informers of every resource and of every kind of informer, with every kind of handler.

It reaches the API server through the proxy, with a token in a file that others renew. `FLAVOURS` lists the kinds of
informers. The other processes ask it for the checksums of stores and replays, and for what it uses.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import gc
import logging
import os
import sys
import tracemalloc
import weakref
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import kubeloop
from kubeloop.unstructured import Unstructured
from tests.soak.kinds import KINDS, LABEL, Resource
from tests.soak.programs import serve
from tests.soak.replay import Replay, checksum, states_of
from tests.support.skewed_loop import SkewedLoop, pass_by

COMMANDS = ("open", "close", "cycle", "usage", "states", "check", "detail", "skip", "take")


@dataclass
class Watched:
    """An informer with the replays of its handlers.

    Attributes:
        flavour: The name of the kind of informer.
        resource: The resource.
        informer: The informer.
        namespaces: The namespaces that it is limited to; none for all.
        labelled: Whether it holds only the objects of this run.
        replays: The replays of its handlers, by name.
        reads: The functions whose tasks read the events of the informer.
    """

    flavour: str
    resource: Resource
    informer: kubeloop.SharedInformer[Any]
    namespaces: list[str]
    labelled: bool
    new_replay: Callable[[str], Replay]
    replays: dict[str, Replay] = field(default_factory=dict)
    reads: list[Callable[[], Any]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The name of the flavour and of the resource."""
        return f"{self.flavour} {self.resource.plural}"

    def replay(self, handler: str) -> Replay:
        """Return a new replay for a handler."""
        self.replays[handler] = replay = self.new_replay(f"{self.name} {handler}")
        return replay


@dataclass
class Factories:
    """What the informers of one opening share.

    Attributes:
        json: A factory whose lists begin watches, and whose client prefers JSON.
        protobuf: A factory with lists of their own, whose client prefers protobuf.
        run: The value of the label.
        namespaces: The namespaces of the run.
    """

    json: kubeloop.SharedInformerFactory
    protobuf: kubeloop.SharedInformerFactory
    run: str
    namespaces: list[str]

    def scope(self, resource: Resource, *, count: int) -> tuple[list[str], dict[str, Any]]:
        """Return some namespaces, and the argument that limits an informer to them."""
        chosen = self.namespaces[:count] if resource.namespaced else []
        return chosen, {"namespace": chosen} if chosen else {}


def typed(factories: Factories, resource: Resource, new: Callable[[str], Replay]) -> Watched:
    """An eager informer of a model in all namespaces, with a plain handler, and a slow one whose events are merged."""
    informer = factories.json.informer(resource.model, label_selector=f"{LABEL}={factories.run}")
    watched = Watched("typed", resource, informer, [], True, new)
    add(watched, "plain")
    add_async(watched, "merged", delay=0.05, max_backlog=5, when_full="latest")
    return watched


def lazy(factories: Factories, resource: Resource, new: Callable[[str], Replay]) -> Watched:
    """A lazy informer of a model in two namespaces: one handler decodes half of the objects, another one is async."""
    chosen, namespaces = factories.scope(resource, count=2)
    informer = factories.protobuf.informer(resource.model, mode="lazy", **namespaces)
    watched = Watched("lazy", resource, informer, chosen, False, new)
    replay = watched.replay("reading")

    def read(obj: Any) -> None:
        if int(obj.metadata.name[-1:], 36) % 2:
            obj.to_dict()

    def on_add(obj: Any) -> None:
        read(obj)
        replay.add(obj)

    def on_update(old: Any, obj: Any) -> None:
        read(obj)
        replay.update(old, obj)

    informer.add_event_handler(on_add=on_add, on_update=on_update, on_delete=replay.delete)
    add_async(watched, "async")
    return watched


def dynamic(factories: Factories, resource: Resource, new: Callable[[str], Replay]) -> Watched:
    """An informer without a class in all namespaces, whose only handler makes it wait."""
    informer = factories.json.informer(Unstructured, resource.name, label_selector=f"{LABEL}={factories.run}")
    watched = Watched("dynamic", resource, informer, [], True, new)
    add_async(watched, "blocking", delay=0.001, max_backlog=10, when_full="block")
    return watched


def metadata(factories: Factories, resource: Resource, new: Callable[[str], Replay]) -> Watched:
    """An informer of metadata in all namespaces of the run, with a detailed handler and a reader of events."""
    chosen, namespaces = factories.scope(resource, count=len(factories.namespaces))
    informer = factories.json.metadata(resource.name if resource.plural == "things" else resource.model, **namespaces)
    watched = Watched("metadata", resource, informer, chosen, False, new)
    detailed, read = watched.replay("detailed"), watched.replay("events")

    class Handler:
        on_add, on_update, on_delete = detailed.add, detailed.update, detailed.delete

    informer.add_event_handler(Handler())

    async def read_events() -> None:
        async with informer.events() as events:
            async for event in events:
                read.put(event)

    watched.reads.append(read_events)
    return watched


def add(watched: Watched, name: str) -> None:
    """Add a plain handler."""
    replay = watched.replay(name)
    watched.informer.add_event_handler(on_add=replay.add, on_update=replay.update, on_delete=replay.delete)


def add_async(watched: Watched, name: str, *, delay: float = 0.0, **options: Any) -> None:
    """Add an async handler that takes some seconds for each event."""
    replay = watched.replay(name)

    async def on_add(obj: Any) -> None:
        await asyncio.sleep(delay)
        replay.add(obj)

    async def on_update(old: Any, obj: Any) -> None:
        await asyncio.sleep(delay)
        replay.update(old, obj)

    async def on_delete(obj: Any) -> None:
        await asyncio.sleep(delay)
        replay.delete(obj)

    watched.informer.add_event_handler(on_add=on_add, on_update=on_update, on_delete=on_delete, **options)


FLAVOURS = (typed, lazy, dynamic, metadata)
"""The kinds of informers; a new kind is a function here."""


class Subject:
    """The informers and what they use. Its methods are the commands of the program."""

    def __init__(self, config: kubeloop.Config, run: str, namespaces: list[str]) -> None:
        self._config = config
        self._run = run
        self._namespaces = namespaces
        self._faults: list[str] = []
        self._watched: list[Watched] = []
        self._references: list[weakref.ref[Any]] = []
        self._stack = contextlib.AsyncExitStack()
        logging.getLogger().addHandler(_Errors(self._faults))
        sys.unraisablehook = lambda found: self._faults.append(f"unraisable: {found.exc_value!r} in {found.object!r}")

    async def open(self, timeout: float) -> None:
        """Start all informers and wait until they have synced."""
        json, protobuf = [
            await self._stack.enter_async_context(kubeloop.Clientset(self._config.replace(content_type=content_type)))
            for content_type in ("json", "protobuf")
        ]
        factories = Factories(
            kubeloop.SharedInformerFactory(json),
            kubeloop.SharedInformerFactory(protobuf, watch_list=False),
            self._run,
            self._namespaces,
        )
        new = lambda name: Replay(name, self._faults)  # noqa: E731
        self._watched = [flavour(factories, resource, new) for resource in KINDS for flavour in FLAVOURS]
        self._references = [weakref.ref(watched.informer) for watched in self._watched]
        for watched in self._watched:
            for read in watched.reads:
                task = asyncio.create_task(read())
                self._stack.push_async_callback(_cancel, task)
        for factory in (factories.json, factories.protobuf):
            await self._stack.enter_async_context(factory)
            await factory.wait_for_cache_sync(timeout=timeout)

    async def close(self) -> int:
        """Stop everything, and return the number of informers that are still in memory."""
        await self._stack.aclose()
        self._watched.clear()
        await asyncio.sleep(0)
        gc.collect()
        _trim()
        return sum(reference() is not None for reference in self._references)

    async def cycle(self, times: int) -> None:
        """Open and close a client with a few informers, as a program does that watches for a short time."""
        for _ in range(times):
            async with kubeloop.Clientset(self._config) as clientset:
                factory = kubeloop.SharedInformerFactory(clientset, namespace=self._namespaces)
                informers = [factory.core_v1.pods(), factory.apps_v1.deployments(), factory.metadata(KINDS[1].model)]
                async with factory:
                    await factory.wait_for_cache_sync(timeout=60)
                    assert all(len(informer.indexer) for informer in informers)

    async def usage(self, collect: bool = False) -> dict[str, Any]:
        """Return what the process uses and has done.

        Args:
            collect: Whether to run the garbage collector first.
        """
        if collect:
            gc.collect()
        relists: Counter[str] = Counter()
        for watched in self._watched:
            relists.update(watched.informer.statistics().relists)
        return {
            "rss": int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"),
            "traced": tracemalloc.get_traced_memory()[0],
            "objects": sum(len(watched.informer.indexer) for watched in self._watched),
            "events": sum(replay.events for watched in self._watched for replay in watched.replays.values()),
            "sockets": _sockets(),
            "tasks": len(asyncio.all_tasks()),
            "threads": len(os.listdir("/proc/self/task")),
            "relists": relists,
            "disconnected": [watched.name for watched in self._watched if not watched.informer.is_connected],
        }

    async def states(self) -> list[dict[str, Any]]:
        """Return the scope of each informer, and the checksums of its store and of the replays of its handlers."""
        return [
            {
                "name": watched.name,
                "plural": watched.resource.plural,
                "namespaces": watched.namespaces,
                "labelled": watched.labelled,
                "store": checksum(states_of(watched.informer.indexer.list())),
                "replays": {name: checksum(replay.states) for name, replay in watched.replays.items()},
            }
            for watched in self._watched
        ]

    async def detail(self, name: str) -> dict[str, Any]:
        """Return the states in the store and in the replays of one informer, and its statistics."""
        [watched] = [watched for watched in self._watched if watched.name == name]
        return {
            "store": states_of(watched.informer.indexer.list()),
            "replays": {name: replay.states for name, replay in watched.replays.items()},
            "statistics": repr(watched.informer.statistics()),
        }

    async def check(self) -> dict[str, list[str]]:
        """Check the consistency of each informer with the server, and return the reports by verdict."""
        reports: dict[str, list[str]] = {}
        for watched in self._watched:
            report = await watched.informer.check_consistency()
            reports.setdefault(report.verdict, []).append(str(report))
        return reports

    async def skip(self, seconds: float) -> None:
        """Move the clock of the event loop forward in steps, and run what its timers start."""
        await pass_by(seconds)

    async def take(self) -> dict[str, Any]:
        """Return the faults and the deletions that were reported since the last time."""
        replays = [(watched.name, replay) for watched in self._watched for replay in watched.replays.values()]
        deleted = {uid: name for name, replay in replays for uid in replay.deleted}
        taken = {"faults": [*self._faults], "deleted": deleted}
        self._faults.clear()
        for _, replay in replays:
            replay.deleted.clear()
        return taken


class _Errors(logging.Handler):
    """Makes a fault of each record of the level ERROR."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._faults = faults

    def emit(self, record: logging.LogRecord) -> None:
        error = f": {record.exc_info[1]!r}" if record.exc_info else ""
        self._faults.append(f"logged by {record.name}: {record.getMessage()}{error}")


def _trim() -> None:
    """Return what is free to the system, where the C library can do that: what remains is in use."""
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _sockets() -> int:
    count = 0
    for path in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the descriptor that lists the directory
            count += os.readlink(path).startswith("socket:")
    return count


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", required=True, help="the URL of the proxy")
    parser.add_argument("--ca-file", required=True)
    parser.add_argument("--token-file", required=True)
    parser.add_argument("--run", required=True, help="the value of the label of the objects of this run")
    parser.add_argument("--namespaces", nargs="+", required=True)
    parser.add_argument("--trace", action="store_true", help="trace allocations of memory")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if options.trace:
        tracemalloc.start()
    config = kubeloop.Config(host=options.host, ca_file=options.ca_file, token_file=options.token_file)
    await serve(Subject(config, options.run, options.namespaces), COMMANDS)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=SkewedLoop) as runner:
        runner.run(main())
