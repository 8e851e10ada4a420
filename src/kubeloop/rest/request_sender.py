"""Exchange: one call to the server, from the first attempt to the answer or the exception.

It sends, waits, sends again, follows redirects, hands out warnings and holds back what is over the client's own rate.
Which answer means another attempt is `retry`'s decision, and which redirect is followed is `redirect`'s; addresses and
bodies are `client`'s.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Collection, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from random import Random
from typing import TYPE_CHECKING

from kubeloop._kit.raising import raise_alone
from kubeloop.errors import BodyTooLarge, RequestTimeout, TransportError, UnreadableWriteResponse
from kubeloop.rest.retry import DEFAULT_MAX_RETRIES, Purpose, Retry
from kubeloop.transport.base import read_error_body
from kubeloop.wire.response import (
    MAX_BODY_BYTES,
    REDIRECTS,
    Headers,
    Response,
    ServerWarning,
    parse_warnings,
    status_error,
)

if TYPE_CHECKING:
    from kubeloop._kit.bucket import TokenBucket
    from kubeloop.rest.redirect import Redirects
    from kubeloop.rest.warnings import WarningHandler
    from kubeloop.transport.base import ByteStream, Transport
    from kubeloop.wire.request import Request

__all__ = ["Exchange"]

_log = logging.getLogger(__name__)


class Exchange:
    """Send requests over a transport, with retries, warnings and a rate limit.

    Args:
        transport: Carries the bytes, with authentication.
        server: The server's address, `scheme://host[:port][/prefix]`: redirects are followed below it.
        warning_handler: Gets each warning of each answer. What it raises, the call raises.
        bucket: Limits the rate of requests; None does not. All users of this exchange share it.
        max_retries: How many times one call may send again.
        timeout: Seconds for calls that give none; None does not bound them.
        credentials: Gives the `Authorization` values that the transport sent of late: a server may echo them, and they
            must get into no exception or log line.
        random: Where the waits get their jitter from.

    Concurrency: Any number of calls at once in one loop. Cancelling a call leaves nothing open.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        server: str,
        warning_handler: WarningHandler,
        bucket: TokenBucket | None = None,
        max_retries: int = DEFAULT_MAX_RETRIES,
        timeout: float | None = None,
        credentials: Callable[[], Collection[str]] = tuple,
        random: Random | None = None,
    ) -> None:
        self.credentials = credentials
        self._transport = transport
        self._server = server
        self._warning_handler = warning_handler
        self._bucket = bucket
        self._max_retries = max_retries
        self._timeout = timeout
        # Spreading retries is no secret.
        self._random = random if random is not None else Random()  # noqa: S311

    async def send(self, request: Request, *, timeout: float | None = None, is_list: bool = False) -> Response:
        """Send a request and return the answer if it is a success.

        Args:
            request: What to send.
            timeout: Seconds for all attempts together and the waits between them; None takes the default.
            is_list: A LIST: its body is not bounded. An error's body always is.

        Raises:
            APIError: The server said no.
            TransportError: There was no answer.
            BodyTooLarge: The answer is over the bound.
            UnreadableWriteResponse: The same, if the request was a write: it succeeded, since only the body of a
                success has a bound that fails.
        """
        attempts = _Attempts(self, request, "request", timeout)
        if self._bucket is not None:
            await attempts.throttle(self._bucket)
        max_bytes = None if is_list else MAX_BODY_BYTES
        while True:
            with attempts.catching():
                try:
                    response = await self._transport.request(request, timeout=attempts.left(), max_bytes=max_bytes)
                    if response.status in REDIRECTS:
                        redirects = self._redirects(request)
                        while (moved := redirects.after(response)) is not None:
                            response = await self._transport.request(
                                moved, timeout=attempts.left(), max_bytes=max_bytes
                            )
                except BodyTooLarge as error:
                    if request.method == "GET":
                        raise
                    raise_alone(UnreadableWriteResponse(str(error), method=request.method, path=request.path))
                self._warn(response.headers, request)
                if 200 <= response.status <= 206:
                    return response
                if not attempts.repeats(response):
                    raise attempts.error(response)
            await attempts.wait()

    @asynccontextmanager
    async def open(
        self, request: Request, purpose: Purpose, timeout: float | None = None
    ) -> AsyncGenerator[ByteStream]:
        """Send a request and give its body as it arrives, if the answer is a success.

        Args:
            request: What to send.
            purpose: `"watch"` wants exactly 200 and does not count against the rate limit at first; `"stream"` does,
                and its body may fall silent for as long as it likes.
            timeout: Seconds until the body begins; None takes the default.

        Raises: As `send`.
        """
        if purpose == "stream":
            request = request.replace(may_fall_silent=True)
        attempts = _Attempts(self, request, purpose, timeout)
        if self._bucket is not None and purpose != "watch":
            await attempts.throttle(self._bucket)
        async with AsyncExitStack() as stack:
            while True:
                with attempts.catching():
                    opening = self._transport.stream(request, timeout=attempts.left())
                    stream = await stack.enter_async_context(opening)
                    if stream.status in REDIRECTS:
                        redirects = self._redirects(request)
                        while (moved := redirects.after(Response(stream.status, stream.headers))) is not None:
                            await stack.aclose()
                            opening = self._transport.stream(moved, timeout=attempts.left())
                            stream = await stack.enter_async_context(opening)
                    self._warn(stream.headers, request)
                    if stream.status == 200 or (purpose != "watch" and 200 <= stream.status <= 206):
                        break
                    if not attempts.repeats(Response(stream.status, stream.headers)):
                        body = await read_error_body(stream, attempts.left())
                        raise attempts.error(Response(stream.status, stream.headers, body))
                await stack.aclose()
                await attempts.wait()
            yield stream

    def _redirects(self, request: Request) -> Redirects:
        from kubeloop.rest.redirect import Redirects  # loaded with the first redirect

        return Redirects(request, self._server, self.credentials)

    def _warn(self, headers: Headers, request: Request) -> None:
        if "warning" in headers:
            from kubeloop.wire.redaction import Redaction

            redaction = Redaction(request, self.credentials())
            for warning in parse_warnings(headers):
                self._warning_handler(ServerWarning(warning.code, redaction(warning.agent), redaction(warning.text)))

    def __repr__(self) -> str:
        return f"<Exchange over {self._transport!r}>"


