"""Heads of responses: what they mean for the body and the connection, what is refused, and each limit exactly."""

from __future__ import annotations

import pytest

from kubeloop.transport.http1.protocol_error import BadResponse
from kubeloop.transport.http1.response_head import CHUNKED, UNTIL_CLOSE, HeadReader, ResponseHead

OK = b"HTTP/1.1 200 OK\r\n"
MAX_HEAD = 1 << 20


def read(data: bytes, *, has_body: bool = True, may_switch: bool = False) -> tuple[ResponseHead, bytes]:
    found = HeadReader(has_body=has_body, may_switch=may_switch).feed(data)
    assert found is not None
    return found


def head(*lines: bytes, status: bytes = OK) -> bytes:
    return status + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def test_what_follows_a_head_is_returned_with_it() -> None:
    response, rest = read(head(b"Content-Length: 5", b"X-A:  one\t", b"x-a:") + b"hello")
    assert (response.status, response.length, rest) == (200, 5, b"hello")
    assert response.headers == [("Content-Length", "5"), ("X-A", "one"), ("x-a", "")]
    assert repr(response) == "<ResponseHead 200, 3 headers>"


def test_a_head_may_come_byte_by_byte() -> None:
    reader = HeadReader()
    data = b"HTTP/1.1 100 Continue\r\n\r\n" + head(b"A: b")
    assert not reader.has_begun
    for number in range(len(data) - 1):
        assert reader.feed(data[number : number + 1]) is None
        assert reader.has_begun
    found = reader.feed(data[-1:])
    assert found is not None
    assert found[0].headers == [("A", "b")]


@pytest.mark.parametrize(
    ("lines", "length"),
    [
        ([], UNTIL_CLOSE),
        ([b"Content-Length: 0"], 0),
        ([b"CONTENT-LENGTH: 007"], 7),
        ([b"Content-Length: " + b"9" * 18], 10**18 - 1),
        ([b"transfer-encoding: Chunked"], CHUNKED),
        ([b"Content-Lengthy: 5"], UNTIL_CLOSE),
        ([b"Xontent-Length: 5"], UNTIL_CLOSE),
        ([b"Xransfer-Encoding: chunked"], UNTIL_CLOSE),
        ([b"Transfer-Encodings: x"], UNTIL_CLOSE),
    ],
)
def test_the_length_of_a_body(lines: list[bytes], length: int) -> None:
    assert read(head(*lines))[0].length == length


@pytest.mark.parametrize("line", [b"Content-Length: 5", b"Transfer-Encoding: chunked", b"A: b"])
def test_where_there_is_no_body(line: bytes) -> None:
    assert read(head(line), has_body=False)[0].length == 0
    for status in (b"204", b"304"):
        assert read(head(line, status=b"HTTP/1.1 %b X\r\n" % status))[0].length == 0
    assert read(head(line, status=b"HTTP/1.1 205 X\r\n"))[0].length != 0


@pytest.mark.parametrize(
    ("version", "lines", "keeps_alive"),
    [
        (b"1.1", [], True),
        (b"1.1", [b"Connection: close"], False),
        (b"1.1", [b"connection: Keep-Alive ,\tCLOSE"], False),
        (b"1.1", [b"Connection: a", b"Connection: close"], False),
        (b"1.1", [b"Connection: closed"], True),
        (b"1.1", [b"Xonnection: close"], True),
        (b"1.0", [], False),
        (b"1.0", [b"Connection: keep-alive"], True),
        (b"1.0", [b"Connection: x, Keep-Alive"], True),
        (b"1.0", [b"Connection: keep-alive, close"], False),
    ],
)
def test_whether_a_connection_is_kept(version: bytes, lines: list[bytes], keeps_alive: bool) -> None:
    status = b"HTTP/%b 200 OK\r\n" % version
    assert read(head(b"Content-Length: 0", *lines, status=status))[0].keeps_alive is keeps_alive
    assert read(head(*lines, status=status))[0].keeps_alive is False, "the end of the connection ends the body"
    assert read(head(*lines, status=status), has_body=False)[0].keeps_alive is keeps_alive


