"""Handlers that raise, write, and add and remove handlers while they are called: what each handler sees adds up."""

from __future__ import annotations

import asyncio
import logging
import random
from typing import Any

import pytest

from kubeloop import errors
from kubeloop.cache.handlers.informer_event import Added, Deleted, Updated
from kubeloop.testing.virtual_time import in_virtual_time, settle
from tests.support.informers import Recorder, informer_of, running
from tests.support.thing_server import ThingServer
from tests.support.things import Thing, api_error, thing

EXPIRED = api_error(errors.Expired, 410, "Expired")


class World:
    """A server, an informer, and its handlers with what each of them has seen."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.existing = {f"a{number}" for number in range(self.random.randrange(6))}
        objects = dict.fromkeys(sorted(self.existing), "0")
        self.server = ThingServer(objects, watch_list=self.random.random() < 0.5)
        self.informer = informer_of(self.server, resync_period=self.random.choice([0, 60]))
        # Any: the handles of handlers of all kinds.
        self.handlers: list[tuple[Any, Recorder]] = []
        self.is_careless = True
        self.contradictions: list[Exception] = []

    def write(self) -> None:
        name = f"a{self.random.randrange(6)}"
        if self.random.random() < 0.8:
            self.server.put(thing(name, str(self.random.random())))
            self.existing.add(name)
        elif name in self.existing:
            self.server.delete(name)
            self.existing.discard(name)

    def disturb(self) -> None:
        match self.random.randrange(3):
            case 0:
                self.server.cut_watches()
            case 1:
                self.server.end_watches()
            case _:
                self.server.compact()
                self.server.end_watches(EXPIRED)

    def remove_one(self) -> None:
        if self.handlers:
            registration, _ = self.handlers.pop(self.random.randrange(len(self.handlers)))
            self.informer.remove_event_handler(registration)

    def add_handler(self) -> None:
        seen = Recorder()
        if self.random.random() < 0.4:
            registration = self.informer.add_event_handler(
                on_add=lambda obj: self.careless(seen.on_add, obj),
                on_update=lambda old, new: self.careless(seen.on_update, old, new),
                on_delete=lambda obj: self.careless(seen.on_delete, obj),
            )
        else:
            seconds, bound = self.random.choice([0, 0.1, 1]), self.random.choice([None, 1, 3])

            async def on_add(obj: Thing) -> None:
                await self.slowly(seconds, seen.on_add, obj)

            async def on_update(old: Thing, new: Thing) -> None:
                await self.slowly(seconds, seen.on_update, old, new)

            async def on_delete(obj: Thing) -> None:
                await self.slowly(seconds, seen.on_delete, obj)

            registration = self.informer.add_event_handler(
                on_add=on_add, on_update=on_update, on_delete=on_delete, max_backlog=bound
            )
        self.handlers.append((registration, seen))

    async def slowly(self, seconds: float, record: Any, *objects: Thing) -> None:
        await asyncio.sleep(seconds)
        self.careless(record, *objects)

    def careless(self, record: Any, *objects: Thing) -> None:
        try:
            record(*objects)
        except (AssertionError, KeyError) as error:  # The events do not add up; the informer would log that.
            self.contradictions.append(error)
        action = self.random.randrange(16) if self.is_careless else -1
        if action == 0:
            raise RuntimeError("careless")
        if action == 1:
            raise asyncio.CancelledError
        if action == 2 and len(self.handlers) < 8:
            self.add_handler()
        if action == 3:
            self.remove_one()
        if action == 4:
            self.write()

    async def read(self) -> None:
        """Read events for a while, as another reader whose events must add up."""
        seen = Recorder()
        async with self.informer.events(max_backlog=self.random.choice([None, 2])) as events:
            async for event in events:
                match event:
                    case Added(obj):
                        seen.on_add(obj)
                    case Updated(old, new):
                        seen.on_update(old, new)
                    case Deleted(obj):
                        seen.on_delete(obj)
                if self.random.random() < 0.1:
                    break


@pytest.mark.parametrize("seed", range(40))
@in_virtual_time
async def test_what_each_handler_sees_adds_up_to_the_store(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "kubeloop")
    world = World(seed)
    readers: list[asyncio.Task[None]] = []
    world.add_handler()
    async with running(world.informer):
        for _ in range(60):
            match world.random.randrange(9):
                case 0:
                    world.add_handler()
                case 1:
                    world.remove_one()
                case 2:
                    world.disturb()
                case 3:
                    readers.append(asyncio.create_task(world.read()))
                case 4 if readers:
                    world.random.choice(readers).cancel()
                case 5:
                    await asyncio.sleep(world.random.random() * 4)
                case 6:
                    await settle()
                case _:
                    world.write()
        world.is_careless = False
        await asyncio.sleep(1000)
        store = {obj.metadata.name: obj.value for obj in world.informer.lister.list()}
        assert [seen.state for _, seen in world.handlers] == [store] * len(world.handlers)
    assert world.contradictions == []
    results = await asyncio.gather(*readers, return_exceptions=True)
    assert [each for each in results if isinstance(each, Exception)] == []
