"""The transport against a real socket: requests, responses, streams, reuse, gzip, proxies."""

import asyncio
import gzip

import pytest

from kubeloop.config import Config
from kubeloop.errors import BodyTooLarge, TransportError
from kubeloop.transport import open_transport
from kubeloop.wire.request import Request
from tests.support.raw_server import raw_server, reply

GET = Request("GET", "/api/v1/pods?limit=5", {"Accept": "application/json"})


async def test_sends_a_request_and_returns_status_headers_and_body(transport_to):
    async with raw_server(reply(b'{"a":1}', status=201, headers=[("Warning", "1"), ("Warning", "2")])) as server:
        transport = transport_to(server.url, user_agent="me/1")
        response = await transport.request(Request("POST", "/api/v1/pods", {"Content-Type": "x"}, b"body"))
        assert response.status == 201
        assert response.body == b'{"a":1}'
        assert response.headers.get_all("warning") == ["1", "2"]
        (received,) = server.requests
        assert (received.method, received.target, received.body) == ("POST", "/api/v1/pods", b"body")
        assert received.headers == [
            ("Host", f"127.0.0.1:{server.port}"),
            ("User-Agent", "me/1"),
            ("Accept-Encoding", "gzip"),
            ("Content-Type", "x"),
            ("Content-Length", "4"),
        ]


async def test_puts_the_servers_prefix_before_each_path(transport_to):
    async with raw_server(reply()) as server:
        await transport_to(f"{server.url}/k8s/c-1/").request(GET)
        assert server.requests[0].target == "/k8s/c-1/api/v1/pods?limit=5"


async def test_uses_a_connection_again(transport_to):
    async with raw_server(reply()) as server:
        transport = transport_to(server.url)
        for _ in range(5):
            await transport.request(GET)
        assert server.connections == 1


async def test_does_not_use_a_connection_again_that_the_server_wants_closed(transport_to):
    async with raw_server(reply(headers=[("Connection", "close")], close=True)) as server:
        transport = transport_to(server.url)
        for _ in range(3):
            await transport.request(GET)
        assert server.connections == 3


async def test_runs_many_requests_at_once(transport_to):
    async with raw_server(reply(b"x" * 5000)) as server:
        transport = transport_to(server.url, max_connections=100)
        responses = await asyncio.gather(*(transport.request(GET) for _ in range(300)))
        assert all(len(response.body) == 5000 for response in responses)
        assert transport._pool is not None
        assert len(transport._pool._all) <= 100


async def test_returns_errors_and_redirects_as_responses(transport_to):
    elsewhere = reply(status=307, headers=[("Location", "http://127.0.0.1:1/stolen")])
    async with raw_server(reply("<html>", status=503), elsewhere) as server:
        transport = transport_to(server.url)
        assert (await transport.request(GET)).status == 503
        assert (await transport.request(GET)).status == 307
        assert len(server.requests) == 2


async def test_skips_interim_responses(transport_to):
    async def early_hints(connection, received):
        await connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
        await reply(b"done")(connection, received)

    async with raw_server(early_hints) as server:
        assert (await transport_to(server.url).request(GET)).body == b"done"


@pytest.mark.parametrize("status", [204, 304])
async def test_expects_no_body_where_there_is_none(transport_to, status):
    async with raw_server(reply(b"", status=status)) as server:
        transport = transport_to(server.url)
        for _ in range(2):
            assert (await transport.request(GET)).body == b""
            async with transport.stream(GET) as stream:
                assert [chunk async for chunk in stream] == []
        assert server.connections == 1


async def test_unfolds_gzip_and_drops_the_headers_of_the_folded_body(transport_to):
    body = b"pod " * 1_000_000
    async with raw_server(reply(gzip.compress(body), headers=[("Content-Encoding", "gzip")])) as server:
        response = await transport_to(server.url).request(GET)
        assert response.body == body
        assert "content-encoding" not in response.headers
        assert "content-length" not in response.headers


async def test_does_not_request_gzip_if_it_is_disabled(transport_to):
    async with raw_server(reply()) as server:
        await transport_to(server.url, disable_compression=True).request(GET)
        assert server.requests[0].header("accept-encoding") is None


async def test_reads_a_large_body(transport_to):
    body = b"0123456789abcdef" * (1 << 20)
    async with raw_server(reply(body)) as server:
        response = await transport_to(server.url).request(GET)
        assert response.body == body


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize("announced", [False, True])
async def test_stops_at_a_body_that_is_too_large(transport_to, folded, announced):
    body = gzip.compress(b"\0" * (300 << 20)) if folded else b"x" * (4 << 20)
    headers = [("Content-Encoding", "gzip")] if folded else []
    if not announced:
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        headers.append(("Transfer-Encoding", "chunked"))
        headers.append(("Content-Length", ""))
    async with raw_server(_framed(body, headers) if not announced else reply(body, headers=headers)) as server:
        transport = transport_to(server.url)
        with pytest.raises(BodyTooLarge, match=r"GET /api/v1/pods: .* larger than the limit of 1048576 bytes"):
            await transport.request(GET, max_bytes=1 << 20)
        await asyncio.wait_for(server.closed_by_client.wait(), 5)


