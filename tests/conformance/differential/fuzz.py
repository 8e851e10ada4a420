"""`python -m tests.conformance.differential fuzz [--seconds 600] [--seed 1]`: requests that no client sends.

The requests of the sequences, and others to any resource, are changed in any part and passed to one server: in process,
in virtual time, and over HTTP, where connections also break off and bytes of the head are changed. Each response must
be one that the real server might send: a Status for an error. Nothing may be logged with a traceback, take long, or
remain in memory; and the server must go on working. The last lines are figures; the exit status is 1 after a fault.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from random import Random
from resource import RUSAGE_SELF, getrusage
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kubeloop.meta import yaml
from kubeloop.models import meta_v1
from kubeloop.testing import APIServer, virtual_time
from kubeloop.testing.apiserver.facts.recorded_server import resources
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers, Response
from kubeloop.wire.serializers.protobuf_serializer import ProtobufSerializer
from kubeloop.wire.streamed_response import StreamedResponse

from .request_mutation import RequestMutation
from .sequence import NAMESPACES, Sequence, load_templates
from .steps import Known, Step, in_json

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.storage.stored import Key

__all__ = ["Fuzz", "fuzz", "judged", "parsed"]

_MAX_FAULTS = 20
_SLOW_SECONDS = 3.0  # of the processor, for one request
_SLOW_SECONDS_PER_BYTE = 5e-6  # of its body: a million numbers in YAML take 6 s
_HANG_SECONDS = 120.0  # also on a machine with much else to do
_GROWTH_BYTES = 64 << 20
_PEAK_BYTES = 1 << 30
_CONNECTIONS = 4
_PROTOBUF = ProtobufSerializer()


class Fuzz:
    """One server, what was sent to it, and the faults that were found.

    Args:
        seed: The seed of all requests.

    Attributes:
        faults: A line per fault.
        counts: How many responses there were per status.
        slowest: The longest time that a request in process took, in seconds of the processor, and the request.
    """

    def __init__(self, seed: int) -> None:
        self.api = APIServer(random=Random(seed))
        self.faults: list[str] = []
        self.counts: Counter[int] = Counter()
        self.slowest = 0.0, ""
        self._random = Random(seed)
        self._mutation = RequestMutation(self._random, resources())
        self._sequence = Sequence(seed, load_templates())
        self._known = Known()
        self._log = _Faults(self.faults)
        self._first_keys = set(self._keys())

    @contextlib.contextmanager
    def observed(self) -> Iterator[None]:
        """Count what is logged as an error in this block as a fault."""
        logger = logging.getLogger("kubeloop")
        others = logging.getLogger("asyncio")
        before = sys.unraisablehook
        sys.unraisablehook = lambda raised: self.faults.append(f"unraisable: {raised.exc_value!r} in {raised.object!r}")
        logger.addHandler(self._log)
        others.addHandler(self._log)
        try:
            yield
        finally:
            logger.removeHandler(self._log)
            others.removeHandler(self._log)
            sys.unraisablehook = before

    async def in_process(self, wanted: Callable[[int], bool]) -> None:
        """Pass requests to the server without a socket, in virtual time.

        Args:
            wanted: Returns whether to go on after so many requests.
        """
        await self._prepare()
        count = 0
        while wanted(count) and len(self.faults) < _MAX_FAULTS:
            step = self._sequence.next(self._known)
            original = self._random.random()
            request = self._request_of(step) if original < 0.8 else self._mutation.anywhere()
            is_changed = self._random.random() < 0.7
            if is_changed:
                request = self._mutation.changed(request)
            self._log.request = request
            spent = time.process_time()
            response = await self._response(request)
            spent = time.process_time() - spent
            if spent > self.slowest[0]:
                self.slowest = spent, _shown(request)
            if spent > _SLOW_SECONDS + len(request.body or b"") * _SLOW_SECONDS_PER_BYTE:
                self._fault(f"took {spent:.1f} s", request)
            self._judge(request, response)
            if not is_changed and original < 0.8 and response.status < 300 and not step.is_watch:
                with suppress(ValueError):
                    self._known.learn(step.plan, json.loads(response.body))
            count += 1
            await asyncio.sleep(0.5)  # so that the storage is compacted
            if count % 500 == 0:
                await self._check_use()
            if count % 2000 == 0:
                self.clean()
                await self._prepare()

    def _request_of(self, step: Step) -> Request:
        """Return the request of a step, or any request if an object has lost the fields that the step changes."""
        try:
            return step.request(self._known)
        except (AttributeError, IndexError, KeyError, TypeError):
            return self._mutation.anywhere()

    async def _response(self, request: Request) -> Response:
        try:
            async with asyncio.timeout(3600):
                reply = self.api.respond(request)
                if not isinstance(reply, Response | StreamedResponse):
                    reply = await reply
        except TimeoutError:
            self._fault("no response within an hour", request)
            return Response(504, Headers(), b"")
        except Exception as error:
            self._fault(f"raised {error!r}", request)
            return Response(500, Headers(), b"")
        if isinstance(reply, Response):
            return reply
        body, pieces = bytearray(), aiter(reply.chunks)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._random.choice((0, 2, 120))):
                async for piece in pieces:
                    body += piece
                    if len(body) > 10_000_000:
                        break
        await pieces.aclose()  # type: ignore[attr-defined]  # that of a watch
        return Response(reply.status, reply.headers, b"")

    async def over_http(self, wanted: Callable[[int], bool]) -> None:
        """Send requests to the server over HTTP, some of them broken.

        Args:
            wanted: Returns whether to go on after so many requests.
        """
        count = 0

        def next_count() -> int:
            nonlocal count
            count += 1
            return count - 1

        await self._prepare()
        async with self.api.listen() as listener:
            address = urlsplit(listener.url)
            assert address.hostname is not None
            assert address.port is not None
            async with asyncio.TaskGroup() as group:
                for _ in range(_CONNECTIONS):
                    group.create_task(self._client(address.hostname, address.port, wanted, next_count))
        await self._check_use()

    async def _client(self, host: str, port: int, wanted: Callable[[int], bool], number: Callable[[], int]) -> None:
        while wanted(number()) and len(self.faults) < _MAX_FAULTS:
            step = self._sequence.next(self._known)
            request = self._request_of(step) if self._random.random() < 0.8 else self._mutation.anywhere()
            if self._random.random() < 0.7:
                request = self._mutation.changed(request)
            data = _http_bytes(request)
            is_whole = self._random.random() < 0.7
            if not is_whole:
                head, separator, body = data.partition(b"\r\n\r\n")
                data = self._mutation.changed_bytes(head + separator, b"Content-Length: 5\r\n") + body
            if self._random.random() < 0.1:
                data, is_whole = data[: self._random.randrange(len(data))], False
            self._log.request = request
            is_finite = is_whole and "watch" not in request.target
            begun = time.monotonic()
            received = await self._exchange(host, port, data, _HANG_SECONDS if is_finite else 0.05)
            if is_finite and time.monotonic() - begun >= _HANG_SECONDS:
                self._fault(f"no end of the response within {_HANG_SECONDS:g} s: {received[:300]!r}", request)
            if not is_finite and not received.endswith((b"}\n", b"}")):
                self.counts[0] += 1
                continue
            response = parsed(received)
            if response is None:
                self._fault(f"no HTTP response: {received[:200]!r}", request)
            elif is_whole:
                self._judge(request, response)
            else:
                self.counts[response.status] += 1

    async def _exchange(self, host: str, port: int, data: bytes, seconds: float) -> bytes:
        reader, writer = await asyncio.open_connection(host, port)
        received = bytearray()
        try:
            with suppress(TimeoutError, ConnectionError):
                async with asyncio.timeout(seconds):
                    writer.write(data)
                    while piece := await reader.read(1 << 16):
                        received += piece
        finally:
            writer.transport.abort()
            with suppress(ConnectionError):
                await writer.wait_closed()
        return bytes(received)

    async def _prepare(self) -> None:
        for name in NAMESPACES:
            body = in_json({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name}})
            response = await self._response(Request("POST", "/api/v1/namespaces", {}, body))
            if response.status not in (201, 409):
                self.faults.append(f"a namespace cannot be created any more: {response.body[:300]!r}")

    async def _check_use(self) -> None:
        """Check that the server does what it is for."""
        path = "/api/v1/namespaces/default/configmaps"
        body = in_json({"metadata": {"name": "in-use"}, "data": {"a": "b"}})
        for method, target, sent, expected in (
            ("POST", path, body, 201), ("GET", f"{path}/in-use", None, 200), ("GET", path, None, 200),
            ("DELETE", f"{path}/in-use", None, 200), ("GET", "/readyz", None, 200),
        ):  # fmt: skip
            response = await self._response(Request(method, target, {}, sent))
            if response.status != expected:
                self.faults.append(f"the server is not usable: {method} {target}: {response.body[:300]!r}")

    def _keys(self) -> list[Key]:
        return [each.key for name in resources().stored() for each in self.api.storage.range(name).items]

    def clean(self) -> None:
        """Remove what the requests have stored, and what the server remembers of them."""
        for key in self._keys():
            if key not in self._first_keys:
                self.api.storage.delete(key, None, expected=None)
        self.api.storage.compact(self.api.storage.revision)
        self.api.actions.clear()
        self._known = Known()

    def _judge(self, request: Request, response: Response) -> None:
        self.counts[response.status] += 1
        fault = judged(request, response)
        if fault:
            self._fault(fault, request)

    def _fault(self, text: str, request: Request) -> None:
        self.faults.append(f"{text}: {_shown(request)}")


class _Faults(logging.Handler):
    """Collects log records that have a traceback, or that are errors."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._faults = faults
        self.request: Request | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Add a record to the faults."""
        if record.exc_info or record.levelno >= logging.ERROR:
            text = logging.Formatter().format(record)
            shown = "" if self.request is None else _shown(self.request)
            self._faults.append(f"logged: {text[:300]} … {text[-1500:]}\n    {shown}")


def judged(request: Request, response: Response) -> str:
    """Return what is wrong with a response; `""` for nothing."""
    form = response.headers.get("content-type", "").partition(";")[0].strip()
    body = response.body
    if response.status < 400:
        if form == "application/json" and body and "gzip" not in response.headers.get("content-encoding", ""):
            try:
                json.loads(body)
            except ValueError as error:
                return f"{response.status} with a body that is not JSON: {error}"
        return ""
    if request.method == "HEAD" and not body:
        return ""
    if form == "text/plain":
        is_known = response.status == 404 and body == b"404 page not found\n"
        is_health = request.path.startswith(("/healthz", "/livez", "/readyz"))
        return "" if is_known or is_health else f"{response.status} with the text {body[:200]!r}"
    try:
        status = _status(form, body)
    except Exception as error:
        return f"{response.status} with {form} that cannot be read: {error!r}, {body[:200]!r}"
    if status is None or status.get("code") != response.status:
        return f"{response.status} without a Status of it: {form} {body[:300]!r}"
    return "the server failed" if "test server failed" in status.get("message", "") else ""


def _status(form: str, body: bytes) -> Any:
    if form == "application/json":
        return json.loads(body)
    if form == "application/yaml":
        return yaml.load(body)
    if form == "application/vnd.kubernetes.protobuf":
        return _PROTOBUF.decode(body, meta_v1.Status).to_dict()
    return None


def _http_bytes(request: Request) -> bytes:
    rows = [f"{request.method} {request.target} HTTP/1.1", "Host: fuzz", "Connection: close"]
    rows += [f"{name}: {value}" for name, value in request.headers.items()]
    if request.body is not None:
        rows.append(f"Content-Length: {len(request.body)}")
    return "\r\n".join([*rows, "", ""]).encode("utf-8", "surrogatepass") + (request.body or b"")


def parsed(data: bytes) -> Response | None:
    """Return the response that these bytes are, without the chunks of a stream; None if they are none."""
    while data.startswith(b"HTTP/1.1 100"):
        data = data.partition(b"\r\n\r\n")[2]
    head, separator, body = data.partition(b"\r\n\r\n")
    line, *rows = head.decode("latin-1").split("\r\n")
    words = line.split(" ", 2)
    if not separator or len(words) != 3 or words[0] != "HTTP/1.1" or not words[1].isdigit():
        return None
    headers = Headers([(name, value.strip()) for name, _, value in (row.partition(":") for row in rows)])
    if "chunked" in headers.get("transfer-encoding", ""):
        body = b""
    return Response(int(words[1]), headers, body)


def _shown(request: Request) -> str:
    body = request.body or b""
    return f"{request.method} {request.target[:500]!r} {dict(request.headers)!r:.300} {len(body)} bytes: {body[:700]!r}"


def _resident_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


def _until(end: float) -> Callable[[int], bool]:
    return lambda _: time.monotonic() < end


def fuzz(seconds: float, seed: int) -> int:
    """Send requests until the time is over, and print the figures. Return the exit status."""
    begun = time.monotonic()
    subject = Fuzz(seed)
    settled = 0
    with subject.observed():
        while time.monotonic() - begun < seconds and len(subject.faults) < _MAX_FAULTS:
            end = min(begun + seconds, time.monotonic() + 20)
            virtual_time.run(subject.in_process(_until(end)))
            asyncio.run(subject.over_http(_until(min(begun + seconds, end + 5))))
            subject.clean()
            gc.collect()
            settled = settled or _resident_bytes()
        growth = _resident_bytes() - settled
    peak = getrusage(RUSAGE_SELF).ru_maxrss * 1024
    if growth > _GROWTH_BYTES:
        subject.faults.append(f"the memory has grown by {growth >> 20} MiB after the first 25 s")
    if peak > _PEAK_BYTES:
        subject.faults.append(f"the memory has reached {peak >> 20} MiB")
    for fault in subject.faults:
        print(f"fault: {fault}", flush=True)
    statuses = ", ".join(f"{status}: {count}" for status, count in sorted(subject.counts.items()))
    print(f"{sum(subject.counts.values())} requests in {time.monotonic() - begun:.0f} s, seed {seed}")
    print(f"statuses (0: broken off): {statuses}")
    print(f"slowest: {subject.slowest[0]:.2f} s of the processor: {subject.slowest[1][:300]}")
    print(f"memory: {settled >> 20} MiB after the first 25 s, then {growth >> 20:+} MiB; at most {peak >> 20} MiB")
    print(f"{len(subject.faults)} faults")
    return 1 if subject.faults else 0
