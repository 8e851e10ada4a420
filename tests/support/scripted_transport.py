"""A `Transport` that takes its responses from a script, and fails in all the ways in which networks do.

    transport = ScriptedTransport(
        error_status(429, "TooManyRequests", headers={"Retry-After": "1"}),
        ScriptedResponse.of({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a"}}),
    )
    transport = ScriptedTransport(respond)            # a function of the request, for a server with a state

Each request is checked as a whole, as the API server would check it: its method, that a body has a content type, and
each query parameter by name and value (`PARAMETERS`). `watch_response` is only for a watch, and `list_of` only for a
LIST. With `to`, a test states the exact request:

    ScriptedResponse.of(pod).to("GET /api/v1/namespaces/x/pods/a")
    ScriptedResponse.of(pod).to("POST /api/v1/namespaces/x/pods?dryRun=All", body=pod)

A request that fails the check fails the test, even if the code guards itself against exceptions. `checked=False` is for
tests that compare whole requests themselves, with those of client-go.

`kubeloop.testing.FakeTransport` and `FaultyTransport` are for servers that tell the truth. This double lies on purpose;
its well-formed bodies (Statuses, events) come from the same writers.

Each request takes the next response. An exception in the script is raised instead. `requests` contains the requests;
`open_streams` is the number of bodies that are still open (0 at the end of every test that leaks nothing). A request
after the end of the script fails the test, with the request's name.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from kubeloop.errors import APIError, ConnectionLost, RequestTimeout, StatusDetails
from kubeloop.testing import event_line
from kubeloop.testing.in_process_transport import read_chunks
from kubeloop.transport.base import read_error_body
from kubeloop.wire.refusals import expired
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers, Response
from kubeloop.wire.status_bodies import status_document

__all__ = [
    "Hang",
    "ScriptedResponse",
    "ScriptedTransport",
    "bookmark",
    "error_status",
    "event",
    "expired_event",
    "faults_of",
    "list_of",
    "query",
    "watch_response",
]

JSON = {"Content-Type": "application/json"}


class Hang:
    """In the chunks of a response: nothing arrives after this point, but the connection stays open."""


Chunk = bytes | float | Exception | Hang | asyncio.Event
"""A piece of a body: bytes, seconds of silence, an error, silence for ever, or silence until an event is set."""


@dataclass(frozen=True)
class ScriptedResponse:
    """What the server does with one request.

    Attributes:
        status: The HTTP status.
        chunks: The body, in the pieces in which it arrives.
        headers: The headers.
        delay: Seconds until the head arrives.
        cut_after: The connection is lost after this number of bytes of the body.
        is_for: The kind of request that the response is for: `"watch"`, `"list"`, or `""` for any.
        request: The exact request that the response is for: method and target, and the JSON of the body.
    """

    status: int = 200
    chunks: Sequence[Chunk] = ()
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)
    delay: float = 0.0
    cut_after: int | None = None
    is_for: str = ""
    request: tuple[str, Any] | None = None

    @classmethod
    def of(cls, data: Any, status: int = 200, **fields: Any) -> ScriptedResponse:
        """Build a response with this JSON body."""
        headers = {**JSON, **fields.pop("headers", {})}
        return cls(status, (json.dumps(data).encode(),), headers=headers, **fields)

    @classmethod
    def text(cls, text: str, status: int = 200, content_type: str = "text/plain", **fields: Any) -> ScriptedResponse:
        """Build a response with this text as its body."""
        return cls(
            status, (text.encode(),), headers={"Content-Type": content_type, **fields.pop("headers", {})}, **fields
        )

    def to(self, line: str, *, body: Any = None) -> ScriptedResponse:
        """Return a copy for exactly this request: `"GET /api/v1/pods?watch=true"`, and the JSON of its body."""
        return replace(self, request=(line, body))

    def cut(self, after: int) -> ScriptedResponse:
        """Return a copy that loses the connection after this number of bytes."""
        return replace(self, cut_after=after)

    def in_pieces(self, size: int) -> ScriptedResponse:
        """Return a copy that arrives in pieces of this size."""
        data = b"".join(chunk for chunk in self.chunks if isinstance(chunk, bytes))
        return replace(self, chunks=[data[at : at + size] for at in range(0, len(data), size)])

    def then(self, *chunks: Chunk) -> ScriptedResponse:
        """Return a copy with more of the body."""
        return replace(self, chunks=[*self.chunks, *chunks])


Step = ScriptedResponse | Exception
Respond = Callable[[Request], "Step | Awaitable[Step]"]


def error_status(
    code: int, reason: str = "", message: str = "", *, details: Mapping[str, Any] | None = None, **fields: Any
) -> ScriptedResponse:
    """Build a response that is a Status which reports a failure; `details` replaces those of the Status."""
    status = status_document(APIError(StatusDetails(code=code, reason=reason, message=message or reason)))
    if details is not None:
        status["details"] = dict(details)
    return ScriptedResponse.of(status, code, **fields)


def event(type: str, obj: Any) -> bytes:
    """Write one watch frame."""
    return event_line(type, obj)


def bookmark(resource_version: str, kind: str = "Pod", api_version: str = "v1", **annotations: str) -> bytes:
    """Write a BOOKMARK frame; in the names of annotations, `_` stands for `-` and `__` for `/`."""
    metadata: dict[str, Any] = {"resourceVersion": resource_version, "creationTimestamp": None}
    if annotations:
        metadata["annotations"] = {k.replace("__", "/").replace("_", "-"): v for k, v in annotations.items()}
    return event("BOOKMARK", {"kind": kind, "apiVersion": api_version, "metadata": metadata})


def expired_event() -> bytes:
    """Write the ERROR frame which reports that the version to resume from is too old."""
    return event("ERROR", status_document(expired("too old resource version: 1 (5)")))


def watch_response(*chunks: Chunk, **fields: Any) -> ScriptedResponse:
    """Build the response to a watch: its frames, each as it arrives. Without a `Hang` at the end the server ends the
    watch.
    """
    return ScriptedResponse(chunks=chunks, is_for="watch", **fields)


def list_of(
    items: Sequence[Mapping[str, Any]],
    resource_version: str,
    *,
    kind: str = "PodList",
    api_version: str = "v1",
    continue_: str = "",
    **fields: Any,
) -> ScriptedResponse:
    """Build the response to a LIST."""
    metadata: dict[str, Any] = {"resourceVersion": resource_version}
    if continue_:
        metadata["continue"] = continue_
    data = {"kind": kind, "apiVersion": api_version, "metadata": metadata, "items": list(items)}
    return replace(ScriptedResponse.of(data, **fields), is_for="list")


def query(request: Request) -> dict[str, str]:
    """Return the query parameters of a request; of a repeated parameter, the last value."""
    return dict(parse_qsl(urlsplit(request.target).query))


_NUMBER = r"[0-9]+"
PARAMETERS = {
    "allowWatchBookmarks": "true",
    "container": ".+",
    "continue": ".+",
    "dryRun": "All",
    "fieldManager": ".+",
    "fieldSelector": ".+",
    "fieldValidation": "Ignore|Warn|Strict",
    "follow": "true",
    "force": "true",
    "gracePeriodSeconds": _NUMBER,
    "hash": "[0-9A-F]+",  # of OpenAPI documents
    "insecureSkipTLSVerifyBackend": "true",
    "labelSelector": ".+",
    "limit": _NUMBER,
    "limitBytes": _NUMBER,
    "orphanDependents": "true|false",
    "previous": "true",
    "propagationPolicy": "Orphan|Background|Foreground",
    "resourceVersion": ".+",
    "resourceVersionMatch": "NotOlderThan|Exact",
    "sendInitialEvents": "true",
    "shardSelector": ".+",
    "sinceSeconds": _NUMBER,
    "sinceTime": ".+Z",
    "stream": "All|Stdout|Stderr",
    "tailLines": _NUMBER,
    "timeoutSeconds": _NUMBER,
    "timestamps": "true",
    "watch": "true",
}
"""The query parameters of the API server's verbs, and their valid values."""
_WITH_BODY = {"POST", "PUT", "PATCH"}