async def test_a_body_of_exactly_the_limit_is_not_too_large(transport_to):
    async with raw_server(reply(b"x" * 1000)) as server:
        transport = transport_to(server.url)
        assert len((await transport.request(GET, max_bytes=1000)).body) == 1000
        with pytest.raises(BodyTooLarge):
            await transport.request(GET, max_bytes=999)


async def test_an_error_is_bounded_even_where_a_response_may_have_any_size(transport_to):
    body = gzip.compress(b"x" * (5 << 20))
    async with raw_server(reply(body, headers=[("Content-Encoding", "gzip")], status=500)) as server:
        response = await transport_to(server.url).request(GET, max_bytes=None)
        assert (response.status, len(response.body)) == (500, 4 << 20)


async def test_streams_chunks_as_they_arrive(transport_to):
    go_on = asyncio.Event()

    async def slowly(connection, received):
        await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        await go_on.wait()
        await connection.send(b"3\r\ntwo\r\n0\r\n\r\n")

    async with raw_server(slowly, reply()) as server:
        transport = transport_to(server.url)
        async with transport.stream(GET) as stream:
            assert stream.status == 200
            chunks = aiter(stream)
            assert await anext(chunks) == b"one"
            go_on.set()
            assert await anext(chunks) == b"two"
            with pytest.raises(StopAsyncIteration):
                await anext(chunks)
        await transport.request(GET)
        assert server.connections == 1


async def test_a_list_that_is_read_as_it_arrives_counts_as_a_request(transport_to):
    """`max_connections` limits requests and streams each; a list must not take the place of a watch."""
    async with raw_server(reply(b"{}")) as server:
        transport = transport_to(server.url, max_connections=1)
        listing = GET.replace(is_list=True)
        async with transport.stream(listing) as one, transport.stream(GET) as other:
            assert (one.status, other.status) == (200, 200)
            waiting = asyncio.create_task(transport.request(GET))
            await asyncio.sleep(0)
            assert await one.read() == b"{}"
            assert not waiting.done()
        assert (await waiting).body == b"{}"


async def test_leaving_a_stream_closes_its_connection(transport_to):
    async with raw_server(_endless) as server:
        transport = transport_to(server.url)
        async with transport.stream(GET) as stream:
            async for _ in stream:
                break
        await asyncio.wait_for(server.closed_by_client.wait(), 5)


async def test_streams_unfold_gzip_and_read_the_rest_bounded(transport_to):
    body = gzip.compress(b"line\n" * 100_000)
    async with raw_server(reply(body, headers=[("Content-Encoding", "gzip")])) as server:
        transport = transport_to(server.url)
        async with transport.stream(GET) as stream:
            assert len(await stream.read()) == 500_000
        async with transport.stream(GET) as stream:
            with pytest.raises(BodyTooLarge):
                await stream.read(1000)


async def test_cancelling_closes_the_exchange(transport_to):
    async with raw_server(_endless) as server:
        transport = transport_to(server.url)
        task = asyncio.create_task(transport.request(GET))
        while not server.requests:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(server.closed_by_client.wait(), 5)


async def test_closing_fails_running_and_later_calls(transport_to):
    async with raw_server(_endless) as server:
        transport = transport_to(server.url)
        async with transport.stream(GET) as stream:
            await anext(aiter(stream))
            await transport.close()
            with pytest.raises(TransportError):
                async for _ in stream:
                    pass
        await transport.close()
        with pytest.raises(TransportError, match="the client is closed"):
            await transport.request(GET)


async def test_goes_through_an_http_proxy_with_its_password(transport_to):
    async with raw_server(reply(b"through")) as proxy:
        transport = transport_to("http://cluster.invalid/prefix", proxy_url=f"http://me:pw@127.0.0.1:{proxy.port}")
        assert (await transport.request(GET)).body == b"through"
        (received,) = proxy.requests
        assert received.target == "http://cluster.invalid/prefix/api/v1/pods?limit=5"
        assert received.header("host") == "cluster.invalid"
        assert received.header("proxy-authorization") == "Basic bWU6cHc="


async def test_uses_the_proxy_of_the_environment_unless_it_is_disabled(transport_to, monkeypatch):
    async with raw_server(reply(b"through")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert (await transport_to("http://cluster.invalid").request(GET)).body == b"through"
        with pytest.raises(TransportError):
            await transport_to("http://cluster.invalid", proxy_url="").request(GET)


async def test_stays_in_the_event_loop_of_its_first_request(transport_to):
    async with raw_server(reply()) as server:
        transport = transport_to(server.url)
        await transport.request(GET)
        with pytest.raises(RuntimeError, match="create one per loop"):
            await asyncio.to_thread(asyncio.run, transport.request(GET))


async def test_open_transport_authenticates(transport_to):
    async with raw_server(reply()) as server:
        transport = open_transport(Config(host=server.url, token="t"))
        try:
            await transport.request(GET)
        finally:
            await transport.close()
        assert server.requests[0].header("authorization") == "Bearer t"


def _framed(body, headers):
    async def step(connection, received):
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers if value)
        await connection.send(f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode() + body)

    return step


async def _endless(connection, received):
    await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
    await connection.until_closed()
