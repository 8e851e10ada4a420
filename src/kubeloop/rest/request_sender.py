"""RequestSender: one call to the server, from the first attempt to the result or the exception.

It sends requests, retries them, follows redirects and passes warnings on. Which response means another attempt is
decided in `retry`, which redirect is followed in `redirect`, and how long a request waits first in `rate_limit`.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from copy import copy
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from kubeloop._kit import waiting
from kubeloop._kit.raising import raise_alone
from kubeloop.errors import APIError, BodyTooLarge, TransportError, UnreadableWriteResponse
from kubeloop.rest.call_report import CallReport, CallReports
from kubeloop.rest.result import Result
from kubeloop.rest.retry import DEFAULT_MAX_RETRIES, Purpose, Retry
from kubeloop.transport.base import UpgradeRefused, read_error_body
from kubeloop.wire.response import (
    MAX_BODY_BYTES,
    REDIRECTS,
    Response,
)

if TYPE_CHECKING:
    from kubeloop.config.client_metrics import ClientMetrics
    from kubeloop.config.client_tracing import ClientTracing
    from kubeloop.rest.list_response import ListResponse
    from kubeloop.rest.rate_limit import RateLimit
    from kubeloop.rest.redirect import Redirects
    from kubeloop.rest.warnings import WarningHandler
    from kubeloop.transport.base import ByteStream, Channel, Transport
    from kubeloop.wire.request import Request
    from kubeloop.wire.serializers.registry import Serializers

__all__ = ["RequestSender"]

logger = logging.getLogger(__name__)

_NOT_MODIFIED = 304

_NO_REPORT = nullcontext()

_MAX_DRAINED_BYTES = 64 * 1024


class RequestSender:
    """Send requests over a transport, with retries, warnings and a rate limit.

    Args:
        transport: Sends the bytes, with authentication.
        server: The server's address, `scheme://host[:port][/prefix]`: redirects are followed below it.
        serializers: Read the responses.
        warning_handler: Called with each warning of each response, unless a call has its own. The call raises what it
            raises.
        rate_limit: Holds requests back; None does not. All calls share it.
        max_retries: The maximum number of retries of one call.
        timeout: Seconds for calls without a timeout of their own; None does not limit them.
        credentials: Returns the `Authorization` values that the transport sent recently: a server may echo them, and
            they must not get into an exception or log line.
        random: The source of the jitter of waits.
        metrics: Receives the measurements; None for no measurements.
        tracing: Follows the calls; None for no tracing.

    Concurrency: Any number of calls at once in one loop. Cancelling a call leaves nothing open.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        server: str,
        serializers: Serializers,
        warning_handler: WarningHandler,
        rate_limit: RateLimit | None = None,
        max_retries: int = DEFAULT_MAX_RETRIES,
        timeout: float | None = None,
        credentials: Callable[[], Collection[str]] = tuple,
        random: Random | None = None,
        metrics: ClientMetrics | None = None,
        tracing: ClientTracing | None = None,
    ) -> None:
        self._credentials = credentials
        self._serializers = serializers
        self._transport = transport
        self._server = server
        self._warning_handler = warning_handler
        self._rate_limit = rate_limit
        self._timeout = timeout
        self._reports = CallReports(server, metrics, tracing, credentials)
        self._new_check: Callable[[], Callable[[], None]] | None = None
        # Spreading retries is no secret.
        self._retries = _Retries(max_retries, random if random is not None else Random(), self._error_of)  # noqa: S311

    def guarded(self, new_check: Callable[[], Callable[[], None]]) -> RequestSender:
        """Return a sender that shares everything with this one, and checks each attempt; see `RESTClient.guarded`."""
        sender = copy(self)
        sender._new_check = new_check
        return sender

    async def send(
        self,
        request: Request,
        *,
        timeout: float | None = None,
        is_list: bool = False,
        warning_handler: WarningHandler | None = None,
        listing: ListResponse | None = None,
    ) -> Result:
        """Send a request and return its result if it is a success, or 304 if the request has `If-None-Match`.

        Args:
            request: What to send.
            timeout: Seconds for all attempts and the waits between them; None is the default.
            is_list: Whether the response is a LIST, whose body has no limit. The body of an error always has one.
            warning_handler: The handler of this call; None is that of the client.
            listing: Reads the response to a LIST; its items are then not part of the result.

        Raises:
            APIError: The server refused the request.
            TransportError: There was no complete response.
            BodyTooLarge: The response is over the limit.
            UnreadableWriteResponse: The response to a write is over the limit; the write succeeded, since only the
                limit for the body of a success raises an error.
        """
        attempts = self._attempts(request, "request", timeout)
        max_bytes = None if is_list else MAX_BODY_BYTES
        request, report = attempts.request, attempts.report
        with report or _NO_REPORT:
            if self._rate_limit is not None:
                await self._rate_limit.wait(request, attempts.left(), report)
            while True:
                with attempts:
                    try:
                        response = await self._exchange(request, attempts.left(), max_bytes, listing)
                        if response.status in REDIRECTS:
                            redirects = self._redirects(request)
                            while (moved := redirects.after(self.result(request, response))) is not None:
                                if report is not None:
                                    report.redirected(response, moved)
                                response = await self._exchange(moved, attempts.left(), max_bytes, listing)
                    except BodyTooLarge as error:
                        if request.method == "GET":
                            raise
                        raise_alone(UnreadableWriteResponse(str(error), method=request.method, path=request.path))
                    if report is not None:
                        size = len(response.body) if listing is None else listing.size
                        report.responded(response.status, response.headers, size)
                    if "warning" in response.headers:
                        self._warn(self.result(request, response), warning_handler)
                    # 304 is a success only for a request that names what it has.
                    if response.ok or (response.status == _NOT_MODIFIED and "If-None-Match" in request.headers):
                        return self.result(request, response)
                    if (in_json := self._in_json(request, response)) is not None:
                        request = attempts.change(in_json)
                        continue
                    if not attempts.repeats(response):
                        raise attempts.error(response)
                await attempts.wait()

    async def _exchange(
        self, request: Request, timeout: float | None, max_bytes: int | None, listing: ListResponse | None
    ) -> Response:
        if listing is None:
            return await self._transport.request(request, timeout=timeout, max_bytes=max_bytes)
        return await listing.send(self._transport, request, timeout)

    @asynccontextmanager
    async def open(
        self,
        request: Request,
        purpose: Purpose,
        timeout: float | None = None,
        warning_handler: WarningHandler | None = None,
    ) -> AsyncGenerator[ByteStream]:
        """Send a request and yield its body as it arrives, if the response is a success.

        Args:
            request: What to send.
            purpose: `"watch"` requires exactly 200, and its first attempt does not count against the rate limit;
                `"stream"` counts, and its body may pause for any time.
            timeout: Seconds until the body begins; None is the default.
            warning_handler: The handler of this call; None is that of the client.

        Raises: As `send`.
        """
        if purpose == "stream":
            request = request.replace(may_fall_silent=True)
        attempts = self._attempts(request, purpose, timeout)
        request, report = attempts.request, attempts.report
        with report or _NO_REPORT:
            if self._rate_limit is not None and purpose != "watch":
                await self._rate_limit.wait(request, attempts.left(), report)
            async with AsyncExitStack() as stack:
                while True:
                    in_json: Request | None = None
                    with attempts:
                        opening = self._transport.stream(request, timeout=attempts.left())
                        stream = await stack.enter_async_context(opening)
                        if stream.status in REDIRECTS:
                            redirects = self._redirects(request)
                            while (moved := redirects.after(self.opened(request, stream))) is not None:
                                if report is not None:
                                    report.redirected(Response(stream.status, stream.headers), moved)
                                await stack.aclose()
                                opening = self._transport.stream(moved, timeout=attempts.left())
                                stream = await stack.enter_async_context(opening)
                        if report is not None:
                            report.responded(stream.status, stream.headers)
                        self._warn(self.opened(request, stream), warning_handler)
                        if stream.status == 200 or (purpose != "watch" and 200 <= stream.status <= 206):
                            break
                        head = Response(stream.status, stream.headers)
                        in_json = self._in_json(request, head)
                        if in_json is not None:
                            request = attempts.change(in_json)
                        elif attempts.repeats(head):
                            await attempts.read_failure(stream)
                        else:
                            body = await read_error_body(stream, attempts.left())
                            raise attempts.error(Response(stream.status, stream.headers, body))
                    await stack.aclose()
                    if in_json is None:
                        await attempts.wait()
                if report is not None:
                    report.opened()
                yield stream

    @asynccontextmanager
    async def upgrade(
        self,
        request: Request,
        *,
        subprotocols: Sequence[str],
        timeout: float | None = None,
        warning_handler: WarningHandler | None = None,
    ) -> AsyncGenerator[Channel]:
        """Open a WebSocket and yield its channel. The request is sent once.

        Args:
            request: A GET.
            subprotocols: What the client speaks, best first.
            timeout: Seconds until the channel is open; None is the default.
            warning_handler: The handler of this call; None is that of the client.

        Raises:
            APIError: The server refused the request.
            UpgradeRefused: The server sent another response than an error instead of switching protocols.
            TransportError: There was no complete response.
        """
        attempts = self._attempts(request, "stream", timeout)
        request, report = attempts.request, attempts.report
        with report or _NO_REPORT:
            if self._rate_limit is not None:
                await self._rate_limit.wait(request, attempts.left(), report)
            async with AsyncExitStack() as stack:
                if report is not None:
                    report.attempt(request)
                opening = self._transport.upgrade(request, subprotocols=subprotocols, timeout=attempts.left())
                try:
                    channel = await stack.enter_async_context(opening)
                except UpgradeRefused as refused:
                    if report is not None:
                        report.responded(refused.response.status, refused.response.headers, len(refused.response.body))
                    self._warn(self.result(request, refused.response), warning_handler)
                    if refused.response.status < 400:
                        raise
                    raise_alone(self._error_of(request, refused.response))
                except BaseException as error:
                    if report is not None:
                        report.failed(error)
                    raise
                if report is not None:
                    report.responded(101, channel.headers)
                    report.opened()
                self._warn(self.result(request, Response(101, channel.headers)), warning_handler)
                yield channel

    def result(self, request: Request, response: Response) -> Result:
        """Return the response to a request as a result."""
        return Result(response, request, self._serializers, self._credentials)

    def opened(self, request: Request, stream: ByteStream) -> Result:
        """Return the head of a response to a request as a result, whose body is empty."""
        return self.result(request, Response(stream.status, stream.headers))

    def _in_json(self, request: Request, response: Response) -> Request | None:
        """Return a request in JSON if the server refused its formats; the client remembers that and uses JSON."""
        if response.status not in (406, 415):
            return None
        in_json = self._serializers.after_refusal(request, response.status)
        if in_json is not None:
            what = "request bodies" if response.status == 415 else "responses"
            message = "%s %s: the server refused the format with %d; this client uses JSON for all %s from now on"
            logger.warning(message, request.method, request.path, response.status, what)
        return in_json

    def _error_of(self, request: Request, response: Response) -> Exception:
        return self.result(request, response).error()

    def _attempts(self, request: Request, purpose: Purpose, timeout: float | None) -> _Attempts:
        timeout = self._timeout if timeout is None else timeout
        if self._new_check is not None:
            request = request.replace(before_send=self._new_check())
        report = self._reports.begin(request, purpose)
        return _Attempts(request, purpose, timeout, self._rate_limit, self._retries, report)

    def _redirects(self, request: Request) -> Redirects:
        from kubeloop.rest.redirect import Redirects  # loaded with the first redirect

        return Redirects(request, self._server)

    def _warn(self, result: Result, handler: WarningHandler | None) -> None:
        handler = handler or self._warning_handler
        for warning in result.warnings:
            handler(warning)

    def __repr__(self) -> str:
        return f"<RequestSender over {self._transport!r}>"


