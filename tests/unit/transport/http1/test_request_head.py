"""Heads of requests: their bytes, the precedence of headers, and that no value leaves its line."""

import pytest

from kubeloop.transport.http1.request_head import HeadWriter
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers

DEFAULTS = [("Host", "a:1"), ("User-Agent", "us/1"), ("Accept-Encoding", "gzip")]


def lines(request, prefix=""):
    head = HeadWriter(prefix, DEFAULTS).write(request)
    assert head.endswith(b"\r\n\r\n")
    return head.decode()[:-4].split("\r\n")


def test_writes_the_request_line_and_the_usual_headers():
    assert lines(Request("GET", "/api/v1/pods?limit=5", {"Accept": "application/json"}), "/prefix") == [
        "GET /prefix/api/v1/pods?limit=5 HTTP/1.1",
        "Host: a:1",
        "User-Agent: us/1",
        "Accept-Encoding: gzip",
        "Accept: application/json",
    ]


def test_headers_that_the_request_brings_beat_the_usual_ones():
    written = lines(Request("GET", "/", {"user-agent": "me/2", "ACCEPT-ENCODING": "identity"}))
    assert written == ["GET / HTTP/1.1", "Host: a:1", "user-agent: me/2", "ACCEPT-ENCODING: identity"]


def test_repeats_a_header_that_stands_there_several_times():
    headers = Headers([("Impersonate-Group", "a"), ("Impersonate-Group", "b")])
    assert [line for line in lines(Request("GET", "/", headers)) if "group" in line.lower()] == [
        "impersonate-group: a",
        "impersonate-group: b",
    ]


@pytest.mark.parametrize(
    "name",
    [
        "Transfer-Encoding ",
        "Content-Length\t",
        " Host",
        "X: Content-Length",
        "X:",
        "",
        "X Y",
        "Ä",
        "X\x7f",
        "(X)",
        "X/Y",
    ],
)
def test_refuses_a_name_that_is_no_token(name):
    """(F20) Some servers would accept `"Content-Length "` as the header of that name."""
    for headers in ({name: "5"}, Headers([(name, "5")])):
        with pytest.raises(ValueError, match="expected a header name"):
            lines(Request("POST", "/", headers, b"12345"))


def test_a_name_that_is_refused_is_not_quoted():
    with pytest.raises(ValueError, match="expected a header name") as caught:
        lines(Request("GET", "/", {"Authorization: Bearer SECRET": ""}))
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("char", [*map(chr, range(9)), *map(chr, range(10, 32)), "\x7f"])
def test_refuses_control_characters_in_a_value(char):
    """As in Go; a server or proxy might take such a character for the end of the line."""
    with pytest.raises(ValueError, match="a line break or control character in the header X of GET /") as caught:
        lines(Request("GET", "/", {"X": f"SECRET{char}"}))
    assert "SECRET" not in str(caught.value)


def test_takes_tabs_and_what_is_no_ascii_in_a_value():
    assert lines(Request("GET", "/", {"X": "a\tb\u2028ü"}))[-1] == "X: a\tb\u2028ü"


@pytest.mark.parametrize("method", ["GET ", "", "GET /x HTTP/1.1", "GÄT"])
def test_refuses_a_method_that_is_no_token(method):
    with pytest.raises(ValueError, match="expected a method"):
        lines(Request(method, "/"))


def test_remembers_a_bounded_number_of_names_and_checks_each():
    writer = HeadWriter("", DEFAULTS)
    writer.write(Request("GET", "/"))
    for number in range(999):
        assert f"X-{number}: 1\r\n".encode() in writer.write(Request("GET", "/", {f"X-{number}": "1"}))
    assert len(writer._checked) == 1000
    writer.write(Request("GET", "/", {"X-0": "1"}))
    assert len(writer._checked) == 1000
    writer.write(Request("GET", "/", {"Y": "1"}))
    assert writer._checked == {"Y"}
    with pytest.raises(ValueError, match="expected a header name"):
        writer.write(Request("GET", "/", {"X ": "1"}))


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding", "CONNECTION", "Expect"])
def test_refuses_the_headers_that_are_its_own(name):
    with pytest.raises(ValueError, match="the transport writes these headers itself"):
        lines(Request("POST", "/", {name: "5"}, b"12345"))


@pytest.mark.parametrize(
    ("method", "body", "expected"),
    [
        ("GET", None, None),
        ("DELETE", None, None),
        ("DELETE", b"{}", "Content-Length: 2"),
        ("POST", None, "Content-Length: 0"),
        ("PUT", b"", "Content-Length: 0"),
        ("PATCH", b"[]", "Content-Length: 2"),
    ],
)
def test_says_how_long_the_body_is(method, body, expected):
    found = [line for line in lines(Request(method, "/", {}, body)) if line.startswith("Content-Length")]
    assert found == ([expected] if expected else [])


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", "/", {"X": "a\r\nEvil: 1"}),
        Request("GET", "/", {"X": "a\nEvil: 1"}),
        Request("GET", "/", {"X\r\nEvil": "1"}),
        Request("GET", "/", {"X": "a\0"}),
        Request("GET", "/a\r\nEvil:1", {}),
        Request("GET", "/a HTTP/1.1", {}),
        Request("GET", "/ü", {}),
        Request("GET", "/", {"Content-Length": "5"}),
        Request("POST", "/", {"Transfer-Encoding": "chunked"}, b"x"),
    ],
)
def test_refuses_what_would_break_out_of_its_line(request_):
    with pytest.raises(ValueError, match=r"escaped|line break|itself|header name"):
        HeadWriter("", DEFAULTS).write(request_)


@pytest.mark.parametrize("char", [*map(chr, range(33)), "\x7f", "\x85", "\u2028", "ü"])
def test_refuses_a_target_with_anything_but_printable_ascii(char):
    """The message does not quote the query, which may contain secrets."""
    with pytest.raises(ValueError, match="expected an escaped target, got ") as caught:
        lines(Request("GET", f"/api{char}?x=SECRET"))
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("prefix", ["/a b", "/a\r\nX: 1", "/\0", "/ü"])
def test_refuses_a_prefix_that_would_break_out_of_its_line(prefix):
    with pytest.raises(ValueError, match="expected an escaped path prefix"):
        HeadWriter(prefix, DEFAULTS)


@pytest.mark.parametrize("default", [("X", "a\r\nY: 1"), ("X", "a\0"), ("X\r\nY", "1"), ("X ", "1"), ("", "1")])
def test_refuses_a_default_header_that_would_break_out_of_its_line(default):
    with pytest.raises(ValueError, match="expected a header name and a value without control characters"):
        HeadWriter("", [*DEFAULTS, default])


def test_does_not_show_the_header_that_it_refuses():
    with pytest.raises(ValueError, match="line break") as caught:
        HeadWriter("", DEFAULTS).write(Request("GET", "/", {"Authorization": "Bearer SECRET\n"}))
    assert "SECRET" not in str(caught.value)
