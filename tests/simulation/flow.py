"""The body of one response in flight, and the faults of a network that can happen to it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Self

from kubeloop.errors import ConnectionLost, ServerSilent
from kubeloop.testing.apiserver.live import EventBody
from kubeloop.testing.in_process_transport import read_chunks
from kubeloop.wire.response import Response
from kubeloop.wire.streamed_response import StreamedResponse

if TYPE_CHECKING:
    from kubeloop.testing import APIServer
    from kubeloop.wire.request import Request

__all__ = ["SILENCE", "Flow"]

SILENCE = 180.0
"""Seconds without a byte after which a client closes its connection, as `transport` does."""


class Flow:
    """One exchange, from the request to the last byte of the response: a `ByteStream`.

    Attributes:
        server: The server that carries it out.
        owner: What the flows of one consumer share: its source of randomness.
        is_watch: Whether it is a watch.
        is_frozen: Whether nothing arrives at the moment.
        duplicates: The chance with which an event arrives twice.
        drip: The bytes that arrive per tenth of a second; 0 for all at once.
        ends_after: The number of events after which the server ends the watch; None for no end.
        rewrite: Changes the bytes that arrive: whole frames of a watch, or the whole body of a list.
    """

    def __init__(self, request: Request, server: APIServer, random: Random, *, is_watch: bool) -> None:
        self.request = request
        self.server = server
        self.owner = random
        self.is_watch = is_watch
        self.is_frozen = False
        self.duplicates = 0.0
        self.drip = 0
        self.ends_after: int | None = None
        self.rewrite: Callable[[bytes], bytes] | None = None
        self._random = random
        self._loop = asyncio.get_running_loop()
        self._body: EventBody | None = None
        self._pieces: deque[bytes] = deque()
        self._failure: Exception | None = None  # now
        self._cut: Exception | None = None  # after the pieces
        self._is_complete = False
        self._wake = asyncio.Event()
        self._heard_at = self._loop.time()
        self._timer = self._loop.call_later(SILENCE, self._check_silence)

    @property
    def is_open(self) -> bool:
        """Whether it is a watch whose head has arrived."""
        return self._body is not None and not self.is_frozen

    # What the client sees

    async def head(self, reply: Response | StreamedResponse) -> Self:
        """Wait until the head of the response arrives."""
        self.status, self.headers = reply.status, reply.headers
        if isinstance(reply, StreamedResponse):
            assert isinstance(reply.chunks, EventBody)
            self._body = reply.chunks
            self._body.on_ready = self._wake.set
        while self.is_frozen and self._failure is None:
            self._wake.clear()
            await self._wake.wait()
        if self._failure is not None:
            raise self._failure
        if isinstance(reply, Response):
            self._arrive(reply.body)
            self._is_complete = True
        self._heard()
        return self

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while True:
            self._wake.clear()
            if self._failure is not None:
                raise self._failure
            if not self.is_frozen:
                if self._pieces:
                    return await self._next_piece()
                if self._cut is not None:
                    raise self._cut
                if self._is_complete or self._body is None:
                    raise StopAsyncIteration
                chunk = self._body.take()
                if chunk is None:
                    self._is_complete = True
                elif chunk:
                    self._arrive(chunk)
                if chunk != b"":
                    continue
            await self._wake.wait()

    async def read(self, max_bytes: int | None = None) -> bytes:
        return await read_chunks(self, self.request, max_bytes)

    def close(self) -> None:
        self._timer.cancel()
        if self._body is not None:
            self._body.close()

    # What the network does

    def freeze(self) -> None:
        """Hold all bytes back until `thaw`."""
        self.is_frozen = True

    def thaw(self) -> None:
        """Deliver the bytes that were held back."""
        self.is_frozen = False
        self._heard()
        self._wake.set()

    def fail(self, error: Exception) -> None:
        """Break the connection; what has not arrived is lost."""
        if self._failure is None:
            self._failure = error
            self._wake.set()

    def cut(self, after: int = 0) -> None:
        """Break the connection after some bytes of what is ready now."""
        if self.is_frozen or self._body is None:
            self.lost()
            return
        data = b"".join(self._pieces) + (self._body.take() or b"")
        self._pieces = deque([data[:after]] if data[:after] else [])
        self._body.close()
        self._cut = self._lost()
        self._wake.set()

    def tell(self, frame: bytes) -> None:
        """End a watch as the server does, with a last frame such as an ERROR event."""
        if self._body is not None:
            self._body.end()
            self._pieces.append(frame)
            self._is_complete = True
            self._wake.set()

    def end(self) -> None:
        """End the watch as the server does."""
        if self._body is not None:
            self._body.end()
            self._wake.set()

    def lost(self) -> None:
        """Break the connection at once."""
        self.fail(self._lost())

    # Inside

    def _arrive(self, chunk: bytes) -> None:
        """Take frames of a watch, or the body of a list, as the network delivers them."""
        if self.rewrite is not None:
            chunk = self.rewrite(chunk)
            if self.is_watch and not chunk:
                return
        frames = [chunk]
        if self.is_watch and (self.duplicates or self.ends_after is not None):
            frames = chunk.splitlines(keepends=True)
        for frame in frames:
            copies = 2 if self.duplicates and self._random.random() < self.duplicates else 1
            self._pieces.extend([frame] * copies)
            if self.ends_after is not None:
                self.ends_after -= 1
                if self.ends_after <= 0:
                    self.end()
                    self._is_complete = True
                    break
        if self.drip:
            data = b"".join(self._pieces)
            self._pieces = deque(data[start : start + self.drip] for start in range(0, len(data), self.drip))

    async def _next_piece(self) -> bytes:
        if self.drip and len(self._pieces) > 1:
            await asyncio.sleep(0.1)
            if self._failure is not None:
                raise self._failure
        self._heard()
        return self._pieces.popleft()

    def _heard(self) -> None:
        self._heard_at = self._loop.time()

    def _check_silence(self) -> None:
        left = self._heard_at + SILENCE - self._loop.time()
        if left <= 0:
            message = f"nothing was received for {SILENCE:g} s"
            self.fail(ServerSilent(message, method=self.request.method, path=self.request.path))
        else:
            self._timer = self._loop.call_later(left, self._check_silence)

    def _lost(self) -> ConnectionLost:
        return ConnectionLost("reset by peer", method=self.request.method, path=self.request.path)
