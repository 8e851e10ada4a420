"""A running informer over a double's objects, and handlers that record their calls."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable

from kubeloop.cache.fifo.delta import DeletedFinalStateUnknown
from kubeloop.cache.informer.shared_informer import SharedInformer
from kubeloop.meta.gvk import GroupResource
from kubeloop.testing.virtual_time import settle
from tests.support.thing_server import ThingServer
from tests.support.things import Thing


def informer_of(server: ThingServer, **options: object) -> SharedInformer[Thing]:
    return SharedInformer(
        server.source,
        resource=GroupResource("", "things"),
        random=random.Random(3),
        **options,  # type: ignore[arg-type]
    )


@contextlib.asynccontextmanager
async def running(*informers: SharedInformer[Thing]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(informer.run()) for informer in informers]
    await settle()
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


class Recorder:
    """Functions that record the events of an informer, and the state that these events add up to."""

    def __init__(self) -> None:
        self.told: list[tuple[str, ...]] = []
        self.state: dict[str, str] = {}

    def on_add(self, obj: Thing) -> None:
        name = obj.metadata.name
        assert name not in self.state, f"second add of {name}"
        self.state[name] = obj.value
        self.told.append(("add", name, obj.value))

    def on_update(self, old: Thing, new: Thing) -> None:
        name = new.metadata.name
        assert self.state[name] == old.value
        self.state[name] = new.value
        self.told.append(("update", name, old.value, new.value))

    def on_delete(self, obj: Thing) -> None:
        name = obj.metadata.name
        del self.state[name]
        self.told.append(("delete", name, obj.value))

    def register(self, informer: SharedInformer[Thing], *, filter: Callable[[Thing], bool] | None = None):
        return informer.add_event_handler(
            on_add=self.on_add, on_update=self.on_update, on_delete=self.on_delete, filter=filter
        )


class Detailed:
    """A detailed handler that records its events."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def on_add(self, obj: Thing, is_in_initial_list: bool) -> None:
        self.told.append(("add", obj.metadata.name, is_in_initial_list))

    def on_update(self, old: Thing, new: Thing) -> None:
        self.told.append(("update", old.value, new.value))

    def on_delete(self, obj: Thing | DeletedFinalStateUnknown[Thing]) -> None:
        self.told.append(("delete", obj))


@contextlib.asynccontextmanager
async def observed(
    server: ThingServer, *handlers: Detailed, filter: Callable[[Thing], bool] | None = None, **options: object
) -> AsyncIterator[tuple[SharedInformer[Thing], Recorder]]:
    """Run an informer over a server's objects, whose handlers are a recorder and those of the arguments, all with one
    filter.
    """
    informer, recorder = informer_of(server, **options), Recorder()
    recorder.register(informer, filter=filter)
    for handler in handlers:
        informer.add_event_handler(handler, filter=filter)
    async with running(informer):
        yield informer, recorder
