"""The state machine that lists, watches, resumes and backs off: events and times in, the next step out.

It asks a rule what follows a failure (`reopen_or_relist`, `reopen_or_raise`), `resource_versions` where to start from,
`streaming_list` whether a list is streamed, `paging` for its pages otherwise, and `backoff_and_pace` how long to wait.
"""

from __future__ import annotations

import math
from enum import Enum
from typing import TYPE_CHECKING

from kubeloop._kit.text import safe_text
from kubeloop.errors import APIError, ConnectionLost, DecodeError, RequestTimeout, TransportError
from kubeloop.listwatch.backoff_and_pace import Pace
from kubeloop.listwatch.machine_steps import Decision, DeliverList, OpenWatch, ReadEvents, ReadPage, Step, Wait
from kubeloop.listwatch.paging import Pager, page_size_at
from kubeloop.listwatch.resource_versions import (
    FROM_CACHE,
    NEWEST,
    ResourceVersions,
    can_resume,
    is_expired,
    lacks_version,
)
from kubeloop.listwatch.streaming_list import INITIAL_EVENTS_SILENCE, StreamingList
from kubeloop.listwatch.watch_end import ListFailure, NextAction, RecoveryRule, WatchEnd, lost_track

if TYPE_CHECKING:
    from random import Random

__all__ = ["ListWatchMachine"]

MIN_WATCH_TIMEOUT = 300.0
WATCH_GRACE = 30.0
"""Seconds after the timeout of a watch, when the client ends a watch that the server did not end."""


class _State(Enum):
    LISTING = "listing"
    UNOPENED_LIST = "opening a streaming list"
    STREAMING = "receiving a streaming list"
    LISTED = "delivering a list"
    UNOPENED = "opening a watch"
    WATCHING = "watching"


