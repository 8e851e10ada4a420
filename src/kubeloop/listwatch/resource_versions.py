"""Which resourceVersion a list and a watch start from, and which events move it on.

A LIST at `"0"` may return anything that the server has cached, at a version nothing older than that, and at `""` the
newest state, read from etcd. A watch from `""` or `"0"` begins with made-up ADDED events, in any order.
"""

from __future__ import annotations

from kubeloop.errors import APIError, Expired, GatewayTimeout, Gone

__all__ = [
    "FROM_CACHE",
    "NEWEST",
    "ResourceVersions",
    "can_resume",
    "is_expired",
    "is_too_large_resource_version",
    "lacks_version",
]

NEWEST = ""
FROM_CACHE = "0"

_TOO_LARGE_CAUSE = "ResourceVersionTooLarge"
_TOO_LARGE_MESSAGE = "Too large resource version"


class ResourceVersions:
    """The versions that a sequence of lists and watches has reached.

    Args:
        start: The version to watch from; `""` or `"0"` for a LIST at that version first.

    Attributes:
        last: The version of the last list or event that was delivered; `""` before the first.
        has_bookmarks: Whether the present watch has brought a BOOKMARK event after those of a list.

    Reference: client-go `tools/cache.Reflector` (relistResourceVersion, the propagation of versions in `watch`).
    """

    __slots__ = ("_first_list", "_is_in_order", "_is_unavailable", "has_bookmarks", "last")
    _is_in_order: bool  # of the watch that is open

    def __init__(self, start: str) -> None:
        self.last = start if can_resume(start) else NEWEST
        self.has_bookmarks = False
        self._first_list = start if start == FROM_CACHE else NEWEST
        self._is_unavailable = False

    def to_list(self) -> str:
        """Return the resourceVersion of the next LIST."""
        return NEWEST if self._is_unavailable else self.last or self._first_list

    def to_stream(self) -> str:
        """Return the resourceVersion of the next streaming list, which reads the newest state if none is known."""
        return NEWEST if self._is_unavailable else self.last

    def list_is_unavailable(self) -> None:
        """Record that the server cannot list at the last version: lists read the newest one until a LIST succeeds."""
        self._is_unavailable = True

    def listed(self, version: str) -> None:
        """Record the version of a complete list that was delivered."""
        self._is_unavailable = False
        # Without a version, a list from a cache could be older than this one, and seem to delete objects.
        self._first_list = NEWEST
        self.last = version

    def watching(self) -> None:
        """Record that a watch starts from the last version."""
        self._is_in_order = can_resume(self.last)
        self.has_bookmarks = False

    def delivered(self, event_type: str, version: str) -> None:
        """Record an event that was delivered.

        The ADDED events at the start of a watch from `""` or `"0"` do not move the version: they come in any order.

        Args:
            event_type: ADDED, MODIFIED, DELETED or BOOKMARK.
            version: The resourceVersion of the object; `""` when it has none, which moves nothing.
        """
        if event_type != "ADDED":
            self._is_in_order = True
            if event_type == "BOOKMARK":
                self.has_bookmarks = True
        if version and self._is_in_order:
            self.last = version


def can_resume(version: str) -> bool:
    """Return whether a watch from this version brings every change after it.

    A watch from `""` or `"0"` begins with what exists now, and never shows what was deleted before. Some servers send
    lists without a resourceVersion.
    """
    return version not in (NEWEST, FROM_CACHE)


def is_expired(error: Exception | None) -> bool:
    """Return whether the server no longer has the version that was asked for (old servers say Gone)."""
    return isinstance(error, Expired | Gone)


def lacks_version(error: Exception | None) -> bool:
    """Return whether the server does not have the version that was asked for: it has expired, or is too large."""
    return is_expired(error) or is_too_large_resource_version(error)


def is_too_large_resource_version(error: Exception | None) -> bool:
    """Return whether the server does not have the requested version yet (old servers say so in the message only)."""
    if not isinstance(error, APIError):
        return False
    if error.has_cause(_TOO_LARGE_CAUSE):
        return True
    if not isinstance(error, GatewayTimeout):
        return False
    texts = [error.status.message, *(cause.message for cause in error.causes)]
    return any(_TOO_LARGE_MESSAGE in text for text in texts)
