"""Chunked bodies: their contents, their end, the refused input, and each limit exactly."""

from __future__ import annotations

import pytest

from kubeloop.wire.chunks import ChunkReader


def read(data: bytes, *, by: int = 0) -> tuple[bytes, bytes | None]:
    """Return the body and the bytes after it, which are None if the body has not ended."""
    reader = ChunkReader()
    pieces: list[bytes] = []
    for at in range(0, len(data), by or len(data)):
        reader.feed(data[at : at + (by or len(data))], pieces)
        if reader.rest is not None:
            return b"".join(pieces), reader.rest + data[at + (by or len(data)) :]
    return b"".join(pieces), None


@pytest.mark.parametrize("by", [0, 1, 2, 3, 7])
@pytest.mark.parametrize(
    ("data", "body", "rest"),
    [
        (b"0\r\n\r\n", b"", b""),
        (b"3\r\nabc\r\n0\r\n\r\n", b"abc", b""),
        (b"3\r\nabc\r\nA\r\n0123456789\r\n000\r\n\r\n", b"abc0123456789", b""),
        (b'a;x="y"\r\n0123456789\r\n0;z \t\r\n\r\nrest', b"0123456789", b"rest"),
        (b"1 \t\r\nx\r\n0\r\nA: b\r\nC:\td\r\n\r\n\r\n", b"x", b"\r\n"),
        (b"2\r\n\r\n\r\n0\r\n\r\n0", b"\r\n", b"0"),
        (b"0000000000000003\r\nabc\r\n0\r\n\r\n", b"abc", b""),
    ],
)
def test_bodies(data: bytes, body: bytes, rest: bytes, by: int) -> None:
    assert read(data, by=by) == (body, rest)


@pytest.mark.parametrize(
    "data",
    [b"3", b"3\r\n", b"3\r\nab", b"3\r\nabc", b"3\r\nabc\r", b"3\r\nabc\r\n", b"0\r\n", b"0\r\nA: b\r\n", b"0\r\n\r"],
)
def test_bodies_that_have_not_ended(data: bytes) -> None:
    assert read(data)[1] is None
    assert read(data, by=1)[1] is None


@pytest.mark.parametrize("by", [0, 1])
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\r\nabc\r\n", "a chunk without a size"),
        (b"x\r\n", "a chunk without a size"),
        (b"0x3\r\nabc\r\n", "a chunk without a size"),
        (b"-3\r\nabc\r\n", "a chunk without a size"),
        (b"+3\r\nabc\r\n", "a chunk without a size"),
        (b" 3\r\nabc\r\n", "a chunk without a size"),
        (b"3 ;x\r\nabc\r\n", "a chunk without a size"),
        (b"00000000000000003\r\nabc\r\n", "a chunk without a size"),
        (b"8000000000000000\r\n", "a chunk without a size"),
        (b"3;\0\r\nabc\r\n", "a chunk without a size"),
        (b"3;a\rb\r\nabc\r\n", "a chunk without a size"),
        (b"3\nabc\r\n", "without a size|does not end in CR LF"),
        (b"3\r\nabcd\r\n", "a chunk is longer than its size"),
        (b"3\r\nabc\n", "a chunk is longer than its size"),
        (b"3\r\nabc\rx", "a chunk is longer than its size"),
        (b"0\r\nno colon\r\n\r\n", "a malformed trailer"),
        (b"0\r\n: b\r\n\r\n", "a malformed trailer"),
        (b"0\r\nA : b\r\n\r\n", "a malformed trailer"),
        (b"0\r\nA: \x01\r\n\r\n", "a malformed trailer"),
        (b"0\r\n A: b\r\n\r\n", "a malformed trailer"),
    ],
)
def test_what_is_refused_and_why(data: bytes, reason: str, by: int) -> None:
    with pytest.raises(ValueError, match=reason):
        read(data, by=by)


