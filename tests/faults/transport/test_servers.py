"""Servers that are away, incomplete, or wrong: each causes one exception of the tree; nothing hangs, nothing leaks."""

import asyncio
import gzip
import random
import socket
import time

import pytest

from kubeloop.config import Config
from kubeloop.errors import ConnectError, ConnectionLost, RequestTimeout, ServerSilent, TransportError
from kubeloop.transport.http import HTTPTransport
from kubeloop.wire.request import Request
from tests.support.raw_server import hang, raw_server, reply, say, settled, vanish
from tests.support.reachable import reachable
from tests.support.skewed_loop import skewed, skip

GET = Request("GET", "/api/v1/pods?fieldSelector=SECRET", {"Authorization": "Bearer SECRET"})
WRITES = ["POST", "PUT", "PATCH", "DELETE"]


async def fails(transport, kind, match, request=GET, **options):
    begin = time.monotonic()
    with pytest.raises(kind, match=match) as caught:
        await transport.request(request, **options)
    assert time.monotonic() - begin < 10
    error = caught.value
    assert (error.method, error.path) == (request.method, request.path)
    assert str(error).startswith(f"{request.method} {request.path}: ")
    assert "SECRET" not in reachable(error)
    return error


async def _read_stream(transport):
    async with transport.stream(GET) as stream:
        return [chunk async for chunk in stream]


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def test_connection_refused(transport_to):
    port = _free_port()
    error = await fails(
        transport_to(f"http://127.0.0.1:{port}"), ConnectError, rf"127.0.0.1:{port}: connection refused"
    )
    assert error.retryable


async def test_no_such_host(transport_to):
    error = await fails(
        transport_to("http://no-such-host.invalid:1"), ConnectError, r"no-such-host.invalid:1: no such host"
    )
    assert error.retryable


async def test_a_server_that_never_responds(transport_to):
    async with raw_server(hang()) as server:
        error = await fails(transport_to(server.url), RequestTimeout, "timed out after 0.2 s", timeout=0.2)
        assert isinstance(error, TimeoutError)
        await asyncio.wait_for(server.closed_by_client.wait(), 5)


async def test_the_configs_timeout_holds_when_none_is_given(transport_to):
    async with raw_server(hang()) as server:
        await fails(transport_to(server.url, timeout=0.1), RequestTimeout, "timed out after 0.1 s")


async def test_a_connection_whose_request_timed_out_is_not_used_again(transport_to):
    async with raw_server(hang(), reply(b"second")) as server:
        transport = transport_to(server.url)
        await fails(transport, RequestTimeout, "timed out after 0.1 s", timeout=0.1)
        assert (await transport.request(GET)).body == b"second"
        assert server.connections == 2


