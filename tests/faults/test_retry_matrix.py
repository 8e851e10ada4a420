"""Which failure is retried for which kind of call. The table is that of client-go's TestRetryableConditions.

A call is an object that is read as a class (Do), a body that is read as bytes (DoRaw), a write, a stream or a watch.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import kubeloop
from kubeloop import errors
from kubeloop.config.config import Config
from kubeloop.models import core_v1
from kubeloop.rest.client import RESTClient
from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from kubeloop.wire.request import Request
from tests.support.raw_server import raw_server, reply, settled
from tests.support.scripted_transport import ScriptedResponse, ScriptedTransport, error_status, list_of, watch_response
from tests.support.skewed_loop import skewed, skip

POD = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a"}}
Call = Callable[[RESTClient], Awaitable[object]]


async def read(rest: RESTClient) -> object:
    return await rest.get("pods", name="a", into=core_v1.Pod)


async def read_bytes(rest: RESTClient) -> object:
    return await rest.get("pods", name="a", into=bytes)


async def write(rest: RESTClient) -> object:
    return await rest.put("pods", name="a", body=POD, into=core_v1.Pod)


async def stream(rest: RESTClient) -> object:
    async with rest.stream("pods", name="a", subresource="log") as body:
        return await body.read()


async def watch(rest: RESTClient) -> object:
    async with rest.watch("pods", into=core_v1.Pod) as events:
        return [event async for event in events]


CALLS: list[Call] = [read, read_bytes, write, stream, watch]
READS, WATCH = {read, read_bytes}, {watch}
EVERY, NONE = set(CALLS), set[Call]()

FAILURES: list[tuple[str, Any, set[Call]]] = [
    ("429 with Retry-After", error_status(429, headers={"Retry-After": "1"}), EVERY),
    ("500 with Retry-After", error_status(500, headers={"Retry-After": "1"}), EVERY),
    ("503 with Retry-After", error_status(503, headers={"Retry-After": "1"}), EVERY),
    ("599 with Retry-After", error_status(599, headers={"Retry-After": "1"}), EVERY),
    ("429", error_status(429), NONE),
    ("500", error_status(500), NONE),
    ("503", error_status(503), NONE),
    ("429 until a date", error_status(429, headers={"Retry-After": "Sun, 29 Nov 2026 01:00:00 GMT"}), NONE),
    ("503 after half a second", error_status(503, headers={"Retry-After": "0.5"}), NONE),
    ("404 with Retry-After", error_status(404, headers={"Retry-After": "1"}), NONE),
    ("409 with Retry-After", error_status(409, headers={"Retry-After": "1"}), NONE),
    ("301 with Retry-After", error_status(301, headers={"Retry-After": "1"}), NONE),
    ("302 with Retry-After", error_status(302, headers={"Retry-After": "1"}), NONE),
    ("the connection is lost", errors.ConnectionLost("reset by peer"), READS | WATCH),
    ("no response in time", errors.RequestTimeout("no response within 5 s"), WATCH),
    ("silence", errors.ServerSilent("no byte for 180 s"), NONE),
    ("the connection is refused", errors.ConnectError("connection refused"), NONE),
    ("TLS fails", errors.TLSError("certificate has expired"), NONE),
    ("the client is closed", errors.ConnectionLost("the client is closed", retryable=False), NONE),
    ("no credential", errors.CredentialError("the plugin failed"), NONE),
]
CASES = [
    pytest.param(call, failure, call in retried, id=f"{call.__name__}: {name}")
    for name, failure, retried in FAILURES
    for call in CALLS
]


def success(call: Call) -> ScriptedResponse:
    return watch_response() if call is watch else ScriptedResponse.of(POD)


class Server(ScriptedTransport):
    """A server of one script, which checks that the body of the attempt before was closed."""

    def __init__(self, *script: Any) -> None:
        steps = list(script)
        self.times: list[float] = []

        def respond(request: Request) -> Any:
            assert self.open_streams == 0
            self.times.append(elapsed())
            step = steps.pop(0) if len(steps) > 1 else steps[0]
            # Errors collect notes.
            return copy.copy(step) if isinstance(step, Exception) else step

        super().__init__(respond)


def client(transport: ScriptedTransport, **settings: Any) -> RESTClient:
    retries = {"max_retries": settings.pop("max_retries")} if "max_retries" in settings else {}
    return RESTClient(Config(host="https://server", **settings), transport=transport, **retries)


@pytest.mark.parametrize(("call", "failure", "is_retried"), CASES)
@in_virtual_time
async def test_a_failure_is_retried_where_nothing_can_happen_twice(call: Call, failure: Any, is_retried: bool) -> None:
    server = Server(failure, success(call))
    if is_retried:
        await call(client(server))
        assert server.times == [0.0, 1.0]
    else:
        with pytest.raises(errors.KubeloopError) as caught:
            await call(client(server))
        assert server.times == [0.0]
        assert not hasattr(caught.value, "__notes__") or "earlier attempt" not in " ".join(caught.value.__notes__)
    assert server.open_streams == 0


@pytest.mark.parametrize("call", CALLS)
@in_virtual_time
async def test_a_success_is_never_retried(call: Call) -> None:
    ok = watch_response(headers={"Retry-After": "1", "Content-Type": "application/json"})
    server = Server(ok if call is watch else ScriptedResponse.of(POD, headers={"Retry-After": "1"}))
    await call(client(server))
    assert server.times == [0.0]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("limit", "attempts"), [(0, 1), (-3, 1), (1, 2), (5, 6), (10, 11)])
@in_virtual_time
async def test_a_server_that_stays_busy_ends_a_call_with_its_error(call: Call, limit: int, attempts: int) -> None:
    server = Server(error_status(503, "ServiceUnavailable", "starting", headers={"Retry-After": "2"}))
    with pytest.raises(kubeloop.ServiceUnavailable, match="starting"):
        await call(client(server, max_retries=limit))
    assert server.times == [2.0 * each for each in range(attempts)]
    assert server.open_streams == 0


@pytest.mark.parametrize("call", [read, read_bytes, watch])
@in_virtual_time
async def test_a_connection_that_is_always_lost_ends_a_call_with_its_error(call: Call) -> None:
    """client-go returns an empty watch, which does not say that the server cannot be reached."""
    server = Server(errors.ConnectionLost("EOF", method="GET", path="/api/v1/pods"))
    with pytest.raises(kubeloop.ConnectionLost, match="EOF"):
        await call(client(server, max_retries=2))
    assert server.times == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("call", CALLS)
@in_virtual_time
async def test_the_last_attempt_may_succeed(call: Call) -> None:
    busy = error_status(429, headers={"Retry-After": "1"})
    server = Server(busy, busy, success(call))
    await call(client(server, max_retries=2))
    assert server.times == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("call", CALLS)
@in_virtual_time
async def test_a_retry_sends_the_same_request(call: Call) -> None:
    server = Server(error_status(503, headers={"Retry-After": "1"}), success(call))
    await call(client(server, token="t"))
    first, second = server.requests
    assert (first.method, first.target, first.body) == (second.method, second.target, second.body)
    assert dict(first.headers) == dict(second.headers)


@in_virtual_time
async def test_a_stream_that_is_retried_and_then_lost_is_lost() -> None:
    busy = error_status(503, headers={"Retry-After": "1"})
    server = Server(busy, errors.ConnectionLost("EOF"))
    with pytest.raises(kubeloop.ConnectionLost, match="EOF"):
        await stream(client(server))
    assert server.times == [0.0, 1.0]


class Recorder:
    """A limiter and metrics that write down when each of them was called."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, float]] = []

    def reserve(self, now: float) -> float:
        self.calls.append(("limiter", now))
        return 0.25

    def give_back(self, now: float) -> None:
        raise AssertionError("a turn was returned")

    def request_sent(self, code: str, method: str, host: str) -> None:
        self.calls.append((f"sent {code}", elapsed()))

    def request_retried(self, code: str, verb: str, host: str) -> None:
        self.calls.append((f"retried {code}", elapsed()))

    def ignored(self, *_: object) -> None: ...

    request_duration = request_size = response_size = rate_limiter_duration = ignored
    exec_plugin_called = exec_plugin_certificate = exec_plugin_certificate_replaced = ignored
    exec_plugin_policy_checked = certificate_authority_reloaded = ignored


