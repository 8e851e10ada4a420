"""`RateLimit`: the client's own rate limit, which holds requests back and logs long waits with their reason.

Reference: client-go rest/request.go, tryThrottleWithInfo and throttledLogger; golang.org/x/time/rate, Limiter.Wait.
"""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

from kubeloop._kit import waiting
from kubeloop._kit.bucket import TokenBucket
from kubeloop.errors import RequestTimeout, TransportError

if TYPE_CHECKING:
    from kubeloop.config.config import Config
    from kubeloop.config.request_rate_limiter import RequestRateLimiter
    from kubeloop.rest.call_report import CallReport
    from kubeloop.wire.request import Request

__all__ = ["RateLimit", "rate_limit_of"]

logger = logging.getLogger(__name__)

_LONG = 0.05
_VERY_LONG = 1.0
_BETWEEN_WARNINGS = 10.0
_OWN_LIMIT = "the client's own rate limit, not the server's priority and fairness"


def rate_limit_of(config: Config) -> RateLimit | None:
    """Return the limit that a config asks for: its `rate_limiter`, else a bucket of its `qps`; None for no limit."""
    if config.rate_limiter is not None:
        return RateLimit(config.rate_limiter)
    if config.qps is None or config.qps <= 0:
        return None
    return RateLimit(TokenBucket(config.qps, config.burst))


class RateLimit:
    """Holds the requests of one client back.

    A wait of more than 50 ms is logged at DEBUG, and one of more than a second at WARNING, at most every ten seconds.

    Args:
        limiter: Decides how long.
    """

    __slots__ = ("_limiter", "_warned_at")

    def __init__(self, limiter: RequestRateLimiter) -> None:
        self._limiter = limiter
        self._warned_at = -math.inf

    async def wait(self, request: Request, left: float | None, report: CallReport | None, failure: str = "") -> None:
        """Wait until the request may be sent.

        Args:
            request: The request.
            left: The seconds that are left of the timeout of the call; None for no timeout.
            report: The report of the call; None if nothing receives it.
            failure: Why the attempt before failed; `""` for the first attempt.

        Raises:
            RequestTimeout: The wait would take longer than the time that is left. Nothing was waited for.
            TransportError: The limiter refuses the request.
        """
        delay = self._limiter.reserve(waiting.now())
        is_too_long = left is not None and delay >= left
        if report is not None and delay < math.inf:
            report.throttled(0.0 if is_too_long else max(delay, 0.0))
        if delay <= 0:
            return
        if not delay < math.inf:  # also for a delay that is not a number
            raise TransportError(
                f"{self._limiter!r} admits no more requests; the request was not sent",
                method=request.method,
                path=request.path,
                retryable=False,
            )
        if is_too_long:
            self._limiter.give_back(waiting.now())
            message = f"the client's own rate limit would take {delay:.2f} s, more than is left of the timeout"
            raise RequestTimeout(f"{message}; the request was not sent", method=request.method, path=request.path)
        self._log(request, delay, failure)
        try:
            await waiting.sleep(delay)
        except waiting.Cancelled:
            self._limiter.give_back(waiting.now())
            raise

    def _log(self, request: Request, delay: float, failure: str) -> None:
        if delay <= _LONG:
            return
        now = waiting.now()
        level = logging.DEBUG
        if delay > _VERY_LONG and now - self._warned_at >= _BETWEEN_WARNINGS:
            level = logging.WARNING
            self._warned_at = now
        reason = f"{_OWN_LIMIT}; a retry after: {failure}" if failure else _OWN_LIMIT
        logger.log(level, "%s %s waits for %.3f s: %s", request.method, request.path, delay, reason)

    def __repr__(self) -> str:
        return f"<RateLimit {self._limiter!r}>"