async def test_a_server_that_never_ends_its_body(transport_to):
    half = say(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", then="wait")
    async with raw_server(half) as server:
        await fails(transport_to(server.url), RequestTimeout, "timed out after 0.2 s", timeout=0.2)


async def fall_silent(seconds):
    """Advance the clock while nothing arrives; the pool checks its connections every ten seconds."""
    for _ in range(seconds // 10):
        skip(10)
        await settled()


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"], ids=["nothing", "half"])
@skewed
async def test_a_server_that_goes_silent_is_given_up_after_three_minutes_without_any_timeout(said):
    """(C6) A head that arrives after two minutes, as of a watch that a proxy holds back (D9), is waited for."""
    async with raw_server(say(said, then="wait")) as server:
        transport = HTTPTransport(Config(host=server.url))
        task = asyncio.create_task(transport.request(GET))
        await server.asked.wait()
        await settled()
        await fall_silent(170)
        assert not task.done()
        await fall_silent(30)
        with pytest.raises(ServerSilent, match=r"is silent.*the request was sent, and may have been carried out"):
            await task
        await transport.close()


async def test_chunks_of_a_body_come_one_by_one_however_they_arrived():
    """An event, which a watch writes as one chunk, is neither joined with the next nor split at the end of a packet."""
    more = asyncio.Event()

    async def step(connection, received):
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        await connection.send(head + b"4\r\none\n\r\n4\r\ntwo\n\r\n6\r\nth")
        await more.wait()
        await connection.send(b"ree\n\r\n5\r\nfour\n\r\n0\r\n\r\n")

    async with raw_server(step) as server:
        transport = HTTPTransport(Config(host=server.url))
        async with transport.stream(GET) as stream:
            pieces = [await anext(stream), await anext(stream), await anext(stream)]
            more.set()
            pieces += [chunk async for chunk in stream]
        await transport.close()
    assert pieces == [b"one\n", b"two\n", b"th", b"ree\n", b"four\n"]


@skewed
async def test_a_stream_may_be_silent_for_as_long_as_it_likes():
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    later = asyncio.Event()

    async def step(connection, received):
        await connection.send(head)
        await later.wait()
        await connection.send(b"4\r\nlate\r\n0\r\n\r\n")

    async with raw_server(step) as server:
        transport = HTTPTransport(Config(host=server.url))
        async with transport.stream(Request("GET", "/log", may_fall_silent=True)) as stream:
            task = asyncio.create_task(stream.read())
            await settled()
            await fall_silent(1_000)
            await settled()
            later.set()
            assert await task == b"late"
        await transport.close()


async def test_the_timeout_of_a_stream_holds_for_its_head_only(transport_to):
    async with raw_server(hang(), say(b"HTTP/1.1 200 OK\r\n\r\n", then="wait")) as server:
        transport = transport_to(server.url)
        with pytest.raises(RequestTimeout, match=r"GET /api/v1/pods: timed out after 0.2 s"):
            async with transport.stream(GET, timeout=0.2):
                pass
        async with transport.stream(GET, timeout=0.2) as stream:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(stream.read(), 0.5)


async def test_a_server_that_closes_without_a_response(transport_to):
    async with raw_server(vanish()) as server:
        error = await fails(transport_to(server.url), ConnectionLost, "closed the connection without a response")
        assert error.retryable
        assert len(server.requests) == 1


async def test_a_server_that_resets_the_connection(transport_to):
    async with raw_server(say(b"", then="reset")) as server:
        await fails(transport_to(server.url), ConnectionLost, "connection")


@pytest.mark.parametrize(
    "cut",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 500)[:-5],
    ],
    ids=["length", "chunks", "chunk", "head", "gzip"],
)
@pytest.mark.parametrize("then", ["close", "reset"])
async def test_a_response_that_is_cut_short(transport_to, cut, then):
    async with raw_server(say(cut, then=then)) as server:
        await fails(
            transport_to(server.url), ConnectionLost, r"in the middle of the response|without a response|is incomplete"
        )
        with pytest.raises(ConnectionLost):
            await _read_stream(transport_to(server.url))


@pytest.mark.parametrize(
    "garbage",
    [
        b"SECRET garbage\r\n\r\n",
        b"\x16\x03\x01\x02\x00SECRET" + b"\xff" * 50 + b"\r\n\r\n",
        b"HTTP/1.1 SECRET OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nSECRET\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"S" * (2 << 20) + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: SECRET\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6 SECRET\r\n",
    ],
    ids=["text", "tls", "status", "header", "long header", "length", "ssh"],
)
async def test_what_is_not_http(transport_to, garbage):
    async with raw_server(say(garbage)) as server:
        error = await fails(transport_to(server.url), TransportError, ": ")
        assert error.retryable is isinstance(error, ConnectionLost)


@pytest.mark.parametrize(
    "body",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nSECRET\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 6\r\n\r\nSECRET",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 6\r\n\r\nSECRET",
    ],
    ids=["chunk size", "gzip", "unasked coding"],
)
async def test_a_body_that_is_not_what_its_head_says(transport_to, body):
    async with raw_server(say(body, then="wait")) as server:
        await fails(transport_to(server.url), TransportError, ": ")
        await asyncio.wait_for(server.closed_by_client.wait(), 5)


async def test_html_instead_of_json_is_a_response_like_any_other(transport_to):
    async with raw_server(
        reply("<html>Bad gateway</html>", status=502, headers=[("Content-Type", "text/html")])
    ) as server:
        response = await transport_to(server.url).request(GET)
        assert (response.status, response.body) == (502, b"<html>Bad gateway</html>")


