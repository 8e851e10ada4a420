"""Lists and events of several namespaces in one queue, compared with one dict per namespace."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kubeloop.cache.fifo.real_fifo import Bookmark, RealFIFO, ReplacedAll
from kubeloop.cache.informer.applier import NamespacesApplier
from kubeloop.cache.informer.informer_sources import lowest_version
from kubeloop.cache.store.indexer import NAMESPACE_INDEX, Indexer, namespace_index
from kubeloop.models import core_v1, meta_v1

NAMESPACES = ("a", "ab", "b")
NAMES = ("x", "y", "z")


def pod(namespace: str, name: str, version: int) -> core_v1.Pod:
    return core_v1.Pod(
        metadata=meta_v1.ObjectMeta(namespace=namespace, name=name, uid=name, resource_version=str(version))
    )


class Replay:
    """A handler registration that keeps what a handler would know."""

    def __init__(self) -> None:
        self.known: dict[str, core_v1.Pod] = {}

    @staticmethod
    def key(obj: core_v1.Pod) -> str:
        return f"{obj.metadata.namespace}/{obj.metadata.name}"

    def added(self, obj: core_v1.Pod, _is_initial: bool) -> None:
        assert self.key(obj) not in self.known
        self.known[self.key(obj)] = obj

    def updated(self, old: core_v1.Pod, new: core_v1.Pod) -> None:
        assert self.known[self.key(new)] is old
        self.known[self.key(new)] = new

    def deleted(self, obj: core_v1.Pod, _tombstone: Any) -> None:
        del self.known[self.key(obj)]


OPERATION = st.one_of(
    st.tuples(st.just("list"), st.sampled_from(NAMESPACES), st.sets(st.sampled_from(NAMES))),
    st.tuples(st.just("put"), st.sampled_from(NAMESPACES), st.sampled_from(NAMES)),
    st.tuples(st.just("delete"), st.sampled_from(NAMESPACES), st.sampled_from(NAMES)),
    st.tuples(st.just("bookmark"), st.sampled_from(NAMESPACES), st.none()),
    st.tuples(st.just("process"), st.none(), st.integers(1, 4)),
)


@given(st.lists(OPERATION, max_size=40))
def test_each_namespace_is_what_its_own_lists_and_events_say(operations: list[tuple[str, str, Any]]) -> None:
    indexer: Indexer[core_v1.Pod] = Indexer({NAMESPACE_INDEX: namespace_index})
    versions: dict[str, str | None] = dict.fromkeys(NAMESPACES)
    applier, replay = NamespacesApplier("pods", indexer, versions), Replay()
    handler: Any = replay
    applier.registrations = (handler,)
    fifo: RealFIFO[core_v1.Pod] = RealFIFO(namespaces=NAMESPACES)
    model: dict[str, dict[str, core_v1.Pod]] = {namespace: {} for namespace in NAMESPACES}
    reached: dict[str, str | None] = dict.fromkeys(NAMESPACES)
    listed: set[str] = set()
    number = 0

    def process(limit: int) -> None:
        while limit and (delta := fifo.peek()) is not None:
            limit -= 1
            content = delta.object
            if isinstance(content, ReplacedAll):
                replacement = applier.replacement(content)
                for _ in replacement.prepare():
                    pass
                fifo.pop()
                for _ in replacement.notify(applier.registrations):
                    pass
            else:
                fifo.pop()
                if isinstance(content, Bookmark):
                    applier.bookmark(content)
                else:
                    applier.apply(delta)
            assert replay.known == {replay.key(obj): obj for obj in indexer}
            assert all(replay.known[key] is indexer.get_by_key(key) for key in replay.known)

    for kind, namespace, what in operations:
        number += 1
        if kind == "process":
            process(what)
            continue
        # A reflector lists before it watches.
        if kind == "list" or namespace not in listed:
            names = what if kind == "list" else set()
            listed.add(namespace)
            kept = model[namespace]
            model[namespace] = {name: kept.get(name) or pod(namespace, name, number) for name in sorted(names)}
            fifo.replace(list(model[namespace].values()), {}, str(number), namespace)
        elif kind == "put":
            model[namespace][what] = obj = pod(namespace, what, number)
            fifo.update(obj)
        elif kind == "delete":
            obj = model[namespace].pop(what, None) or pod(namespace, what, number)
            fifo.delete(pod(namespace, what, number))
        else:
            fifo.bookmark(str(number), namespace)
        reached[namespace] = str(number)
    process(1000)
    assert {Replay.key(obj): obj for obj in indexer} == {
        Replay.key(obj): obj for objects in model.values() for obj in objects.values()
    }
    for namespace, objects in model.items():
        found = indexer.by_index(NAMESPACE_INDEX, namespace)
        assert sorted(obj.metadata.name for obj in found) == sorted(objects)
    assert versions == reached
    assert lowest_version(versions.values()) == (
        None if None in reached.values() else str(min(int(version or 0) for version in reached.values()))
    )
    assert fifo.has_synced is (listed == set(NAMESPACES))