@pytest.mark.parametrize("call", CALLS)
@in_virtual_time
async def test_limiter_request_metrics_and_pause_follow_in_this_order(call: Call) -> None:
    recorder = Recorder()
    busy = error_status(429, headers={"Retry-After": "2"})
    server = Server(busy, busy, success(call))
    await call(client(server, rate_limiter=recorder, metrics=recorder))
    # The first attempt of a watch is not limited.
    start, begin = ([], 0.0) if call is watch else ([("limiter", 0.0)], 0.25)
    assert recorder.calls == [
        *start,
        ("sent 429", begin),
        ("limiter", begin + 2.0),
        ("sent 429", begin + 2.25),
        ("retried 429", begin + 2.25),
        ("limiter", begin + 4.25),
        ("sent 200", begin + 4.5),
        ("retried 200", begin + 4.5),
    ]


BUSY = error_status(503, "ServiceUnavailable", "starting", headers={"Retry-After": "1"})
GONE = error_status(404, "NotFound", "no such pod")


@pytest.mark.parametrize("call", [read, watch])
@pytest.mark.parametrize(
    ("script", "limit", "expected", "note"),
    [
        ([GONE], 10, kubeloop.NotFound, None),
        ([BUSY, GONE], 10, kubeloop.NotFound, "starting"),
        ([errors.ConnectionLost("EOF"), GONE], 10, kubeloop.NotFound, "EOF"),
        ([BUSY, errors.ConnectionLost("EOF"), BUSY, GONE], 10, kubeloop.NotFound, "starting"),
        ([BUSY, errors.ConnectionLost("EOF"), GONE], 10, kubeloop.NotFound, "EOF"),
        ([BUSY, BUSY], 1, kubeloop.ServiceUnavailable, None),
        ([errors.ConnectionLost("EOF"), errors.ConnectionLost("EOF")], 1, kubeloop.ConnectionLost, None),
        ([errors.ConnectionLost("EOF"), errors.ConnectError("refused")], 10, kubeloop.ConnectError, "EOF"),
        ([errors.ConnectionLost("EOF"), errors.RequestTimeout("late")], 1, kubeloop.RequestTimeout, "EOF"),
    ],
)  # fmt: skip
@in_virtual_time
async def test_the_error_has_a_note_of_the_attempt_before_if_that_failed_otherwise(
    call: Call, script: list[Any], limit: int, expected: type[Exception], note: str | None
) -> None:
    with pytest.raises(expected) as caught:
        await call(client(Server(*script), max_retries=limit))
    notes = [each for each in getattr(caught.value, "__notes__", []) if each.startswith("an earlier attempt failed")]
    assert len(notes) == (note is not None)
    assert note is None or note in notes[0]
    assert type(caught.value) is expected


