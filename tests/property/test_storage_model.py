"""Storage and WatchCache against a model that keeps a full copy of everything for each revision."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, precondition, rule

from kubeloop.testing.apiserver.storage.page import Page
from kubeloop.testing.apiserver.storage.storage import Storage
from kubeloop.testing.apiserver.storage.storage_error import Compacted, FutureRevision, Mismatch
from kubeloop.testing.apiserver.storage.stored import Change, Key, Stored
from kubeloop.testing.apiserver.watch_cache.too_old import TooOld
from kubeloop.testing.apiserver.watch_cache.watch_cache import WatchCache

RESOURCES = ("pods", "nodes")
NAMESPACES = ("a", "a-b", "a0", "ä", "b")
NAMES = ("x", "y", "x-1", "z")
KEYS = st.one_of(
    st.builds(Key, st.just("pods"), st.sampled_from(NAMESPACES), st.sampled_from(NAMES)),
    st.builds(Key, st.just("nodes"), st.just(""), st.sampled_from(NAMES)),
)
PATHS = st.sampled_from(["", "a/", "a/x", "a/x\0", "a-b/y", "a0", "b/z", "x", "y"])
Objects = dict[Key, tuple[int, int, bytes]]  # revision, created revision, data


def plain(stored: Stored | None) -> tuple[Key, int, int, bytes] | None:
    return (stored.key, stored.revision, stored.created_revision, stored.data) if stored else None


def in_range(objects: Objects, resource: str, namespace: str, after: str) -> list[tuple[Key, int, int, bytes]]:
    """Return what etcd returns for a range: objects in the order of the bytes of their keys."""
    chosen = [key for key in objects if key.resource == resource and namespace in ("", key.namespace)]
    chosen.sort(key=lambda key: key.path.encode())
    return [(key, *objects[key]) for key in chosen if key.path.encode() > after.encode()]


class Watcher:
    """One server's cache, and the changes that a watch of each resource has received."""

    def __init__(self, storage: Storage, lag: float) -> None:
        self.started_at = storage.revision
        self.cache = WatchCache(storage, lag=lag)
        self.received: list[Change] = []
        for resource in RESOURCES:
            self.cache.subscribe(resource, self.received.append)


