"""What must hold in every world: the judge collects what does not.

Handlers and readers are judged with each call (`recorder`), stores and requests here.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zlib import crc32

from kubeloop.meta.keys import object_key
from kubeloop.testing import virtual_time
from tests.simulation.cluster import APPS, ODD, Truth, state_hash

if TYPE_CHECKING:
    from kubeloop.cache.informer.shared_informer import SharedInformer
    from tests.simulation.network import Attempt, Link

__all__ = [
    "APP_INDEX",
    "PATIENCE",
    "Judge",
    "identity",
    "judge_connections",
    "judge_pace",
    "judge_pages",
    "judge_patience",
    "judge_promptness",
    "judge_requests",
    "judge_store",
]

APP_INDEX = "app"

PATIENCE = 60.0
"""Seconds after the faults until everything must be right: the longest pause of an informer."""

MOST = 20
"""The most violations of one world that are kept."""

PROMPT = 2.0
"""Seconds after which the next request follows the first failure after a success: the first delay with its jitter."""

LEAST_BETWEEN_WATCHES = 0.999

A_MOMENT = 0.5

STORM_WINDOW, STORM_REQUESTS, STORM_PAGES = 10.0, 40, 400
"""More requests in these seconds are a storm; there may be more pages of lists."""


class Judge:
    """Collects violations.

    Attributes:
        violations: What did not hold, as text with the time.
        events_may_repeat: Whether a network may have brought an event twice.
        lost_connections: The lost connections of each informer that are not back, according to its log lines.
        trace: A checksum of all calls of handlers: two runs of a seed have the same.
    """

    def __init__(self) -> None:
        self.violations: list[str] = []
        self.events_may_repeat = False
        self.lost_connections: Counter[str] = Counter()
        self.trace = 0

    def note(self, who: str, path: str, version: int) -> None:
        """Add a call of a handler to the trace."""
        self.trace = crc32(f"{virtual_time.elapsed()} {who} {path} {version}".encode(), self.trace)

    def violation(self, who: str, what: str) -> None:
        if len(self.violations) < MOST:
            self.violations.append(f"{virtual_time.elapsed():9.3f} {who}: {what}")


def judge_connections(judge: Judge) -> None:
    """Check that each line about a lost connection was followed by one that it is back."""
    for name, lost in judge.lost_connections.items():
        if lost:
            judge.violation(name, f"{lost} lost connections are not back, according to the log")


def identity(obj: Any) -> tuple[str, int]:
    """Return the uid and the version of an object."""
    metadata = obj.metadata
    return metadata.uid, int(metadata.resource_version or 0)


def judge_store(judge: Judge, who: str, informer: SharedInformer[Any], truth: Truth) -> dict[str, tuple[str, int]]:
    """Compare a store with the server, as far as the objects of the server can be read. Return what is stored."""
    stored = {f"{obj.metadata.namespace}/{obj.metadata.name}": identity(obj) for obj in informer.indexer}
    unreadable = informer.unreadable
    for path, fact in truth.facts.items():
        found = stored.get(path)
        if truth.scope.can_read(path, fact):
            if found != (fact.uid, fact.version):
                judge.violation(who, f"the store has {found} of {path}, the server has {fact}")
            if path in unreadable:
                judge.violation(who, f"{path} counts as unreadable: {unreadable[path]}")
        else:
            if found is not None and found[0] != fact.uid:
                judge.violation(who, f"the store has {found} of {path}, which is another object: {fact}")
            if path not in unreadable or unreadable[path].uid != fact.uid:
                judge.violation(who, f"{path} does not count as unreadable: {fact}")
    for path in (*stored, *unreadable):
        if path not in truth.facts:
            judge.violation(who, f"the informer has {path}, which does not exist")
    for app in APPS:
        indexed = informer.indexer.index_keys(APP_INDEX, app)
        if sorted(indexed) != sorted(object_key(obj) for obj in informer.indexer if obj.metadata.labels["app"] == app):
            judge.violation(who, f"the index of app={app} has {indexed}")
    if not informer.has_synced:
        judge.violation(who, "the informer has not synced")
    elif "nothing was received" in informer.last_error:
        pass  # a resource that does not change: its watch has no bookmarks, and is reopened
    elif not informer.is_connected or (informer.last_error and not unreadable):
        judge.violation(who, f"the informer is not well: {informer.last_error}")
    return stored


def is_a_state(informer: SharedInformer[Any], truths: Mapping[str, Truth]) -> bool:
    """Return whether the store is what the server held at some revision, but for objects with odd names.

    The objects of each source of an informer may be those of another revision.
    """
    found = dict.fromkeys(truths, 0)
    source = next(iter(truths))
    for obj in informer.indexer:
        metadata = obj.metadata
        name = metadata.name
        if not name.startswith(ODD):
            source = metadata.namespace if metadata.namespace in found else source
            found[source] ^= state_hash(f"{metadata.namespace}/{name}", int(metadata.resource_version))
    return all(found[source] in truth.states for source, truth in truths.items())


def judge_replay(judge: Judge, who: str, state: Mapping[str, object], expected: Mapping[str, object]) -> None:
    """Compare the sum of the calls of a handler with the expected state."""
    if state != expected:
        wrong = sorted(path for path in {*state, *expected} if state.get(path) != expected.get(path))
        shown = ", ".join(f"{path}: told {state.get(path)}, stored {expected.get(path)}" for path in wrong[:3])
        judge.violation(who, f"the calls of a handler do not add up to the store: {shown}")


def judge_requests(judge: Judge, link: Link) -> int:
    """Check the pace of the requests of a consumer. Return the most requests within the window of a storm."""
    counted = [attempt.at for attempt in link.attempts if not attempt.is_page]
    most = storm_of(counted)
    if most > STORM_REQUESTS:
        judge.violation(link.name, f"{most} requests within {STORM_WINDOW:g} s")
    return most


def storm_of(times: Iterable[float]) -> int:
    """Return the most requests within the window of a storm."""
    window: deque[float] = deque()
    most = 0
    for time in times:
        window.append(time)
        while window[0] <= time - STORM_WINDOW:
            window.popleft()
        most = max(most, len(window))
    return most


def judge_pages(judge: Judge, link: Link) -> None:
    """Check that a list is not read page after page without end."""
    pages = storm_of(attempt.at for attempt in link.attempts)
    if pages > STORM_PAGES:
        judge.violation(link.name, f"{pages} requests within {STORM_WINDOW:g} s, most of them for pages")


def judge_pace(judge: Judge, who: str, attempts: list[Attempt]) -> None:
    """Check that two watches are opened at least a second apart, retries of a request left out."""
    opened_at: float | None = None
    last: Attempt | None = None
    for attempt in attempts:
        if attempt.is_watch:
            if opened_at is not None and attempt.at - opened_at < LEAST_BETWEEN_WATCHES:
                judge.violation(who, f"opened a watch {attempt.at - opened_at:.3f} s after the one before")
            is_retry = last is not None and last.is_watch and last.status != 200
            opened_at = attempt.at if attempt.status == 200 and not is_retry else None
        last = attempt


def judge_patience(judge: Judge, who: str, attempts: list[Attempt]) -> None:
    """Check that watches which expire again and again, without any progress, are followed by a pause."""
    had_expired = False
    for attempt, following in pairwise(attempts):
        if not attempt.is_watch or is_lost_list(attempt):
            continue
        is_fruitless = attempt.has_expired and not attempt.has_delivered and attempt.ended_at - attempt.at < A_MOMENT
        # A pause in which the process was stopped may have been over when it ran again.
        has_run = following.stopped_seconds == attempt.stopped_seconds_at_end
        if is_fruitless and had_expired and has_run and attempt.pause_before(following) < A_MOMENT:
            judge.violation(who, "listed again without a pause after the second expiry in a row")
        had_expired = is_fruitless


def is_lost_list(attempt: Attempt) -> bool:
    """Return whether a watch ended within the list that it begins with. What follows is that of a list."""
    return attempt.begins_with_list and not attempt.has_listed


def is_paced(attempt: Attempt, following: Attempt) -> bool:
    """Return whether a request is a watch that waited for the least time between two watches."""
    stopped = following.stopped_seconds - attempt.stopped_seconds
    return following.is_watch and following.at - attempt.at - stopped < LEAST_BETWEEN_WATCHES + 0.1


def judge_promptness(judge: Judge, who: str, attempts: list[Attempt]) -> None:
    """Check that a success ends the back-off: the next request after the first failure comes soon."""
    last_list_was_good = False
    for attempt, following in pairwise(attempts):
        pause = attempt.pause_before(following)
        is_soon = attempt.asks_to_wait or pause <= PROMPT
        if is_lost_list(attempt):
            last_list_was_good = False
            continue
        if attempt.is_watch and attempt.has_delivered and not attempt.has_lost_track:
            if not is_soon:
                judge.violation(who, f"waited {pause:.1f} s after a watch that had delivered")
            elif attempt.has_expired and not attempt.asks_to_wait and pause > 0.1 and not is_paced(attempt, following):
                judge.violation(who, f"waited {pause:.1f} s to list again after the first expiry")
        elif not attempt.is_watch:
            if last_list_was_good and not attempt.is_good and not is_soon:
                judge.violation(who, f"waited {pause:.1f} s after the first list that failed")
            last_list_was_good = attempt.is_last if attempt.is_good else False
