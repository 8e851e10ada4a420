"""`Backlog`: the events that a handler has not seen yet, in order, with an optional bound and a policy.

It decides on values and times, and knows neither a loop nor a handler.
Reference: client-go `tools/cache.processorListener` (`pendingNotifications`), which has no bound.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Generic, Literal, TypeVar

from kubeloop._kit.text import counted
from kubeloop._kit.value import Value
from kubeloop.cache.cached_object import CachedObject
from kubeloop.cache.handlers.informer_event import Added, InformerEvent, merged
from kubeloop.errors import BacklogFull
from kubeloop.meta.keys import object_key

__all__ = ["Backlog", "BacklogLimit", "WhenFull"]

T = TypeVar("T", bound=CachedObject)

WhenFull = Literal["latest", "error", "block"]
"""What happens to a handler whose backlog is at its bound.

- `"latest"` merges the events of each object, so that no object has more than its newest state in the backlog.
- `"error"` ends the handler with a `BacklogFull`.
- `"block"` lets the informer wait for the handler. It is for an informer with a single handler.
"""

_RESOLUTION = 0.001
"""Seconds within which events share a time, and so its memory."""


class BacklogLimit(Value, frozen=True):
    """The bound of a backlog, and what happens there.

    Args:
        events: The number of events; None for no bound. The objects of the initial list do not count, because the store
            contains them anyway.
        when_full: The policy.

    Raises:
        ValueError: The bound is less than 1, there is no such policy, or a policy came without a bound.
    """

    events: int | None = None
    when_full: WhenFull = "latest"

    def __post_init__(self) -> None:
        if self.when_full not in ("latest", "error", "block"):
            raise ValueError(f"expected 'latest', 'error' or 'block' as when_full, got {self.when_full!r}")
        if self.events is None:
            if self.when_full != "latest":
                raise ValueError(f"when_full={self.when_full!r} needs a bound: set max_backlog")
        elif self.events < 1:
            raise ValueError(f"expected at least 1 as max_backlog, got {self.events}")


class Backlog(Generic[T]):
    """A queue of events with the times at which they were added.

    With the policy `latest`, events are merged from the time when the bound is reached until the queue is empty. Merged
    events keep the place and the time of the first of them. The queue then has at most two events per object, a
    deletion and an add.

    Args:
        limit: The bound and the policy.

    Attributes:
        length: The number of events.
        initial_left: The number of objects of the initial list for which `handled` was not called yet.
    """

    __slots__ = ("_bound", "_events", "_merged", "_newest_time", "_times", "_when_full", "initial_left", "length")

    def __init__(self, limit: BacklogLimit) -> None:
        self._bound = limit.events
        self._when_full: WhenFull = limit.when_full
        self.length = 0
        self._events: deque[InformerEvent[T]] = deque()
        self._times: deque[float] = deque()
        self._merged: OrderedDict[str, tuple[float, tuple[InformerEvent[T], ...]]] | None = None
        self._newest_time = 0.0
        self.initial_left = 0

    def __repr__(self) -> str:
        return f"<Backlog: {self.length} events, {'merging' if self._merged is not None else 'each'}>"

    @property
    def is_full(self) -> bool:
        """Whether the bound is reached."""
        return self._bound is not None and self.length >= self._bound + self.initial_left

    @property
    def needs_all(self) -> bool:
        """Whether the queue needs events that the handler has no function for, to merge the others correctly."""
        return self._bound is not None and self._when_full == "latest"

    def age(self, now: float) -> float:
        """Return how long the oldest event has waited, in seconds; 0 if none waits."""
        if self._merged:
            return now - next(iter(self._merged.values()))[0]
        return now - self._times[0] if self._times else 0.0

    def put(self, event: InformerEvent[T], now: float) -> None:
        """Add an event.

        Raises:
            BacklogFull: The bound is reached, and the policy is `error`.
        """
        if now - self._newest_time < _RESOLUTION:
            now = self._newest_time
        else:
            self._newest_time = now
        if isinstance(event, Added) and event.is_in_initial_list:
            self.initial_left += 1
        elif self._bound is not None and self._merged is None and self.is_full:
            self._overflow(now)
        if self._merged is None:
            self.length += 1
            self._events.append(event)
            self._times.append(now)
        else:
            self._merge(event, now)
            self._merged = self._merged or None

    def take(self) -> InformerEvent[T]:
        """Remove the oldest event and return it.

        Raises:
            IndexError: There is none.
        """
        if not self._merged:
            event = self._events.popleft()
            self._times.popleft()
            self.length -= 1
            return event
        self.length -= 1
        key, (time, (event, *rest)) = self._merged.popitem(last=False)
        if rest:
            self._merged[key] = time, tuple(rest)
            self._merged.move_to_end(key, last=False)
        elif not self._merged:
            self._merged = None
        return event

    def handled(self, event: InformerEvent[T]) -> None:
        """Record that the handler has seen an event that was taken, or never will."""
        if isinstance(event, Added) and event.is_in_initial_list:
            self.initial_left -= 1

    def clear(self) -> None:
        """Drop all events."""
        self._events.clear()
        self._times.clear()
        self._merged = None
        self.length = 0

    def _overflow(self, now: float) -> None:
        match self._when_full:
            case "error":
                raise BacklogFull(
                    f"the backlog reached its bound of {counted(self._bound or 0, 'event')}; "
                    f"the oldest has waited for {self.age(now):.3g} s"
                )
            case "latest":
                self._merged, self.length = OrderedDict(), 0
                for event, time in zip(self._events, self._times, strict=True):
                    self._merge(event, time)
                self._events.clear()
                self._times.clear()
            case "block":
                pass  # The informer asks `is_full` and waits; what it had already taken from its queue is kept.

    def _merge(self, event: InformerEvent[T], now: float) -> None:
        assert self._merged is not None
        key = object_key(event.object)
        time, before = self._merged.get(key, (now, ()))
        after = merged(before, event)
        self.length += len(after) - len(before)
        if after:
            self._merged[key] = time, after
            return
        del self._merged[key]
        for lost in before:
            self.handled(lost)
