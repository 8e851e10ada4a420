"""The network between the consumers and the servers: a balancer, connections on their way, and a record per consumer.

Each consumer has a client and a `Link` of its own, so that its requests can be told from those of others. A link is a
`FaultyTransport` around the balancer: faults of single requests are its rules, and faults of open connections are
methods of their `Flow`.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from inspect import isawaitable
from random import Random
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import parse_qsl

from kubeloop.errors import ConnectError, TransportError
from kubeloop.testing import FaultyTransport, virtual_time
from kubeloop.wire.response import Headers, Response
from tests.simulation.cluster import Cluster
from tests.simulation.flow import Flow

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from kubeloop.testing import APIServer
    from kubeloop.transport.base import ByteStream, Channel
    from kubeloop.wire.request import Request

__all__ = ["Attempt", "Link", "Lists", "Network"]

LONGEST_LATENCY = 0.02

A_MOMENT = 1.0
"""Seconds in which a list reaches the store and the handlers."""


@dataclass(slots=True)
class Attempt:
    """One request of a consumer, as its client saw it.

    Attributes:
        path: The path, which is that of all requests of one source.
        parameters: The parameters of the request.
        is_watch: Whether it is a watch; otherwise it is a page of a list, or a look at the API.
        is_page: Whether it is a later page of a list.
        status: The status; 0 if there was no response.
        failure: The name of the error that the client got in place of a response, or in the middle of its body.
        error_code: The code of the ERROR event of a watch; 0 if there was none.
        opened_at: When the head of a watch arrived, or the end of the list that it begins with.
        ended_at: When the client left it.
        begins_with_list: Whether the objects of a list are the first events of a watch.
        has_listed: Whether this list has ended.
        events: The number of events that a watch brought.
        has_bookmark: Whether a watch brought a bookmark beside that of its list.
        has_delivered: Whether a watch brought a whole event or bookmark, beside those of its list.
        has_lost_track: Whether a watch brought an event that names no object: it counts as no progress.
        has_expired: Whether the response said that the version has expired.
        lacks_version: Whether the response said that the version has expired, or is too large.
        is_garbled: Whether a watch brought something that is no event.
        version: The version of the list, or of the last event of a watch; `""` if there was none.
        token: The continue token of a page.
        is_good: Whether the whole body arrived; of a list, that it is one.
        is_last: Whether it is the last page of a list.
        retry_after: The seconds of `Retry-After`; None if the response has none.
        stopped_seconds: Seconds for which the process of the clients had been stopped until it began.
        stopped_seconds_at_end: The same when it ended.
    """

    at: float
    path: str
    parameters: dict[str, str]
    is_watch: bool
    is_page: bool
    status: int = 0
    failure: str = ""
    error_code: int = 0
    opened_at: float = 0.0
    ended_at: float = 0.0
    begins_with_list: bool = False
    has_listed: bool = False
    events: int = 0
    has_bookmark: bool = False
    has_delivered: bool = False
    has_lost_track: bool = False
    has_expired: bool = False
    lacks_version: bool = False
    is_garbled: bool = False
    version: str = ""
    token: str = ""
    is_good: bool = False
    is_last: bool = False
    retry_after: int | None = None
    stopped_seconds: float = 0.0
    stopped_seconds_at_end: float = 0.0

    @property
    def asks_to_wait(self) -> bool:
        """Whether the client itself sends the request again after the pause that the server asked for."""
        return self.retry_after is not None and self.retry_after <= 60

    def include(self, look: Attempt) -> None:
        """Extend a list by the look at the API for which its kind was a reason."""
        self.ended_at, self.stopped_seconds_at_end = look.ended_at, look.stopped_seconds_at_end

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


@dataclass(slots=True)
class Lists:
    """The lists of one source that have ended, be they the beginning of a watch.

    Attributes:
        count: The number of those.
        at: The revision of the storage when the last one ended.
        version: The version of the last one.
        ended_at: The time of its end, in virtual seconds.
    """

    count: int = 0
    at: int = 0
    version: int = 0
    ended_at: float = 0.0


class Link:
    """A `Transport`: the way of one consumer to the servers.

    Attributes:
        name: The name of the consumer.
        attempts: The requests, in order.
        rules: The faults of its requests.
        lists: The lists of each source, by its namespace; `""` stands for all of them.
        has_doubtful_lists: Whether any list had no version, or an object without a name: until the next list, an
            informer cannot know how old the objects are, or which of them were deleted.
    """

    def __init__(self, name: str, network: Network, random: Random) -> None:
        self.name = name
        self.attempts: list[Attempt] = []
        self.rules = FaultyTransport(_Balancer(network, Random(random.getrandbits(32))), random=random)
        self.lists: dict[str, Lists] = {}
        self.has_doubtful_lists = False
        self._doubtful_until: dict[str, float] = {}  # by path
        self._lists_in_doubt: set[str] = set()  # the paths whose list in pages is doubtful so far
        self._network = network

    async def request(
        self, request: Request, *, timeout: float | None = None, max_bytes: int | None = None
    ) -> Response:
        attempt = self._begin(request)
        try:
            response = await self.rules.request(request, timeout=timeout, max_bytes=max_bytes)
            attempt.status = response.status
            attempt.retry_after = _retry_after(response.headers)
            self._received(attempt)(response.body)
            return response
        except Exception as error:
            attempt.failure = type(error).__name__
            raise
        finally:
            self._end(attempt)

    @asynccontextmanager
    async def stream(self, request: Request, *, timeout: float | None = None) -> AsyncGenerator[ByteStream]:
        attempt = self._begin(request)
        try:
            async with self.rules.stream(request, timeout=timeout) as body:
                attempt.status = body.status
                attempt.retry_after = _retry_after(body.headers)
                attempt.opened_at = asyncio.get_running_loop().time()
                if attempt.is_watch and attempt.status == 200:
                    yield _WatchedBody(body, attempt, self)
                else:
                    yield _ListedBody(body, attempt, self._received(attempt))
        except Exception as error:
            attempt.failure = attempt.failure or ("" if attempt.status else type(error).__name__)
            raise
        finally:
            self._end(attempt)

    def upgrade(
        self, request: Request, *, subprotocols: Sequence[str], timeout: float | None = None
    ) -> AbstractAsyncContextManager[Channel]:
        raise NotImplementedError

    def _begin(self, request: Request) -> Attempt:
        target = request.target
        parameters = dict(parse_qsl(target.partition("?")[2]))
        attempt = Attempt(
            asyncio.get_running_loop().time(), request.path, parameters, "watch" in parameters, "continue" in parameters
        )
        attempt.begins_with_list = "sendInitialEvents" in parameters
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

    def lists_of(self, namespace: str) -> Lists:
        """Return the lists of the source that lists a namespace."""
        return self.lists.get(namespace) or self.lists.get("") or Lists()

    def _received(self, attempt: Attempt) -> Callable[[bytes], None]:
        """Return a function that notes what the whole body of a response is, other than that of a watch."""

        def note(body: bytes) -> None:
            attempt.is_good = attempt.status == 200 and _is_list(body, attempt.path)
            attempt.has_expired = attempt.status == 410
            attempt.lacks_version = attempt.has_expired or _TOO_LARGE in body
            head = body.partition(b'"items"')[0]
            attempt.version, attempt.token = _found(_VERSION, head), _found(_TOKEN, head)
            attempt.is_last = not attempt.token
            if attempt.is_good:
                self._weigh_page(attempt, is_doubtful=not attempt.version or _NAMELESS in body)
                self.listed(attempt)

        return note

    def _weigh_page(self, attempt: Attempt, *, is_doubtful: bool) -> None:
        """Doubt a list of which any page is doubtful, and trust one that ends without any."""
        path = attempt.path
        if not attempt.is_page:
            self._lists_in_doubt.discard(path)
        if is_doubtful:
            self._lists_in_doubt.add(path)
            self.doubt(path)
        elif attempt.is_last and path not in self._lists_in_doubt:
            self.trust(path)

    @property
    def is_doubtful(self) -> bool:
        """Whether the last list of any source was one of `has_doubtful_lists`, or the one before, a moment ago."""
        now = asyncio.get_running_loop().time()
        return any(until > now for until in self._doubtful_until.values())

    def doubt(self, path: str) -> None:
        """Note a list of a source that has no version, or an object without a name."""
        self.has_doubtful_lists, self._doubtful_until[path] = True, math.inf

    def trust(self, path: str) -> None:
        """Note a list with both."""
        until = self._doubtful_until.get(path, -math.inf)
        self._doubtful_until[path] = min(until, asyncio.get_running_loop().time() + A_MOMENT)

    def listed(self, attempt: Attempt) -> None:
        """Note the end of a list, or of a page of one."""
        *_, before, namespace, _ = attempt.path.split("/")
        lists = self.lists.setdefault(namespace if before == "namespaces" else "", Lists())
        lists.ended_at = virtual_time.elapsed()
        if attempt.is_page:
            return
        lists.at = self.revision
        lists.version = int(attempt.version or 0)
        lists.count += 1

    def __repr__(self) -> str:
        return f"<Link {self.name}: {len(self.attempts)} requests>"


_VERSION = re.compile(rb'"resourceVersion":"([0-9]+)"')
_TOKEN = re.compile(rb'"continue":"([^"]+)"')
_TOO_LARGE = b"Too large resource version"
_NAMELESS = b'"name":7'
_EVENT = b'{"type":"'
_CODE = re.compile(rb'"code":([0-9]+)')


def _retry_after(headers: Headers) -> int | None:
    value = headers.get("retry-after")
    return None if value is None else int(value)


def _found(pattern: re.Pattern[bytes], text: bytes) -> str:
    match = pattern.search(text)
    return "" if match is None else match[1].decode()


def _is_list(body: bytes, path: str) -> bool:
    """Return whether a body is a list of the resource of a path, or of its metadata, as the server writes it."""
    kind = body[:40].lower()
    kinds = path.rpartition("/")[2][:-1].encode() + b'list"', b'partialobjectmetadatalist"'
    return kind.startswith(b'{"kind":"') and any(each in kind for each in kinds)


class _ListedBody:
    """The body of a list, noted when it is complete, or of a refusal, which counts even if its body is cut."""

    def __init__(self, inner: ByteStream, attempt: Attempt, received: Callable[[bytes], None]) -> None:
        self.status, self.headers = inner.status, inner.headers
        self._inner = inner
        self._attempt = attempt
        self._received = received

    async def __aiter__(self) -> AsyncIterator[bytes]:
        body = b""
        is_refusal = self.status >= 300
        if is_refusal:
            self._received(body)
        with nullcontext() if is_refusal else _noting_failure(self._attempt):
            async for chunk in self._inner:
                body += chunk
                if is_refusal:
                    self._received(body)
                yield chunk
        self._received(body)

    async def read(self, max_bytes: int | None = None) -> bytes:
        with _noting_failure(self._attempt):
            body = await self._inner.read(max_bytes)
        self._received(body)
        return body


@contextmanager
def _noting_failure(attempt: Attempt) -> Generator[None]:
    try:
        yield
    except Exception as error:
        attempt.failure = type(error).__name__
        raise


class _WatchedBody:
    """The body of a watch, which notes what it brings."""

    def __init__(self, inner: ByteStream, attempt: Attempt, link: Link) -> None:
        self.status, self.headers = inner.status, inner.headers
        self._inner = inner
        self._attempt = attempt
        self._link = link
        self._is_doubtful = self._is_torn = self._has_lines = False
        self._line = b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        attempt = self._attempt
        with _noting_failure(attempt):
            async for chunk in self._inner:
                *lines, self._line = (self._line + chunk).split(b"\n")
                for line in lines:
                    self._note(line)
                self._has_lines = self._has_lines or bool(lines)
                if not self._has_lines and self._line.endswith(b"}"):
                    self._note_document(self._line)  # whose newline may be missing
                elif not _EVENT.startswith(self._line[: len(_EVENT)]):
                    self._is_torn = True
                yield chunk
        if (self._line or self._is_torn) and not (attempt.is_garbled or attempt.error_code):
            attempt.failure = "ConnectionLost"  # in the middle of an event, as far as the client knows
        attempt.is_good = True

    def _note_document(self, text: bytes) -> None:
        """Note a document that has no line of its own, or is no event; nothing if it is not complete."""
        with suppress(ValueError):
            document = json.loads(text)
            if "object" in document:
                self._note(text)
                self._line = b""
                return
            self._attempt.error_code = document.get("code", 0)
            self._attempt.is_garbled = not self._attempt.error_code
            return
        self._is_torn = self._is_torn or not text.startswith(_EVENT)

    def _note(self, line: bytes) -> None:
        attempt = self._attempt
        if attempt.is_garbled or attempt.error_code:
            return
        if line.startswith(b'{"type":"ERROR"'):
            attempt.error_code = int(_found(_CODE, line))
            attempt.has_expired = attempt.error_code == 410
            attempt.lacks_version = attempt.has_expired or _TOO_LARGE in line
            return
        if not (line.startswith(_EVENT) and b'","object":{' in line[:32] and line.endswith(b"}")):
            self._note_document(line)
            return
        attempt.events += 1
        is_bookmark = line.startswith(b'{"type":"BOOKMARK"')
        if _NAMELESS in line:
            self._is_doubtful = True
            self._link.doubt(attempt.path)
        if attempt.begins_with_list and not attempt.has_listed:
            attempt.version = _found(_VERSION, line) if is_bookmark else ""
            if attempt.version and b'"k8s.io/initial-events-end":"true"' in line:
                attempt.has_listed = True
                attempt.opened_at = asyncio.get_running_loop().time()
                attempt.events = 0
                self._link.listed(attempt)
                if not self._is_doubtful:
                    self._link.trust(attempt.path)
            attempt.is_garbled = is_bookmark and not attempt.has_listed
        else:
            attempt.has_delivered = True
            attempt.has_bookmark = attempt.has_bookmark or is_bookmark
            attempt.has_lost_track = attempt.has_lost_track or _NAMELESS in line
            attempt.version = _found(_VERSION, line) or attempt.version

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
