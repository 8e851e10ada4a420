"""A server that stores one Lease and accepts work, and the network between it and a candidate.

A request has a time in the network before and after the server carries it out, whatever the loop of the candidate does
meanwhile.
"""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any, NoReturn

from kubeloop.errors import ConnectError, ConnectionLost, RequestTimeout
from kubeloop.transport.base import ByteStream, Channel
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers, Response
from tests.election.several_loops import SlantedLoop, Timeline

__all__ = ["INTRUDER", "LONGEST", "WORK", "CandidateTransport", "Exchange", "LeaseServer", "Weather"]

WORK = "/api/v1/namespaces/default/configmaps/work"
_JSON = Headers([("Content-Type", "application/json")])
INTRUDER = "intruder"
LONGEST = 0.1
"""The longest delay of the network in either direction, in seconds, while it works."""
SLOW = 6.0
"""The same of a slow network."""
LATE = (4.0, 4.8)
"""The seconds that late responses take by the clock of the candidate, which waits for 5."""


class LeaseServer:
    """One Lease, with the rules of the API server for versions. It survives restarts of the server.

    Args:
        on_store: Called with the last holder and the new one when the Lease is written.

    Attributes:
        is_down: Whether the server is being restarted, and refuses connections.
        restarts: How often it has gone down; the responses that were under way then are lost.
    """

    def __init__(self, on_store: Callable[[str, str], None]) -> None:
        self._on_store = on_store
        self._lease: dict[str, Any] | None = None
        self._version = 1
        self.is_down = False
        self.restarts = 0

    def go_down(self) -> None:
        """Stop, and cut all connections."""
        self.is_down = True
        self.restarts += 1

    def come_up(self) -> None:
        """Start again, with the same Lease."""
        self.is_down = False

    def intrude(self) -> None:
        """Write another holder into the Lease, as a person with an editor does."""
        if self._lease is not None:
            lease = copy.deepcopy(self._lease)
            lease["spec"]["holderIdentity"] = INTRUDER
            self._put(lease)

    def handle(self, request: Request) -> Response:
        """Carry a request out."""
        if request.path == WORK:
            return Response(200, _JSON, b"{}")
        lease = self._lease
        if request.method == "POST":
            return _status(409, "AlreadyExists") if lease is not None else self._store(request)
        if lease is None:
            return _status(404, "NotFound")
        if request.method == "GET":
            return _response(lease)
        update = json.loads(request.body or b"")
        if update["metadata"]["resourceVersion"] != lease["metadata"]["resourceVersion"]:
            return _status(409, "Conflict")
        return _response(lease) if update == lease else self._store(request)

    def _store(self, request: Request) -> Response:
        lease = json.loads(request.body or b"")
        self._put(lease)
        return _response(lease)

    def _put(self, lease: dict[str, Any]) -> None:
        self._version += 1
        lease["metadata"]["resourceVersion"] = str(self._version)
        before, self._lease = self._lease, lease
        self._on_store(before["spec"]["holderIdentity"] if before else "", lease["spec"]["holderIdentity"])


def _response(document: dict[str, Any], status: int = 200, *headers: tuple[str, str]) -> Response:
    return Response(status, Headers([*_JSON.pairs, *headers]), json.dumps(document).encode())


def _status(code: int, reason: str, *headers: tuple[str, str]) -> Response:
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code}
    return _response(status, code, *headers)


class Weather:
    """How the network and the server treat the requests of a candidate now.

    Attributes:
        kind: `""` (well), `slow`, `late`, `failing`, `cut`, `silent` (as `cut`, but half of the requests
            arrive) or `limited`.
    """

    def __init__(self) -> None:
        self.kind = ""


class Exchange:
    """A request that was sent, and what becomes of it.

    Attributes:
        request: The request.
        weather: The kind of weather in which it was sent.
        sent_at: When it was sent, by the clock of the candidate.
        status: The status with which the server carried it out; 0 if the server did not.
        result: What the candidate received; None if it did not wait any longer.
        is_cut: Whether the server went down before the candidate had the response.
    """

    def __init__(self, request: Request, weather: str, sent_at: float) -> None:
        self.request = request
        self.weather = weather
        self.sent_at = sent_at
        self.status = 0
        self.result: Response | Exception | None = None
        self.is_cut = False