class _Retries(NamedTuple):
    """What the attempts of all calls have in common."""

    limit: int
    random: Random
    error_of: Callable[[Request, Response], Exception]


class _Attempts:
    """The attempts of one call: how much time is left, what failed, how long to wait."""

    __slots__ = (
        "_deadline", "_delay", "_failure", "_purpose", "_rate_limit", "_retries", "_retry", "report", "request",
    )  # fmt: skip

    def __init__(
        self,
        request: Request,
        purpose: Purpose,
        timeout: float | None,
        rate_limit: RateLimit | None,
        retries: _Retries,
        report: CallReport | None,
    ) -> None:
        self.report = report
        self.request = request if report is None else report.request
        self._purpose: Purpose = purpose
        self._deadline = None if timeout is None else waiting.now() + timeout
        self._rate_limit = rate_limit
        self._retries = retries
        self._retry: Retry | None = None
        self._delay = 0.0
        self._failure: Exception | None = None

    def left(self) -> float | None:
        """Return the seconds that the next attempt may take; None for no limit."""
        if self._deadline is None:
            return None
        return max(self._deadline - waiting.now(), 0.001)

    def change(self, request: Request) -> Request:
        """Continue with another request, which the next attempt sends, and return it."""
        self.request = request
        return request

    def __enter__(self) -> None:
        """Begin an attempt."""
        if self.report is not None:
            self.report.attempt(self.request)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        """Record a failed attempt if another attempt follows; otherwise raise its error.

        The error is raised without the frames of the transport, which say less than its message.
        """
        if error is not None and self.report is not None:
            self.report.failed(error)
        if not isinstance(error, TransportError):
            return False
        delay = self._rule().after_error(error)
        if delay is not None and self._plan(error, delay):
            return True
        self._rule().explain(error)
        raise error.with_traceback(None)

    def repeats(self, response: Response) -> bool:
        """Return whether there is another attempt after this response, which need not have its body yet."""
        delay = self._rule().after_response(response)
        return delay is not None and self._plan(self._retries.error_of(self.request, response), delay)

    async def read_failure(self, stream: ByteStream) -> None:
        """Read the body of a response after which there is another attempt, during the pause before that attempt.

        The body contains the reason, and a connection whose body was read to its end can be used again.

        Reference: client-go rest/with_retry.go, readAndCloseResponseBody.
        """
        begin = waiting.now()
        body = await read_error_body(stream, self._delay, max_bytes=_MAX_DRAINED_BYTES)
        self._delay = max(0.0, begin + self._delay - waiting.now())
        response = Response(stream.status, stream.headers, body)
        self._failure = self._rule().previous = self._retries.error_of(self.request, response)

    def error(self, response: Response) -> Exception:
        """Return the exception that a response means after which there is no other attempt."""
        return self._rule().explain(self._retries.error_of(self.request, response))

    async def wait(self) -> None:
        """Wait before the next attempt."""
        request, failure = self.request, str(self._failure)
        if isinstance(self._failure, APIError) and self._failure.flow_schema_uid:
            failure = f"{failure} (flow schema {self._failure.flow_schema_uid})"
        logger.debug("sending %s %s again in %g s: %s", request.method, request.path, self._delay, failure)
        await waiting.sleep(self._delay)
        if self._rate_limit is not None:
            await self._rate_limit.wait(request, self.left(), self.report, failure)

    def _rule(self) -> Retry:
        if self._retry is None:
            self._retry = Retry(self.request, self._purpose, self._retries.limit, random=self._retries.random)
        return self._retry

    def _plan(self, failure: Exception, delay: float) -> bool:
        """Record a failure and the wait after it, if there is time for the wait; return whether there is."""
        left = self.left()
        if left is not None and delay >= left:
            return False
        self._rule().previous = failure
        self._failure = failure
        self._delay = delay
        return True
