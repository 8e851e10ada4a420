"""A driver for the demo, which creates, changes and deletes pods that request ports.

    python -m examples.create_ports.driver --name a --pods 150

A seed decides the life of each pod. A write that fails because the API server is unavailable is retried until its
result is known. The driver prints a JSON line of totals every 0.25 s, and a last line at the end.
"""

import argparse
import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import kubeloop
from kubeloop.models import core_v1, meta_v1

from .ledger import COUNT

T = TypeVar("T")
AWAY = (
    kubeloop.TransportError,
    kubeloop.ServiceUnavailable,
    kubeloop.InternalError,
    kubeloop.TooManyRequests,
    kubeloop.Unauthorized,  # an API server that has just started may not know its tokens and roles yet
    kubeloop.Forbidden,
)


class Driver:
    """Creates, changes and deletes `total` pods, a few at a time."""

    def __init__(self, clientset: kubeloop.Clientset, name: str, total: int) -> None:
        self.pods = clientset.core_v1.pods("default")
        self.name = name
        self.total = total
        self.done: Counter[str] = Counter()

    async def run(self, pause: float, at_once: int = 8) -> None:
        places = asyncio.Semaphore(at_once)

        async def live(number: int) -> None:
            async with places:
                await self.life(f"{self.name}-{number:03}", random.Random(f"{self.name}/{number}"), pause)

        async with asyncio.TaskGroup() as group:
            for number in range(self.total):
                group.create_task(live(number))

    async def life(self, name: str, fate: random.Random, pause: float) -> None:
        """Create a pod, and perhaps change it, delete it, and create it again under the same name."""
        for birth in range(2):
            await self.certainly("created", lambda: self.create(name, fate.choice(("0", "1", "2", "3"))))
            for _ in range(fate.randrange(3)):
                await asyncio.sleep(fate.random() * pause)
                count = fate.choice(("0", "1", "2", "4"))
                await self.certainly("changed", partial(self.change, name, count))
            await asyncio.sleep(fate.random() * pause)
            if fate.random() < 0.5:
                break
            await self.certainly("deleted", lambda: self.delete(name))
            if birth == 1 or fate.random() < 0.5:
                break
        self.done["finished"] += 1

    async def create(self, name: str, count: str) -> None:
        metadata = meta_v1.ObjectMeta(name=name, annotations={COUNT: count} if count != "0" else {})
        spec = core_v1.PodSpec(containers=[core_v1.Container(name="main", image="registry.example/pause")])
        try:
            await self.pods.create(core_v1.Pod(metadata=metadata, spec=spec))
        except kubeloop.AlreadyExists:
            pass  # an earlier attempt succeeded, and its response was lost

    async def change(self, name: str, count: str) -> None:
        await self.pods.edit(name, lambda draft: draft.metadata.annotations.update({COUNT: count}))

    async def delete(self, name: str) -> None:
        try:
            await self.pods.delete(name, grace_period_seconds=0)
        except kubeloop.NotFound:
            pass

    async def certainly(self, what: str, write: Callable[[], Awaitable[T]]) -> None:
        """Retry a write until the server has confirmed it."""
        while True:
            try:
                await write()
                break
            except AWAY:
                self.done["retried"] += 1
                await asyncio.sleep(0.3)
        self.done[what] += 1


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", default="a", help="first part of the pods' names, and the seed")
    parser.add_argument("--pods", type=int, default=150)
    parser.add_argument("--pause", type=float, default=0.25, help="the longest pause between two writes, in seconds")
    options = parser.parse_args()

    async with kubeloop.Clientset(kubeloop.load_config()) as clientset:
        driver = Driver(clientset, options.name, options.pods)

        async def report() -> None:
            while True:
                print(json.dumps(driver.done), flush=True)
                await asyncio.sleep(0.25)

        reporter = asyncio.create_task(report())
        await driver.run(options.pause)
        reporter.cancel()
        print(json.dumps(driver.done), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
