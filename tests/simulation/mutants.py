"""Faults that informers once had, put back one by one: the simulation must notice each of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

from kubeloop.cache.fifo.real_fifo import RealFIFO
from kubeloop.cache.source.lister_watcher import ListWatch
from kubeloop.errors import DecodeError
from kubeloop.listwatch.backoff_and_pace import Pace
from kubeloop.listwatch.reopen_or_relist import ReopenOrRelist
from kubeloop.listwatch.resource_versions import is_expired
from kubeloop.listwatch.watch_end import NextAction
from kubeloop.rest.watch_stream import WatchStream

__all__ = ["MUTANTS"]


@dataclass
class _Metadata:
    resource_version: str = ""
    continue_: str = ""


@dataclass
class _Page:
    items: Any = ()
    metadata: Any = field(default_factory=_Metadata)
    unreadable: Any = field(default_factory=lambda: MappingProxyType({}))


@contextmanager
def unreadable_items_are_missing() -> Iterator[None]:
    """A list leaves out what cannot be read, so that these objects count as deleted."""
    original = ListWatch.list

    async def faulty(self: Any, **options: Any) -> Any:
        page = await original(self, **options)
        return _Page(page.items, page.metadata)

    with patch.object(ListWatch, "list", faulty):
        yield


@contextmanager
def unreadable_deletions_are_skipped() -> Iterator[None]:
    """A DELETED event whose object cannot be read is left out."""
    with _without_events(lambda event: event.type == "UNREADABLE" and event.change == "DELETED"):
        yield


@contextmanager
def unreadable_changes_are_skipped() -> Iterator[None]:
    """An ADDED or MODIFIED event whose object cannot be read is left out."""
    with _without_events(lambda event: event.type == "UNREADABLE" and event.change != "DELETED"):
        yield


@contextmanager
def other_bodies_are_empty_lists() -> Iterator[None]:
    """A response 200 with the body of something else counts as an empty list."""
    original = ListWatch.list

    async def faulty(self: Any, **options: Any) -> Any:
        try:
            return await original(self, **options)
        except DecodeError:
            return _Page()

    with patch.object(ListWatch, "list", faulty):
        yield


@contextmanager
def watches_follow_each_other_without_a_pause() -> Iterator[None]:
    """A watch is reopened at once when the last one ended after an event."""
    with patch.object(Pace, "next_opening", property(lambda self: -math.inf)):
        yield


@contextmanager
def delays_of_watches_only_grow() -> Iterator[None]:
    """A watch that delivered does not reset the back-off."""

    def faulty(self: Any, seconds: float, *, delivered: bool) -> None:
        self.has_progressed = self.has_progressed or delivered

    with patch.object(Pace, "watched", faulty):
        yield


@contextmanager
def delays_of_lists_only_grow() -> Iterator[None]:
    """A list that succeeded does not reset the back-off."""
    with patch.object(Pace, "listed", lambda self: None):
        yield


@contextmanager
def an_expired_version_costs_a_delay() -> Iterator[None]:
    """The first 410 after progress is followed by a back-off."""
    original = ReopenOrRelist.after_watch

    def faulty(self: Any, end: Any) -> NextAction:
        action = original(self, end)
        return NextAction.BACK_OFF_AND_RELIST if is_expired(end.error) else action

    with patch.object(ReopenOrRelist, "after_watch", faulty):
        yield


@contextmanager
def changes_are_queued_by_object() -> Iterator[None]:
    """A change is queued behind the last one of the same object, before those of other objects."""
    original = RealFIFO._append

    def faulty(self: Any, kind: Any, key: str, obj: Any) -> None:
        original(self, kind, key, obj)
        items = self._items
        newest = items.pop()
        last = max((place for place, each in enumerate(items) if each.key == key), default=len(items) - 1)
        items.insert(last + 1, newest)

    with patch.object(RealFIFO, "_append", faulty):
        yield


MUTANTS: dict[str, Callable[[], Any]] = {
    mutant.__name__.replace("_", " "): mutant
    for mutant in (
        unreadable_items_are_missing,
        unreadable_deletions_are_skipped,
        unreadable_changes_are_skipped,
        other_bodies_are_empty_lists,
        watches_follow_each_other_without_a_pause,
        delays_of_watches_only_grow,
        delays_of_lists_only_grow,
        an_expired_version_costs_a_delay,
        changes_are_queued_by_object,
    )
}
"""Each is a context manager that puts the fault back while its block runs."""


@contextmanager
def _without_events(is_left_out: Callable[[Any], bool]) -> Iterator[None]:
    original = WatchStream.batch

    async def faulty(self: Any) -> Any:
        while events := await original(self):
            if kept := [event for event in events if not is_left_out(event)]:
                return kept
        return events

    with patch.object(WatchStream, "batch", faulty):
        yield
