"""What an informer must request next: a model of its lists and watches, written apart from `kubeloop.listwatch`.

The model sees what the client sees: the parameters of each request, and the bytes that arrived. It follows client-go's
`Reflector` (`relistResourceVersion`, `watchList`, `handleAnyWatch`, `isWatchErrorRetriable`) and the rules of the
docstrings of `Pace` and `StreamingList`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.simulation.network import Attempt

__all__ = ["Client", "ReaderModel", "RequestModel"]

FIRST_DELAY, LONGEST_DELAY = 0.8, 30.0
LATENESS = 0.1
"""Seconds by which a request may be late."""

BETWEEN_WATCHES = 1.0
SILENCE_OF_LISTS = 10.0
INTERNAL_ERROR_RESET = 60.0
LARGEST_PAGE = "500"
RETRIES = 10
"""The most retries of a call of the client."""

UNREACHABLE = ("ConnectError",)


@dataclass(frozen=True)
class Client:
    """The settings of an informer on which its requests depend.

    Attributes:
        streams: Whether lists are streamed.
        page_size: The number of objects per page; 0 for no pages, None for the rule.
        least_timeout: The seconds that a watch lasts at least.
        internal_error_retry: The seconds for which a watch that ends with an internal error is reopened.
        longest_retry_after: The seconds for which a server may ask to wait.
    """

    streams: bool
    page_size: int | None
    least_timeout: float
    internal_error_retry: float
    longest_retry_after: int = 0


class RequestModel:
    """Follows the requests of one source of an informer.

    Args:
        client: The settings.
        report: Is called with each request that must not have been sent.

    Attributes:
        lists: The number of lists.
        failures: The number of failures to list and to watch.
        retries: The number of requests that may be retries of others, and hide failures.
    """

    def __init__(self, client: Client, report: Callable[[str], None]) -> None:
        self._client = client
        self._report = report
        self.lists = self.failures = self.retries = 0
        self._version = ""
        """The version of the last list or event, from which a watch starts."""
        self._has_listed = False
        self._is_unavailable = False  # the server lacks the version: lists read the newest
        self._cache_has_pages = False  # a list at "0" came in pages: there is no watch cache
        # The list that is being read.
        self._listed_version = ""
        self._came_from_cache = self._has_pages = False
        self._tokens: set[str] = set()
        self._is_full_list = False
        # Whether lists are streamed.
        self._knows_streams = client.streams
        self._reads_pages = self._was_cut = False
        # The delays after the next failure; None where retries of single requests hide the number of failures.
        self._delay: dict[str, float | None] = {}
        self._forget("list", "watch", "expiry")
        self._opened_at = -BETWEEN_WATCHES  # the last watch
        self._has_progressed = False
        self._has_bookmarks = False
        self._internal_error_since: float | None = None
        self._last_internal_error = 0.0

    def follow(self, attempts: Sequence[Attempt]) -> None:
        """Check all requests, each with that before it."""
        if not attempts:
            return
        self._expect_list(attempts[0])
        was_retried = False
        for attempt, following, is_retried in with_the_next(attempts):
            if attempt.is_watch and not was_retried:
                self._opened_at = attempt.at
            was_retried = is_retried
            if not was_retried:
                self._after(attempt, following)
                continue
            if not attempt.is_watch:  # the informer itself may have sent the same request
                self.retries += 1
                self._delay["list"] = None
        if attempts[-1].has_listed:
            self.lists += 1

    # What follows

    def _after(self, attempt: Attempt, following: Attempt) -> None:
        if not attempt.is_watch:
            self._after_page(attempt, following)
        elif attempt.begins_with_list and not attempt.has_listed:
            self._after_stream(attempt, following)
        else:
            self._after_watch(attempt, following)

    def _after_page(self, attempt: Attempt, following: Attempt) -> None:
        if not attempt.is_page:
            self._listed_version, self._came_from_cache = "", attempt.parameters.get("resourceVersion") == "0"
            self._has_pages = self._has_pages and self._is_full_list
            self._tokens.clear()
        is_circle = attempt.token in self._tokens
        if not attempt.is_good or is_circle:
            self._after_failed_page(attempt, following)
            return
        self._listed_version = self._listed_version or attempt.version
        if attempt.token:
            self._tokens.add(attempt.token)
            self._has_pages = True
            self._expect(following, following.parameters.get("continue") == attempt.token, "the next page")
            return
        self._cache_has_pages = self._cache_has_pages or (self._came_from_cache and self._has_pages)
        self._listed(self._listed_version)
        self._expect_watch(following)
        self._expect_pause(attempt, following, 0.0)

    def _after_failed_page(self, attempt: Attempt, following: Attempt) -> None:
        if self._lost_pages(attempt):
            self._expect_full_list(attempt, following)
            return
        self._is_full_list = False
        if attempt.lacks_version and self._to_list() != "":
            self._is_unavailable = True
            self._expect_pause(attempt, following, 0.0)
        else:
            self._back_off("list", attempt, following)
        self._expect_list(following)

    def _lost_pages(self, attempt: Attempt) -> bool:
        """Return whether the pages of a list have expired while they were read, for the first time."""
        return attempt.is_page and attempt.has_expired and not self._is_full_list

    def _expect_full_list(self, attempt: Attempt, following: Attempt) -> None:
        self._is_full_list = True
        is_full = following.parameters.keys().isdisjoint({"limit", "continue", "watch"})
        self._expect(following, is_full, "a full list after pages that expired")
        self._expect_pause(attempt, following, 0.0)

    def _after_stream(self, attempt: Attempt, following: Attempt) -> None:
        is_cut = not attempt.is_garbled and not attempt.error_code and (attempt.is_good or attempt.failure != "")
        was_open = attempt.status == 200
        if attempt.failure in UNREACHABLE or 429 in (attempt.status, attempt.error_code):
            self._back_off("list", attempt, following)
        else:
            if attempt.lacks_version and attempt.parameters.get("resourceVersion", ""):
                pass
            elif was_open and is_silent(attempt):
                self._knows_streams = False
            elif was_open and is_cut and not was_short(attempt) and not self._was_cut:
                self._was_cut = True
            else:
                self._reads_pages = True
            self._expect_pause(attempt, following, 0.0)
        self._is_unavailable = self._is_unavailable or attempt.lacks_version
        self._expect_list(following)

    def _after_watch(self, attempt: Attempt, following: Attempt) -> None:
        self._note_watch(attempt)
        is_internal_error = 500 in (attempt.status, attempt.error_code) and not attempt.is_garbled
        if is_internal_error:
            self._note_internal_error(attempt.ended_at)
        is_list, delay = self._decide(attempt, following)
        if attempt.has_expired:
            self._has_progressed = False
        if is_list:
            self._internal_error_since = None
            self._last_internal_error = 0.0
        if delay:
            self._back_off(delay, attempt, following)
        else:
            self.failures += attempt.error_code not in (0, 410)
            self._expect_pause(attempt, following, 0.0)
        if is_list:
            self._expect_list(following)
        else:
            self._expect_watch(following)

    def _note_watch(self, attempt: Attempt) -> None:
        """Record what a watch brought, and whether it made progress."""
        if attempt.begins_with_list:
            self._listed(attempt.version)
        self._version = attempt.version or self._version
        self._has_bookmarks = attempt.has_bookmark
        longest = max(self._delay["watch"] or 0.0, self._delay["expiry"] or 0.0)
        is_long = attempt.ended_at - attempt.opened_at >= longest
        if attempt.status == 200 and (attempt.has_delivered or is_long):
            self._has_progressed = True
            self._forget("watch", "expiry")

    def _decide(self, attempt: Attempt, following: Attempt) -> tuple[bool, str]:
        """Return whether a list follows a watch, and which delay comes before; `""` for none."""
        if attempt.has_expired:
            return True, "" if self._has_progressed else "expiry"
        if attempt.status != 200:
            # The client may have given up while it waited for the time of a retry.
            gave_up = following.at - self._opened_at > int(attempt.parameters["timeoutSeconds"])
            return gave_up or (attempt.failure not in UNREACHABLE and attempt.status != 429), "watch"
        if attempt.is_garbled:
            return True, "watch"
        if attempt.error_code:
            is_window_open = (
                attempt.error_code == 500
                and self._client.internal_error_retry > 0
                and self._internal_error_since is not None
                and attempt.ended_at - self._internal_error_since <= self._client.internal_error_retry
            )
            return attempt.error_code != 429 and not is_window_open, "" if is_window_open else "watch"
        if attempt.failure == "ServerSilent" and self._has_bookmarks:
            return False, "watch"
        return (True, "watch") if was_short(attempt) else (False, "")

    def _note_internal_error(self, now: float) -> None:
        if self._internal_error_since is None or now - self._last_internal_error >= INTERNAL_ERROR_RESET:
            self._internal_error_since = now
        self._last_internal_error = now

    def _listed(self, version: str) -> None:
        self.lists += 1
        self._version = version
        self._has_listed = True
        self._is_unavailable = self._is_full_list = False
        self._reads_pages = self._was_cut = False
        self._forget("list")

    # Pauses

    def _forget(self, *names: str) -> None:
        self._delay.update(dict.fromkeys(names, FIRST_DELAY))

    def _back_off(self, name: str, attempt: Attempt, following: Attempt) -> None:
        self.failures += 1
        delay = self._delay[name]
        if delay is None:
            return
        self._expect_pause(attempt, following, delay)
        self._delay[name] = min(2 * delay, LONGEST_DELAY)

    def _expect_pause(self, attempt: Attempt, following: Attempt, delay: float) -> None:
        pause = attempt.pause_before(following)
        requested = min(attempt.retry_after or 0, self._client.longest_retry_after)
        delay, longest = max(delay, requested), max(2 * delay, requested)
        if following.is_watch:
            longest = max(longest, BETWEEN_WATCHES - (attempt.ended_at - self._opened_at))
        if following.stopped_seconds != attempt.stopped_seconds_at_end:
            return
        if not delay - 0.001 <= pause <= longest + LATENESS:
            self._report(f"waited {pause:.2f} s before {name_of(following)}, expected {delay:g} to {longest:g} s")

    # Parameters

    def _to_list(self) -> str:
        """Return the version that the next list asks for."""
        return "" if self._is_unavailable else self._version if self._has_listed else "0"

    def _expect_list(self, request: Attempt) -> None:
        """Check a request that begins a list."""
        parameters = request.parameters
        version = parameters.get("resourceVersion", "")
        if self._knows_streams and not self._reads_pages:
            expected = "" if self._is_unavailable else self._version
            is_right = request.begins_with_list and parameters.get("resourceVersionMatch") == "NotOlderThan"
            self._expect(request, is_right and version == expected, f"a streaming list at {expected!r}")
            self._expect_timeout(request)
            return
        expected, limit = self._to_list(), self._client.page_size
        is_plain = expected not in ("", "0")
        if limit is None:
            limit = 0 if is_plain and not self._cache_has_pages else int(LARGEST_PAGE)
        if limit and is_plain:
            expected = ""
        is_right = not request.is_watch and not request.is_page and version == expected
        is_right = is_right and parameters.get("limit", "0") == str(limit) and "resourceVersionMatch" not in parameters
        self._expect(request, is_right, f"a list at {expected!r} in pages of {limit}")

    def _expect_watch(self, request: Attempt) -> None:
        is_right = request.is_watch and not request.begins_with_list
        is_right = is_right and request.parameters.get("resourceVersion", "") == self._version
        self._expect(request, is_right, f"a watch from {self._version!r}")
        self._expect_timeout(request)

    def _expect_timeout(self, request: Attempt) -> None:
        if request.is_watch:
            seconds = int(request.parameters["timeoutSeconds"])
            least = self._client.least_timeout
            is_right = least <= seconds <= 2 * least and request.parameters.get("allowWatchBookmarks") == "true"
            self._expect(request, is_right, f"a watch with bookmarks of at least {least:g} s")

    def _expect(self, request: Attempt, is_right: bool, what: str) -> None:
        if not is_right:
            self._report(f"requested {name_of(request)} after {self._version or 'no version'}, expected {what}")


class ReaderModel(RequestModel):
    """Follows the requests of one call of `client.watch()`, which raises errors that waiting cannot cure.

    Reference: client-go `tools/watch.RetryWatcher`.

    Args:
        timeout: The seconds after which the call ends; None if it does not.
        report: Is called with each request that must not have been sent.
    """

    def __init__(self, timeout: float | None, report: Callable[[str], None]) -> None:
        super().__init__(Client(False, 0, 300.0, 0.0, longest_retry_after=60), report)
        self._timeout = timeout

    def follow(self, attempts: Sequence[Attempt]) -> None:
        """Check all requests, each with that before it."""
        has_opened = False
        for attempt, following, is_retried in with_the_next(attempts):
            if is_retried:
                continue
            if self._lost_pages(attempt):
                self._expect_full_list(attempt, following)
                continue
            if not attempt.is_watch:
                self._is_full_list = False
                self._expect(following, attempt.is_good, "an error, because the list failed")
                self._version = attempt.version
                if attempt.token and "limit" in attempt.parameters:
                    self._expect(following, following.parameters.get("continue") == attempt.token, "the next page")
                else:
                    self._expect_watch(following)
                continue
            self._opened_at = attempt.at
            self._version = self._version or attempt.parameters.get("resourceVersion", "")
            self._note_watch(attempt)
            has_opened = has_opened or attempt.status == 200
            self._expect(following, has_opened and can_heal(attempt), "an error, because the watch failed")
            self._expect_watch(following)
            was_open = attempt.status == 200
            is_quiet = was_open and attempt.failure == "ServerSilent" and not self._has_bookmarks
            is_end = was_open and not attempt.failure and not attempt.error_code and attempt.is_good
            if is_end or is_quiet:
                self._expect_pause(attempt, following, 0.0)
            elif attempt.is_good or attempt.failure or attempt.error_code or attempt.status != 200:
                self._back_off("watch", attempt, following)

    def _expect_timeout(self, request: Attempt) -> None:
        if self._timeout is None or not request.is_watch:
            super()._expect_timeout(request)
            return
        seconds = int(request.parameters["timeoutSeconds"])
        self._expect(request, 1 <= seconds <= math.ceil(self._timeout) + 1, f"a watch of at most {self._timeout:g} s")


def can_heal(attempt: Attempt) -> bool:
    """Return whether the same request may succeed later."""
    if attempt.is_garbled or attempt.failure == "TLSError":
        return False
    code = attempt.error_code or attempt.status
    return code in (0, 200, 429) or code >= 500


def name_of(request: Attempt) -> str:
    kind = "a watch" if request.is_watch else "a list"
    return f"{kind} with {request.parameters}"


def with_the_next(attempts: Sequence[Attempt]) -> Iterator[tuple[Attempt, Attempt, bool]]:
    """Yield each request, the next one, and whether that may be a retry by the same call.

    A call that opens a watch retries whatever it can: with all its retries used up, the next request is of another
    call, though it may ask for the same timeout by chance.
    """
    retries = 0
    for attempt, following in pairwise(attempts):
        is_retried = is_retry(attempt, following) and not (attempt.is_watch and retries == RETRIES)
        retries = retries + 1 if is_retried else 0
        yield attempt, following, is_retried


def is_retry(attempt: Attempt, following: Attempt) -> bool:
    """Return whether a request may be the retry of a request that failed, by the same call."""
    is_lost = attempt.asks_to_wait or attempt.failure in ("ConnectionLost", "RequestTimeout")
    is_open = attempt.is_watch and attempt.status == 200
    return is_lost and not is_open and following.parameters == attempt.parameters


def is_silent(attempt: Attempt) -> bool:
    """Return whether the client left a streaming list that brought no end, and nothing else either."""
    return not (attempt.is_good or attempt.failure or attempt.error_code or attempt.is_garbled)


def was_short(attempt: Attempt) -> bool:
    """Return whether a watch was over at once, without an event."""
    return attempt.events == 0 and attempt.ended_at - attempt.opened_at < 1.0