class ListWatchMachine:
    """What a consumer of lists and watches does next.

    Ask `next()` for a step, carry it out, report what happened, and ask again. A step that was cancelled is asked for
    again: `next()` only changes the state when it returns `OpenWatch`, which counts as an opening.

    Guarantees that a watch starts after the last event that was delivered, that no loop goes round without a pause, and
    that no pause is longer than a minute.

    Args:
        start: The version to watch from. `""` and `"0"` list at that version first.
        rule: What follows failures.
        random: Spreads timeouts and delays of many clients.
        page_size: The number of objects per page of a list; 0 for no pages; None for the rule of `page_size_at`.
        min_watch_timeout: Seconds that a watch lasts at least; below 5 minutes it has no effect.
        streams_lists: Whether the consumer can receive a list as the beginning of a watch, which needs no pages.

    Attributes:
        versions: The versions that were reached. The consumer reports each event to `versions.delivered`.

    Reference: client-go `tools/cache/reflector.go`, `tools/watch/retrywatcher.go`. Intended difference of watches
        without a version: the first state is a LIST, so that a cut in the middle of it loses nothing.
    """

    __slots__ = (
        "_events",
        "_has_been_open",
        "_has_watch_cache",
        "_list_is_complete",
        "_listed_version",
        "_min_watch_timeout",
        "_opened_at",
        "_opening",
        "_pace",
        "_page_size",
        "_pager",
        "_random",
        "_rule",
        "_silent_at",
        "_state",
        "_streaming",
        "_wait_until",
        "versions",
    )
    # The watch that is open, or being opened.
    _opening: OpenWatch
    _events: int
    _silent_at: float

    def __init__(
        self,
        start: str,
        rule: RecoveryRule,
        random: Random,
        *,
        page_size: int | None = None,
        min_watch_timeout: float | None = None,
        streams_lists: bool = False,
    ) -> None:
        self.versions = ResourceVersions(start)
        self._rule = rule
        self._random = random
        self._pace = Pace(random)
        self._page_size = page_size
        self._min_watch_timeout = max(MIN_WATCH_TIMEOUT, min_watch_timeout or MIN_WATCH_TIMEOUT)
        self._wait_until = -math.inf
        # Lists.
        self._streaming = StreamingList(is_supported=streams_lists)
        self._has_watch_cache = True
        self._list_is_complete = True
        self._listed_version = ""
        self._begin_list()
        # Watches.
        if can_resume(start):
            self._state = _State.UNOPENED
        self._has_been_open = False
        self._opened_at: float | None = None

    def next(self, now: float, seconds_left: float | None = None) -> Step:
        """Return the step to carry out now.

        Args:
            now: The time, in seconds, of a clock that never goes back.
            seconds_left: The seconds after which the consumer stops anyway; None when it does not. It shortens the
                timeout of a watch.
        """
        if self._state is _State.WATCHING:
            return ReadEvents(self._opening.give_up_at)
        if self._state is _State.STREAMING:
            return ReadEvents(min(self._opening.give_up_at, self._silent_at))
        if self._state is _State.LISTED:
            return DeliverList(self._listed_version, self._is_streamed)
        if self._state is _State.LISTING:
            return Wait(self._wait_until) if now < self._wait_until else ReadPage(self._pager.page())
        earliest = max(self._wait_until, self._pace.next_opening)
        return Wait(earliest) if now < earliest else self._open_watch(now, seconds_left)

    @property
    def is_listing(self) -> bool:
        """Whether the next thing to deliver is a list."""
        return self._state not in (_State.UNOPENED, _State.WATCHING)

    # Lists

    def page_read(self, version: str, continue_: str) -> None:
        """Record a page that was read.

        Args:
            version: The resourceVersion of the list.
            continue_: Its continue token; `""` on the last page.
        """
        # All pages are of one snapshot; the first page tells its version.
        self._listed_version = self._listed_version or version
        if not self._pager.advance(continue_):
            self._state = _State.LISTED

    def list_failed(self, error: Exception, now: float) -> Decision:
        """Record a page that could not be read, or a list that could not be delivered, and return what follows."""
        if self._pager.recover(error):
            self._listed_version = ""
            return Decision(NextAction.RELIST, 0.0, is_failure=False)
        failure = ListFailure(error, self.versions.to_list(), is_first=not self._has_been_open)
        action = self._rule.after_list(failure)
        pause = 0.0
        if action is NextAction.RELIST:
            self.versions.list_is_unavailable()
        else:
            pause = self._pause(error, self._pace.after_failed_list(now))
        self._wait_until = now + pause
        self._begin_list()
        return Decision(action, pause, is_failure=action is not NextAction.RELIST)

    def list_delivered(self, *, is_complete: bool) -> None:
        """Record that the list was delivered.

        Args:
            is_complete: False when an item of it cannot be identified: such a list proves no deletion, and is repeated
                when the watch that follows it ends.
        """
        if self._pager.paginated and self.versions.to_list() == FROM_CACHE:
            self._has_watch_cache = False
        self.versions.listed(self._listed_version)
        self._pace.listed()
        self._streaming.delivered()
        self._list_is_complete = is_complete
        if self._is_streamed:
            self._opening = self._opening.replace(version=self._listed_version)
            self.versions.watching()
            self._events = 0
            self._state = _State.WATCHING
        else:
            self._state = _State.UNOPENED

    def list_streamed(self, events: int, now: float) -> None:
        """Record a number of events of a streaming list, whatever becomes of them."""
        self._events += events
        self._silent_at = now + INITIAL_EVENTS_SILENCE

    def list_complete(self, version: str, now: float) -> None:
        """Record the bookmark that ends a streaming list, with its version.

        Raises:
            DecodeError: A watch cannot be resumed from this version. The consumer reports it to `watch_ended`.
        """
        if not can_resume(version):
            raise DecodeError(f"the bookmark that ends the initial events has the resourceVersion {version!r}")
        self._listed_version = version
        self._opened_at = now
        self._state = _State.LISTED

    @property
    def _is_streamed(self) -> bool:
        """Whether a list that was read is the beginning of the open watch."""
        return self._opened_at is not None

    def _begin_list(self) -> None:
        version, size = self.versions.to_list(), self._page_size
        if size is None:
            size = page_size_at(version, has_watch_cache=self._has_watch_cache)
        if size and can_resume(version):
            # With a limit, a list at a version is of exactly this version: after an expired watch it would bring back
            # what the watch cannot resume from, again and again.
            version = NEWEST
        self._pager = Pager(page_size=size, resource_version=version)
        self._listed_version = ""
        self._state = _State.UNOPENED_LIST if self._streaming.is_next else _State.LISTING

    # Watches

    def watch_opened(self, now: float) -> None:
        """Record that the watch is open."""
        self._state = _State.STREAMING if self._opening.sends_initial_events else _State.WATCHING
        self._silent_at = now + INITIAL_EVENTS_SILENCE
        self._opened_at = now
        self._has_been_open = True

    def received(self, events: int) -> None:
        """Record a number of events that the watch brought, whatever becomes of them."""
        self._events += events

    def watch_ended(self, error: Exception | None, now: float) -> Decision:
        """Record the end of the watch, or that it could not be opened, and return what follows.

        Args:
            error: What opening the watch, or reading it, raised; None when the server ended it.
            now: The time, in seconds.
        """
        state = self._state
        opened_at, self._opened_at = self._opened_at, None
        open_seconds = None if opened_at is None else now - opened_at
        is_delivering = state is _State.LISTED and opened_at is not None
        is_list = is_delivering or state in (_State.UNOPENED_LIST, _State.STREAMING)
        if open_seconds is not None and not is_list:
            self._pace.watched(open_seconds, delivered=self._events > 0 and not lost_track(error))
        end = WatchEnd(
            error=error,
            now=now,
            open_seconds=open_seconds,
            events=self._events,
            can_resume=can_resume(self._opening.version) and self._list_is_complete,
            has_bookmarks=self.versions.has_bookmarks,
            has_progressed=self._pace.has_progressed,
            is_first=not self._has_been_open,
        )
        if is_list:
            return self._stream_ended(end, was_delivering=is_delivering)
        action = self._rule.after_watch(end)
        if is_expired(error):
            self._pace.expired()
        pause = 0.0
        if not action.is_immediate:
            delay = self._pace.after_expiry(now) if is_expired(error) else self._pace.after_failed_watch(now)
            pause = self._pause(error, delay)
        self._wait_until = now + pause
        if action.lists or not end.can_resume:
            self._begin_list()
        else:
            self._state = _State.UNOPENED
            pause = max(pause, self._pace.next_opening - now)
        return Decision(action, pause, self._rule.is_failure(end))

    def _stream_ended(self, end: WatchEnd, *, was_delivering: bool) -> Decision:
        """Record the end of a watch whose list was not delivered, and return what follows."""
        asked = self._opening.version
        action = NextAction.BACK_OFF_AND_RELIST if was_delivering else self._streaming.ended(end, asked)
        if lacks_version(end.error):
            self.versions.list_is_unavailable()
        pause = 0.0 if action.is_immediate else self._pause(end.error, self._pace.after_failed_list(end.now))
        self._wait_until = end.now + pause
        self._begin_list()
        if self._streaming.is_next:
            pause = max(pause, self._pace.next_opening - end.now)
        return Decision(action, pause, is_failure=not action.is_immediate)

    def overdue_error(self, *, method: str = "", path: str = "") -> TransportError:
        """Return what went wrong when the consumer gave up at `give_up_at`.

        Args:
            method: The method of the request, for the error.
            path: Its path.
        """
        asked = self._opening.timeout_seconds
        waited = asked + WATCH_GRACE
        if self._opened_at is None:
            return RequestTimeout(f"the watch was not opened within {waited:g} s", method=method, path=path)
        if self._state is _State.STREAMING and self._silent_at < self._opening.give_up_at:
            silence = f"and nothing else for {INITIAL_EVENTS_SILENCE:g} s"
            message = f"the server sent no bookmark that ends the initial events, {silence}"
            return RequestTimeout(message, method=method, path=path)
        message = f"the server did not end the watch within {waited:g} s, although timeoutSeconds asked for {asked} s"
        return ConnectionLost(message, method=method, path=path)

    def _open_watch(self, now: float, seconds_left: float | None) -> OpenWatch:
        self._pace.opening(now)
        self.versions.watching()
        self._events = 0
        seconds = int(self._min_watch_timeout * (1 + self._random.random()))
        if seconds_left is not None:
            seconds = min(seconds, max(1, math.ceil(seconds_left)))
        is_list = self._state is _State.UNOPENED_LIST
        version = self.versions.to_stream() if is_list else self.versions.last
        self._opening = OpenWatch(version, seconds, now + seconds + WATCH_GRACE, is_list)
        return self._opening

    def _pause(self, error: Exception | None, delay: float) -> float:
        """Return the delay of the back-off, or the Retry-After of an error as far as the rule follows that."""
        requested = error.retry_after if isinstance(error, APIError) else None
        return delay if requested is None else max(delay, min(requested, self._rule.longest_retry_after))

    def __repr__(self) -> str:
        return safe_text(f"<ListWatchMachine {self._state.value}, at {self.versions.last or 'no version yet'}>")
