"""The rule for retries: which requests are retried, and after which pause.

The loop that waits and sends is in `request_sender`. Writes are retried only when the server asked for it with a
`Retry-After`, which means that it did not carry them out.

Reference: client-go rest/with_retry.go, rest/request.go (IsErrorRetryable of Do, Watch and Stream). Intended
differences: a watch without attempts left raises the last error instead of returning an empty watch;
`Retry-After: 0` waits for 0.5 to 1 second, because ten attempts without a pause would flood the server; a `Retry-After`
of more than 60 seconds is raised as an `APIError` with this `retry_after`, instead of a silent wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from kubeloop.errors import ConnectError, ConnectionLost, RequestTimeout, ServerSilent, TransportError
from kubeloop.wire.response import retry_after

if TYPE_CHECKING:
    from random import Random

    from kubeloop.wire.request import Request
    from kubeloop.wire.response import Response

__all__ = ["DEFAULT_MAX_RETRIES", "Purpose", "Retry"]

DEFAULT_MAX_RETRIES = 10
_AFTER_LOSS = 1.0
_LEAST_WAIT = 0.5
_LONGEST_WAIT = 60.0

Purpose = Literal["request", "watch", "stream"]


class Retry:
    """The retries of one call.

    Args:
        request: The request.
        purpose: `"request"` reads a whole body; `"watch"` and `"stream"` read it as it arrives.
        max_retries: The maximum number of retries; a negative number counts as zero.
        random: The source of the jitter of the shortest wait.
    """

    __slots__ = ("_left", "_max_retries", "_purpose", "_random", "_request", "previous")

    def __init__(
        self, request: Request, purpose: Purpose, max_retries: int = DEFAULT_MAX_RETRIES, *, random: Random
    ) -> None:
        self._random = random
        self._request = request
        self._purpose = purpose
        self._max_retries = max_retries
        self._left = max(max_retries, 0)
        self.previous: Exception | None = None

    def after_response(self, response: Response) -> float | None:
        """Return the seconds to wait before the next attempt; None to return the response to the caller.

        Only 429 and 5xx with a whole number of seconds in `Retry-After`, at most 60, are retried.
        """
        if response.status != 429 and response.status < 500:
            return None
        wait = retry_after(response)
        if wait is None or wait > _LONGEST_WAIT:
            return None
        return self._take(wait or _LEAST_WAIT * (1 + self._random.random()))

    def after_error(self, error: TransportError) -> float | None:
        """Return the seconds to wait before the next attempt; None to raise the error."""
        return self._take(_AFTER_LOSS if self._is_retryable(error) else None)

    def _is_retryable(self, error: TransportError) -> bool:
        # After minutes of silence, the code that watches reports it and reopens the watch.
        if not error.retryable or isinstance(error, (ConnectError, ServerSilent)):
            return False
        if self._purpose == "watch":
            return isinstance(error, (ConnectionLost, RequestTimeout))
        return self._purpose == "request" and self._request.method == "GET" and isinstance(error, ConnectionLost)

    def _take(self, delay: float | None) -> float | None:
        if delay is None or self._left == 0:
            return None
        self._left -= 1
        return delay

    def explain(self, error: Exception) -> Exception:
        """Add a note with the failure of the attempt before, if that was another one, and return the error."""
        previous = self.previous
        if previous is not None and str(previous) != str(error):
            error.add_note(f"an earlier attempt failed with: {previous}")
        return error

    def __repr__(self) -> str:
        return f"<Retry {self._request.method} {self._request.path}: {self._left} of {self._max_retries} left>"
