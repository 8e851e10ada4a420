"""The network between the consumers and the servers: a balancer, connections on their way, and a record per consumer.

Each consumer has a client and a `Link` of its own, so that its requests can be told from those of others. A link is a
`FaultyTransport` around the balancer: faults of single requests are its rules, and faults of open connections are
methods of their `Flow`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from inspect import isawaitable
from random import Random
from typing import TYPE_CHECKING, NoReturn

from kubeloop.errors import ConnectError, TransportError
from kubeloop.testing import FaultyTransport
from kubeloop.wire.response import Response
from tests.simulation.cluster import Cluster
from tests.simulation.flow import Flow

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from kubeloop.testing import APIServer
    from kubeloop.transport.base import ByteStream, Channel
    from kubeloop.wire.request import Request

__all__ = ["Attempt", "Link", "Network"]

LONGEST_LATENCY = 0.02


@dataclass(slots=True)
class Attempt:
    """One request of a consumer, as its client saw it.

    Attributes:
        is_watch: Whether it is a watch; otherwise it is a page of a list, or a look at the API.
        is_page: Whether it is a later page of a list.
        status: The status; 0 if there was no response.
        ended_at: When the client left it.
        begins_with_list: Whether the objects of a list are the first events of a watch.
        has_listed: Whether this list has ended.
        has_delivered: Whether a watch brought a whole event or bookmark, beside those of its list.
        has_lost_track: Whether a watch brought an event that names no object: it counts as no progress.
        has_expired: Whether the response said that the version has expired.
        is_good: Whether the whole body arrived; of a list, that it is one.
        is_last: Whether it is the last page of a list.
        asks_to_wait: Whether the response has a `Retry-After`.
        stopped_seconds: Seconds for which the process of the clients had been stopped until it began.
        stopped_seconds_at_end: The same when it ended.
    """

    at: float
    is_watch: bool
    is_page: bool
    status: int = 0
    ended_at: float = 0.0
    begins_with_list: bool = False
    has_listed: bool = False
    has_delivered: bool = False
    has_lost_track: bool = False
    has_expired: bool = False
    is_good: bool = False
    is_last: bool = False
    asks_to_wait: bool = False
    stopped_seconds: float = 0.0
    stopped_seconds_at_end: float = 0.0

    def pause_before(self, following: Attempt) -> float:
        """Return the seconds until the next request, without those in which the process of the clients was stopped."""
        return following.at - self.ended_at - (following.stopped_seconds - self.stopped_seconds_at_end)


class Network:
    """The way from all consumers to the servers.

    Attributes:
        flows: The exchanges on their way, in the order in which they began.
        shapes: Called with each new flow.
        changes: Called with each request, which they may change.
        stopped_seconds: Seconds for which the process of the clients has been stopped so far.
        knows_the_dead: Whether the balancer avoids servers that are down.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.flows: dict[Flow, None] = {}
        self.shapes: dict[object, Callable[[Flow], None]] = {}
        self.changes: dict[object, Callable[[Request], Request]] = {}
        self.stopped_seconds = 0.0
        self.knows_the_dead = True

    def open_flows(self, *, is_watch: bool | None = None) -> list[Flow]:
        return [flow for flow in self.flows if is_watch is None or flow.is_watch is is_watch]

    def route(self, request: Request, random: Random) -> APIServer:
        """Choose a server.

        Raises:
            ConnectError: It is down, or all of them are.
        """
        servers = self.cluster.servers
        server = servers[random.randrange(len(servers))]
        if server is None and self.knows_the_dead:
            server = next(self.cluster.running(), None)
        if server is None:
            raise ConnectError("connection refused", method=request.method, path=request.path)
        return server

    @asynccontextmanager
    async def send(self, request: Request, random: Random) -> AsyncGenerator[Flow]:
        """Carry out a request, and yield its response. The random numbers are those of one consumer."""
        await asyncio.sleep(random.random() * LONGEST_LATENCY)
        server = self.route(request, random)
        for change in self.changes.values():
            request = change(request)
        flow = Flow(request, server, random, is_watch="watch=" in request.target)
        self.flows[flow] = None
        for shape in self.shapes.values():
            shape(flow)
        try:
            reply = server.respond(request)
            if isawaitable(reply):
                reply = await reply
            yield await flow.head(reply)
        finally:
            del self.flows[flow]
            flow.close()