class CandidateTransport:
    """The network of one process.

    Args:
        timeline: The true time.
        loop: The loop of the process.
        server: The server.
        weathers: What may disturb the requests, that of the server and that of the candidate.
        random: Chance.
        on_send: Called when a request is sent.
        on_end: Called when the candidate has the result of a request, or does not wait for it any longer.
    """

    def __init__(
        self,
        timeline: Timeline,
        loop: SlantedLoop,
        server: LeaseServer,
        weathers: Sequence[Weather],
        random: Random,
        on_send: Callable[[Request], None],
        on_end: Callable[[Exchange], None],
    ) -> None:
        self._timeline = timeline
        self._loop = loop
        self._server = server
        self._weathers = weathers
        self._random = random
        self._on_send = on_send
        self._on_end = on_end
        self.is_dead = False

    async def request(
        self, request: Request, *, timeout: float | None = None, max_bytes: int | None = None
    ) -> Response:
        """Send a request and wait for its response."""
        del max_bytes
        if self.is_dead:
            raise ConnectError("the process was killed", method=request.method, path=request.path)
        self._on_send(request)
        weather = next((weather.kind for weather in self._weathers if weather.kind), "")
        exchange = Exchange(request, weather, self._loop.time())
        answer: asyncio.Future[Response | Exception] = self._loop.create_future()
        self._send(exchange, answer)
        try:
            async with asyncio.timeout(timeout):
                exchange.result = result = await answer
        except TimeoutError:
            raise RequestTimeout("no response", method=request.method, path=request.path) from None
        finally:
            if not self.is_dead:
                self._on_end(exchange)
        if isinstance(result, Exception):
            raise result
        return result

    def _send(self, exchange: Exchange, answer: asyncio.Future[Response | Exception]) -> None:
        """Plan what happens to a request: whether it arrives, and how the server responds."""
        random, timeline, server, request = self._random, self._timeline, self._server, exchange.request
        there, back = self._delays(exchange.weather)
        refusal: Response | Exception | None = None
        if exchange.weather == "limited":
            refusal = _status(429, "TooManyRequests", ("Retry-After", random.choice("123")))
        elif exchange.weather == "failing" and random.random() < 0.8:
            refusal = random.choice([_lost(request), _status(503, "ServiceUnavailable")])
        is_carried_out = refusal is None or (isinstance(refusal, ConnectionLost) and random.random() < 0.5)
        is_silent = exchange.weather in ("cut", "silent")
        if is_silent:
            is_carried_out = exchange.weather == "silent" and random.random() < 0.5

        def arrive() -> None:
            restarts = server.restarts
            result: Response | Exception | None = refusal
            if server.is_down:
                result = ConnectError("connection refused", method=request.method, path=request.path)
            elif is_carried_out:
                response = server.handle(request)
                exchange.status = response.status
                result = refusal or response
            if not is_silent and result is not None:
                timeline.at(timeline.now + back, lambda: deliver(result, restarts))

        def deliver(result: Response | Exception, restarts: int) -> None:
            exchange.is_cut = restarts != server.restarts
            if not self._loop.is_closed():
                self._loop.call_soon(finish, _lost(request) if exchange.is_cut else result)

        def finish(result: Response | Exception) -> None:
            if not answer.done():
                answer.set_result(result)

        timeline.at(timeline.now + there, arrive)

    def _delays(self, weather: str) -> tuple[float, float]:
        """Return the seconds until a request arrives, and those that its response takes."""
        there, back = self._random.uniform(0, LONGEST), self._random.uniform(0, LONGEST)
        if weather == "slow":
            return self._random.uniform(0, SLOW), self._random.uniform(0, SLOW)
        return there, self._random.uniform(*LATE) / self._loop.rate if weather == "late" else back

    @asynccontextmanager
    async def stream(self, request: Request, *, timeout: float | None = None) -> AsyncGenerator[ByteStream]:
        """Refuse: nothing here streams."""
        del timeout
        self._refuse(request)
        yield

    @asynccontextmanager
    async def upgrade(
        self, request: Request, *, subprotocols: Sequence[str], timeout: float | None = None
    ) -> AsyncGenerator[Channel]:
        """Refuse: nothing here opens WebSockets."""
        del subprotocols, timeout
        self._refuse(request)
        yield

    @staticmethod
    def _refuse(request: Request) -> NoReturn:
        raise AssertionError(f"expected a plain request, got {request!r}")


def _lost(request: Request) -> ConnectionLost:
    return ConnectionLost("the connection was reset", method=request.method, path=request.path)
