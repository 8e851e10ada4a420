"""`ClientTracing` and `CallSpan`: the protocols of `Config.tracing`, which follows each call of a client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CallSpan", "ClientTracing"]


class CallSpan(Protocol):
    """Receives what happens during one call. The methods are called in the task of the call and must be quick."""

    def headers(self) -> Mapping[str, str]:
        """Return the headers that each request of the call carries, such as `traceparent`."""
        ...

    def throttled(self, seconds: float, /) -> None:
        """Record that the client's own rate limit delays the next attempt."""

    def redirected(self, status: int, /) -> None:
        """Record a redirect that is followed."""

    def retried(self, count: int, cause: int | type[BaseException], /) -> None:
        """Record that another attempt begins.

        `count` is 1 for the first retry; `cause` is the HTTP status of the attempt before, or the class of its error.
        """

    def ended(self, status: int | None, audit_id: str, error: BaseException | None, /) -> None:
        """Record the end of the call; of watches and streams, the end of the block in which the body is read.

        `status` is the HTTP status of the last attempt, None without a response; `audit_id` is the audit ID of that
        response or `""`; `error` is the exception that the call raises.
        """


class ClientTracing(Protocol):
    """Follows the calls of clients. `kubeloop.telemetry.RequestTracing` implements this protocol for OpenTelemetry.

    An exception of the implementation loses a part of a trace and no request; the first is logged.
    """

    def begin(self, method: str, url: str, path: str, /) -> CallSpan:
        """Return the span of a call that begins now. It is called in the task of the call.

        `url` shows no credentials and no values of parameters that may be secret; `path` is that of the request without
        the query and without the prefix in the server's address.
        """
        ...