@pytest.mark.parametrize("then", ["close", "reset"])
async def test_an_error_whose_body_breaks_off_is_a_response(transport_to, then):
    """(E14) Its status and headers decide on a retry."""
    head = b"HTTP/1.1 429 Slow down\r\nRetry-After: 1\r\nContent-Length: 100\r\n\r\nhalf"
    async with raw_server(say(head, then=then)) as server:
        response = await transport_to(server.url).request(GET)
        assert (response.status, response.headers["retry-after"]) == (429, "1")


async def test_a_kept_connection_that_turns_out_dead_is_replaced_for_a_read(transport_to):
    async with raw_server(reply(b"one"), vanish(), reply(b"two")) as server:
        transport = transport_to(server.url)
        assert (await transport.request(GET)).body == b"one"
        assert (await transport.request(GET)).body == b"two"
        assert server.connections == 2


@pytest.mark.parametrize("method", WRITES)
async def test_a_write_is_never_sent_twice(transport_to, method):
    write = Request(method, "/api/v1/pods/a", {}, b"{}")
    async with raw_server(reply(b"one"), vanish(), reply(b"two")) as server:
        transport = transport_to(server.url)
        await transport.request(GET)
        error = await fails(transport, ConnectionLost, "closed the connection without a response", write)
        assert error.retryable
        assert [request.method for request in server.requests] == ["GET", method]


async def test_a_read_on_a_new_connection_is_not_sent_twice(transport_to):
    async with raw_server(vanish(), reply()) as server:
        await fails(transport_to(server.url), ConnectionLost, "without a response")
        assert len(server.requests) == 1


async def test_a_server_that_says_more_than_was_asked_for(transport_to):
    async def chatty(connection, received):
        await reply(b"one")(connection, received)
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")

    async with raw_server(chatty, reply(b"two")) as server:
        transport = transport_to(server.url)
        assert (await transport.request(GET)).body == b"one"
        await settled()
        assert (await transport.request(GET)).body == b"two"


async def test_a_proxy_that_is_away_or_refuses(transport_to):
    port = _free_port()
    away = transport_to("http://cluster.invalid", proxy_url=f"http://me:SECRET@127.0.0.1:{port}")
    await fails(away, ConnectError, "cannot connect to the proxy for cluster.invalid:80: connection refused")
    async with raw_server(reply(status=407)) as proxy:
        url = f"http://me:SECRET@127.0.0.1:{proxy.port}"
        refused = transport_to("https://cluster.invalid", proxy_url=url, insecure_skip_tls_verify=True)
        error = await fails(
            refused, ConnectError, "refused a tunnel to cluster.invalid:443: the proxy responded with 407: it requires"
        )
        assert not error.retryable
        assert proxy.requests[0].method == "CONNECT"


async def test_requests_that_are_cancelled_at_any_moment_leave_nothing_behind(transport_to):
    chance = random.Random(7)
    async with raw_server(reply(b"x" * 100_000)) as server:
        transport = transport_to(server.url)

        async def ask(turns):
            task = asyncio.create_task(transport.request(GET))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        await asyncio.gather(*(ask(chance.randrange(30)) for _ in range(120)))
        assert len((await transport.request(GET)).body) == 100_000
        pool = transport._pool
        assert not pool._waiting
        while pool._dials:  # a request may be served by another connection than the one that is opened for it
            await asyncio.sleep(0)
        assert pool._all.keys() == pool._idle.keys()


async def test_a_proxy_that_says_nothing(transport_to):
    async with raw_server(hang()) as proxy:
        transport = transport_to("https://cluster.invalid", proxy_url=proxy.url, insecure_skip_tls_verify=True)
        await fails(transport, RequestTimeout, "timed out after 0.2 s", timeout=0.2)


@skewed
async def test_a_server_that_cannot_be_reached_is_given_up_after_half_a_minute():
    async with raw_server(hang()) as proxy:
        config = Config(host="https://cluster.invalid", proxy_url=proxy.url, insecure_skip_tls_verify=True)
        transport = HTTPTransport(config)
        task = asyncio.create_task(transport.request(GET))
        await proxy.asked.wait()
        skip(35)
        with pytest.raises(ConnectError, match=r"the connection to cluster.invalid:443 timed out"):
            await task
        await transport.close()
