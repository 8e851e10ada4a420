"""`FailedRead`: why a member of an object that is stored cannot be read."""

from __future__ import annotations

from typing import Self

from kubeloop.errors import Unreadable

__all__ = ["FailedRead"]


class FailedRead(Unreadable):
    """The error of the first read of a member of a lazy object.

    It is true of the stored instance, whose metadata could be read. So it lasts as long as the store keeps the
    instance, whereas any other `Unreadable` is about a state that is not stored, and ends with the next list.
    """

    @classmethod
    def of(cls, error: Unreadable) -> Self:
        """Return the error with the message and the identity of another."""
        return cls(
            str(error),
            namespace=error.namespace,
            name=error.name,
            uid=error.uid,
            resource_version=error.resource_version,
        )
