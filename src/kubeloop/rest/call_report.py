"""`CallReport`: what one call reports to the request log while its attempts are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop._kit import waiting
from kubeloop.rest.request_log import RequestLog, logs_requests

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from kubeloop.wire.request import Request
    from kubeloop.wire.response import Headers, Response

__all__ = ["CallReport", "CallReports"]


class CallReports:
    """The reports of one client.

    Args:
        server: The server's address, `scheme://host[:port][/prefix]`.
        credentials: Returns the `Authorization` values that no line may show.
    """

    __slots__ = ("_log",)

    def __init__(self, server: str, credentials: Callable[[], Collection[str]]) -> None:
        self._log = RequestLog(server, credentials)

    def begin(self, request: Request) -> CallReport | None:
        """Return the report of a call that begins now; None if nothing receives reports."""
        return CallReport(request, self._log) if logs_requests() else None

    def __repr__(self) -> str:
        return f"<CallReports, {self._log!r}>"


class CallReport:
    """The report of one call. Each attempt ends with `responded` or `failed`."""

    __slots__ = ("_attempted_at", "_log", "_request")

    def __init__(self, request: Request, log: RequestLog) -> None:
        self._request = request
        self._log = log
        self._attempted_at: float | None = None

    def attempt(self, request: Request) -> None:
        """Report that an attempt begins."""
        self._request = request
        self._attempted_at = waiting.now()
        self._log.sending(request)

    def redirected(self, response: Response, target: Request) -> None:
        """Report a redirect, after which the same attempt continues with another request."""
        self._log.responded(self._request, response.status, response.headers, self._seconds(), len(response.body))
        self.attempt(target)

    def responded(self, status: int, headers: Headers, size: int | None = None) -> None:
        """Report the response to the attempt.

        Args:
            status: The HTTP status.
            headers: The headers.
            size: The size of the body in bytes; None if the body is read as it arrives.
        """
        self._log.responded(self._request, status, headers, self._seconds(), size)
        self._attempted_at = None

    def failed(self, error: BaseException) -> None:
        """Report that the attempt ended with an error, unless its response was reported before."""
        if self._attempted_at is not None:
            self._log.failed(self._request, error, self._seconds())
            self._attempted_at = None

    def _seconds(self) -> float:
        return 0.0 if self._attempted_at is None else waiting.now() - self._attempted_at

    def __repr__(self) -> str:
        return f"<CallReport {self._request.method} {self._request.path}>"
