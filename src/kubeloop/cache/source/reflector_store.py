"""`ReflectorStore`: what a reflector feeds, normally the queue of an informer."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from typing import Protocol, TypeVar

from kubeloop.cache.cached_object import CachedObject
from kubeloop.errors import Unreadable

__all__ = ["ReflectorStore"]

T_contra = TypeVar("T_contra", bound=CachedObject, contravariant=True)


class ReflectorStore(Protocol[T_contra]):
    """The store that a reflector feeds. A call that raises did not take the change, and leads to a list."""

    def add(self, obj: T_contra, /) -> None:
        """Take an ADDED event."""
        ...

    def update(self, obj: T_contra, /) -> None:
        """Take a MODIFIED event."""
        ...

    def delete(self, obj: T_contra, /) -> None:
        """Take a DELETED event, with the last state of the object."""
        ...

    def update_unreadable(self, error: Unreadable, /) -> None:
        """Take an ADDED or MODIFIED event of an object that cannot be read."""
        ...

    def delete_unreadable(self, error: Unreadable, /) -> None:
        """Take a DELETED event of an object that cannot be read."""
        ...

    def bookmark(self, resource_version: str, /) -> None:
        """Take a BOOKMARK event: every change up to this version has been taken."""
        ...

    def replacing(
        self, objects: Iterable[T_contra], unreadable: Mapping[str, Unreadable], resource_version: str, /
    ) -> Generator[None, None, bool]:
        """Take a list, in short steps between which other tasks run.

        Args:
            objects: The objects that exist.
            unreadable: The errors of those that cannot be read, by key; `"#<index>"` is the key without a name.
            resource_version: The version of the list; `""` if the server sends none.

        Returns:
            Whether the list proves the deletion of every object that is not in it.
        """
        ...