class StorageMachine(RuleBasedStateMachine):
    caches: Bundle[Watcher] = Bundle("caches")

    @initialize()
    def start(self) -> None:
        self.storage = Storage()
        self.states: dict[int, Objects] = {1: {}}
        self.written: list[Change] = []
        self.time = 0.0
        self.storage.subscribe(self.written.append)
        self.watchers: list[Watcher] = []

    @property
    def objects(self) -> Objects:
        return self.states[self.storage.revision]

    def expect_change(self, change: Change, objects: Objects) -> None:
        assert self.storage.revision == change.revision == len(self.states) + 1
        self.states[change.revision] = objects
        assert self.written[-1] is change

    @rule(key=KEYS, text=st.binary(max_size=3), expects=st.sampled_from(["any", "right", "wrong"]))
    def put(self, key: Key, text: bytes, expects: str) -> None:
        before = dict(self.objects)
        current = before[key][0] if key in before else 0
        expected = {"any": None, "right": current, "wrong": current + 1}[expects]
        if expects == "wrong":
            with pytest.raises(Mismatch) as caught:
                self.storage.put(key, lambda _: pytest.fail("written"), expected=expected)
            assert (caught.value.current.revision if caught.value.current else 0) == current
            return
        change = self.storage.put(key, lambda revision: b"%d %s" % (revision, text), expected=expected)
        created = before[key][1] if key in before else change.revision
        after: Objects = {**before, key: (change.revision, created, b"%d %s" % (change.revision, text))}
        assert plain(change.value) == (key, *after[key])
        assert plain(change.previous) == ((key, *before[key]) if key in before else None)
        assert change.last is None
        self.expect_change(change, after)

    @rule(key=KEYS, expects=st.sampled_from(["any", "right", "wrong"]))
    def delete(self, key: Key, expects: str) -> None:
        before = dict(self.objects)
        current = before[key][0] if key in before else 0
        expected = {"any": None, "right": current, "wrong": current + 1}[expects]
        if key not in before or expects == "wrong":
            with pytest.raises(Mismatch):
                self.storage.delete(key, lambda _: pytest.fail("written"), expected=expected)
            return
        change = self.storage.delete(key, lambda revision: b"last %d" % revision, expected=expected)
        _, created, _ = before.pop(key)
        assert change.value is None
        assert change.previous is not None
        assert plain(change.last) == (key, change.revision, created, b"last %d" % change.revision)
        self.expect_change(change, before)

    @rule(data=st.data())
    def compact(self, data: st.DataObject) -> None:
        revision = data.draw(st.integers(0, self.storage.revision + 1))
        if revision <= self.storage.compacted_revision:
            with pytest.raises(Compacted):
                self.storage.compact(revision)
        elif revision > self.storage.revision:
            with pytest.raises(FutureRevision):
                self.storage.compact(revision)
        else:
            self.storage.compact(revision)
            assert self.storage.compacted_revision == revision

    @rule(data=st.data(), key=KEYS)
    def get(self, data: st.DataObject, key: Key) -> None:
        revision = data.draw(st.none() | st.integers(1, self.storage.revision + 1))
        if self.refused(revision, lambda: self.storage.get(key, revision)):
            return
        state = self.states[revision or self.storage.revision]
        assert plain(self.storage.get(key, revision)) == ((key, *state[key]) if key in state else None)

    @rule(
        data=st.data(),
        resource=st.sampled_from(RESOURCES),
        namespace=st.sampled_from(("", *NAMESPACES)),
        after=PATHS,
        limit=st.integers(0, 4),
    )
    def range(self, data: st.DataObject, resource: str, namespace: str, after: str, limit: int) -> None:
        revision = data.draw(st.none() | st.integers(1, self.storage.revision + 1))
        read: Callable[[], Page] = lambda: self.storage.range(  # noqa: E731
            resource, namespace, revision=revision, after=after, limit=limit
        )
        if self.refused(revision, read):
            return
        page = read()
        whole = in_range(self.states[revision or self.storage.revision], resource, namespace, after)
        assert list(map(plain, page.items)) == whole[: limit or None]
        assert page.remaining == len(whole) - len(page.items)
        assert page.revision == (revision or self.storage.revision)

    @rule(data=st.data())
    def changes(self, data: st.DataObject) -> None:
        after = data.draw(st.integers(0, self.storage.revision + 1))
        if after < self.storage.compacted_revision - 1:
            with pytest.raises(Compacted):
                self.storage.changes(after)
        else:
            assert list(self.storage.changes(after)) == [change for change in self.written if change.revision > after]

    def refused(self, revision: int | None, read: Callable[[], object]) -> bool:
        if revision is None or self.storage.compacted_revision <= revision <= self.storage.revision:
            return False
        with pytest.raises(FutureRevision if revision > self.storage.revision else Compacted):
            read()
        return True

    @rule(target=caches, lag=st.sampled_from([0.0, 0.0, 1.5, 10.0]))
    def start_cache(self, lag: float) -> Watcher:
        watcher = Watcher(self.storage, lag)
        self.watchers.append(watcher)
        return watcher

    @rule(watcher=consumes(caches))
    def close_cache(self, watcher: Watcher) -> None:
        watcher.cache.close()
        self.watchers.remove(watcher)

    @rule(watcher=caches)
    def hold(self, watcher: Watcher) -> None:
        watcher.cache.hold()

    @rule(watcher=caches)
    def release(self, watcher: Watcher) -> None:
        watcher.cache.release()

    @rule(watcher=caches, seconds=st.sampled_from([0.1, 1.0, 5.0, 20.0]))
    def advance(self, watcher: Watcher, seconds: float) -> None:
        self.time += seconds
        watcher.cache.advance(self.time)

    @rule(watcher=caches, data=st.data())
    def advance_to(self, watcher: Watcher, data: st.DataObject) -> None:
        revision = data.draw(st.integers(1, self.storage.revision))
        watcher.cache.advance_to(revision)
        assert watcher.cache.revision >= revision

    @rule(watcher=caches, resource=st.sampled_from(RESOURCES))
    def progress(self, watcher: Watcher, resource: str) -> None:
        assert watcher.cache.progress(resource) == watcher.cache.revision

    @rule(
        watcher=caches,
        data=st.data(),
        resource=st.sampled_from(RESOURCES),
        namespace=st.sampled_from(("", *NAMESPACES)),
        after=PATHS,
        limit=st.integers(0, 4),
    )
    def read_snapshot(
        self, watcher: Watcher, data: st.DataObject, resource: str, namespace: str, after: str, limit: int
    ) -> None:
        cache = watcher.cache.resource(resource)
        revision = data.draw(st.integers(1, self.storage.revision))
        if revision > cache.revision:
            with pytest.raises(FutureRevision):
                cache.snapshot(revision)
        elif not cache.has_snapshot(revision):
            with pytest.raises(TooOld):
                cache.snapshot(revision)
        else:
            whole = in_range(self.states[revision], resource, namespace, after)
            page = cache.snapshot(revision).page(namespace, after=after, limit=limit)
            assert list(map(plain, page.items)) == whole[: limit or None]
            assert (page.revision, page.remaining) == (revision, len(whole) - len(page.items))
            assert list(map(plain, cache.snapshot(revision).ordered(namespace, after))) == whole

    @precondition(lambda self: hasattr(self, "storage"))
    @invariant()
    def caches_show_the_state_at_their_revision(self) -> None:
        for watcher in self.watchers:
            cache = watcher.cache
            state = self.states[cache.revision]
            for resource in RESOURCES:
                part = cache.resource(resource)
                assert part.revision <= cache.revision
                assert list(map(plain, part.ordered())) == in_range(state, resource, "", "")
                seen = [change for change in self.written if watcher.started_at < change.revision <= cache.revision]
                seen = [change for change in seen if change.key.resource == resource]
                assert part.changes(watcher.started_at) == seen
                assert [change for change in watcher.received if change.key.resource == resource] == seen


TestStorage = StorageMachine.TestCase
TestStorage.settings = settings(max_examples=60, stateful_step_count=40)
