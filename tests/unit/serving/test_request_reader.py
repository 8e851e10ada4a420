"""Requests from bytes: however they are cut, what is refused, and each limit exactly."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop.serving.refusal import Refusal
from kubeloop.serving.request_reader import MAX_HEAD_BYTES, MAX_HEADERS, RequestReader
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers
from tests.support.serving import GET, request

LIMIT = 100

Seen = tuple[str, str, tuple[tuple[str, str], ...], bytes | None]


def seen(found: Request) -> Seen:
    assert isinstance(found.headers, Headers)
    return found.method, found.target, found.headers.pairs, found.body


def read(data: bytes, *, cuts: list[int] | None = None, by: int = 0) -> list[Seen]:
    """Return the requests that arrive, cut at these places or into parts of one size."""
    reader = RequestReader(LIMIT)
    found: list[Seen] = []
    places = sorted({*(cuts or ()), *(range(0, len(data), by) if by else ()), 0, len(data)})
    for start, end in pairwise(places):
        reader.feed(data[start:end])
        while (each := reader.next_request()) is not None:
            found.append(seen(each))
    return found


def refusal_of(data: bytes, *, by: int = 0) -> tuple[int, str]:
    with pytest.raises(Refusal) as caught:
        read(data, by=by)
    return caught.value.status, caught.value.message


HOST = ("Host", "a")
KINDS: list[tuple[bytes, Seen]] = [
    (GET, ("GET", "/", (HOST,), None)),
    (request("GET", "/a?b=c%20d", "Accept: x"), ("GET", "/a?b=c%20d", (HOST, ("Accept", "x")), None)),
    (request("POST", "/p", "Accept: x", body=b"abc"), ("POST", "/p", (HOST, ("Accept", "x")), b"abc")),
    (request("POST", "/p", "Accept: x", body=b"defghi"), ("POST", "/p", (HOST, ("Accept", "x")), b"defghi")),
    (request("PUT", "/p", "Content-Length: 0"), ("PUT", "/p", (HOST,), b"")),
    (request("PATCH", "/p", "content-length: 1") + b"x", ("PATCH", "/p", (HOST,), b"x")),
    (
        request("POST", "/c", "Transfer-Encoding: chunked") + b"3;e=f\r\nabc\r\n1\r\nd\r\n0\r\nA: b\r\n\r\n",
        ("POST", "/c", (HOST, ("Transfer-Encoding", "chunked")), b"abcd"),
    ),
    (b"\r\n" * 3 + request("DELETE", "/d"), ("DELETE", "/d", (HOST,), None)),
    (request("BREW", "/tea", "X: \xe9 \t "), ("BREW", "/tea", (HOST, ("X", "Ã©")), None)),
    (request("GET", "http://a:80/x?y"), ("GET", "/x?y", (HOST,), None)),
    (request("GET", "HTTPS://a"), ("GET", "/", (HOST,), None)),
    (request("GET", "http://a?y"), ("GET", "/?y", (HOST,), None)),
    (
        request("GET", "/", "Connection: Upgrade", "Upgrade: websocket"),
        ("GET", "/", (HOST, ("Connection", "Upgrade"), ("Upgrade", "websocket")), None),
    ),
]


@pytest.mark.parametrize(("data", "expected"), KINDS)
@pytest.mark.parametrize("by", [0, 1, 2, 3, 7])
def test_requests(data: bytes, expected: Seen, by: int) -> None:
    assert read(data, by=by) == [expected]


@given(st.lists(st.sampled_from(KINDS), max_size=6), st.data())
def test_requests_follow_each_other_however_they_are_cut(kinds: list[tuple[bytes, Seen]], data: st.DataObject) -> None:
    joined = b"".join(each for each, _ in kinds)
    cuts = data.draw(st.lists(st.integers(0, len(joined)), max_size=8))
    assert read(joined, cuts=cuts) == [expected for _, expected in kinds]


CHUNKED = request("POST", "/", "Transfer-Encoding: chunked")


@pytest.mark.parametrize("by", [0, 1])
@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),  # TLS
        (b"GET / HTTP/1.1\nHost: a\n\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\nB: c\r\n\r\n", 400),
        (b"GET /\r\nHost: a\r\n\r\n", 400),
        (b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /a\x00 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"A" * 33 + b" / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"\r\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
        (b"GET / RTSP/1.0\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (request("GET", "/", "A : b"), 400),
        (request("GET", "/", "A: b", " c"), 400),
        (request("GET", "/", "A"), 400),
        (request("GET", "/", ": b"), 400),
        (request("GET", "/", "A: b\x00"), 400),
        (request("GET", "/", "A: b\rc"), 400),
        (b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
        (request("POST", "/", "Content-Length: 1", "Content-Length: 2"), 400),
        (request("POST", "/", "Content-Length: 1", "Content-Length: 1"), 400),
        (request("POST", "/", "Content-Length : 1"), 400),
        (request("POST", "/", "Content-Length: 1", "Transfer-Encoding: chunked"), 400),
        (request("POST", "/", "Transfer-Encoding: chunked", "Content-Length: 1"), 400),
        (request("POST", "/", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), 400),
        (request("POST", "/", "Transfer-Encoding: xchunked"), 400),
        (request("POST", "/", "Transfer-Encoding: chunked, identity"), 400),
        (request("POST", "/", "Transfer-Encoding: gzip, chunked"), 501),
        (CHUNKED + b"x\r\n", 400),
        (CHUNKED + b"-1\r\n", 400),
        (CHUNKED + b"1\r\nab\r\n", 400),
        (CHUNKED + b"1\nab\r\n", 400),
        (CHUNKED + b"ffffffffffffffff\r\n", 400),
        (CHUNKED + b"0\r\nA b\r\n\r\n", 400),
        (request("POST", "/", "Content-Length: 101"), 413),
        (CHUNKED + b"65\r\n" + b"x" * 101 + b"\r\n0\r\n\r\n", 413),
        (CHUNKED + b"1\r\nx\r\n" * 101 + b"0\r\n\r\n", 413),
        (request("POST", "/", "Expect: 200-ok", body=b"x"), 417),
        (request("GET", "/", *(f"A: {n}" for n in range(MAX_HEADERS))), 431),
    ],
)
def test_what_is_refused(data: bytes, status: int, by: int) -> None:
    assert refusal_of(data, by=by)[0] == status
    assert refusal_of(GET + data, by=by)[0] == status


def test_the_message_of_a_body_that_is_too_large_is_that_of_an_api_server() -> None:
    assert refusal_of(request("POST", "/", "Content-Length: 101")) == (413, "Request entity too large: limit is 100")


@pytest.mark.parametrize("chunked", [False, True])
def test_the_largest_body(chunked: bool) -> None:
    body = b"x" * LIMIT
    data = CHUNKED + b"64\r\n" + body + b"\r\n0\r\n\r\n" if chunked else request("POST", "/", body=body)
    assert [each[3] for each in read(data)] == [body]


def test_as_many_headers_as_are_allowed() -> None:
    ((*_, pairs, _),) = read(request("GET", "/", *(f"A: {n}" for n in range(MAX_HEADERS - 1))))
    assert len(pairs) == MAX_HEADERS


@pytest.mark.parametrize("by", [0, 1 << 18])
def test_the_longest_head(by: int) -> None:
    room = MAX_HEAD_BYTES - len(request("GET", "/", "A: "))
    assert len(read(request("GET", "/", f"A: {'x' * room}"), by=by)) == 1
    assert refusal_of(request("GET", "/", f"A: {'x' * (room + 1)}"), by=by)[0] == 431


def test_an_endless_head_is_refused_before_it_ends() -> None:
    assert refusal_of(b"GET /" + b"x" * MAX_HEAD_BYTES, by=1 << 18)[0] == 431


def test_repeated_headers_are_the_same_object_and_others_are_read_again() -> None:
    reader = RequestReader(LIMIT)

    def next_of(data: bytes) -> Request:
        reader.feed(data)
        found = reader.next_request()
        assert found is not None
        return found

    first = next_of(request("GET", "/", "Accept: x"))
    assert next_of(request("DELETE", "/b", "Accept: x")).headers is first.headers
    post = next_of(request("POST", "/b", "Accept: x", body=b"body"))
    assert (post.headers is first.headers, post.body) == (True, b"body")
    assert next_of(request("GET", "/", "Accept: y")).headers["accept"] == "y"
    assert next_of(request("GET", "/", "Accept: x")).headers["accept"] == "x"


@pytest.mark.parametrize("first", [request("GET", "/", "A: b"), request("POST", "/", "A: b", body=b"x")])
@pytest.mark.parametrize(
    "second",
    [
        request("POST", "/", "A: b", "Content-Length: 1", "Content-Length: 1") + b"x",
        request("POST", "/", "A: b", "Content-Length: 1", "content-length: 1") + b"x",
        request("POST", "/", "A: b", "Content-Length: 1", "Transfer-Encoding: chunked") + b"x",
        request("POST", "/", "A: b", "Content-Length: 1", " c") + b"x",
        request("POST", "/", "A: b", "Content-Length: 1" + "0" * 18) + b"x",
    ],
)
def test_kept_headers_hide_no_ambiguity(first: bytes, second: bytes) -> None:
    assert refusal_of(first + second)[0] == 400


def test_the_version_decides_about_kept_headers() -> None:
    reader = RequestReader(LIMIT)
    for version, keeps_alive in (("1.1", True), ("1.0", False), ("1.1", True)):
        reader.feed(f"GET / HTTP/{version}\r\nHost: a\r\n\r\n".encode())
        assert reader.next_request() is not None
        assert (reader.keeps_alive, reader.is_old) == (keeps_alive, version == "1.0")


def test_where_the_reader_is() -> None:
    reader = RequestReader(LIMIT)
    assert (reader.is_between, reader.is_in_body) == (True, False)
    reader.feed(b"GET")
    assert reader.next_request() is None
    assert (reader.is_between, reader.is_in_body) == (False, False)
    reader.feed(b" / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    assert reader.next_request() is None
    assert (reader.is_between, reader.is_in_body) == (False, True)
    assert (reader.take_expectation(), reader.take_expectation()) == (True, False)
    reader.feed(b"abc")
    assert reader.held_bytes == 3
    assert reader.next_request() is not None
    assert (reader.is_between, reader.is_in_body, reader.held_bytes) == (False, False, 1)


@given(st.binary(max_size=300), st.integers(1, 50))
def test_any_bytes_are_requests_or_refused(data: bytes, by: int) -> None:
    try:
        read(data, by=by)
    except Refusal as refusal:
        assert refusal.status in {400, 505}  # noqa: PT017
