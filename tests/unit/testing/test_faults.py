"""A transport with faults: clients see each fault as they would see it of a network or a server."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable

import pytest

import kubeloop
from kubeloop import errors
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing import FakeTransport, StreamedResponse, event_line, json_response
from kubeloop.testing.faults import FaultyTransport
from kubeloop.testing.virtual_time import elapsed, in_virtual_time

POD = core_v1.Pod(metadata=meta_v1.ObjectMeta(name="a", namespace="x", resource_version="5"))
BODY = json_response(POD).body


class Setup:
    """A clientset over a faulty transport over a server that returns the same pod."""

    def __init__(self, *, seed: int | None = None, **settings: object) -> None:
        self.server = FakeTransport(self.respond)
        self.faulty = FaultyTransport(self.server, random=None if seed is None else random.Random(seed))
        config = kubeloop.Config(host="https://server", **settings)  # type: ignore[arg-type]
        self.clientset = kubeloop.Clientset(config, transport=self.faulty)
        self.pods = self.clientset.core_v1.pods("x")

    def respond(self, request: kubeloop.Request) -> kubeloop.Response | StreamedResponse:
        return StreamedResponse(self.events()) if "watch=true" in request.target else json_response(POD)

    async def events(self) -> AsyncIterator[bytes]:
        for _ in range(5):
            yield event_line("MODIFIED", POD)
        await asyncio.Event().wait()

    @property
    def methods(self) -> list[str]:
        return [request.method for request in self.server.requests]


@in_virtual_time
async def test_without_rules_it_is_the_transport() -> None:
    setup = Setup()
    assert await setup.pods.get("a") == POD
    async with setup.clientset.rest.watch("pods", into=core_v1.Pod) as stream:
        assert (await anext(stream)).object == POD
    assert repr(setup.faulty) == "<FaultyTransport 0 rules, around <FakeTransport: 2 requests>>"


@in_virtual_time
async def test_a_delay_comes_before_the_request_and_counts_for_the_timeout() -> None:
    setup = Setup()
    rule = setup.faulty.on("get", "pods").delay(5)
    assert await setup.pods.get("a") == POD
    assert elapsed() == 5.0
    with pytest.raises(errors.RequestTimeout, match=r"GET /api/v1/namespaces/x/pods/a: no response within 3 s"):
        await setup.pods.get("a", timeout=3)
    assert elapsed() == 8.0
    rule.remove()
    assert await setup.pods.get("a", timeout=3) == POD
    assert (len(setup.server.requests), rule.count) == (2, 2)


@in_virtual_time
async def test_a_status_replaces_the_request_and_clients_retry_as_it_says() -> None:
    setup = Setup()
    setup.faulty.on("update", "pods", nth=1).fail(429, retry_after=7)
    setup.faulty.on("update", "pods", nth=3).fail(errors.Conflict)
    await setup.pods.update(POD)
    assert elapsed() == 7.0
    with pytest.raises(errors.Conflict, match='Operation cannot be fulfilled on pods "a"'):
        await setup.pods.update(POD)
    assert setup.methods == ["PUT"]


@in_virtual_time
async def test_a_response_that_is_lost_leaves_the_write_carried_out() -> None:
    setup = Setup()
    setup.faulty.on("create", "pods").cut()
    setup.faulty.on("delete", "pods").fail(504, is_sent=True)
    with pytest.raises(errors.ConnectionLost, match="closed by a rule of the test"):
        await setup.pods.create(POD)
    with pytest.raises(errors.GatewayTimeout):
        await setup.pods.delete("a")
    assert setup.methods == ["POST", "DELETE"]


@pytest.mark.parametrize("after", [0, 1, len(BODY) - 1, len(BODY)])
@in_virtual_time
async def test_a_body_that_is_cut_is_a_lost_connection_whatever_arrived(after: int) -> None:
    setup = Setup()
    setup.faulty.on("get", "pods").cut(after=after)
    with pytest.raises(errors.ConnectionLost):
        await setup.pods.get("a")


@in_virtual_time
async def test_the_cut_body_of_an_error_is_still_that_error() -> None:
    setup = Setup()
    setup.faulty.on("get", "pods").fail(404).cut(after=3)
    with pytest.raises(errors.NotFound):
        await setup.pods.get("a")


@in_virtual_time
async def test_a_watch_that_is_cut_delivers_what_arrived_before() -> None:
    setup = Setup()
    setup.faulty.on("watch", "pods").cut(after=2 * len(event_line("MODIFIED", POD)) + 5)
    async with setup.clientset.rest.watch("pods", into=core_v1.Pod) as stream:
        assert [(await anext(stream)).type for _ in range(2)] == ["MODIFIED", "MODIFIED"]
        with pytest.raises(errors.ConnectionLost):
            await anext(stream)


@in_virtual_time
async def test_a_request_into_a_black_hole_ends_with_the_timeout_or_a_cancellation() -> None:
    setup = Setup()
    setup.faulty.on("get", "pods").hang()
    with pytest.raises(errors.RequestTimeout):
        await setup.pods.get("a", timeout=30)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(5):
            await setup.pods.get("a")
    assert (elapsed(), setup.methods) == (35.0, [])


@in_virtual_time
async def test_a_body_that_stops_arriving_ends_with_the_timeout() -> None:
    setup = Setup()
    setup.faulty.on("get", "pods").hang(after=10)
    with pytest.raises(errors.RequestTimeout):
        await setup.pods.get("a", timeout=30)
    assert (elapsed(), setup.methods) == (30.0, ["GET"])


@in_virtual_time
async def test_a_duplicate_is_carried_out_twice_and_answered_once() -> None:
    setup = Setup()
    setup.faulty.on("create", "pods").duplicate()
    assert await setup.pods.create(POD) == POD
    assert setup.methods == ["POST", "POST"]


@in_virtual_time
async def test_garbage_is_a_body_that_cannot_be_read() -> None:
    setup = Setup()
    setup.faulty.on("get", "pods").garble()
    setup.faulty.on("list", "pods").garble(b'{"kind":"PodList"')
    with pytest.raises(errors.DecodeError):
        await setup.pods.get("a")
    with pytest.raises(errors.DecodeError):
        await setup.pods.list()


@in_virtual_time
async def test_a_slow_body_takes_its_time() -> None:
    setup = Setup()
    setup.faulty.on("get", "pods").slow(len(BODY) / 8)
    assert await setup.pods.get("a") == POD
    assert elapsed() == pytest.approx(8.0)
    with pytest.raises(errors.RequestTimeout):
        await setup.pods.get("a", timeout=4)


@pytest.mark.parametrize("rate", [0, -1.0, float("nan")])
def test_a_rate_must_be_positive(rate: float) -> None:
    with pytest.raises(ValueError, match="expected a positive number of bytes per second"):
        FaultyTransport(FakeTransport(lambda _: json_response({}))).on().slow(rate)


@in_virtual_time
async def test_a_limit_of_the_body_holds_with_faults_too() -> None:
    setup = Setup()
    setup.faulty.on().delay(1)
    with pytest.raises(errors.BodyTooLarge, match=r"GET /version: the body has more than 10 bytes"):
        await setup.faulty.request(kubeloop.Request("GET", "/version"), max_bytes=10)


@in_virtual_time
async def test_a_function_may_respond_fail_or_pass_the_request_on() -> None:
    setup = Setup()
    replies: list[object] = [None, {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "b"}}]
    setup.faulty.on("get", "pods").respond(lambda _: replies.pop(0))
    assert [(await setup.pods.get("a")).metadata.name for _ in range(2)] == ["a", "b"]
    assert setup.methods == ["GET"]


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda faulty: faulty.on("get", "pods/exec").fail(403), errors.Forbidden),
        (lambda faulty: faulty.on("get", "pods/exec").fail(errors.ConnectError), errors.ConnectError),
        (lambda faulty: faulty.on("get", "pods/exec").hang(), errors.RequestTimeout),
        (lambda faulty: faulty.on("get", "pods").fail(403), kubeloop.UpgradeRefused),
    ],
)
@in_virtual_time
async def test_a_websocket_has_the_faults_before_its_response(
    make: Callable[[FaultyTransport], object], error: type[Exception]
) -> None:
    setup = Setup()
    make(setup.faulty)
    rest = setup.clientset.rest
    request = rest.new_request("GET", "/api/v1/namespaces/x/pods/a/exec")
    with pytest.raises(error):
        async with rest.upgrade(request, subprotocols=["v5.channel.k8s.io"], timeout=5):
            pytest.fail("entered")


@in_virtual_time
async def test_random_faults_are_the_same_for_the_same_seed() -> None:
    async def failures(seed: int) -> list[int]:
        setup = Setup(seed=seed)
        setup.faulty.on("get", "pods", chance=0.3).fail(errors.ConnectError)
        failed = []
        for number in range(50):
            try:
                await setup.faulty.request(kubeloop.Request("GET", "/api/v1/namespaces/x/pods/a"))
            except errors.ConnectError:
                failed.append(number)
        return failed

    assert await failures(3) == await failures(3) != await failures(4)


@in_virtual_time
async def test_an_informer_gets_through_a_bad_network() -> None:
    pods = {f"pod-{number}": str(number) for number in range(20)}

    def respond(request: kubeloop.Request) -> kubeloop.Response | StreamedResponse:
        if "watch=true" in request.target:
            return StreamedResponse(quiet())
        items = [{"metadata": {"name": name, "namespace": "x", "resourceVersion": rv}} for name, rv in pods.items()]
        listed = {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "50"}, "items": items}
        return json_response(listed)

    async def quiet() -> AsyncIterator[bytes]:
        yield event_line("BOOKMARK", POD)
        await asyncio.sleep(200)

    transport = FaultyTransport(FakeTransport(respond), random=random.Random(7))
    transport.on("list", "pods", nth=1).cut(after=100)
    transport.on("list", "pods", nth=2).fail(errors.TooManyRequests, retry_after=5)
    transport.on("list", "pods", nth=3).garble()
    transport.on("watch", "pods", chance=0.5).cut(after=0)
    factory = kubeloop.SharedInformerFactory(kubeloop.Clientset(kubeloop.Config(), transport=transport))
    informer = factory.core_v1.pods()
    async with factory:
        await factory.wait_for_cache_sync(timeout=300)
        await asyncio.sleep(3600)
        assert {pod.metadata.name for pod in informer.lister.list()} == set(pods)