def faults_of(request: Request, response: ScriptedResponse, more: Collection[str] = ()) -> list[str]:
    """Return what is wrong with a whole request that gets this response; `more` parameters may have any value."""
    faults: list[str] = []
    pairs = parse_qsl(urlsplit(request.target).query, keep_blank_values=True)
    names = [name for name, _ in pairs]
    headers = {name.lower(): value for name, value in request.headers.items()}
    if request.method not in {"GET", "DELETE", *_WITH_BODY}:
        faults.append(f"the method {request.method!r}")
    if "accept" not in headers:
        faults.append("no Accept header")
    if (request.body is not None) is not ("content-type" in headers):
        faults.append("a body without a Content-Type, or the other way round")
    if request.body is not None and request.method == "GET":
        faults.append("a GET with a body")
    faults += [f"{name} more than once" for name in set(names) if names.count(name) > 1]
    for name, value in pairs:
        pattern = ".*" if name in more else PARAMETERS.get(name)
        if pattern is None or re.fullmatch(pattern, value, re.DOTALL) is None:
            faults.append(f"the parameter {name}={value!r}")
    is_watch = ("watch", "true") in pairs
    if request.method != "GET" and {"watch", "limit", "continue", "allowWatchBookmarks"} & {*names} - {*more}:
        faults.append("parameters of a read")
    if response.is_for and (request.method != "GET" or is_watch is not (response.is_for == "watch")):
        faults.append(f"it is not a {response.is_for}, and the scripted response is for a {response.is_for}")
    if "allowWatchBookmarks" in names and not is_watch:
        faults.append("bookmarks of no watch")
    if response.request is not None:
        line, body = response.request
        method, _, target = line.partition(" ")
        wanted, found = urlsplit(target), urlsplit(request.target)
        if (method, wanted.path) != (request.method, found.path):
            faults.append(f"expected {method} {wanted.path}")
        if sorted(parse_qsl(wanted.query)) != sorted(pairs):
            faults.append(f"expected the parameters {wanted.query!r}")
        sent = None if request.body is None else json.loads(request.body)
        if sent != body:
            faults.append(f"expected the body {body!r}, got {sent!r}")
    return faults


