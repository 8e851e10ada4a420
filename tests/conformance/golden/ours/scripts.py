"""Scripts for work queues, limiters and delta queues, in virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from kubeloop import workqueue as queues
from kubeloop._kit.bucket import TokenBucket
from kubeloop.cache.fifo.delta import DeletedFinalStateUnknown, DeltaType
from kubeloop.cache.fifo.delta_fifo import DeltaFIFO
from kubeloop.meta.keys import object_key
from kubeloop.testing import virtual_time
from kubeloop.testing.virtual_time import elapsed, settle

_NANO = 1e9


async def wait(milliseconds: int) -> None:
    await asyncio.sleep(milliseconds / 1000)
    await settle()


def _limiter(spec: dict[str, Any]) -> queues.RateLimiter[Any]:
    base, most = spec.get("base", 0) / _NANO, spec.get("max", 0) / _NANO
    kind = spec["kind"]
    if kind == "exponential":
        return queues.ItemExponentialFailureRateLimiter(base, most)
    if kind == "fast_slow":
        return queues.ItemFastSlowRateLimiter(base, most, spec["attempts"])
    if kind == "bucket":
        return queues.BucketRateLimiter(spec["rate"], spec["burst"])
    if kind == "max_of":
        return queues.MaxOfRateLimiter(*map(_limiter, spec["of"]))
    if kind == "max_wait":
        return queues.WithMaxWaitRateLimiter(_limiter(spec["of"][0]), most)
    return (
        queues.default_controller_rate_limiter() if kind == "controller" else queues.default_item_based_rate_limiter()
    )


def limiters(case: dict[str, Any]) -> Any:
    """Run a script against a limiter of a work queue, or against a token bucket of requests."""

    async def run() -> list[Any]:
        results: list[Any] = []
        spec = case["limiter"]
        if spec["kind"] == "requests":
            bucket = TokenBucket(spec["rate"], spec["burst"])
            for name, *arguments in case["script"]:
                if name == "accept":
                    results.append(bucket.try_take(elapsed()))
                else:
                    await wait(*arguments)
            return results
        limiter = _limiter(spec)
        for name, *arguments in case["script"]:
            if name == "when":
                results.append(str(round(limiter.when(*arguments) * _NANO)))
            elif name == "forget":
                limiter.forget(*arguments)
            elif name == "requeues":
                results.append(limiter.num_requeues(*arguments))
            else:
                await wait(*arguments)
        return results

    return virtual_time.run(run())


def workqueue(case: dict[str, Any]) -> Any:
    """Run a script against a rate-limiting queue and return the result of each step that has one."""

    async def run() -> list[Any]:
        queue: queues.RateLimitingQueue[str] = queues.RateLimitingQueue(_limiter(case["limiter"]))
        results: list[Any] = []
        drains: list[asyncio.Task[None]] = []
        taken: set[str] = set()
        for name, *arguments in case["script"]:
            if name == "add_after":
                queue.add_after(arguments[0], arguments[1] / 1000)
            elif name == "requeues":
                results.append(queue.num_requeues(*arguments))
            elif name == "len":
                results.append(len(queue))
            elif name == "get":
                item = await _next(queue)
                results.append(item)
                if isinstance(item, str):
                    taken.add(item)
            elif name == "done":
                # An item that no worker has is left alone, as workers do; done_anyway is the mistake.
                if arguments[0] in taken:
                    taken.remove(arguments[0])
                    queue.done(*arguments)
            elif name == "done_anyway":
                queue.done(*arguments)
            elif name == "drain":
                drains.append(asyncio.create_task(queue.shut_down_with_drain()))
            elif name == "pass":
                await wait(*arguments)
            else:
                getattr(queue, name)(*arguments)
            await settle()
        queue.shut_down()
        await asyncio.gather(*drains)
        return results

    return virtual_time.run(run())


async def _next(queue: queues.RateLimitingQueue[str]) -> Any:
    """Take an item unless that would block."""
    if not len(queue) and not queue.shutting_down:
        return None
    item = await queue.get()
    return {"shut_down": True} if item is None else item


@dataclass(frozen=True)
class _Meta:
    name: str
    resource_version: str
    namespace: str = "n"


@dataclass(frozen=True)
class _Object:
    metadata: _Meta


class _Store(dict[str, _Object]):
    """The store behind a delta queue."""

    def list_keys(self) -> list[str]:
        return list(self)

    def get_by_key(self, key: str, /) -> _Object | None:
        return self.get(key)


def delta_fifo(case: dict[str, Any]) -> Any:
    """Run a script against a DeltaFIFO and the store behind it, which pop keeps up to date."""
    store = _Store()
    queue: DeltaFIFO[_Object] = DeltaFIFO(store if case["known"] else None)
    results: list[Any] = []
    for name, *arguments in case["script"]:
        if name == "replace":
            queue.replace([_Object(_Meta(*pair)) for pair in arguments[0]])
        elif name == "synced":
            results.append(queue.has_synced)
        elif name == "pop":
            results.append(_pop(queue, store))
        else:
            getattr(queue, name)(_Object(_Meta(*arguments)))
    while (left := _pop(queue, store)) is not None:
        results.append(left)
    return results


def _pop(queue: DeltaFIFO[_Object], store: _Store) -> Any:
    """Take the item that has waited longest and apply it to the store; return None if no item waits."""
    popped = queue.pop()
    if popped is None:
        return None
    told: list[Any] = []
    for type_, given in popped.deltas:
        missed = isinstance(given, DeletedFinalStateUnknown)
        obj = given.object if isinstance(given, DeletedFinalStateUnknown) else given
        told.append([str(type_), obj.metadata.resource_version, missed])
        if type_ is DeltaType.DELETED:
            store.pop(object_key(obj), None)
        else:
            store[object_key(obj)] = obj
    return {"key": popped.key, "deltas": told, "initial": popped.is_in_initial_list}