@pytest.mark.parametrize(
    ("lines", "coding"),
    [
        ([], ""),
        ([b"Content-Encoding: GZip"], "gzip"),
        ([b"content-encoding: gzip", b"Content-Encoding: BR"], "gzip,br"),
        ([b"Content-Encodinx: gzip"], ""),
    ],
)
def test_the_coding_of_a_body(lines: list[bytes], coding: str) -> None:
    assert read(head(*lines))[0].coding == coding


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (head(b"Content-Length: 5", b"Content-Length: 5"), "Content-Length"),
        (head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"), "more than one Transfer-Encoding"),
        (head(b"Content-Length: 5", b"Transfer-Encoding: chunked"), "Transfer-Encoding"),
        (head(b"Transfer-Encoding: chunked", b"Content-Length: 5"), "Content-Length"),
        (head(b"Transfer-Encoding: gzip"), "a Transfer-Encoding other than chunked"),
        (head(b"Transfer-Encoding: chunked", status=b"HTTP/1.0 200 OK\r\n"), "chunks in a response of HTTP/1.0"),
        (head(b"Content-Length: " + b"1" * 19), "the Content-Length is not a number of bytes"),
        (head(b"Content-Length: -1"), "Content-Length"),
        (head(b"Content-Length: +1"), "Content-Length"),
        (head(b"Content-Length: 1 1"), "Content-Length"),
        (head(status=b"HTTP/1.2 200 OK\r\n"), "version"),
        (head(status=b"HTTP/2.0 200 OK\r\n"), "begin as an HTTP/1"),
        (head(status=b"HTTP/0.9 200 OK\r\n"), "begin as an HTTP/1"),
        (head(status=b"RTSP/1.0 200 OK\r\n"), "begin as an HTTP/1"),
        (head(status=b"HTTP/1.1 099 OK\r\n"), "the head is malformed"),
        (head(status=b"HTTP/1.1 2x0 OK\r\n"), "status"),
        (head(status=b"HTTP/1.1 101 Switching\r\n"), "without a request for it"),
        (b"\r\n" + head(), "begin as an HTTP/1"),
        (b"HTTP/1.1 200 OK\nA: b\r\n\r\n", "CR"),
    ],
)
def test_what_is_refused_and_why(data: bytes, reason: str) -> None:
    """(C11)"""
    with pytest.raises(BadResponse, match=reason):
        read(data)


@pytest.mark.parametrize("data", [b"X", b"HTTP/2", b"\n", b"\x16", OK[:-2] + b"\n", OK + b"A\n", OK + b"A: b\r\nB\n"])
def test_what_can_become_no_head_is_refused_at_once(data: bytes) -> None:
    with pytest.raises(BadResponse):
        HeadReader().feed(data)
    reader = HeadReader()
    for number in range(len(data) - 1):
        assert reader.feed(data[number : number + 1]) is None
    with pytest.raises(BadResponse):
        reader.feed(data[-1:])


@pytest.mark.parametrize("data", [b"H", b"HTTP/1", b"HTTP/1.", b"HTTP/1.1 200 OK\r", b"HTTP/1.1 200 OK\r\nA: b\r\n\r"])
def test_what_can_become_a_head_is_waited_for(data: bytes) -> None:
    assert HeadReader().feed(data) is None


@pytest.mark.parametrize("lines", [[], [b"Upgrade: x", b"Connection: Upgrade"]])
def test_another_protocol_that_was_asked_for_is_a_final_response(lines: list[bytes]) -> None:
    response, rest = read(head(*lines, status=b"HTTP/1.1 101 Switching\r\n") + b"frames", may_switch=True)
    assert (response.status, rest) == (101, b"frames")


def sized(size: int) -> bytes:
    """Return a head of this many bytes."""
    fill = size - len(head(b"A: "))
    return head(b"A: " + b"b" * fill)


