"""ResourceCache's window and snapshots against the ring buffer and the list of snapshots of `storage/cacher`."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeloop.testing.apiserver.storage.storage import Storage
from kubeloop.testing.apiserver.storage.stored import Change, Key
from kubeloop.testing.apiserver.watch_cache import event_window
from kubeloop.testing.apiserver.watch_cache.resource_cache import ResourceCache
from kubeloop.testing.apiserver.watch_cache.too_old import TooOld

LEAST, GREATEST, FRESH = 4, 32, 75.0
# Operations: a write after some seconds, a write of another resource, and a look at a compacted revision so long ago.
OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from([0, 0, 0, 1, 10, 20, 75, 80])),
        st.tuples(st.just("other"), st.just(0)),
        st.tuples(st.just("compact"), st.integers(0, 12)),
    ),
    max_size=120,
)


class Ring:
    """A ring buffer with indices that only grow, and one snapshot per event."""

    def __init__(self, revision: int) -> None:
        self.list_revision = revision
        self.capacity = LEAST
        self.slots: dict[int, tuple[int, float]] = {}  # slot -> revision, time
        self.start = self.end = 0
        self.has_removed = False
        self.snapshots = [revision]

    def at(self, index: int) -> tuple[int, float]:
        return self.slots[index % self.capacity]

    def is_full(self) -> bool:
        return self.end == self.start + self.capacity

    def resize(self, capacity: int) -> None:
        if capacity < self.capacity:
            self.start = self.end - capacity
        self.slots = {index % capacity: self.at(index) for index in range(self.start, self.end)}
        self.capacity = capacity

    def add(self, revision: int, time: float) -> None:
        if self.is_full() and time - self.at(self.start)[1] < FRESH:
            self.resize(min(self.capacity * 2, GREATEST))
        elif self.is_full() and time - self.at(self.end - self.capacity // 4)[1] > FRESH:
            self.resize(max(self.capacity // 2, LEAST))
        if self.is_full():
            self.start += 1
            self.has_removed = True
        self.slots[self.end % self.capacity] = (revision, time)
        self.end += 1
        if self.is_full():
            self.drop_snapshots(self.at(self.start)[0])
        self.snapshots.append(revision)

    def drop_snapshots(self, before: int) -> None:
        self.snapshots = [revision for revision in self.snapshots if revision >= before]

    def oldest(self) -> int:
        return self.at(self.start)[0] - 1 if self.has_removed else self.list_revision

    def after(self, revision: int) -> list[int]:
        return [self.at(index)[0] for index in range(self.start, self.end) if self.at(index)[0] > revision]


@settings(max_examples=150)
@given(OPERATIONS)
def test_the_window_and_the_snapshots_are_those_of_the_real_server(operations: list[tuple[str, int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(event_window, "LEAST_CAPACITY", LEAST)
        patch.setattr(event_window, "GREATEST_CAPACITY", GREATEST)
        storage = Storage()
        storage.put(Key("pods", "a", "x"), lambda _: b"", expected=0)
        cache = ResourceCache(storage.table("pods"), storage.revision)
        ring = Ring(storage.revision)
        now = 0.0
        for operation, amount in operations:
            if operation == "write":
                now += amount
                change: Change = storage.put(Key("pods", "a", "x"), lambda _: b"", expected=None)
                cache.apply(change, now)
                ring.add(change.revision, now)
            elif operation == "other":
                storage.put(Key("nodes", "", "x"), lambda _: b"", expected=None)
            else:
                cache.drop_snapshots(storage.revision - amount)
                ring.drop_snapshots(storage.revision - amount)
            assert (cache.capacity, cache.oldest_revision) == (ring.capacity, ring.oldest())
            for revision in range(storage.revision + 1):
                assert cache.has_snapshot(revision) == any(kept <= revision for kept in ring.snapshots)
                if revision >= ring.oldest():
                    assert [change.revision for change in cache.changes(revision)] == ring.after(revision)
                else:
                    with pytest.raises(TooOld):
                        cache.changes(revision)