class Link:
    """A `Transport`: the way of one consumer to the servers.

    Attributes:
        name: The name of the consumer.
        attempts: The requests, in order.
        rules: The faults of its requests.
        listed_at: The revision of the storage when the last list ended, be it the beginning of a watch.
        lists: The number of those.
    """

    def __init__(self, name: str, network: Network, random: Random) -> None:
        self.name = name
        self.attempts: list[Attempt] = []
        self.rules = FaultyTransport(_Balancer(network, Random(random.getrandbits(32))), random=random)
        self.listed_at = 0
        self.lists = 0
        self._network = network

    async def request(
        self, request: Request, *, timeout: float | None = None, max_bytes: int | None = None
    ) -> Response:
        attempt = self._begin(request)
        try:
            response = await self.rules.request(request, timeout=timeout, max_bytes=max_bytes)
            attempt.status = response.status
            attempt.asks_to_wait = "retry-after" in response.headers
            attempt.has_expired = response.status == 410
            self._received(attempt, request)(response.body)
            return response
        finally:
            self._end(attempt)

    @asynccontextmanager
    async def stream(self, request: Request, *, timeout: float | None = None) -> AsyncGenerator[ByteStream]:
        attempt = self._begin(request)
        try:
            async with self.rules.stream(request, timeout=timeout) as body:
                attempt.status = body.status
                attempt.asks_to_wait = "retry-after" in body.headers
                attempt.has_expired = body.status == 410
                if not attempt.is_watch:
                    yield _ListedBody(body, self._received(attempt, request))
                    return
                yield _WatchedBody(body, attempt, self._listed)
        finally:
            self._end(attempt)

    def upgrade(
        self, request: Request, *, subprotocols: Sequence[str], timeout: float | None = None
    ) -> AbstractAsyncContextManager[Channel]:
        raise NotImplementedError

    def _begin(self, request: Request) -> Attempt:
        target = request.target
        attempt = Attempt(asyncio.get_running_loop().time(), "watch=" in target, "continue=" in target)
        attempt.begins_with_list = "sendInitialEvents=true" in target
        attempt.stopped_seconds = self._network.stopped_seconds
        self.attempts.append(attempt)
        return attempt

    def _end(self, attempt: Attempt) -> None:
        attempt.ended_at = asyncio.get_running_loop().time()
        attempt.stopped_seconds_at_end = self._network.stopped_seconds

    @property
    def revision(self) -> int:
        """The revision of the storage."""
        return self._network.cluster.storage.revision

    def _received(self, attempt: Attempt, request: Request) -> Callable[[bytes], None]:
        """Return a function that notes what the whole body of a response is, other than that of a watch."""

        def note(body: bytes) -> None:
            attempt.is_good = attempt.status == 200 and _is_list(body, request.path)
            attempt.is_last = b'"continue":"' not in body[:300]
            if attempt.is_good and not attempt.is_page:
                self._listed()

        return note

    def _listed(self) -> None:
        self.listed_at = self.revision
        self.lists += 1

    def __repr__(self) -> str:
        return f"<Link {self.name}: {len(self.attempts)} requests>"


def _is_list(body: bytes, path: str) -> bool:
    """Return whether a body is a list of the resource of a path, as the server writes it."""
    kind = body[:40].lower()
    return kind.startswith(b'{"kind":"') and path.rpartition("/")[2][:-1].encode() + b'list"' in kind


class _ListedBody:
    """The body of a list, which is noted when it is complete."""

    def __init__(self, inner: ByteStream, received: Callable[[bytes], None]) -> None:
        self.status, self.headers = inner.status, inner.headers
        self._inner = inner
        self._received = received

    async def __aiter__(self) -> AsyncIterator[bytes]:
        body = b""
        async for chunk in self._inner:
            body += chunk
            yield chunk
        self._received(body)

    async def read(self, max_bytes: int | None = None) -> bytes:
        body = await self._inner.read(max_bytes)
        self._received(body)
        return body


class _WatchedBody:
    """The body of a watch, which notes what it brings."""

    def __init__(self, inner: ByteStream, attempt: Attempt, listed: Callable[[], None]) -> None:
        self.status, self.headers = inner.status, inner.headers
        self._inner = inner
        self._attempt = attempt
        self._listed = listed
        self._line = b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        attempt = self._attempt
        async for chunk in self._inner:
            if not attempt.has_delivered or not attempt.has_expired:
                *lines, self._line = (self._line + chunk).split(b"\n")
                for line in lines:
                    if line.startswith(b'{"type":"ERROR"'):
                        attempt.has_expired = attempt.has_expired or b'"code":410' in line
                    elif attempt.begins_with_list and not attempt.has_listed:
                        if b'"k8s.io/initial-events-end":"true"' in line:
                            attempt.has_listed = True
                            self._listed()
                    elif line.startswith(b'{"type":"') and b'","object":{' in line[:32] and line.endswith(b"}"):
                        attempt.has_delivered = True
                        attempt.has_lost_track = attempt.has_lost_track or b'"name":7' in line
            yield chunk
        attempt.is_good = True

    async def read(self, max_bytes: int | None = None) -> bytes:
        return await self._inner.read(max_bytes)


class _Balancer:
    """The `Transport` that the rules of a link stand around."""

    def __init__(self, network: Network, random: Random) -> None:
        self._network = network
        self._random = random

    async def request(
        self, request: Request, *, timeout: float | None = None, max_bytes: int | None = None
    ) -> Response:
        try:
            async with asyncio.timeout(timeout), self._network.send(request, self._random) as flow:
                return Response(flow.status, flow.headers, await flow.read(max_bytes if flow.status < 300 else None))
        except TimeoutError:
            _timed_out(request)

    def stream(self, request: Request, *, timeout: float | None = None) -> AbstractAsyncContextManager[Flow]:
        return self._network.send(request, self._random)

    def upgrade(
        self, request: Request, *, subprotocols: Sequence[str], timeout: float | None = None
    ) -> AbstractAsyncContextManager[Channel]:
        raise NotImplementedError


def _timed_out(request: Request) -> NoReturn:
    raise TransportError("timed out", method=request.method, path=request.path) from None
