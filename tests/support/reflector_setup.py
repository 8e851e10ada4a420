"""A reflector between a small server and a store, and the errors that such a server sends."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

from kubeloop import errors
from kubeloop.cache.fifo.delta import DeltaType
from kubeloop.cache.fifo.delta_fifo import DeltaFIFO
from kubeloop.cache.source.lister_watcher import ListFunction
from kubeloop.cache.source.reflector import Reflector
from kubeloop.cache.store.indexer import Indexer
from kubeloop.testing.virtual_time import settle
from tests.support.thing_server import ThingServer
from tests.support.things import Thing, api_error

TOO_MANY = api_error(errors.TooManyRequests, 429, "TooManyRequests")
INTERNAL = api_error(errors.InternalError, 500, "InternalError")
EXPIRED = api_error(errors.Expired, 410, "Expired")
REFUSED = errors.ConnectError("connection refused")


class Setup:
    """A server, a store that a queue fills, and the reflector between the two."""

    def __init__(
        self, *, watch_list: bool = False, fifo: type[DeltaFIFO[Thing]] = DeltaFIFO, **options: object
    ) -> None:
        self.server = ThingServer(watch_list=watch_list)
        self.store: Indexer[Thing] = Indexer()
        self.unreadable: dict[str, errors.Unreadable] = {}
        self.fifo = fifo(self.store, unreadable=self.unreadable)
        self.told: list[Exception] = []
        options.setdefault("watch_error_handler", lambda _reflector, error: self.told.append(error))
        self.options = options
        self.reflector = self._reflector(self.server.source)

    def reflector_of(self, list_function: ListFunction[Thing], watch_function: Callable[..., Any]) -> Reflector[Thing]:
        """Return a reflector whose source has no more than two functions."""

        class Source:
            list = staticmethod(list_function)
            watch = staticmethod(watch_function)

        return self._reflector(Source())

    def _reflector(self, source: Any) -> Reflector[Thing]:
        return Reflector(source, self.fifo, name="things", random=random.Random(7), **self.options)  # type: ignore[arg-type]

    def drain(self) -> dict[str, str]:
        """Apply the queued deltas and return the values in the store by name."""
        while (popped := self.fifo.pop()) is not None:
            for kind, obj in popped.deltas:
                if kind is DeltaType.DELETED:
                    self.store.remove(popped.key)
                else:
                    assert isinstance(obj, Thing)
                    self.store.put(popped.key, obj)
        return {obj.metadata.name: obj.value for obj in self.store}

    def drain_with_unreadable(self) -> tuple[dict[str, str], set[str]]:
        """Apply the deltas as an informer does; return the values by name, and the keys of unreadable objects."""
        unread = self.unreadable
        while (popped := self.fifo.pop()) is not None:
            for kind, obj in popped.deltas:
                unread.pop(popped.key, None)
                if kind is DeltaType.UNREADABLE:
                    assert isinstance(obj, errors.Unreadable)
                    unread[popped.key] = obj
                elif kind is DeltaType.DELETED:
                    self.store.remove(popped.key)
                else:
                    assert isinstance(obj, Thing)
                    self.store.put(popped.key, obj)
        return {obj.metadata.name: obj.value for obj in self.store}, set(unread)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.reflector.run())
        await settle()
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])


def versions(requests: list[dict[str, object]]) -> list[object]:
    return [request["resource_version"] for request in requests]


def kinds(told: list[Exception]) -> list[type[Exception]]:
    return [type(error) for error in told]
