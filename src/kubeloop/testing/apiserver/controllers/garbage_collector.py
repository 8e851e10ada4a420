"""The garbage collector: deletes objects whose owners do not exist, and carries out the policies of deletions.

Reference: k8s.io/kubernetes/pkg/controller/garbagecollector.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from kubeloop.errors import APIError
from kubeloop.testing.apiserver.controllers.object_graph import GraphNode, ObjectGraph, node_of
from kubeloop.testing.apiserver.storage.stored import Key
from kubeloop.testing.apiserver.writing.deletion import FOREGROUND, ORPHAN, delete_object
from kubeloop.testing.apiserver.writing.document_parts import Document, list_in, text_in
from kubeloop.testing.apiserver.writing.preparation import with_metadata
from kubeloop.testing.apiserver.writing.replacement import replace_object
from kubeloop.testing.apiserver.writing.stored_form import stored_document
from kubeloop.wire.parse_options import DeleteOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubeloop.testing.apiserver.facts.served_resource import Resources, ServedResource
    from kubeloop.testing.apiserver.storage.stored import Change
    from kubeloop.testing.apiserver.writing.writer import Writer
    from kubeloop.wire.options import PropagationPolicy

__all__ = ["GarbageCollector"]

_IGNORED = frozenset({"events"})


class _Owners(NamedTuple):
    """The owner references of an object by what is known of the owners.

    Attributes:
        solid: The owner exists and does not wait for its dependents.
        dangling: The owner does not exist, or another object has its name.
        waiting: The owner is being deleted after its dependents.
    """

    solid: list[Any]
    dangling: list[Any]
    waiting: list[Any]


class GarbageCollector:
    """Deletes what has no owner any more, one object per step."""

    def __init__(self) -> None:
        self._graph = ObjectGraph()
        self._pending: dict[str, None] = {}

    def observe(self, change: Change) -> None:
        """Note a change of the storage."""
        if change.key.resource in _IGNORED:
            return
        if change.value is None:
            assert change.previous is not None  # a deletion has a previous version
            self._observe_deletion(node_of(change.previous))
            return
        node = node_of(change.value)
        if not node.uid:
            return
        previous = self._graph.put(node)
        if node.owners or node.is_deleted:
            self._pending[node.uid] = None
        if _waits(node) and not (previous and _waits(previous)):
            self._add_dependents(node.uid)
        for owner, blocked in (previous.owners if previous else {}).items():
            if node.owners.get(owner) != blocked:
                self._add_if_waiting(owner)

    def _observe_deletion(self, node: GraphNode) -> None:
        self._graph.remove(node.uid)
        self._pending.pop(node.uid, None)
        self._add_dependents(node.uid)
        for owner in node.owners:
            self._add_if_waiting(owner)

    def _add_dependents(self, uid: str) -> None:
        self._pending.update((node.uid, None) for node in self._graph.dependents(uid))

    def _add_if_waiting(self, uid: str) -> None:
        node = self._graph.get(uid)
        if node is not None and node.is_deleted:
            self._pending[uid] = None

    def step(self, writer: Writer) -> bool:
        """Deal with one object and return whether there was one."""
        if not self._pending:
            return False
        uid = next(iter(self._pending))
        del self._pending[uid]
        node = self._graph.get(uid)
        resource = writer.resources.of_storage(node.key.resource) if node else None
        stored = writer.storage.get(node.key) if node else None
        if node is None or resource is None or stored is None:
            return True
        document = stored_document(stored, resource)
        # What the server refuses is left alone, as the real collector does after its retries.
        with suppress(APIError):
            _Item(writer, resource, self._graph, node, document, self._pending).collect()
        return True


class _Item(NamedTuple):
    """One object that the collector deals with."""

    writer: Writer
    resource: ServedResource
    graph: ObjectGraph
    node: GraphNode
    document: Document
    pending: dict[str, None]

    def collect(self) -> None:
        """Do what the state of the object asks for."""
        if self.node.is_deleted and FOREGROUND in self.node.finalizers:
            self._finish_foreground()
        elif self.node.is_deleted and ORPHAN in self.node.finalizers:
            self._orphan_dependents()
        elif not self.node.is_deleted and self.node.owners:
            self._collect_owned()

    def _finish_foreground(self) -> None:
        blocking = [each for each in self.graph.dependents(self.node.uid) if each.owners[self.node.uid]]
        if not blocking:
            self._change(lambda document: _without_finalizer(document, FOREGROUND))
            return
        self.pending.update((each.uid, None) for each in blocking if not each.is_deleted)

    def _orphan_dependents(self) -> None:
        for dependent in self.graph.dependents(self.node.uid):
            resource = self.writer.resources.of_storage(dependent.key.resource)
            if resource is not None:
                _change(
                    self.writer,
                    resource,
                    dependent.key,
                    lambda document: _without_owners(document, {self.node.uid}),
                )
        self._change(lambda document: _without_finalizer(document, ORPHAN))

    def _collect_owned(self) -> None:
        owners = self._classified()
        if owners is None:
            return
        if owners.solid:
            gone = {text_in(owner, "uid") for owner in (*owners.dangling, *owners.waiting)}
            if gone:
                self._change(lambda document: _without_owners(document, gone))
            return
        dependents = list(self.graph.dependents(self.node.uid))
        if owners.waiting and dependents:
            if any(_waits(dependent) for dependent in dependents):
                self._change(_without_blocking)  # a circle of owners, which would block itself
            self._delete("Foreground")
            return
        finalizers = list_in(self.document, "metadata", "finalizers")
        self._delete("Orphan" if ORPHAN in finalizers else "Foreground" if FOREGROUND in finalizers else "Background")

    def _classified(self) -> _Owners | None:
        """Return the owners by their state, or None if one of them is of a kind that cannot be looked up."""
        found = _Owners([], [], [])
        nodes: dict[Key, GraphNode | None] = {}  # many references may name one object, which is read once
        for reference in list_in(self.document, "metadata", "ownerReferences"):
            resource = _resource_of(self.writer.resources, reference)
            if resource is None or (resource.namespaced and not self.node.key.namespace):
                return None
            namespace = self.node.key.namespace if resource.namespaced else ""
            key = Key(resource.stored_as, namespace, text_in(reference, "name"))
            if key not in nodes:
                stored = self.writer.storage.get(key)
                nodes[key] = node_of(stored) if stored else None
            owner = nodes[key]
            if owner is None or owner.uid != text_in(reference, "uid"):
                found.dangling.append(reference)
            elif _waits(owner):
                found.waiting.append(reference)
            else:
                found.solid.append(reference)
        return found

    def _delete(self, policy: PropagationPolicy) -> None:
        key = self.node.key
        options = DeleteOptions(propagation_policy=policy, uid=self.node.uid)
        delete_object(self.writer, self.resource, key.namespace, key.name, options)

    def _change(self, change: Callable[[Document], Document]) -> None:
        _change(self.writer, self.resource, self.node.key, change)


def _waits(node: GraphNode) -> bool:
    """Return whether an object is being deleted after its dependents."""
    return node.is_deleted and FOREGROUND in node.finalizers


def _resource_of(resources: Resources, reference: Document) -> ServedResource | None:
    group, _, version = text_in(reference, "apiVersion").rpartition("/")
    found = resources.of_kind(group, version, text_in(reference, "kind"))
    return found if found and found.stored_as else None


def _change(writer: Writer, resource: ServedResource, key: Key, change: Callable[[Document], Document]) -> None:
    def changed(current: Document | None) -> Document:
        assert current is not None  # the collector knows only objects that exist
        return change(current)

    if writer.storage.get(key) is not None:
        replace_object(writer, resource, key.namespace, key.name, changed)


def _without_finalizer(document: Document, finalizer: str) -> Document:
    rest = [each for each in list_in(document, "metadata", "finalizers") if each != finalizer]
    return with_metadata(document, finalizers=rest or None)


def _without_owners(document: Document, uids: set[str]) -> Document:
    owners = list_in(document, "metadata", "ownerReferences")
    rest = [owner for owner in owners if text_in(owner, "uid") not in uids]
    return with_metadata(document, ownerReferences=rest or None)


def _without_blocking(document: Document) -> Document:
    owners = [
        {**owner, "blockOwnerDeletion": False} if owner.get("blockOwnerDeletion") else owner
        for owner in list_in(document, "metadata", "ownerReferences")
    ]
    return with_metadata(document, ownerReferences=owners or None)
