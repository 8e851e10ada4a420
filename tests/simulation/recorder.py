"""Handlers that add up their calls, and judge each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from random import Random
from typing import TYPE_CHECKING, Any

from kubeloop.cache.fifo.delta_fifo import DeletedFinalStateUnknown
from kubeloop.meta.keys import object_key
from kubeloop.testing import virtual_time
from tests.simulation.cluster import ODD
from tests.simulation.judge import Judge, identity, is_a_state
from tests.simulation.network import A_MOMENT

if TYPE_CHECKING:
    from kubeloop.cache.informer.shared_informer import SharedInformer
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
        since: When each object of `state` was added.
        added_at: When the handler was added.
        resynced: When each object was passed again without a change.
    """

    def __init__(
        self,
        kind: str,
        judge: Judge,
        who: str,
        informer: SharedInformer[Any],
        truths: Mapping[str, Truth],
        link: Link,
        random: Random,
    ) -> None:
        self.kind = kind
        self.state: dict[str, tuple[str, int]] = {}
        self.since: dict[str, float] = {}
        self.calls = 0
        self.added_at = virtual_time.elapsed()
        self.resynced: dict[str, list[float]] = {}
        self._judge = judge
        self._who = f"{who}, {kind} handler"
        self._informer = informer
        self._truths = truths
        self._link = link
        self._random = random
        self._newest: dict[str, int] = {}
        # A late handler sees the objects of the store first, in any order.
        self._ordered_after = link.revision if informer.has_started else 0
        stored = informer.store_resource_version
        self._initial_version = int(stored) if stored else None
        # By namespace, the number of lists before, and the version of the last event of a watch.
        self._ordered: dict[str, tuple[int, int]] = {}
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
        if self.kind == "detailed" and "" in self._truths and not self._link.has_doubtful_lists:
            if self._initial_version is None:
                has_synced = self._informer.has_synced  # with an empty list
                self._initial_version = 0 if has_synced else self._link.lists_of(self._source_of(path)).version
            if is_in_initial_list is not (now[1] <= self._initial_version):
                what = f"{path} at {now[1]} came with is_in_initial_list={is_in_initial_list}"
                self._judge.violation(self._who, f"{what}, the first list was at {self._initial_version}")
        if path in self.state:
            self._judge.violation(self._who, f"a second add of {path}: {self.state[path]}, then {now}")
        self.since[path] = virtual_time.elapsed()
        self._see(path, now)
        self.state[path] = now

    def on_update(self, old: Any, new: Any) -> None:
        path, before, now = object_key(new), identity(old), identity(new)
        self._judge.note(self._who, path, now[1])
        if old is new:
            self.resynced.setdefault(path, []).append(virtual_time.elapsed())
            self.calls += 1
            return
        if before == now and not self._is_doubtful and not self._judge.events_may_repeat:
            self._judge.violation(self._who, f"an update of {path} that changes nothing: {now}")
        if self.state.get(path) != before:
            self._judge.violation(self._who, f"an update of {path} from {before}, but told was {self.state.get(path)}")
        self._see(path, now)
        self.state[path] = now

    def on_delete(self, obj: Any) -> None:
        is_tombstone = isinstance(obj, DeletedFinalStateUnknown)
        path = obj.key if is_tombstone else object_key(obj)
        final = identity(obj.object if is_tombstone else obj)
        self._judge.note(self._who, path, -final[1])
        is_of_list = virtual_time.elapsed() - self._link.lists_of(self._source_of(path)).ended_at < A_MOMENT
        if (
            is_tombstone
            and not is_of_list
            and ODD not in path
            and self.kind in ("plain", "detailed")
            and not self._is_doubtful
        ):
            self._judge.violation(self._who, f"the deletion of {path} came without its last state")
        before = self.state.pop(path, None)
        if before is None or before[0] != final[0] or (is_tombstone and before != final):
            self._judge.violation(self._who, f"a deletion of {path} as {final}, but told was {before}")
        is_true = self.kind == "filter" or any(final[0] in truth.gone for truth in self._truths.values())
        if not is_true:
            self._judge.violation(self._who, f"a false deletion of {path}: {final}")
        if before is not None and final[1] > before[1]:
            self._see(path, final)
        else:
            self._look()

    @property
    def _is_doubtful(self) -> bool:
        # A slow handler gets what the informer knew long ago.
        return self._link.has_doubtful_lists if self.kind == "async" else self._link.is_doubtful

    def _source_of(self, path: str) -> str:
        namespace = path.partition("/")[0]
        return namespace if namespace in self._truths else ""

    def _see(self, path: str, now: tuple[str, int]) -> None:
        """Judge a state of an object that is passed to the handler."""
        version = now[1]
        self._look()
        if not self._is_doubtful and version < self._newest.get(path, 0):
            self._judge.violation(
                self._who, f"{path} went back in time: to version {version} from {self._newest[path]}"
            )
        self._newest[path] = version
        source = self._source_of(path)
        found = self._link.lists_of(source)
        if not self._is_doubtful and version > max(found.at, self._ordered_after) and self.kind != "filter":
            count, last = self._ordered.get(source, (0, 0))
            if count == found.count and version < last:
                self._judge.violation(self._who, f"{path} at version {version} came after version {last}")
            self._ordered[source] = (found.count, version)

    def _look(self) -> None:
        """Read the store now and then, as a handler does."""
        self.calls += 1
        if not self._is_doubtful and self._random.random() < 0.1 and not is_a_state(self._informer, self._truths):
            self._judge.violation(self._who, "the store is a mixture of states that the server had at different times")
