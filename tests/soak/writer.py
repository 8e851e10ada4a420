"""The writers: a program that creates, changes and deletes objects of every resource of the run, past the proxy.

Each namespace of each resource is a place with a fixed number of names, and each name has one writer. So the writers
know which objects exist, and which uids they have deleted, whatever happens to their requests.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import kubeloop
from kubeloop.unstructured import Unstructured
from tests.soak.kinds import KINDS, LABEL, Resource, body_of
from tests.soak.programs import serve

T = TypeVar("T")

AWAY = (
    kubeloop.TransportError,
    kubeloop.InternalError,
    kubeloop.ServiceUnavailable,
    kubeloop.ServerTimeout,
    kubeloop.GatewayTimeout,
    kubeloop.TooManyRequests,
    kubeloop.NotFound,  # an API server that has just started may not know the custom resource yet
    kubeloop.Conflict,  # an earlier attempt was carried out
    kubeloop.Unauthorized,  # an API server that has just started may not know its tokens and roles yet
    kubeloop.Forbidden,
)
"""The errors after which a write is repeated."""

GROUPS = 4
"""The number of groups of names of a place; a collection that is deleted is one group."""

Step = Callable[[], Awaitable[None]]


class Place:
    """The objects of one resource in one namespace.

    Attributes:
        uids: The uid of each name; None while there is no such object.
        deleted: The uids whose deletion was requested.
        done: The number of writes of each verb, and of the attempts that were repeated.
    """

    def __init__(self, clientset: kubeloop.Clientset, resource: Resource, namespace: str, run: str, size: int) -> None:
        self.uids: dict[str, str | None] = {f"{run}-{number:03}": None for number in range(size)}
        self.deleted: list[str] = []
        self.done: Counter[str] = Counter()
        self._resource = resource
        self._namespace = namespace
        self._run = run
        self._objects = clientset.resource(Unstructured, resource.name, namespace if resource.namespaced else None)
        self._chance = random.Random(f"{run}/{resource.plural}/{namespace}")

    def choose(self) -> tuple[str, Step]:
        """Choose the next write and return its verb and its function."""
        missing = [name for name, uid in self.uids.items() if uid is None]
        present = [name for name, uid in self.uids.items() if uid is not None]
        if missing and (not present or self._chance.random() < 0.5):
            return "create", partial(self.create, self._chance.choice(missing))
        name = self._chance.choice(present)
        number = self._chance.random()
        if number < 0.6:
            return "patch", partial(self.patch, name, self._text())
        if number < 0.8:
            return "update", partial(self.update, name, self._text())
        if number < 0.98:
            return "delete", partial(self.delete, name)
        return "delete_collection", partial(self.delete_collection, self._group(name))

    async def write(self, verb: str, step: Step) -> None:
        """Repeat a write until the server has confirmed it."""
        while True:
            try:
                await step()
                break
            except AWAY:
                self.done["repeated"] += 1
                await asyncio.sleep(0.3)
        self.done[verb] += 1

    async def fill(self) -> None:
        """Create every object that is missing."""
        for name, uid in self.uids.items():
            if uid is None:
                await self.write("create", partial(self.create, name))

    async def create(self, name: str) -> None:
        labels = {LABEL: self._run, "group": self._group(name)}
        body = body_of(self._resource, name, self._namespace, labels)
        try:
            made = await self._objects.create(body)
        except kubeloop.AlreadyExists:  # an earlier attempt succeeded, and its response was lost
            made = await self._objects.get(name)
        self.uids[name] = made.metadata.uid

    async def patch(self, name: str, text: str) -> None:
        await self._objects.patch(name, {"metadata": {"annotations": {"text": text}}})

    async def update(self, name: str, text: str) -> None:
        body = (await self._objects.get(name)).to_dict()
        body["metadata"]["annotations"] = {"text": text}
        await self._objects.update(body)

    async def delete(self, name: str) -> None:
        self._will_delete([name])
        try:
            await self._objects.delete(name, grace_period_seconds=0, propagation_policy="Background")
        except kubeloop.NotFound as error:
            if error.status.name != name:  # the resource was not found
                raise
        self.uids[name] = None

    async def delete_collection(self, group: str) -> None:
        names = [name for name in self.uids if self._group(name) == group]
        self._will_delete(names)
        await self._objects.delete_collection(
            label_selector=f"{LABEL}={self._run},group={group}", grace_period_seconds=0, propagation_policy="Background"
        )
        for name in names:
            self.uids[name] = None

    def _will_delete(self, names: list[str]) -> None:
        self.deleted += [uid for name in names if (uid := self.uids[name]) is not None]

    def _group(self, name: str) -> str:
        return f"g{int(name[-3:]) % GROUPS}"

    def _text(self) -> str:
        return self._chance.randbytes(self._chance.randrange(300)).hex()


class Writers:
    """A writer per place. They write between `go` and `rest`.

    Args:
        places: The places.
        pause: The mean time between two writes of a place, in seconds.
    """

    def __init__(self, places: list[Place], pause: float) -> None:
        self._places = places
        self._pause = pause
        self._tasks: list[asyncio.Task[None]] = []
        self._may_write = False

    async def go(self) -> None:
        """Begin to write."""
        self._may_write = True
        self._tasks = [asyncio.create_task(self._write(place)) for place in self._places]

    async def rest(self) -> dict[str, Any]:
        """Stop writing, create what is missing, and return what was done since the last rest."""
        self._may_write = False
        for task in self._tasks:
            await task
        await self._each(Place.fill)
        deleted = [uid for place in self._places for uid in place.deleted]
        done: Counter[str] = Counter()
        for place in self._places:
            done += place.done
            place.done.clear()
            place.deleted.clear()
        uids = [uid for place in self._places for uid in place.uids.values()]
        return {"deleted": deleted, "done": done, "uids": uids}

    async def clean(self) -> None:
        """Delete everything."""
        for group in range(GROUPS):
            await self._each(lambda place, group=f"g{group}": place.delete_collection(group))

    async def _each(self, step: Callable[[Place], Awaitable[None]]) -> None:
        async with asyncio.TaskGroup() as group:
            for place in self._places:
                group.create_task(place.write("all", partial(step, place)))

    async def _write(self, place: Place) -> None:
        while self._may_write:
            await asyncio.sleep(random.random() * 2 * self._pause)
            if self._may_write:
                await place.write(*place.choose())


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--run", required=True, help="the name of the run, which names and labels begin with")
    parser.add_argument("--namespaces", nargs="+", required=True)
    parser.add_argument("--size", type=int, required=True, help="the number of objects of a place")
    parser.add_argument("--pause", type=float, required=True, help="seconds between two writes of a place")
    options = parser.parse_args()
    async with kubeloop.Clientset(kubeloop.load_config(options.kubeconfig)) as clientset:
        places = [
            Place(clientset, resource, namespace, options.run, options.size)
            for resource in KINDS
            for namespace in (options.namespaces if resource.namespaced else options.namespaces[:1])
        ]
        await serve(Writers(places, options.pause), ("go", "rest", "clean"))


if __name__ == "__main__":
    asyncio.run(main())
