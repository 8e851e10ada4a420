"""Hand-picked responses: each rule of RFC 9112 about a response, and the neighbors of the allowed forms.

`responses` documents the form of a case.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["EARLY", "EMPTY", "EVENTS", "HELLO", "JSON", "OK", "OLD", "TOO_MANY", "TRAILER", "case", "picked"]

Case = dict[str, Any]
Piece = str | list[Any]

MIB = 1 << 20

OK = "HTTP/1.1 200 OK\r\n"
HELLO = f"{OK}Content-Length: 5\r\n\r\nhello"
JSON = f'{OK}Content-Type: application/json\r\nContent-Length: 14\r\nDate: now\r\n\r\n{{"kind":"Pod"}}'
CHUNKED = f"{OK}Transfer-Encoding: chunked\r\n\r\n"
EVENTS = f'{CHUNKED}7\r\n{{"a":1}}\r\n1\r\n\n\r\n0\r\n\r\n'
TRAILER = f"{OK}Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"
EMPTY = "HTTP/1.1 204 No Content\r\n\r\n"
OLD = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello"
EARLY = f"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n{HELLO}"
TOO_MANY = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 4\r\nConnection: close\r\n\r\nwait"


def picked() -> Iterator[Case]:
    """Yield all hand-picked responses; some appear twice."""
    yield from _lengths()
    yield from _codings()
    yield from _chunks()
    yield from _trailers()
    yield from _status_lines()
    yield from _without_body()
    yield from _informational()
    yield from _until_close()
    yield from _fields()
    yield from _connection()
    yield from _after_the_end()
    yield from _large()


def case(*output: Piece, method: str = "GET", end: str = "open") -> Case:
    """Build a case from pieces; neighboring texts are joined, so that equal bytes are equal cases."""
    pieces: list[Any] = []
    for piece in output:
        if isinstance(piece, str) and pieces and isinstance(pieces[-1], str):
            pieces[-1] += piece
        elif piece:
            pieces.append(piece)
    return {"method": method, "output": pieces, "end": end}


def _both(*output: Piece, method: str = "GET") -> Iterator[Case]:
    yield case(*output, method=method)
    yield case(*output, method=method, end="close")


def _lengths() -> Iterator[Case]:
    """Yield lengths in Content-Length, right and wrong. The body has five bytes."""
    for value in (
        "5", "4", "6", "0", "05", "0000000000000000000000005", "+5", "-5", "-0", "+0", " 5", "5 ", "\t5\t", "  5  ",
        "0x5", "5x", "x5", "5.0", "5e0", "5 5", "5,5", "5, 5", "5,6", ",5", "5,", "5;", "\"5\"", "", " ", "\x005",
        "5\x00", "\xb2", "٥".encode().decode("latin-1"), "1_0", "5\x0b", "\x0c5", "5\xa0", "5\x85", "100",
        "2147483647", "2147483648", "4294967295", "4294967296", "4294967301", "9223372036854775807",
        "9223372036854775808", "18446744073709551615", "18446744073709551616", "18446744073709551621", "9" * 40,
    ):  # fmt: skip
        yield from _both(f"{OK}Content-Length:{value}\r\n\r\nhello")
        yield case(f"{OK}Content-Length: {value}\r\n\r\n", method="HEAD")
    for first, second in (
        ("5", "5"), ("5", " 5 "), ("5", "05"), ("5", "6"), ("6", "5"), ("5", ""), ("", "5"), ("5", "+5"), ("0", "5"),
        ("5", "0"), ("x", "5"), ("5", "x"), ("x", "x"),
    ):  # fmt: skip
        yield from _both(f"{OK}Content-Length: {first}\r\nContent-Length: {second}\r\n\r\nhello")
        yield case(f"{OK}Content-Length: {first}\r\nX-A: b\r\ncontent-length: {second}\r\n\r\n", method="HEAD")
        yield case(f"HTTP/1.1 204 No Content\r\nContent-Length: {first}\r\nContent-Length: {second}\r\n\r\n")
    yield case(OK, ["Content-Length: 5\r\n", 3], "\r\nhello")
    for name in (
        "content-length", "CONTENT-LENGTH", "Content_Length", "Content-Length ", " Content-Length",
        "Content-Length\t", "Content-Lengt", "Content-Lengths", "Content\x00-Length",
        "Cоntent-Length".encode()                  .decode("latin-1"),
    ):  # fmt: skip
        yield from _both(f"{OK}{name}: 5\r\n\r\nhello")
        yield from _both(f"{OK}X-A: b\r\n{name}: 5\r\n\r\nhello")
    yield from _both(f"{OK}Content-Length:\r\n 5\r\n\r\nhello")
    yield from _both(f"{OK}Content-Length: 1\r\n 5\r\n\r\nhello")
    yield from _both(HELLO, method="POST")


def _codings() -> Iterator[Case]:
    """Yield Transfer-Encoding, alone and beside a length."""
    body = "5\r\nhello\r\n0\r\n\r\n"
    for value in (
        "chunked", "Chunked", "CHUNKED", "chunked ", " chunked", "\tchunked", "chunked\t", "chunked,", ",chunked",
        "gzip", "gzip, chunked", "chunked, gzip", "chunked, chunked", "identity", "identity, chunked",
        "chunked, identity", "deflate", "", " ", "x", "chunke", "chunkedd", "xchunked", "chunked;q=1", "chunked; a",
        "\"chunked\"", "chun ked", "trailers", "chunked\x0b", "\x0bchunked", "chunked\x00", "\x00chunked",
        "\xffchunked", "cHuNkEd", "chun\tked",
    ):  # fmt: skip
        yield from _both(f"{OK}Transfer-Encoding:{value}\r\n\r\n{body}")
        yield case(f"{OK}Transfer-Encoding: {value}\r\nContent-Length: 5\r\n\r\n{body}")
        yield case(f"HTTP/1.0 200 OK\r\nTransfer-Encoding: {value}\r\n\r\n{body}", end="close")
        yield case(f"{OK}Transfer-Encoding: {value}\r\n\r\n", method="HEAD")
    for first, second in (
        ("chunked", "chunked"), ("gzip", "chunked"), ("chunked", "gzip"), ("identity", "chunked"),
        ("chunked", "identity"), ("", "chunked"), ("chunked", ""),
    ):  # fmt: skip
        yield from _both(f"{OK}Transfer-Encoding: {first}\r\nTransfer-Encoding: {second}\r\n\r\n{body}")
    for length in ("0", "5", "15", "16", "x", "-1", "", "99999999999999999999"):
        yield case(f"{OK}Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n\r\n{body}")
        yield case(f"{OK}Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n\r\n{body}", method="POST")
        yield case(f"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: {length}\r\n\r\n{body}")
    for name in (
        "transfer-encoding", "TRANSFER-ENCODING", "Transfer_Encoding", "Transfer-Encoding ", " Transfer-Encoding",
        "Transfer-Encodin", "Transfer-Encoding\x00", "Transfer\x0b-Encoding", "TE",
    ):  # fmt: skip
        yield from _both(f"{OK}{name}: chunked\r\n\r\n{body}")
    yield from _both(f"{OK}Transfer-Encoding:\r\n chunked\r\n\r\n{body}")
    yield from _both(f"{OK}Transfer-Encoding: chun\r\n ked\r\n\r\n{body}")
    yield from _both(f"{OK}Transfer-Encoding: gzip,\r\n chunked\r\n\r\n{body}")


def _chunks() -> Iterator[Case]:
    """Yield bodies in chunks."""
    tail = "\r\nhello\r\n0\r\n\r\n"
    for size in (
        "5", "05", "0000000000000005", "00000000000000005", "0" * 63 + "5", "0" * 4090 + "5", "5 ", "5\t", "5  ",
        " 5", "\t5", "+5", "-5", "0x5", "0X5", "5h", "5.", "5,5", "5 5", "", ";", ";a", "5;", "5;a", "5;a=b",
        "5; a = b", "5 ;a", "5\t;a", "5;a=\"b\"", "5;a=\"b;c\"", "5;a=\"b\\\"c\"", "5;a=\"b", "5;a=\"b\r\n\"",
        "5;\x00", "5;\x01", "5;\x7f", "5;\xff", "5;a\tb", "5;=", "5;;", "5;a;b;c", "5;a=b\r", "5;a\n", "5;a\nb",
        "5;a\rb", "5\r", "5\n", "5\x00", "\x005", "5\x0b", "5\xa0", "５".encode().decode("latin-1"), "g", "_5", "5_",
        "fffffffff", "7fffffffffffffff", "8000000000000000", "ffffffffffffffff", "10000000000000005",
        "fffffffffffffffff", "f" * 40, "\r\n5", "5\r\n",
    ):  # fmt: skip
        yield from _both(f"{CHUNKED}{size}{tail}")
    for body in (
        "0\r\n\r\n", "0\r\n", "0", "", "00\r\n\r\n", "000000000000000000000\r\n\r\n", "0;a=b\r\n\r\n", "0 \r\n\r\n",
        "0\n\n", "0\n\r\n", "0\r\n\n", "0\r\r\n\r\n", "0\r\n\r", "0\r\n\rx", "0\r\nx", "-0\r\n\r\n", "+0\r\n\r\n",
        "0x0\r\n\r\n", "5\nhello\r\n0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhello0\r\n\r\n",
        "5\r\nhello\r0\r\n\r\n", "5\r\nhello\r\r\n0\r\n\r\n", "5\r\nhello\n\r0\r\n\r\n", "5\r\nhello \r\n0\r\n\r\n",
        "5\r\nhellox\r\n0\r\n\r\n", "5\r\nhell\r\n0\r\n\r\n", "4\r\nhello\r\n0\r\n\r\n", "6\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\r\n\r\n0\r\n\r\n", "5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n", "a\r\nhelloworld\r\n0\r\n\r\n",
        "A\r\nhelloworld\r\n0\r\n\r\n", "0A\r\nhelloworld\r\n0\r\n\r\n", "5\rhello\r\n0\r\n\r\n",
        "5\r\rhello\r\n0\r\n\r\n", "5 hello\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n0\r\n\r\n",
        "5\r\nhello\r\n0\r\n\r\n5\r\nhello\r\n", "hello", "\r\n0\r\n\r\n", "\n0\r\n\r\n",
        "7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", "2\r\n\r\n\r\n0\r\n\r\n", "1\r\n\x00\r\n0\r\n\r\n",
        "5\r\n\xff\xfe\x00\r\n\r\n0\r\n\r\n",
    ):  # fmt: skip
        yield from _both(CHUNKED, body)
    for many in (
        ["1\r\nx\r\n", 100], ["1\r\nx\r\n", 2000], ["1;a=b\r\nx\r\n", 500],
        ["1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n", 100],
    ):  # fmt: skip
        yield case(CHUNKED, many, "0\r\n\r\n")
    for size in (100, 4000, 4088, 4096, 5000, 20_000, 100_000):
        yield case(CHUNKED, "5;", ["a", size], tail)
    yield case(CHUNKED, ["1;aaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n", 2000], "0\r\n\r\n")
    for size in (4096, 65_536, 300_000):
        yield case(CHUNKED, f"{size:x}\r\n", ["x", size], "\r\n0\r\n\r\n")


def _trailers() -> Iterator[Case]:
    """Yield texts after the last chunk."""
    for trailer in (
        "X-A: b", "x-a:b", "X-A: b\r\nX-A: c", "X-A: b\r\nX-B: c", "X-A:", "X-A: ", ": b", "X-A", "X A: b",
        "X-A : b", " X-A: b", "X-A: b\r\n c", "X-A: \x00", "X-A: \x01", "X-A: \xff", "X-\xe9: b", "X-A: b\rc",
        "X-A: b\nX-B: c", "X-A: b\n", "Content-Length: 5", "Content-Length: x", "Transfer-Encoding: chunked",
        "Trailer: x", "Connection: close", "Host: a", "X-A: b\r\n\r\nX-B: c", "HTTP/1.1 200 OK", "0", "5\r\nhello",
        "\x00", "\r", "\n",
    ):  # fmt: skip
        yield from _both(f"{CHUNKED}5\r\nhello\r\n0\r\n{trailer}\r\n\r\n")
    for announced in (
        "X-A", "X-A, X-B", "X-B", "", ",", "Content-Length", "Transfer-Encoding", "Trailer", "X A", "\x00",
    ):  # fmt: skip
        yield case(f"{OK}Trailer: {announced}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-A: b\r\n\r\n")
        yield case(f"{OK}Trailer: {announced}\r\nContent-Length: 5\r\n\r\nhello")
    for count in (10, 100, 300, 130, 4000):
        yield case(f"{CHUNKED}5\r\nhello\r\n0\r\n", ["X-A: b\r\n", count], "\r\n")
    for size in (3000, 4080, 4096, 70_000, MIB):
        yield case(f"{CHUNKED}5\r\nhello\r\n0\r\nX-A: ", ["b", size], "\r\n\r\n")
    for trailer in (
        "", "X-A: b\r\n", "X A: b\r\n", "x\r\n", "X-A: \x00\r\n", "\r", "\r\r\n", "X-A: b\rc\r\n",
        "X-A: b\nX-B: c\r\n",
    ):  # fmt: skip
        yield case(f"{CHUNKED}5\r\nhello\r\n0\r\n{trailer}")
    for end in ("\r", "\n", "x", "\x00", "0"):
        yield from _both(f"{CHUNKED}5\r\nhello{end}")
    yield from _both(f"{CHUNKED}5\r\nhello\r\n0\r\nX-A: b\r\n")
    yield from _both(f"{CHUNKED}5\r\nhello\r\n0\r\nX-A: b")


def _status_lines() -> Iterator[Case]:
    rest = "Content-Length: 5\r\n\r\nhello"
    for version in (
        "HTTP/1.1", "HTTP/1.0", "HTTP/1.2", "HTTP/1.9", "HTTP/1.10", "HTTP/1.01", "HTTP/01.1", "HTTP/2.0", "HTTP/2",
        "HTTP/3.0", "HTTP/0.9", "HTTP/0.0", "HTTP/1", "HTTP/1.", "HTTP/.1", "HTTP/", "HTTP", "HTTP/1,1", "HTTP/1 .1",
        "HTTP/ 1.1", "HTTP /1.1", "HTTP1.1", "HTTP/-1.1", "HTTP/+1.1", "HTTP/1.-1", "HTTP/a.b", "HTTP/1.x",
        "HTTP/9.9", "http/1.1", "Http/1.1", "HTTPS/1.1", "HTTTP/1.1", "ICY", "RTSP/1.0", "SIP/2.0", "XHTTP/1.1",
        "HTP/1.1", "H", "", " HTTP/1.1", "\tHTTP/1.1", "\x00HTTP/1.1", "\xef\xbb\xbfHTTP/1.1", "\rHTTP/1.1",
        "HTTP/1.1\t", "HTTP/1.1\x00",
    ):  # fmt: skip
        yield case(f"{version} 200 OK\r\n{rest}")
        yield case(f"{version} 200 OK\r\n{rest}", end="close")
    for status in (
        "0", "1", "00", "20", "000", "001", "007", "099", "99", "100a", "20x", "x00", "2 0", "2000", "0200", "1000",
        "99999", "-200", "+200", "+20", "-20", "200.0", "2e2", "0xc8", "200x", "", " ", "OK", "\xb2\xb2\xb2", "200,",
        "200\x00", "200\xa0", "199", "200", "201", "202", "203", "205", "206", "299", "300", "301", "302", "305",
        "306", "307", "308", "400", "401", "403", "404", "405", "408", "409", "410", "413", "422", "429", "451",
        "499", "500", "501", "502", "503", "504", "599", "600", "666", "700", "800", "900", "999",
    ):  # fmt: skip
        yield case(f"HTTP/1.1 {status} Reason\r\n{rest}")
    for line in (
        "HTTP/1.1 200", "HTTP/1.1 200 ", "HTTP/1.1 200  ", "HTTP/1.1  200 OK", "HTTP/1.1   200   OK",
        "HTTP/1.1\t200 OK", "HTTP/1.1 200\tOK", "HTTP/1.1 200OK", "HTTP/1.1 200 OK ", "HTTP/1.1 200 \xe9t\xe9",
        "HTTP/1.1 200 a\x00b", "HTTP/1.1 200 a\x01b", "HTTP/1.1 200 a\tb", "HTTP/1.1 200 a\x7fb",
        "HTTP/1.1 200 a\rb", "HTTP/1.1 200 OK\r", "HTTP/1.1 200\r", "HTTP/1.1 200 \r", "HTTP/1.1\r", "HTTP/1.1",
        "HTTP/1.1 ", "HTTP/1.1 \t 200 OK", "200 OK", "HTTP/1.1 200 HTTP/1.1 200 OK", "GET / HTTP/1.1",
        "\r\nHTTP/1.1 200 OK", "\nHTTP/1.1 200 OK", "\r\n\r\nHTTP/1.1 200 OK", "\r\r\nHTTP/1.1 200 OK",
        "hello\r\nHTTP/1.1 200 OK", "", "\x00", "<html>", "{}", "HTTP/1.1 200 OK: a", "HTTP/1.1 200 :",
        "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\n", "HTTP/1.1 200 OK\n ", "SSH-2.0-OpenSSH_9.6",
        "\x15\x03\x03\x00\x02\x02\x50", "PRI * HTTP/2.0\r\n\r\nSM\r\n",
    ):  # fmt: skip
        yield from _both(f"{line}\r\n{rest}")
    for line in ("HTTP/1.1 200 OK\n", "HTTP/1.1 200\n", "HTTP/1.1 200 \n", "HTTP/1.1 200 OK\r", "HTTP/1.1 200 OK\n\r"):
        yield from _both(f"{line}{rest}")
        yield from _both(f"{line}Content-Length: 5\n\nhello")
    for size in (100, 4000, 8192, 70_000, 2 * MIB):
        yield case("HTTP/1.1 200 ", ["a", size], f"\r\n{rest}")


def _without_body() -> Iterator[Case]:
    """Yield responses to HEAD, 204 and 304: bytes in the place of a body are not a body."""
    for head in (
        "", "Content-Length: 0\r\n", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n",
        "Connection: close\r\n", "Content-Length: 5\r\nConnection: close\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Content-Length: x\r\n",
        "Transfer-Encoding: gzip\r\n", "Content-Length: 99999999999\r\n",
    ):  # fmt: skip
        for body in ("", "hello", "5\r\nhello\r\n0\r\n\r\n", "0\r\n\r\n", HELLO):
            yield case(f"{OK}{head}\r\n{body}", method="HEAD")
            for status in (204, 304):
                yield case(f"HTTP/1.1 {status} X\r\n{head}\r\n{body}")
        yield case(f"HTTP/1.0 200 OK\r\n{head}\r\n", method="HEAD")
        yield case(f"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n{head}\r\n", method="HEAD")
        yield case(f"HTTP/1.0 204 X\r\nConnection: keep-alive\r\n{head}\r\n")
        yield case(f"HTTP/1.1 404 Not Found\r\n{head}\r\n", method="HEAD")
        yield case(f"HTTP/1.1 304 Not Modified\r\n{head}\r\n", method="HEAD", end="close")
        yield case(f"HTTP/1.1 204 X\r\n{head}\r\n", method="POST")
        yield case(f"HTTP/1.1 205 Reset Content\r\n{head}\r\n")


def _informational() -> Iterator[Case]:
    def interim(status: object, fields: str = "") -> str:
        return f"HTTP/1.1 {status} Wait\r\n{fields}\r\n"

    for status in (100, 101, 102, 103, 104, 110, 150, 199):
        yield from _both(f"{interim(status)}{HELLO}")
        yield case(f"{interim(status)}{HELLO}", method="POST")
        yield case(f"{interim(status)}{OK}Content-Length: 5\r\n\r\n", method="HEAD")
        yield case(interim(status, "Content-Length: 5\r\n"), HELLO)
        yield case(interim(status, "Content-Length: 5\r\n"), f"hello{HELLO}")
        yield case(interim(status, "Content-Length: 0\r\n"), HELLO)
        yield case(interim(status, "Content-Length: x\r\n"), HELLO)
        yield case(interim(status, "Transfer-Encoding: chunked\r\n"), HELLO)
        yield case(interim(status, "Transfer-Encoding: chunked\r\n"), f"0\r\n\r\n{HELLO}")
        yield case(interim(status, "Connection: close\r\n"), HELLO)
        yield case(interim(status, "X-A: b\r\nX-A: c\r\n"), HELLO)
        yield case(interim(status, "X A: b\r\n"), HELLO)
        yield case(interim(status, "Upgrade: websocket\r\nConnection: Upgrade\r\n"), HELLO)
        yield case(f"HTTP/1.0 {status} Wait\r\n\r\n{HELLO}")
        yield case(f"HTTP/1.1 {status} Wait\r\n\r\n{EVENTS}")
        yield from _both(interim(status))
    for count in (2, 4, 5, 6, 10, 50, 99, 100, 101, 400, 5000):
        yield case([interim(100), count], HELLO)
    for count in (10, 100, 1000):
        yield case([interim(103, "Link: " + "a" * 1000 + "\r\n"), count], HELLO)
    yield case(interim(100), interim(103), interim(100), HELLO)
    yield case(interim(100), interim(101), HELLO, end="close")
    yield case(interim(100), EMPTY)
    yield case(interim(100), "\r\n", HELLO)
    yield case("\r\n", interim(100), HELLO)
    yield case(HELLO, interim(100))
    yield case(HELLO, interim(100), HELLO)
    for fields in (
        "Upgrade: websocket\r\n", "Connection: Upgrade\r\n", "Upgrade: websocket\r\nConnection: Upgrade\r\n",
    ):  # fmt: skip
        yield from _both(f"{interim(101, fields)}hello")
        yield case(f"{interim(101, fields)}", method="POST", end="close")
        yield case(f"{OK}{fields}Content-Length: 5\r\n\r\nhello")
        yield case(f"{OK}{fields}\r\nhello", end="close")
        yield case(f"{OK}{fields}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
        yield case(f"HTTP/1.1 426 Upgrade Required\r\n{fields}Content-Length: 5\r\n\r\nhello")


def _until_close() -> Iterator[Case]:
    for head in ("", "Connection: close\r\n", "Connection: keep-alive\r\n", "Content-Type: text/plain\r\n"):
        for version in ("1.0", "1.1"):
            for body in ("", "hello", "5\r\nhello\r\n0\r\n\r\n", HELLO, "\r\n", "\x00\xff"):
                yield case(f"HTTP/{version} 200 OK\r\n{head}\r\n{body}", end="close")
            yield case(f"HTTP/{version} 200 OK\r\n{head}\r\nhello")
            yield case(f"HTTP/{version} 500 No\r\n{head}\r\nhello", end="close", method="POST")
    for size in (65_536, 300_000, 3 * MIB):
        yield case(f"{OK}\r\n", ["x", size], end="close")
        yield case(f"{OK}Content-Length: {size}\r\n\r\n", ["x", size])
        yield case(f"{OK}Content-Length: {size}\r\n\r\n", ["x", size - 1], end="close")
        yield case(f"{OK}Content-Length: {size}\r\n\r\n", ["x", size + 1])


def _fields() -> Iterator[Case]:
    """Yield header fields, good and bad, before the length and after it."""
    for field in (
        "X-A: b", "X-A:b", "X-A:  b  ", "X-A:\tb\t", "X-A: b c", "X-A: b\tc", "X-A:", "X-A: ", "X-A:\t", "x-a: b",
        "X-a: b\r\nx-A: c", "X-A: b\r\nX-A: b", "X-A: b\r\nX-B: c\r\nX-A: d", "X-A: b:c", "X-A: :", "X-A::",
        "X-A: b, c", "X-A: \"b\"", "X-A", "X-A b", ":", ": b", ":b", " : b", " X-A: b", "\tX-A: b", "X-A : b",
        "X-A\t: b", "X A: b", "X\tA: b", " ", "\t", "X-A: b\r\n c", "X-A: b\r\n\tc", "X-A: b\r\n  c\r\n  d",
        "X-A: b\r\n ", "X-A: b\r\n \r\n c", "X-A:\r\n b", "X-A\r\n : b", "X-A: b\n c", "X-A: b\n\tc", "X-A: b\rc",
        "X-A: \rb", "X-A: b\r", "X-A: b\r\rc", "X-A: b\n\rX-B: c", "X-A: b\nX-B: c", "X-A: b\n", "X\rA: b",
        "\rX-A: b", "X-A\r: b", "X-A:\rb", "X-A: b\r\n\rX-B: c", "X-A: b\r \n", "X-A: b\r\n\x00X-B: c",
        *(f"X-A: b{chr(char)}c" for char in (*range(9), 11, 12, *range(14, 32), 127, 128, 133, 160, 233, 255)),
        *(f"X{char}A: b" for char in "\x00\x01\x0b\x0c\x1f\x7f\x80\xa0\xe9\xff()<>@,;\\\"/[]?={}!#$%&'*+.^_`|~0Z"),
        "X-A: \xe2\x82\xac", "X-A: \x00", "X-A: \x0b", "\x00: b", "\xef\xbb\xbfX-A: b", "X-A: b\x00",
        "X-A: =?utf-8?q?b?=", "HTTP/1.1 200 OK", "HTTP/1.1 200 OK: b", "Content-Encoding: gzip",
        "Set-Cookie: a=b\r\nSet-Cookie: c=d", "Warning: 299 - \"a\"\r\nWarning: 299 - \"b\"",
        "Proxy-Connection: close", "Keep-Alive: timeout=5", "Host: a\r\nHost: b", "Expect: 100-continue", "Age: -1",
        "Date: x", "Location: http://a b/", "__proto__: a", "-: a", "0: a",
    ):  # fmt: skip
        yield case(f"{OK}{field}\r\nContent-Length: 5\r\n\r\nhello")
        yield case(f"{OK}Content-Length: 5\r\n{field}\r\n\r\nhello", end="close")
    for ends in ("\n", "\r", "\n\r", "\r\r\n", "\r\n\n", "\n\n", "\x0b\r\n", "\x00\r\n", " \r\n", "\u0085", "\x0c"):
        yield from _both(f"{OK}X-A: b{ends}Content-Length: 5{ends}\r\nhello")
        yield from _both(f"{OK}Content-Length: 5\r\n{ends}hello")
        yield case(f"{OK}Content-Length: 5\r\n{ends}\r\nhello")


def _connection() -> Iterator[Case]:
    for value in (
        "close", "Close", "CLOSE", "close ", " close", "keep-alive", "Keep-Alive", "close, keep-alive",
        "keep-alive, close", "keep-alive,close", "close,", ",close", "upgrade", "upgrade, close",
        "Keep-Alive, Upgrade", "x", "", "closed", "xclose", "close;q=1", "\"close\"", "clo se", "close\tx",
        "close x", "keep alive", "close\x0b", "\xffclose",
    ):  # fmt: skip
        for version in ("1.0", "1.1"):
            yield case(f"HTTP/{version} 200 OK\r\nConnection: {value}\r\nContent-Length: 5\r\n\r\nhello")
        yield case(f"{OK}Connection: {value}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
        yield case(f"HTTP/1.1 204 X\r\nConnection: {value}\r\n\r\n")
        yield case(f"{OK}Connection: {value}\r\nContent-Length: 5\r\n\r\n", method="HEAD")
        yield case(f"{OK}Connection: {value}\r\n\r\nhello", end="close")
    for first, second in (
        ("close", "keep-alive"), ("keep-alive", "close"), ("x", "close"), ("keep-alive", "keep-alive"),
        ("", "close"), ("close", "close"), ("x", "keep-alive"),
    ):  # fmt: skip
        for version in ("1.0", "1.1"):
            yield case(
                f"HTTP/{version} 200 OK\r\nConnection: {first}\r\nConnection: {second}\r\nContent-Length: 0\r\n\r\n"
            )


def _after_the_end() -> Iterator[Case]:
    for first in (
        HELLO, EVENTS, TRAILER, EMPTY, TOO_MANY, f"{OK}Content-Length: 0\r\n\r\n", EARLY, "HTTP/1.1 304 X\r\n\r\n",
    ):  # fmt: skip
        for extra in (
            "\r\n", "\n", "\r", " ", "\x00", "x", "garbage\r\n\r\n", HELLO, EMPTY, HELLO[:20], "HTTP/1.1", "H",
            "0\r\n\r\n", "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\n\r\n", "\r\n\r\n", f"\r\n{HELLO}", "HTTP/1.1 100 Continue\r\n\r\n",
            "\x15\x03\x03\x00\x02\x01\x00",
        ):  # fmt: skip
            yield case(first, extra)
        yield case(first, HELLO, end="close")
        yield case(first, ["x", 100_000])
        yield case(first, method="POST")
        yield case(first, end="close")


def _large() -> Iterator[Case]:
    """Yield heads of many bytes or many fields; our limit is one MiB, Go's is ten."""
    end = "Content-Length: 5\r\n\r\nhello"
    for count in (50, 100, 126, 128, 130, 400, 1000, 4000, 20_000, 100_000):
        yield case(OK, ["X-A: b\r\n", count], end)
    for count in (130, 400, 4000):
        yield case(OK, ['Warning: 299 - "unknown field"\r\n', count], end)
        yield case(OK, end[:-7], ["X-A: b\r\n", count], "\r\nhello")
        yield case(OK, ["X-A:\r\n", count], end, method="HEAD", end="close")
    used = len(OK) + len(end) - len("hello") + len("X-A: \r\n")
    for size in (
        1000, 4096, 8190, 16_384, 65_000, 66_000, 131_072, 500_000, MIB - 1024, MIB - used - 64, MIB - used + 64,
        MIB + 1024, 2 * MIB, 9 * MIB, 11 * MIB,
    ):  # fmt: skip
        yield case(OK, "X-A: ", ["b", size], f"\r\n{end}")
    for size in (100, 1000, 70_000, 2 * MIB):
        yield case(OK, ["X", size], f": b\r\n{end}")
        yield case(OK, "X-A:", [" ", size], f"b\r\n{end}")
        yield case(OK, ["x", size])
        yield case(["x", size], end="close")
        yield case(["\r\n", size], HELLO)
