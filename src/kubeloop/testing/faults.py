"""`FaultyTransport`: faults of the network and of the server, around any transport.

Which requests have a fault, and which one, is decided by rules (`rule`), without an event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from kubeloop._kit import waiting
from kubeloop.errors import APIError, ConnectionLost, RequestTimeout
from kubeloop.transport.base import UpgradeRefused, read_error_body
from kubeloop.wire.response import Response

from .action import Action
from .body_fault import BodyEnd, BodyFault
from .failure import status_response
from .in_process_transport import InProcessTransport, read_chunks
from .rule import NOTHING, Cut, Effect, Reply, Rule, Rules
from .rule_reply import reply_of

if TYPE_CHECKING:
    from random import Random

    from kubeloop.transport.base import ByteStream, Channel, Transport
    from kubeloop.wire.request import Request

__all__ = ["FaultRule", "FaultyTransport"]


class FaultRule(Rule):
    """Requests, and the faults that they meet. `FaultyTransport.on` creates it; the methods can be combined."""

    def cut(self, *, after: int | None = None) -> Self:
        """Carry out the request, and close the connection early (`ConnectionLost`).

        Args:
            after: The number of bytes of the body after which it closes; None for before the head of the response, so
                that the client does not know whether a write was carried out.
        """
        return self._with(cut=Cut(-1 if after is None else after))

    def hang(self, *, after: int | None = None) -> Self:
        """Deliver nothing, as behind a router that drops packets, until the timeout or a cancellation.

        Args:
            after: The number of bytes of the body after which nothing arrives; None if the request does not arrive
                either.
        """
        return self._with(silent_after=-1 if after is None else after)

    def duplicate(self) -> Self:
        """Send the request twice, and return the second response, as if something on the way had repeated it."""
        return self._with(copies=2)

    def garble(self, body: bytes = b"\x00\xff\xfe{<") -> Self:
        """Replace the body of the response, whose head stays as it is.

        Args:
            body: The bytes of the new body.
        """
        return self._with(garbage=body)

    def slow(self, bytes_per_second: float) -> Self:
        """Deliver the body of the response slowly, ten pieces per second."""
        if not bytes_per_second > 0:
            raise ValueError(f"expected a positive number of bytes per second, got {bytes_per_second}")
        return self._with(bytes_per_second=bytes_per_second)


class FaultyTransport:
    """A `Transport` around another one, with the faults that its rules describe.

        transport = FaultyTransport(api.transport())
        transport.on("update", "deployments", nth=3).fail(errors.Conflict)
        transport.on("watch", "pods").cut(after=2000)
        transport.on("create", "pods", nth=1).cut()                      # the pod is created, the response is lost
        transport.on("*", "*", chance=0.05).fail(errors.ConnectionLost)  # needs random=random.Random(seed)
        clientset = kubeloop.Clientset(kubeloop.Config(), transport=transport)

    Clients see each fault as they would see it of a network or of a server: they retry, resume and raise as in
    production. The waits are those of the event loop, so that `virtual_time` makes them free.

    Args:
        inner: Carries out the requests.
        random: The source of the numbers that `chance` needs; the same seed and requests have the same faults.
    """

    __slots__ = ("_inner", "_rules")

    def __init__(self, inner: Transport, *, random: Random | None = None) -> None:
        self._inner = inner
        self._rules = Rules(FaultRule, random)

    def on(
        self,
        verb: str = "*",
        resource: str = "*",
        *,
        nth: int | Collection[int] | None = None,
        where: Callable[[Action], bool] | None = None,
        chance: float = 1.0,
    ) -> FaultRule:
        """Add a rule for some requests; its methods say what happens to them.

        Each attempt is a request of its own. All rules that match a request apply: delays are added, and where two
        rules decide the same thing, the earlier one does.

        Args:
            verb: `create`, `get`, `list`, `watch`, `update`, `patch`, `delete`, `deletecollection` or `*`; for paths of
                no resource the HTTP method in lower case.
            resource: A plural, by the rules of RBAC: `pods` does not cover subresources, `pods/status`, `pods/*` and
                `*/status` do, and `deployments.apps` names the group. `*` covers every request. A path of no resource
                begins with `/` and may end with `*`.
            nth: The number of the matching request, from 1 on, or several numbers; None for each.
            where: Returns whether an action matches.
            chance: The probability with which the rule applies to a matching request.

        Raises:
            ValueError: The verb, the resource, `nth` or `chance` is not valid, or there is no `random` for a chance.
        """
        return self._rules.add(verb, resource, nth=nth, where=where, chance=chance)

    def clear(self) -> None:
        """Remove all rules."""
        self._rules.clear()

    async def request(
        self, request: Request, *, timeout: float | None = None, max_bytes: int | None = None
    ) -> Response:
        """Send a request and return the response; see `Transport.request`."""
        action = Action.of(request)
        effect = self._rules.effect_on(action)
        if effect == NOTHING:
            return await self._inner.request(request, timeout=timeout, max_bytes=max_bytes)
        async with _Within(timeout, request), self._exchange(action, request, effect) as body:
            if body.status >= 300:
                return Response(body.status, body.headers, await read_error_body(body))
            return Response(body.status, body.headers, await body.read(max_bytes))

    @asynccontextmanager
    async def stream(self, request: Request, *, timeout: float | None = None) -> AsyncGenerator[ByteStream]:
        """Send a request and yield the body of the response; see `Transport.stream`."""
        action = Action.of(request)
        effect = self._rules.effect_on(action)
        async with AsyncExitStack() as stack:
            if effect == NOTHING:
                body = await stack.enter_async_context(self._inner.stream(request, timeout=timeout))
            else:
                async with _Within(timeout, request):
                    body = await stack.enter_async_context(self._exchange(action, request, effect))
            yield body

    @asynccontextmanager
    async def upgrade(
        self, request: Request, *, subprotocols: Sequence[str], timeout: float | None = None
    ) -> AsyncGenerator[Channel]:
        """Open a WebSocket; see `Transport.upgrade`. Only faults before the response apply."""
        action = Action.of(request)
        effect = self._rules.effect_on(action)
        async with AsyncExitStack() as stack:
            async with _Within(timeout, request):
                reply = await self._before(action, request, effect)
                if reply is not None:
                    response = await InProcessTransport(lambda _: reply).request(request)
                    raise UpgradeRefused(response, method=request.method, path=request.path)
                channel = await stack.enter_async_context(self._inner.upgrade(request, subprotocols=subprotocols))
            yield channel

    @asynccontextmanager
    async def _exchange(self, action: Action, request: Request, effect: Effect) -> AsyncGenerator[ByteStream]:
        reply = await self._before(action, request, effect)
        transport = self._inner if reply is None else InProcessTransport(lambda _: reply)
        async with (
            transport.stream(request) as stream,
            aclosing(_play(stream, BodyFault(effect), request)) as chunks,
        ):
            yield _FaultyBody(stream, chunks, request)

    async def _before(self, action: Action, request: Request, effect: Effect) -> Reply | None:
        """Do what happens before the response arrives, and return the response if it is not that of the server."""
        await waiting.sleep(effect.delay)
        if effect.silent_after == -1:
            await _forever()
        for _ in range(effect.copies - 1):
            await self._carry_out(request)
        if effect.respond is not None and (reply := await reply_of(action, effect.respond)) is not None:
            return reply
        if effect.fail is not None:
            if effect.is_sent:
                await self._carry_out(request)
            error = effect.fail(action)
            if isinstance(error, APIError):
                return status_response(error)
            raise error
        if effect.cut is not None and effect.cut.after == -1:
            await self._carry_out(request)
            raise _lost(request)
        return None

    async def _carry_out(self, request: Request) -> None:
        """Send a request and drop the response."""
        async with self._inner.stream(request):
            pass

    def __repr__(self) -> str:
        return f"<FaultyTransport {len(self._rules)} rules, around {self._inner!r}>"


class _FaultyBody:
    """The body of a response, as a `ByteStream`, with its faults."""

    def __init__(self, inner: ByteStream, chunks: AsyncIterator[bytes], request: Request) -> None:
        self.status = inner.status
        self.headers = inner.headers
        self._chunks = chunks
        self._request = request

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._chunks

    async def read(self, max_bytes: int | None = None) -> bytes:
        return await read_chunks(self._chunks, self._request, max_bytes)


class _Within:
    """A block that raises `RequestTimeout` when its seconds have passed."""

    def __init__(self, seconds: float | None, request: Request) -> None:
        self._block = waiting.timeout(seconds)
        self._seconds = seconds
        self._request = request

    async def __aenter__(self) -> None:
        await self._block.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._block.__aexit__(kind, error, trace)
        except TimeoutError:
            request = self._request
            raise RequestTimeout(
                f"no response within {self._seconds:g} s", method=request.method, path=request.path
            ) from None


async def _play(inner: ByteStream, fault: BodyFault, request: Request) -> AsyncGenerator[bytes]:
    async with aclosing(_after_head(inner)) as chunks:
        async for chunk in chunks:
            for step in fault.feed(chunk):
                if isinstance(step, bytes):
                    yield step
                elif isinstance(step, float):
                    await waiting.sleep(step)
                elif step is BodyEnd.SILENT:
                    await _forever()
                elif step is BodyEnd.LOST:
                    raise _lost(request)
                else:
                    return


async def _after_head(stream: ByteStream) -> AsyncGenerator[bytes]:
    yield b""
    async for chunk in stream:
        yield chunk


async def _forever() -> None:
    await asyncio.Event().wait()


def _lost(request: Request) -> ConnectionLost:
    return ConnectionLost("the connection was closed by a rule of the test", method=request.method, path=request.path)
