"""`RequestRateLimiter`: the protocol of `Config.rate_limiter`, which spreads the requests of clients over time."""

from __future__ import annotations

from typing import Protocol

__all__ = ["RequestRateLimiter"]


class RequestRateLimiter(Protocol):
    """Decides how long each request waits before it is sent. The calls are synchronous and must be quick.

    `kubeloop.TokenBucket` is the usual one. Clients whose configs have the same limiter share its rate.

    Reference: client-go util/flowcontrol.RateLimiter. Intended difference: the limiter decides, and the client waits.
    """

    def reserve(self, now: float, /) -> float:
        """Take the next turn and return the seconds to wait until then.

        Args:
            now: The time of the event loop in seconds, which never goes back.

        Returns:
            0 or less to send at once; `math.inf` to refuse the request, which takes no turn.
        """
        ...

    def give_back(self, now: float, /) -> None:
        """Return a turn that was taken, because the request is not sent: its caller was cancelled or has no time."""
        ...