class _Attempts:
    """The attempts of one call: how much time is left, what failed, how long to wait."""

    __slots__ = ("_deadline", "_delay", "_exchange", "_failure", "_purpose", "_request", "_retry")

    def __init__(self, exchange: Exchange, request: Request, purpose: Purpose, timeout: float | None) -> None:
        self._exchange = exchange
        self._request = request
        self._purpose: Purpose = purpose
        timeout = exchange._timeout if timeout is None else timeout
        self._deadline = None if timeout is None else asyncio.get_running_loop().time() + timeout
        self._retry: Retry | None = None
        self._delay = 0.0
        self._failure: Exception | None = None

    def left(self) -> float | None:
        """The seconds that the next attempt may take."""
        if self._deadline is None:
            return None
        return max(self._deadline - asyncio.get_running_loop().time(), 0.001)

    @contextmanager
    def catching(self) -> Generator[None]:
        """Record a failed attempt if another one may follow; otherwise let its exception through."""
        try:
            yield
        except TransportError as error:
            delay = self._rule().after_error(error)
            if delay is None or not self._plan(error, delay):
                self._rule().explain(error)
                raise

    def repeats(self, response: Response) -> bool:
        """Return whether there is another attempt after this response, which need not have its body yet."""
        delay = self._rule().after_response(response)
        return delay is not None and self._plan(self._status_error(response), delay)

    def error(self, response: Response) -> Exception:
        """Return the exception that a response means after which there is no other attempt."""
        return self._rule().explain(self._status_error(response))

    async def wait(self) -> None:
        """Wait before the next attempt."""
        request = self._request
        _log.debug("sending %s %s again in %g s: %s", request.method, request.path, self._delay, self._failure)
        await asyncio.sleep(self._delay)
        bucket = self._exchange._bucket
        if bucket is not None:
            await self.throttle(bucket)

    async def throttle(self, bucket: TokenBucket) -> None:
        """Wait for the client's own rate limit, unless that takes longer than the call may.

        Reference: client-go rest/request.go, tryThrottle; golang.org/x/time/rate, Limiter.Wait.
        """
        loop = asyncio.get_running_loop()
        delay = bucket.reserve(loop.time())
        if delay <= 0:
            return
        left = self.left()
        if left is not None and delay >= left:
            bucket.give_back(loop.time())
            request = self._request
            message = f"the client's own rate limit would take {delay:.2f} s, more than is left of the timeout"
            raise RequestTimeout(f"{message}; the request was not sent", method=request.method, path=request.path)
        _log.debug("the client's own rate limit holds a request back for %.3f s", delay)
        try:
            await asyncio.sleep(delay)
        except asyncio.CancelledError:
            bucket.give_back(loop.time())
            raise

    def _status_error(self, response: Response) -> Exception:
        return status_error(response, self._request, credentials=self._exchange.credentials())

    def _rule(self) -> Retry:
        if self._retry is None:
            exchange = self._exchange
            self._retry = Retry(self._request, self._purpose, exchange._max_retries, random=exchange._random)
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