class ScriptedTransport:
    """A transport that takes its responses from a script; see the module's documentation."""

    def __init__(self, *script: Step | Respond, checked: bool = True) -> None:
        self._checked = checked
        self._respond: Respond | None = None
        self._script: deque[Step] = deque()
        if len(script) == 1 and not isinstance(script[0], (ScriptedResponse, Exception)):
            self._respond = script[0]
        else:
            self._script.extend(step for step in script if isinstance(step, (ScriptedResponse, Exception)))
        self.requests: list[Request] = []
        self.timeouts: list[float | None] = []
        self.open_streams = 0
        self.closed = False
        self.more_parameters: set[str] = set()

    def add(self, *steps: Step) -> None:
        """Append steps to the script."""
        self._script.extend(steps)

    @property
    def left(self) -> int:
        """The number of steps of the script that no request has taken."""
        return len(self._script)

    async def request(
        self, request: Request, *, timeout: float | None = None, max_bytes: int | None = None
    ) -> Response:
        try:
            async with asyncio.timeout(timeout):
                async with self.stream(request, timeout=timeout) as stream:
                    if stream.status >= 300:
                        return Response(stream.status, stream.headers, await read_error_body(stream))
                    return Response(stream.status, stream.headers, await stream.read(max_bytes))
        except RequestTimeout:
            raise
        except TimeoutError:
            raise RequestTimeout(f"no response within {timeout} s", method=request.method, path=request.path) from None

    @asynccontextmanager
    async def stream(self, request: Request, *, timeout: float | None = None) -> AsyncIterator[ScriptedStream]:
        self.requests.append(request)
        self.timeouts.append(timeout)
        response = await self._next(request)
        try:
            async with asyncio.timeout(timeout):
                await asyncio.sleep(response.delay)
        except TimeoutError:
            raise RequestTimeout(
                f"no response head within {timeout} s", method=request.method, path=request.path
            ) from None
        stream = ScriptedStream(response, request)
        self.open_streams += 1
        try:
            yield stream
        finally:
            self.open_streams -= 1
            await stream.close()

    def upgrade(self, request: Request, *, subprotocols: Sequence[str], timeout: float | None = None) -> Any:
        raise AssertionError(f"unexpected upgrade of {request.target}")

    async def close(self) -> None:
        self.closed = True

    async def _next(self, request: Request) -> ScriptedResponse:
        if self._respond is not None:
            step = self._respond(request)
            if not isinstance(step, (ScriptedResponse, Exception)):
                step = await step
        elif self._script:
            step = self._script.popleft()
        else:
            raise AssertionError(f"the script has no response for {request.method} {request.target}")
        response = step if isinstance(step, ScriptedResponse) else ScriptedResponse()
        if self._checked and (faults := faults_of(request, response, self.more_parameters)):
            # Not an Exception: loops that guard themselves must not swallow it.
            pytest.fail(f"{request.method} {request.target}: {'; '.join(faults)}")
        if isinstance(step, Exception):
            raise step
        return step

    def __repr__(self) -> str:
        return f"<ScriptedTransport: {len(self.requests)} requests, {self.left} responses left>"


class ScriptedStream:
    """The body of a response of the script."""

    def __init__(self, response: ScriptedResponse, request: Request) -> None:
        self._response = response
        self._request = request
        self._chunks = self._play()

    @property
    def status(self) -> int:
        return self._response.status

    @property
    def headers(self) -> Headers:
        return Headers(self._response.headers.items())

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._chunks

    async def read(self, max_bytes: int | None = None) -> bytes:
        return await read_chunks(self._chunks, self._request, max_bytes)

    async def close(self) -> None:
        await self._chunks.aclose()

    async def _play(self) -> AsyncGenerator[bytes, None]:
        left = self._response.cut_after
        for chunk in self._response.chunks:
            if isinstance(chunk, bytes):
                if left is not None and len(chunk) >= left:
                    if left:
                        yield chunk[:left]
                    break
                if left is not None:
                    left -= len(chunk)
                if chunk:
                    yield chunk
            elif isinstance(chunk, Exception):
                raise chunk
            elif isinstance(chunk, Hang):
                await asyncio.get_running_loop().create_future()
            elif isinstance(chunk, asyncio.Event):
                await chunk.wait()
            else:
                await asyncio.sleep(chunk)
        if self._response.cut_after is not None:
            raise ConnectionLost("the connection was cut", method=self._request.method, path=self._request.path)