def test_the_bound_of_a_head() -> None:
    """(F22)"""
    assert read(sized(MAX_HEAD))[0].status == 200
    with pytest.raises(BadResponse, match="the head of the response is longer than 1048576 bytes"):
        read(sized(MAX_HEAD + 1))
    reader = HeadReader()
    assert reader.feed(sized(MAX_HEAD)[:-1]) is None
    assert reader.feed(b"\n") is not None
    reader = HeadReader()
    assert reader.feed(OK + b"A: " + b"b" * (MAX_HEAD - len(OK) - 3)) is None
    with pytest.raises(BadResponse, match="the head of the response is longer than"):
        reader.feed(b"b")


def test_interim_responses_count_towards_the_bound_of_the_head() -> None:
    interim = b"HTTP/1.1 103 Early\r\n\r\n"
    assert read(interim + sized(MAX_HEAD - len(interim)))[0].status == 200
    with pytest.raises(BadResponse, match="the head of the response is longer than"):
        read(interim + sized(MAX_HEAD - len(interim) + 1))
    with pytest.raises(BadResponse, match="the head of the response is longer than"):
        HeadReader().feed(interim + sized(MAX_HEAD)[:-1])


def test_the_bound_of_interim_responses() -> None:
    """(F22)"""
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    assert read(interim * 100 + head())[0].status == 200
    with pytest.raises(BadResponse, match="more than 100 interim responses"):
        read(interim * 101 + head())


def test_the_bound_of_headers() -> None:
    """(B3)"""
    assert len(read(head(*[b"A: b"] * 10_000))[0].headers) == 10_000
    with pytest.raises(BadResponse, match="more than 10000 headers"):
        read(head(*[b"A: b"] * 10_001))


def test_the_bound_of_the_status_line() -> None:
    line = b"HTTP/1.1 200 " + b"O" * (8192 - 2 - 13)
    assert read(head(status=line + b"\r\n"))[0].status == 200
    with pytest.raises(BadResponse, match="the status line is longer than 8192 bytes"):
        read(head(status=line + b"O\r\n"))


def test_bytes_that_are_no_ascii_stay_what_they_are() -> None:
    assert read(head(b"A: \xe4\xff"))[0].headers == [("A", "\xe4\xff")]


def test_a_length_that_is_not_known_is_none_that_a_body_has() -> None:
    assert CHUNKED != UNTIL_CLOSE
    assert max(CHUNKED, UNTIL_CLOSE) < 0


def test_a_reader_without_arguments_expects_a_body_and_no_other_protocol() -> None:
    found = HeadReader().feed(head(b"Content-Length: 5"))
    assert found is not None
    assert found[0].length == 5
    with pytest.raises(BadResponse, match="without a request for it"):
        HeadReader().feed(head(status=b"HTTP/1.1 101 Switching\r\n"))


def test_a_head_may_come_in_two_parts() -> None:
    data = b"HTTP/1.1 199 Almost\r\n\r\n" + head(b"A: b")
    for cut in range(1, len(data)):
        reader = HeadReader()
        assert reader.feed(data[:cut]) is None
        found = reader.feed(data[cut:] + b"rest")
        assert found is not None
        assert (found[0].status, found[0].headers, found[1]) == (200, [("A", "b")], b"rest")


@pytest.mark.parametrize("before", [b"", b"HTTP/1.1 103 Early\r\n\r\n"])
@pytest.mark.parametrize(
    "data", [b"\r\n\r\n", b"HTTP/1.1 200 OK\nA: b", b"HTTP/1.1 200 OK\r\nA: b\nC: d\r\n", b"HTTP/1.1 200 OK\r\n\n"]
)
def test_what_can_become_no_head_is_refused_wherever_it_stands(before: bytes, data: bytes) -> None:
    with pytest.raises(BadResponse):
        HeadReader().feed(before + data)


@pytest.mark.parametrize("line", [b"no colon", b"A : b", b"A: \0"])
def test_another_protocol_is_no_excuse_for_a_malformed_head(line: bytes) -> None:
    with pytest.raises(BadResponse):
        read(head(line, status=b"HTTP/1.1 101 Switching\r\n"), may_switch=True)
