"""RESTClient on a network and a server that fail: every call ends, with a response or one exception of the tree."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import kubeloop
from kubeloop.clients.clientset import Clientset
from kubeloop.config.config import Config
from kubeloop.models import core_v1
from kubeloop.rest.client import RESTClient
from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from tests.support.scripted_transport import Hang, ScriptedResponse, ScriptedTransport, error_status, list_of

POD: dict[str, Any] = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a", "namespace": "x"}}
BUSY = error_status(429, "TooManyRequests", headers={"Retry-After": "2"})
DOWN = error_status(503, "ServiceUnavailable", headers={"Retry-After": "1"})
LOST = kubeloop.ConnectionLost("reset by peer", method="GET", path="/api/v1/pods")


def client(*script: Any, **settings: Any) -> tuple[RESTClient, ScriptedTransport]:
    transport = ScriptedTransport(*script)
    return RESTClient(Config(host="https://server", **settings), transport=transport), transport


@in_virtual_time
async def test_a_request_to_a_busy_server_is_retried_after_the_servers_delay() -> None:
    rest, transport = client(BUSY, DOWN, ScriptedResponse.of(POD))
    await rest.get("pods", namespace="x", name="a", into=core_v1.Pod)
    assert elapsed() == 3.0
    assert len(transport.requests) == 3


@in_virtual_time
async def test_a_write_is_retried_only_if_the_server_reports_that_it_did_not_happen() -> None:
    rest, transport = client(BUSY, ScriptedResponse.of(POD), LOST)
    await rest.post("pods", namespace="x", body=POD)
    assert [request.body for request in transport.requests] == [transport.requests[0].body] * 2
    with pytest.raises(kubeloop.ConnectionLost):
        await rest.post("pods", namespace="x", body=POD)
    assert len(transport.requests) == 3


@in_virtual_time
async def test_an_error_without_a_time_to_wait_is_raised_at_once() -> None:
    rest, _ = client(error_status(429, "TooManyRequests"), error_status(500, "InternalError"))
    with pytest.raises(kubeloop.TooManyRequests):
        await rest.get("pods", name="a")
    with pytest.raises(kubeloop.InternalError):
        await rest.get("pods", name="a")
    assert elapsed() == 0.0


@in_virtual_time
async def test_a_server_that_stays_busy_is_given_up_after_ten_retries() -> None:
    rest, transport = client(*[BUSY] * 12)
    with pytest.raises(kubeloop.TooManyRequests) as caught:
        await rest.get("pods", name="a")
    assert len(transport.requests) == 11
    assert caught.value.retry_after == 2.0


@in_virtual_time
async def test_a_read_survives_a_lost_connection() -> None:
    rest, _ = client(LOST, LOST, ScriptedResponse.of(POD))
    assert await rest.get("pods", name="a", into=core_v1.Pod)
    assert elapsed() == 2.0


@in_virtual_time
async def test_a_client_that_is_closed_sends_nothing_again() -> None:
    """(D15)"""
    closed = kubeloop.TransportError("the client is closed", method="GET", path="/api/v1/pods/a", retryable=False)
    rest, transport = client(*[closed] * 4)
    for _ in range(2):
        with pytest.raises(kubeloop.TransportError, match=r"^GET /api/v1/pods/a: the client is closed$") as caught:
            await rest.get("pods", name="a")
        assert not caught.value.retryable
    for opening in (rest.watch("pods", into=core_v1.Pod), rest.stream("pods", name="a", subresource="log")):
        with pytest.raises(kubeloop.TransportError, match="the client is closed"):
            async with opening:
                pytest.fail("entered")
    assert len(transport.requests) == 4
    assert elapsed() == 0.0


@in_virtual_time
async def test_a_client_that_is_closed_between_two_attempts_says_so() -> None:
    """(D15)"""
    closed = kubeloop.TransportError("the client is closed", method="GET", path="/api/v1/pods/a", retryable=False)
    rest, _ = client(BUSY, closed)
    with pytest.raises(kubeloop.TransportError, match="the client is closed") as caught:
        await rest.get("pods", name="a")
    assert "429" in caught.value.__notes__[0]


@pytest.mark.parametrize("verb", ["get", "post", "watch", "stream"])
@pytest.mark.parametrize("error", [kubeloop.RequestTimeout, kubeloop.ConnectError, kubeloop.ConnectionLost])
@in_virtual_time
async def test_whether_the_request_was_sent_stays_in_the_message(
    error: type[kubeloop.TransportError], verb: str
) -> None:
    said = "no free connection within 5 s, the request was not sent"
    rest, _ = client(*[error(said, method="GET", path="/api/v1/pods")] * 20)
    calls: dict[str, Any] = {
        "get": lambda: rest.get("pods"),
        "post": lambda: rest.post("pods", body=POD),
        "watch": lambda: rest.watch("pods", into=core_v1.Pod).__aenter__(),
        "stream": lambda: rest.stream("pods").__aenter__(),
    }
    with pytest.raises(error) as caught:
        await calls[verb]()
    assert str(caught.value) == f"GET /api/v1/pods: {said}"


@in_virtual_time
async def test_a_server_that_cannot_be_reached_is_an_error_at_once() -> None:
    rest, _ = client(kubeloop.ConnectError("refused", method="GET", path="/api/v1/pods/a"))
    with pytest.raises(kubeloop.ConnectError, match="refused"):
        await rest.get("pods", name="a")


@in_virtual_time
async def test_the_last_error_mentions_the_one_before() -> None:
    rest, _ = client(LOST, error_status(404, "NotFound"))
    with pytest.raises(kubeloop.NotFound) as caught:
        await rest.get("pods", name="a")
    assert "reset by peer" in caught.value.__notes__[0]


@in_virtual_time
async def test_a_timeout_bounds_all_attempts_and_the_waits_between_them() -> None:
    rest, transport = client(BUSY, BUSY, BUSY, BUSY)
    with pytest.raises(kubeloop.TooManyRequests):
        await rest.get("pods", name="a", timeout=5.0)
    assert elapsed() == 4.0
    assert transport.timeouts == [5.0, 3.0, 1.0]


@in_virtual_time
async def test_a_hanging_server_ends_in_a_timeout() -> None:
    rest, transport = client(*[ScriptedResponse(chunks=[b"{", Hang()])] * 3, timeout=30.0)
    with pytest.raises(kubeloop.RequestTimeout):
        await rest.get("pods", name="a", timeout=2.0)
    assert elapsed() == 2.0
    with pytest.raises(TimeoutError):
        await rest.get("pods", into=core_v1.PodList)
    assert elapsed() == 32.0
    assert transport.open_streams == 0


@in_virtual_time
async def test_cancelling_a_call_leaves_nothing_open() -> None:
    rest, transport = client(ScriptedResponse(chunks=[Hang()]))
    task = asyncio.create_task(rest.get("pods", name="a"))
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert transport.open_streams == 0


@in_virtual_time
async def test_cancelling_a_wait_for_the_rate_limit_gives_the_turn_back() -> None:
    rest, _ = client(*[ScriptedResponse.of(POD)] * 3, qps=1.0, burst=1)
    await rest.get("pods", name="a")
    waiting = asyncio.create_task(rest.get("pods", name="a"))
    await asyncio.sleep(0.5)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await rest.get("pods", name="a")
    assert elapsed() == pytest.approx(1.0)


@pytest.mark.parametrize("after", range(0, 120, 7))
@in_virtual_time
async def test_a_list_cut_anywhere_is_read_again(after: int) -> None:
    listing = list_of([POD], "7")
    rest, transport = client(listing.cut(after), listing.in_pieces(3))
    pods = await rest.get("pods", into=core_v1.PodList)
    assert [pod.metadata.name for pod in pods.items] == ["a"]
    assert transport.open_streams == 0


@pytest.mark.parametrize("after", range(0, 60, 5))
@in_virtual_time
async def test_a_body_that_ends_too_early_without_a_broken_connection_is_an_error(after: int) -> None:
    whole = b"".join(chunk for chunk in ScriptedResponse.of(POD).chunks if isinstance(chunk, bytes))
    rest, _ = client(ScriptedResponse(chunks=[whole[:after]]))
    with pytest.raises(kubeloop.DecodeError):
        await rest.get("pods", name="a", into=core_v1.Pod)


@in_virtual_time
async def test_a_watch_is_opened_again_when_the_connection_is_lost_while_opening() -> None:
    rest, transport = client(LOST, kubeloop.RequestTimeout("slow"), BUSY, ScriptedResponse(chunks=[]))
    async with rest.watch("pods", into=core_v1.Pod) as stream:
        assert await stream.batch() == []
    assert elapsed() == 4.0
    assert transport.open_streams == 0


@in_virtual_time
async def test_a_watch_that_is_refused_is_an_error_and_leaves_nothing_open() -> None:
    rest, transport = client(error_status(403, "Forbidden"), ScriptedResponse.text("{}", status=206))
    with pytest.raises(kubeloop.Forbidden):
        async with rest.watch("pods", into=core_v1.Pod):
            pytest.fail("entered")
    with pytest.raises(kubeloop.APIError):
        async with rest.watch("pods", into=core_v1.Pod):
            pytest.fail("entered")
    assert transport.open_streams == 0


@in_virtual_time
async def test_a_handler_of_warnings_that_raises_fails_the_call() -> None:
    def refuse(warning: Any) -> None:
        raise RuntimeError(warning.text)

    rest, _ = client(ScriptedResponse.of(POD, headers={"Warning": '299 - "deprecated"'}), warning_handler=refuse)
    with pytest.raises(RuntimeError, match="deprecated"):
        await rest.get("pods", name="a")


@in_virtual_time
async def test_a_server_that_asks_for_no_pause_is_not_flooded() -> None:
    """(C9) A hundred writes became 1,100 requests in one second."""
    rest, transport = client(*[error_status(429, "TooManyRequests", headers={"Retry-After": "0"})] * 11)
    with pytest.raises(kubeloop.TooManyRequests):
        await rest.post("pods", namespace="x", body=POD)
    assert len(transport.requests) == 11
    assert 5.0 <= elapsed() <= 10.0


@in_virtual_time
async def test_a_servers_request_for_an_hour_is_raised_at_once() -> None:
    """(C9)"""
    rest, transport = client(*[error_status(429, "TooManyRequests", headers={"Retry-After": "3600"})] * 2)
    with pytest.raises(kubeloop.TooManyRequests) as caught:
        await rest.get("pods", name="a")
    with pytest.raises(kubeloop.TooManyRequests):
        async with rest.watch("pods", into=core_v1.Pod):
            pytest.fail("entered")
    assert caught.value.retry_after == 3600.0
    assert elapsed() == 0.0
    assert len(transport.requests) == 2


BROKEN = {
    "cut": BUSY.cut(5),
    "reset": ScriptedResponse(429, [b"{", LOST], headers={"Retry-After": "2"}),
    "silent": ScriptedResponse(429, [b"{", Hang()], headers={"Retry-After": "2"}),
    "nonsense": ScriptedResponse.text("\xff", 429, headers={"Retry-After": "2"}),
}


@pytest.mark.parametrize("how", BROKEN)
@in_virtual_time
async def test_a_request_to_a_busy_server_is_retried_however_its_body_ends(how: str) -> None:
    """(E14) The head of the response contains everything that the retry rule needs."""
    rest, transport = client(
        BROKEN[how], ScriptedResponse.of(POD), BROKEN[how], ScriptedResponse(chunks=[]), BROKEN[how], BROKEN[how]
    )
    await rest.post("pods", namespace="x", body=POD)
    async with rest.watch("pods", into=core_v1.Pod):
        pass
    assert elapsed() == (34.0 if how == "silent" else 4.0)
    assert len(transport.requests) == 4
    assert transport.open_streams == 0


@pytest.mark.parametrize("chunks", [[b"{", LOST], [b"{", Hang()], [b'{"kind": "Status", "code": 4']])
@in_virtual_time
async def test_an_error_whose_body_breaks_off_is_the_error_that_its_status_says(chunks: list[Any]) -> None:
    """(E14) The outcome of a request is its HTTP status, which has arrived."""
    rest, transport = client(*[ScriptedResponse(404, chunks)] * 2)
    with pytest.raises(kubeloop.NotFound):
        await rest.delete("pods", namespace="x", name="a")
    with pytest.raises(kubeloop.NotFound):
        async with rest.watch("pods", into=core_v1.Pod):
            pytest.fail("entered")
    assert elapsed() <= 60.0
    assert transport.open_streams == 0


@pytest.mark.parametrize("status", [401, 404, 410, 429, 500, 503])
@pytest.mark.parametrize("purpose", ["watch", "stream", "watch()"])
@pytest.mark.parametrize("chunks", [[], [b'{"kind":"Status",'], [b"x", 2.0] * 100])
@in_virtual_time
async def test_an_error_that_falls_silent_while_something_is_opened_ends_in_time(
    status: int, purpose: str, chunks: list[Any]
) -> None:
    """(F4) The head of an error has arrived, its body never ends: the status is reported within the timeout."""
    rest, transport = client(ScriptedResponse(status, chunks=[*chunks, Hang()], delay=1.0))
    opening: Any
    if purpose == "watch":
        opening = rest.watch("pods", into=core_v1.Pod, timeout=5)
    elif purpose == "stream":
        opening = rest.stream("pods", name="a", subresource="log", timeout=5)
    else:
        clientset = Clientset(rest.config, transport=transport)
        opening = clientset.core_v1.pods().watch(resource_version="5", timeout=5)
    with pytest.raises((kubeloop.APIError, kubeloop.RequestTimeout)) as caught:
        async with opening:
            pytest.fail("entered")
    assert elapsed() == 5.0
    assert transport.open_streams == 0
    if isinstance(caught.value, kubeloop.APIError):
        assert caught.value.code == status


@in_virtual_time
async def test_an_error_that_falls_silent_ends_without_a_timeout_too() -> None:
    """(F4)"""
    rest, transport = client(ScriptedResponse(403, chunks=[b"no", Hang()]))
    with pytest.raises(kubeloop.Forbidden):
        async with rest.watch("pods", into=core_v1.Pod):
            pytest.fail("entered")
    assert elapsed() == 30.0
    assert transport.open_streams == 0