def test_bytes_before_a_fault_are_delivered() -> None:
    pieces: list[bytes] = []
    with pytest.raises(ValueError, match="chunk"):
        ChunkReader().feed(b"3\r\nabc\r\n2\r\nde\r\nx\r\n", pieces)
    assert pieces == [b"abc", b"de"]


def test_each_chunk_is_a_piece_of_its_own() -> None:
    reader = ChunkReader()
    pieces: list[bytes] = []
    reader.feed(b"3\r\nabc\r\n3\r\nde", pieces)
    reader.feed(b"f", pieces)
    reader.feed(b"\r\n", pieces)
    assert pieces == [b"abc", b"de", b"f"]


def test_the_largest_size() -> None:
    reader = ChunkReader()
    reader.feed(b"7fffffffffffffff\r\n", [])
    assert reader.rest is None


@pytest.mark.parametrize("by", [0, 1, 1000])
def test_the_bound_of_a_line(by: int) -> None:
    """(F22) The line with its end has 4,096 bytes at most."""
    fits = b"1;" + b"x" * (4096 - 4)
    assert read(fits + b"\r\nx\r\n0\r\n\r\n", by=by)[0] == b"x"
    with pytest.raises(ValueError, match="a line between chunks is longer than 4096 bytes"):
        read(fits + b"x\r\nx\r\n0\r\n\r\n", by=by)
    assert read(fits + b"x", by=by) == (b"", None)
    with pytest.raises(ValueError, match="a line between chunks is longer than 4096 bytes"):
        read(fits + b"xx", by=by)


def test_a_line_break_of_its_own_is_refused_at_once() -> None:
    for data in (b"\n", b"1\r\nx\r\n\n", b"1\n"):
        with pytest.raises(ValueError, match="a line between chunks does not end in CR LF"):
            read(data)


@pytest.mark.parametrize("before", [b"", b"1\r\ny\r\n"])
def test_the_bound_of_what_is_no_data_is_exact(before: bytes) -> None:
    """(F22)"""
    # One byte of data, so that 16 bytes of each line are free.
    chunks = [b"1;" + b"x" * (size + 16 - 2) + b"\r\ny\r\n" for size in (4000, 4000, 4000, 4000, 384, 385)]
    assert read(before + b"".join(chunks[:5]) + b"0\r\n\r\n")[1] == b""
    with pytest.raises(ValueError, match="more than 16384 bytes of the chunked body are not data"):
        read(before + b"".join(chunks[:4]) + chunks[5])


def test_the_bound_of_what_is_no_data() -> None:
    """(F22) Each chunk may have 16 bytes and twice its data around it; beyond that 16 KiB in all, as in Go."""
    # 100 bytes per line, its end included, less 16 and 2: 82 more for each chunk. 199 of them are below 16 KiB, 200 are
    # not.
    chunk = b"1;" + b"x" * 96 + b"\r\ny\r\n"
    assert read(chunk * 199 + b"0\r\n\r\n")[0] == b"y" * 199
    with pytest.raises(ValueError, match="more than 16384 bytes of the chunked body are not data"):
        read(chunk * 200)
    # The allowance of a chunk with nothing around it is not kept for later chunks.
    assert read((b"1;" + b"x" * 14 + b"\r\ny\r\n") * 10_000 + b"0\r\n\r\n")[0] == b"y" * 10_000
    with pytest.raises(ValueError, match="are not data"):
        read(b"ff\r\n" + b"z" * 255 + b"\r\n" + chunk * 200)


def test_the_bound_of_trailers() -> None:
    """(F22) 4,096 bytes, their ends included."""
    line = b"A: " + b"b" * 1019 + b"\r\n"
    assert len(line) == 1024
    assert read(b"0\r\n" + line * 4 + b"\r\nrest")[1] == b"rest"
    with pytest.raises(ValueError, match="the trailers are longer than 4096 bytes"):
        read(b"0\r\n" + line * 4 + b"A:\r\n\r\n")
    with pytest.raises(ValueError, match="the trailers are longer than 4096 bytes"):
        read(b"0\r\n" + line * 3 + b"A" + line + b"\r\n")
