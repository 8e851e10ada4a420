"""Heads of responses: their lines, the headers that the server decides, and what cannot be sent."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop.serving.response_bytes import DateHeader, chunk, has_no_body, head_bytes
from kubeloop.wire.response import Headers


def test_a_head() -> None:
    headers = Headers([("Content-Type", "a/b"), ("Warning", '299 - "ä"'), ("X-Empty", "")])
    expected = (
        'HTTP/1.1 201 Created\r\nContent-Length: 3\r\nContent-Type: a/b\r\nWarning: 299 - "ä"\r\nX-Empty: \r\n\r\n'
    )
    assert head_bytes(201, headers, "Content-Length: 3\r\n") == expected.encode()


def test_a_status_without_a_known_phrase() -> None:
    assert head_bytes(599, Headers(), "") == b"HTTP/1.1 599 \r\n\r\n"


@pytest.mark.parametrize("status", [-1, 0, 100, 101, 199, 1000])
def test_a_status_that_is_not_final(status: int) -> None:
    with pytest.raises(ValueError, match=f"expected a status from 200 to 999, got {status}"):
        head_bytes(status, Headers(), "")


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding", "CONNECTION", "Keep-Alive", "date"])
def test_headers_that_the_server_decides_are_left_out(name: str) -> None:
    headers = Headers([(name, "1"), ("A", "b")])
    assert head_bytes(200, headers, "") == b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("A", "b\r\nSet-Cookie: x"),
        ("A", "b\nc"),
        ("A", "b\rc"),
        ("A", "b\r\n c"),
        ("A", "b\0"),
        ("A", "\x7f"),
        ("A", "b\r\n"),
        ("A: b\r\nC", "d"),
        ("A b", "c"),
        ("A:", "b"),
        ("", "b"),
        ("Ä", "b"),
    ],
)
def test_no_header_contains_another(name: str, value: str) -> None:
    with pytest.raises(ValueError, match="expected a header without control characters, got the header"):
        head_bytes(200, Headers([("X", "y"), (name, value)]), "")


def test_half_of_a_surrogate_pair_cannot_be_sent() -> None:
    with pytest.raises(ValueError, match="surrogates not allowed"):
        head_bytes(200, Headers([("A", "\ud800")]), "")


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=10)), max_size=4))
def test_a_head_has_one_line_per_header(pairs: list[tuple[str, str]]) -> None:
    try:
        head = head_bytes(200, Headers(pairs), "")
    except ValueError:
        return
    lines = head.split(b"\r\n")
    sent = [(name, value) for name, value in pairs if name.lower() != "date"]  # the only short one of the server's own
    assert lines[1:-2] == [f"{name}: {value}".encode() for name, value in sent]
    assert re.search(rb"[\r\n]", b"".join(lines)) is None


def test_a_chunk_has_its_size_in_hexadecimal_digits() -> None:
    assert chunk(b"x" * 26) == b"1a\r\n" + b"x" * 26 + b"\r\n"


@pytest.mark.parametrize(
    ("method", "status", "expected"),
    [("HEAD", 200, True), ("GET", 204, True), ("GET", 304, True), ("GET", 200, False), ("POST", 404, False)],
)
def test_responses_without_a_body(method: str, status: int, expected: bool) -> None:
    assert has_no_body(method, status) is expected


def test_the_date_changes_with_the_second() -> None:
    times = [784111777.0, 784111777.9, 784111778.0]
    date = DateHeader(lambda: times.pop(0))
    lines = [date.line() for _ in range(3)]
    assert lines[0] == "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"  # the example of RFC 9110, section 5.6.7
    assert lines[1] is lines[0]
    assert lines[2] == "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n"
