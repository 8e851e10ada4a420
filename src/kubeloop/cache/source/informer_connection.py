"""`Connection`: whether an informer follows the server, when it last heard from it, and what it waits for.

client-go has no counterpart: it logs each failure and keeps none.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Generator

from kubeloop._kit.durations import in_seconds
from kubeloop.errors import APIError

__all__ = ["PROVEN_AFTER", "SLOW", "Connection"]

PROVEN_AFTER = 1.0
"""Seconds after which an open watch without events counts as a working one."""

SLOW = 10.0
"""Seconds without a response after which a request is logged, as client-go logs a LIST."""

logger = logging.getLogger(__name__)


class Connection:
    """The state of the connection of one informer.

    The reflector records what happens; users read the state through `SharedInformer`. One WARNING is logged when the
    connection is lost and one INFO when it is back, however many attempts lie in between; each attempt is logged at
    DEBUG. A request without a response is logged as one more WARNING, until a request of the same kind
    gets its response in time.

    Args:
        name: The name of the informer, for log lines.
        on_relist: Is called with the reason of each list after the first.

    Attributes:
        relists: The number of lists after the first, by what led to them: the name of the error that ended the watch,
            or `closed` if the server ended it.
        is_connected: True since a LIST succeeded or a watch was opened, False since a failure.
        last_heard_at: The loop's time of the last page of a list, opening of a watch, event or bookmark; None before
            the first. A refused request does not count, because it brings no news of the objects.
        last_error: The error of the last attempt; None since an attempt of the same kind succeeded.
        is_doubted: Whether a failure was logged, and no watch has proved since that the connection works again.

    Concurrency: loop only. Times are the running loop's.
    """

    __slots__ = (
        "_asked_at", "_failed", "_has_listed", "_name", "_on_relist", "_slow", "_watch_end", "_what", "is_connected",
        "is_doubted", "last_error", "last_heard_at", "relists",
    )  # fmt: skip

    def __init__(self, name: str, on_relist: Callable[[str], None] | None = None) -> None:
        self._name = name
        self._on_relist = on_relist
        self._watch_end = ""
        self.relists: dict[str, int] = {}
        self._has_listed = False
        self._what = ""
        self._asked_at: float | None = None
        self._slow: set[str] = set()
        self._failed = ""
        self.is_connected = False
        self.is_doubted = False
        self.last_error: Exception | None = None
        self.last_heard_at: float | None = None

    def __repr__(self) -> str:
        state = "connected" if self.is_connected else "not connected"
        return f"<Connection of {self._name}: {state}, last heard at {self.last_heard_at}>"

    def describe(self, now: float | None) -> str:
        """Return what is wrong or what the informer waits for; `""` if all is well.

        Args:
            now: The loop's time; None after the loop has ended.
        """
        if self.last_error is not None:
            return _text(self.last_error)
        if now is None or self._asked_at is None or now - self._asked_at < PROVEN_AFTER:
            return ""
        return f"{self._what} has been waiting for a response for {in_seconds(now - self._asked_at)}"

    # What the reflector records

    @contextlib.contextmanager
    def asking(self, what: str) -> Generator[None, None, None]:
        """Show the request that waits for a response while the block runs, and log it if that takes long.

        Args:
            what: What was sent: `"LIST"` or `"watch"`.
        """
        loop = asyncio.get_running_loop()
        self._what = f"a {what}" if what != "LIST" or self._has_listed else "the first LIST"
        self._asked_at = loop.time()
        timer = loop.call_later(SLOW, self._is_slow, what)
        try:
            yield
            if loop.time() - self._asked_at < SLOW:
                self._slow.discard(what)
        finally:
            timer.cancel()
            self._asked_at = None

    def _is_slow(self, what: str) -> None:
        level = logging.DEBUG if self.is_doubted or what in self._slow else logging.WARNING
        self._slow.add(what)
        logger.log(level, "%s: %s has been waiting for a response for %s", self._name, self._what, in_seconds(SLOW))

    def listed(self) -> None:
        """Record that a list is complete. This proves nothing about a watch that failed before."""
        if self._has_listed:
            self.relists[self._watch_end] = self.relists.get(self._watch_end, 0) + 1
            if self._on_relist is not None:
                self._on_relist(self._watch_end)
        self._has_listed = True
        if self._failed != "watch":
            self._works()

    def watching(self, now: float) -> None:
        """Record that a watch was opened."""
        self.last_heard_at = now
        self._works()

    def _works(self) -> None:
        self.is_connected = True
        self.last_error = None
        self._failed = ""

    def watch_ended(self, error: Exception | None) -> None:
        """Record how the watch ended, or why it could not be opened; the reason of a list that follows."""
        self._watch_end = "closed" if error is None else type(error).__name__

    def proven(self) -> None:
        """Record that a watch delivered an event or has been open for a while."""
        if self.is_doubted:
            self.is_doubted = False
            logger.info("%s: the connection to the server is back", self._name)

    def failed(self, error: Exception, what: str, delay: float) -> None:
        """Record a failure.

        Args:
            error: The failure.
            what: What failed: `"LIST"` or `"watch"`.
            delay: Seconds until the next attempt.
        """
        self.is_connected = False
        self.last_error = error
        self._failed = what
        if self.is_doubted:
            logger.debug(
                "%s: the %s failed again: %s; trying again in %s", self._name, what, _text(error), in_seconds(delay)
            )
            return
        self.is_doubted = True
        logger.warning(
            "%s: the %s failed: %s; the store keeps what it holds, trying again in %s",
            self._name, what, _text(error), in_seconds(delay),
        )  # fmt: skip


def _text(error: Exception) -> str:
    text = str(error) or type(error).__name__
    asked = error.retry_after if isinstance(error, APIError) else None
    if asked:
        text += f" (the server asks for a pause of {in_seconds(asked)}; the informer keeps to its own back-off)"
    return text
