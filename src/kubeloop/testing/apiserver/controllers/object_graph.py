"""`ObjectGraph`: which objects exist, and which of them own which."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kubeloop.models import meta_v1
from kubeloop.wire.serializers.json_serializer import JSON

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubeloop.testing.apiserver.storage.stored import Key, Stored

__all__ = ["GraphNode", "ObjectGraph", "node_of", "stored_metadata"]


class GraphNode(NamedTuple):
    """What the garbage collector knows of an object.

    Attributes:
        key: The address.
        uid: The uid.
        owners: By the uid of an owner: whether the object blocks a foreground deletion of that owner.
        is_deleted: Whether its deletion has begun.
        finalizers: Its finalizers.
    """

    key: Key
    uid: str
    owners: dict[str, bool]
    is_deleted: bool
    finalizers: tuple[str, ...]


def stored_metadata(stored: Stored) -> meta_v1.ObjectMeta:
    """Return the metadata of a stored object."""
    return JSON.decode(stored.data, meta_v1.PartialObjectMetadata).metadata


def node_of(stored: Stored) -> GraphNode:
    """Return the node of a stored object."""
    metadata = stored_metadata(stored)
    owners = {owner.uid: bool(owner.block_owner_deletion) for owner in metadata.owner_references}
    is_deleted = metadata.deletion_timestamp is not None
    return GraphNode(stored.key, metadata.uid, owners, is_deleted, tuple(metadata.finalizers))


class ObjectGraph:
    """The objects by uid, and the dependents of each owner, whether the owner exists or not."""

    def __init__(self) -> None:
        self._nodes: dict[str, GraphNode] = {}
        self._dependents: dict[str, dict[str, None]] = {}

    def __len__(self) -> int:
        return len(self._nodes)

    def __repr__(self) -> str:
        return f"<ObjectGraph {len(self._nodes)} objects, {len(self._dependents)} owners>"

    def get(self, uid: str) -> GraphNode | None:
        """Return the node of an object, or None."""
        return self._nodes.get(uid)

    def put(self, node: GraphNode) -> GraphNode | None:
        """Add or replace a node and return the one before."""
        previous = self.remove(node.uid)
        self._nodes[node.uid] = node
        for owner in node.owners:
            self._dependents.setdefault(owner, {})[node.uid] = None
        return previous

    def remove(self, uid: str) -> GraphNode | None:
        """Remove a node and return it; None if there is none."""
        node = self._nodes.pop(uid, None)
        if node is None:
            return None
        for owner in node.owners:
            dependents = self._dependents.get(owner, {})
            dependents.pop(uid, None)
            if not dependents:
                self._dependents.pop(owner, None)
        return node

    def dependents(self, uid: str) -> Iterator[GraphNode]:
        """Return the objects that name an owner, in the order in which they were added."""
        return iter([self._nodes[each] for each in self._dependents.get(uid, ())])
