"""A server that stores one Lease and counts work, and the network between it and a candidate.

A request has a time in the network before and after the server carries it out, whatever the loop of the candidate does
meanwhile.
"""

from __future__ import annotations

import asyncio
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

__all__ = ["LONGEST", "WORK", "CandidateTransport", "LeaseServer", "Weather"]

WORK = "/api/v1/namespaces/default/configmaps/work"
_JSON = Headers([("Content-Type", "application/json")])
LONGEST = 0.1
"""The longest delay of the network in either direction, in seconds, while it works."""
SLOW = 6.0
"""The same of a slow network."""


class LeaseServer:
    """One Lease, with the rules of the API server for versions."""

    def __init__(self) -> None:
        self._lease: dict[str, Any] | None = None
        self._version = 1

    @property
    def holder(self) -> str:
        """Who holds the lease now."""
        return "" if self._lease is None else str(self._lease["spec"]["holderIdentity"])

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
        self._version += 1
        lease = json.loads(request.body or b"")
        lease["metadata"]["resourceVersion"] = str(self._version)
        self._lease = lease
        return _response(lease)


def _response(document: dict[str, Any], status: int = 200, *headers: tuple[str, str]) -> Response:
    return Response(status, Headers([*_JSON.pairs, *headers]), json.dumps(document).encode())


def _status(code: int, reason: str, *headers: tuple[str, str]) -> Response:
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code}
    return _response(status, code, *headers)


class Weather:
    """How the network and the server treat the requests of a candidate now.

    Attributes:
        kind: `""` (well), `slow`, `failing`, `silent` or `limited`.
    """

    def __init__(self) -> None:
        self.kind = ""


class CandidateTransport:
    """The network of one process.

    Args:
        timeline: The true time.
        loop: The loop of the process.
        server: The server.
        weathers: What may disturb the requests, that of the server and that of the candidate.
        random: Chance.
        on_send: Called when a request is sent.
    """

    def __init__(
        self,
        timeline: Timeline,
        loop: SlantedLoop,
        server: LeaseServer,
        weathers: Sequence[Weather],
        random: Random,
        on_send: Callable[[Request], None],
    ) -> None:
        self._timeline = timeline
        self._loop = loop
        self._server = server
        self._weathers = weathers
        self._random = random
        self._on_send = on_send
        self.is_dead = False

    async def request(
        self, request: Request, *, timeout: float | None = None, max_bytes: int | None = None
    ) -> Response:
        """Send a request and wait for its response."""
        del max_bytes
        if self.is_dead:
            raise ConnectError("the process was killed", method=request.method, path=request.path)
        self._on_send(request)
        answer: asyncio.Future[Response | Exception] = self._loop.create_future()
        self._send(request, answer)
        try:
            async with asyncio.timeout(timeout):
                result = await answer
        except TimeoutError:
            raise RequestTimeout("no response", method=request.method, path=request.path) from None
        if isinstance(result, Exception):
            raise result
        return result

    def _send(self, request: Request, answer: asyncio.Future[Response | Exception]) -> None:
        """Plan what happens to a request: whether it arrives, and how the server responds."""
        random, timeline = self._random, self._timeline
        kind = next((weather.kind for weather in self._weathers if weather.kind), "")
        longest = SLOW if kind == "slow" else LONGEST
        there, back = random.uniform(0, longest), random.uniform(0, longest)
        refusal: Response | Exception | None = None
        if kind == "limited":
            refusal = _status(429, "TooManyRequests", ("Retry-After", "1"))
        elif kind == "failing" and random.random() < 0.8:
            lost = ConnectionLost("the connection was reset", method=request.method, path=request.path)
            refusal = random.choice([lost, _status(503, "ServiceUnavailable")])
        is_carried_out = refusal is None or (isinstance(refusal, ConnectionLost) and random.random() < 0.5)
        if kind == "silent":
            is_carried_out = random.random() < 0.5

        def arrive() -> None:
            response = self._server.handle(request) if is_carried_out else None
            result = refusal or response
            if kind != "silent" and result is not None:
                timeline.at(timeline.now + back, lambda: deliver(result))

        def deliver(result: Response | Exception) -> None:
            if not self._loop.is_closed():
                self._loop.call_soon(finish, result)

        def finish(result: Response | Exception) -> None:
            if not answer.done():
                answer.set_result(result)

        timeline.at(timeline.now + there, arrive)

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
