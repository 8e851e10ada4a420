"""Handlers that add up their calls, and judge each of them."""

from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING, Any

from kubeloop.cache.delta_fifo import DeletedFinalStateUnknown
from kubeloop.meta.keys import object_key
from tests.simulation.judge import IS_IN_ORDER, Judge, identity, is_a_state

if TYPE_CHECKING:
    from kubeloop.cache.shared_informer import SharedInformer
    from tests.simulation.cluster import Truth
    from tests.simulation.network import Link

__all__ = ["HANDLERS", "Recorder"]

HANDLERS = ("plain", "detailed", "async", "filter")


class Recorder:
    """One handler of an informer.

    Attributes:
        kind: One of `HANDLERS`.
        state: What the calls add up to: uid and version by key.
        calls: The number of calls.
    """

    def __init__(
        self, kind: str, judge: Judge, who: str, informer: SharedInformer[Any], truth: Truth, link: Link, random: Random
    ) -> None:
        self.kind = kind
        self.state: dict[str, tuple[str, int]] = {}
        self.calls = 0
        self._judge = judge
        self._who = f"{who}, {kind} handler"
        self._informer = informer
        self._truth = truth
        self._link = link
        self._random = random
        self._newest: dict[str, int] = {}
        # A late handler sees the objects of the store first, in any order.
        self._ordered_after = link.revision if informer.has_started else 0
        self._ordered = (0, 0)  # the number of lists before, and the version of the last event of a watch
        if kind == "detailed":
            self.registration = informer.add_event_handler(self)
        elif kind == "async":
            self.registration = informer.add_event_handler(
                on_add=self._slow_add, on_update=self._slow_update, on_delete=self._slow_delete
            )
        else:
            self.registration = informer.add_event_handler(
                on_add=self.on_add,
                on_update=self.on_update,
                on_delete=self.on_delete,
                filter=self.accepts if kind == "filter" else None,
            )

    def accepts(self, obj: Any) -> bool:
        return self.kind != "filter" or obj.metadata.labels["app"] == "a"

    def remove(self) -> None:
        self._informer.remove_event_handler(self.registration)

    async def _slow_add(self, obj: Any) -> None:
        self.on_add(obj)
        await self._pause()

    async def _slow_update(self, old: Any, new: Any) -> None:
        await self._pause()
        self.on_update(old, new)

    async def _slow_delete(self, obj: Any) -> None:
        self.on_delete(obj)
        await asyncio.sleep(0)

    async def _pause(self) -> None:
        await asyncio.sleep(0.2 if self._random.random() < 0.05 else 0.0)

    def on_add(self, obj: Any, is_in_initial_list: bool = False) -> None:
        path, now = object_key(obj), identity(obj)
        self._judge.note(self._who, path, now[1])
        if path in self.state:
            self._judge.violation(self._who, f"a second add of {path}: {self.state[path]}, then {now}")
        self._see(path, now)
        self.state[path] = now

    def on_update(self, old: Any, new: Any) -> None:
        path, before, now = object_key(new), identity(old), identity(new)
        self._judge.note(self._who, path, now[1])
        if self.state.get(path) != before:
            self._judge.violation(self._who, f"an update of {path} from {before}, but told was {self.state.get(path)}")
        self._see(path, now)
        self.state[path] = now

    def on_delete(self, obj: Any) -> None:
        is_tombstone = isinstance(obj, DeletedFinalStateUnknown)
        path = obj.key if is_tombstone else object_key(obj)
        final = identity(obj.object if is_tombstone else obj)
        self._judge.note(self._who, path, -final[1])
        before = self.state.pop(path, None)
        if before is None or before[0] != final[0] or (is_tombstone and before != final):
            self._judge.violation(self._who, f"a deletion of {path} as {final}, but told was {before}")
        is_true = final[0] in self._truth.gone or self.kind == "filter"
        if not is_true:
            self._judge.violation(self._who, f"a false deletion of {path}: {final}")
        if before is not None and final[1] > before[1]:
            self._see(path, final)
        else:
            self._look()

    def _see(self, path: str, now: tuple[str, int]) -> None:
        """Judge a state of an object that is passed to the handler."""
        version = now[1]
        if self._judge.versions_are_lost:
            return
        if version < self._newest.get(path, 0):
            self._judge.violation(
                self._who, f"{path} went back in time: to version {version} from {self._newest[path]}"
            )
        self._newest[path] = version
        link = self._link
        if IS_IN_ORDER and version > max(link.listed_at, self._ordered_after) and self.kind != "filter":
            lists, last = self._ordered
            if lists == link.lists and version < last:
                self._judge.violation(self._who, f"{path} at version {version} came after version {last}")
            self._ordered = (link.lists, version)
        self._look()

    def _look(self) -> None:
        """Read the store now and then, as a handler does."""
        self.calls += 1
        if (
            IS_IN_ORDER
            and not (self._judge.versions_are_lost or self._judge.lists_are_incomplete)
            and self._random.random() < 0.1
            and not is_a_state(self._informer, self._truth)
        ):
            self._judge.violation(self._who, "the store is a mixture of states that the server had at different times")
