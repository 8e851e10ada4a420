"""What a watch does next: from which version it goes on, when it opens again, and what ends it. Pure.

Time is a number that the caller takes from its loop; randomness is the caller's. The loop is `watch.ResumingWatch`.

Reference: client-go tools/watch/retrywatcher.go, tools/cache/reflector.go. Intended differences: an error that cannot
heal is raised instead of repeated; without a version to start from, the first state is a LIST, so that a cut in the
middle of it loses nothing.
"""

from __future__ import annotations

import math
from random import Random
from typing import Any

from kubeloop._kit.backoff import Backoff
from kubeloop._kit.text import safe_text
from kubeloop.errors import APIError, DecodeError, ServerSilent, TransportError
from kubeloop.wire.request import ParamValue
from kubeloop.wire.watch_events import UnreadableEvent, WatchEvent

__all__ = ["WatchRules"]

_LEAST_BETWEEN_OPENINGS = 1.0
_SERVER_TIMEOUT = 300.0
_GRACE = 30.0
_HEALTHY_AFTER = 120.0
_LONGEST_RETRY_AFTER = 60.0


class WatchRules:
    """The state of a watch between its requests.

    Args:
        resource_version: The version to go on from; `""` when the state comes first.
        random: For jitter, and to spread the ends of many watches.
    """

    __slots__ = ("_backoff", "_has_bookmarks", "_opened", "_random", "_server_timeout", "resource_version")

    def __init__(self, resource_version: str, random: Random) -> None:
        self.resource_version = resource_version
        self._random = random
        self._backoff = Backoff(0.8, factor=2.0, cap=30.0, jitter=1.0, reset_after=_HEALTHY_AFTER, random=random)
        self._has_bookmarks = False
        self._opened = -math.inf
        self._server_timeout = _SERVER_TIMEOUT

    def params(self, now: float, left: float | None) -> dict[str, ParamValue]:
        """Return the query parameters of the next request, which is about to be opened.

        Args:
            now: The time.
            left: Seconds until the watch ends anyway; None when it does not.
        """
        self._opened = now
        self._server_timeout = _SERVER_TIMEOUT * (1 + self._random.random())
        if left is not None:
            self._server_timeout = min(self._server_timeout, left)
        return {
            "watch": True,
            "allowWatchBookmarks": True,
            "resourceVersion": self.resource_version,
            "timeoutSeconds": math.ceil(self._server_timeout),
        }

    @property
    def silent_after(self) -> float:
        """When a connection that is still open must be dead: the server should have ended the request long since."""
        return self._opened + self._server_timeout + _GRACE

    def saw(self, event: WatchEvent[Any] | UnreadableEvent) -> None:
        """Record an event that is being delivered: the watch goes on after it, and the server is well.

        Raises:
            DecodeError: It has no resourceVersion, so that nothing can be said about where to go on.
        """
        self._backoff.reset()
        self._has_bookmarks = self._has_bookmarks or event.type == "BOOKMARK"
        if isinstance(event, UnreadableEvent):
            # Where its version cannot be read either, the next event has a newer one.
            self.resource_version = event.resource_version or self.resource_version
            return
        # Any object of Kubernetes has metadata; its class does not matter here.
        version: str = getattr(getattr(event.object, "metadata", None), "resource_version", "")
        if version:
            self.resource_version = version
        elif event.type != "BOOKMARK":
            raise DecodeError(f"{event.type} of an object without a metadata.resourceVersion")

    def after_end(self, now: float) -> float:
        """Return the seconds to wait after the server ended the request in good order, whatever it brought."""
        return max(0.0, self._opened + _LEAST_BETWEEN_OPENINGS - now)

    def is_quiet(self, error: Exception) -> bool:
        """Return whether an open watch that ended with this error was a silent one of a resource without bookmarks.

        A server that sends bookmarks sends one a minute, so that silence means a lost connection. Others say nothing as
        long as nothing happens: Events and most aggregated resources have no watch cache, and so no bookmarks.
        """
        return isinstance(error, ServerSilent) and not self._has_bookmarks

    def after_error(self, error: Exception, now: float) -> float | None:
        """Return the seconds to wait before opening again, None if that cannot help and the error is to be raised.

        The pauses grow from one error to the next until an event is delivered; the openings are always a second apart.
        A server that asks for more than a minute is asked again after a minute: a watch must not be silent for an hour.
        """
        if isinstance(error, TransportError):
            wait = 0.0 if error.retryable else None
        elif isinstance(error, APIError) and (error.code == 429 or error.code >= 500):
            wait = min(error.retry_after or 0.0, _LONGEST_RETRY_AFTER)
        else:
            wait = None
        return None if wait is None else max(wait, self._backoff.next(now), self.after_end(now))

    def __repr__(self) -> str:
        return safe_text(f"<WatchRules from {self.resource_version or 'the present state'}>")
