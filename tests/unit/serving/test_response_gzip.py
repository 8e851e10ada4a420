"""Which responses are compressed, and what the pieces are."""

from __future__ import annotations

import asyncio
import gzip

import pytest

from kubeloop.serving.response_gzip import accepts_gzip, gzip_headers, gzip_pieces
from kubeloop.testing.virtual_time import in_virtual_time
from kubeloop.wire.response import Headers, Response


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("gzip", True),
        ("deflate, gzip ", True),
        ("", False),
        ("identity", False),
        ("GZIP", False),
        ("gzip;q=1", False),  # as in the API server, which does not read qualities
    ],
)
def test_which_clients_get_gzip(accepted: str, expected: bool) -> None:
    assert accepts_gzip(Headers([("Accept-Encoding", accepted)]), Response(200)) is expected


def test_without_a_header_nothing_is_compressed() -> None:
    assert not accepts_gzip(Headers(), Response(200))


def test_what_is_compressed_already_is_left_alone() -> None:
    headers = Headers([("Content-Encoding", "zstd")])
    assert not accepts_gzip(Headers([("Accept-Encoding", "gzip")]), Response(200, headers))


def test_the_headers_say_so() -> None:
    pairs = (("A", "b"), ("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding"))
    assert gzip_headers(Headers([("A", "b")])).pairs == pairs


@in_virtual_time
async def test_others_run_between_the_pieces() -> None:
    body = bytes(range(256)) * 8192
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.ensure_future(count())
    pieces = [piece async for piece in gzip_pieces(body)]
    task.cancel()
    await asyncio.wait([task])
    assert gzip.decompress(b"".join(pieces)) == body
    assert turns >= len(body) >> 18
