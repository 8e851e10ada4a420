"""The end of objects that live for a limited time after their last change: Events, for an hour.

In the real server this is a lease of etcd. Reference: apiserver pkg/registry/generic/registry/store.go (TTLFunc).
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.facts.served_resource import Resources
    from kubeloop.testing.apiserver.storage.stored import Change, Key
    from kubeloop.testing.apiserver.writing.writer import Writer

__all__ = ["Expiry"]


class Expiry:
    """Deletes objects when their time is over. The time of a change is that of the step in which it is noted.

    The objects of a storage that is opened again have their whole time before them.
    """

    def __init__(self, resources: Resources) -> None:
        """Create an object that knows of no changes.

        Args:
            resources: What is served.
        """
        self._resources = resources
        self._new: list[tuple[Key, int]] = []
        # All of these resources have the same time to live, so the first expires first.
        self._due: deque[tuple[float, Key, int]] = deque()

    @property
    def next_at(self) -> float | None:
        """When the next object expires; None if there is none."""
        return self._due[0][0] if self._due else None

    def observe(self, change: Change) -> None:
        """Note a change of the storage."""
        resource = self._resources.of_storage(change.key.resource) if change.value is not None else None
        if resource is not None and resource.seconds_to_live:
            self._new.append((change.key, change.revision))

    def step(self, writer: Writer) -> bool:
        """Delete the next object that has expired and return whether there was one."""
        now = writer.moment.now
        for key, revision in self._new:
            resource = self._resources.of_storage(key.resource)
            assert resource is not None  # otherwise the change was not noted
            self._due.append((now + resource.seconds_to_live, key, revision))
        self._new.clear()
        if not self._due or self._due[0][0] > now:
            return False
        _, key, revision = self._due.popleft()
        stored, resource = writer.storage.get(key), self._resources.of_storage(key.resource)
        if stored is not None and resource is not None and stored.revision == revision:
            writer.remove(resource, stored)
        return True