@pytest.mark.parametrize("call", [read, watch])
@in_virtual_time
async def test_a_format_that_the_server_refuses_is_no_attempt_that_failed(call: Call) -> None:
    server = Server(error_status(406, "NotAcceptable"), error_status(403, "Forbidden"))
    with pytest.raises(kubeloop.Forbidden) as caught:
        await call(client(server, content_type="protobuf"))
    assert server.times == [0.0, 0.0]
    assert not any(each.startswith("an earlier attempt") for each in getattr(caught.value, "__notes__", []))


@pytest.mark.parametrize("call", CALLS)
@in_virtual_time
async def test_cancelling_the_pause_is_a_cancellation_and_a_timeout_of_the_caller_a_timeout(call: Call) -> None:
    server = Server(error_status(503, headers={"Retry-After": "30"}))
    task = asyncio.ensure_future(call(client(server)))
    await asyncio.sleep(5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(TimeoutError) as caught:
        async with asyncio.timeout(5):
            await call(client(server))
    assert not isinstance(caught.value, kubeloop.RequestTimeout)
    assert server.times == [0.0, 5.0]


@in_virtual_time
async def test_calls_at_the_same_time_are_retried_each_by_itself() -> None:
    seen: dict[str, int] = {}

    def respond(request: Request) -> Any:
        seen[request.path] = seen.get(request.path, 0) + 1
        failures = int(request.path.rpartition("-")[2])
        if seen[request.path] <= failures:
            return error_status(429, headers={"Retry-After": "1"})
        return ScriptedResponse.of({**POD, "metadata": {"name": request.path.rpartition("/")[2]}})

    rest = client(ScriptedTransport(respond))
    names = [f"pod-{number}" for number in range(8)]
    pods = await asyncio.gather(*[rest.get("pods", name=name, into=core_v1.Pod) for name in names])
    assert [pod.metadata.name for pod in pods] == names
    assert list(seen.values()) == [each + 1 for each in range(8)]
    assert elapsed() == 7.0


@in_virtual_time
async def test_a_request_can_be_sent_again() -> None:
    transport = ScriptedTransport(list_of([POD], "7"), list_of([POD], "8"))
    rest = client(transport)
    request = rest.new_request("GET", "/api/v1/pods")
    versions = [(await rest.call(request, core_v1.PodList)).metadata.resource_version for _ in range(2)]
    assert versions == ["7", "8"]
    first, second = transport.requests
    assert (first.target, dict(first.headers)) == (second.target, dict(second.headers))


@pytest.mark.parametrize("call", CALLS)
@skewed
async def test_a_retry_uses_the_connection_of_the_refused_attempt_again(call: Call) -> None:
    busy = reply('{"kind": "Status", "message": "starting"}', status=503, headers=[("Retry-After", "1")])
    ok = reply(b"" if call is watch else b'{"metadata": {"name": "a"}}')
    async with raw_server(busy, ok) as server, RESTClient(Config(host=server.url)) as rest:
        task = asyncio.ensure_future(call(rest))
        await server.asked.wait()
        await settled()
        skip(1.0)
        await task
    assert (len(server.requests), server.connections) == (2, 1)
