"""Scripts for priority queues, in virtual time."""

from __future__ import annotations

import asyncio
from typing import Any

from kubeloop.testing import virtual_time
from kubeloop.testing.virtual_time import settle
from kubeloop.workqueue import ItemExponentialFailureRateLimiter, PriorityQueue


def priority_queue(case: dict[str, Any]) -> Any:
    """Run a script against a queue without ageing and groups, and return what its workers get, with the priorities."""

    async def run() -> list[Any]:
        limiter = ItemExponentialFailureRateLimiter[str](0.010, 1.0)
        queue: PriorityQueue[str] = PriorityQueue(limiter, oldest_every=None)
        results: list[Any] = []
        taken: set[str] = set()

        async def get() -> None:
            item = await queue.get()
            if item is not None:
                taken.add(item)
                results.append([item, queue.priority_of(item)])

        async with asyncio.TaskGroup() as workers:
            for name, *arguments in case["script"]:
                if name == "add":
                    queue.add(arguments[0], priority=arguments[1])
                elif name == "add_after":
                    queue.add_after(arguments[0], arguments[2] / 1000, priority=arguments[1])
                elif name == "add_rate_limited":
                    queue.add_rate_limited(arguments[0], priority=arguments[1])
                elif name == "forget":
                    queue.forget(arguments[0])
                elif name == "get":
                    workers.create_task(get())
                elif name == "done":
                    if arguments[0] in taken:
                        taken.remove(arguments[0])
                        queue.done(arguments[0])
                else:
                    await asyncio.sleep(arguments[0] / 1000)
                await settle()
            while len(queue):  # controller-runtime drops what is queued at the shutdown
                await queue.get()
            queue.shut_down()
        return results

    return virtual_time.run(run())
