"""`TooOld`: a revision that a watch cache no longer covers."""

from __future__ import annotations

__all__ = ["TooOld"]


class TooOld(Exception):
    """The revision is older than what the cache covers. Its text is the message of the real server.

    Attributes:
        revision: The revision that was asked for.
        oldest_revision: The oldest revision from which the cache knows all changes; None for an exact list.
    """

    def __init__(self, revision: int, oldest_revision: int | None = None) -> None:
        oldest = f" ({oldest_revision})" if oldest_revision is not None else ""
        super().__init__(f"too old resource version: {revision}{oldest}")
        self.revision = revision
        self.oldest_revision = oldest_revision
