"""A response in pieces: its headers and what its `repr` shows."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from kubeloop.wire.response import Headers
from kubeloop.wire.serializers.json_serializer import JSON
from kubeloop.wire.streamed_response import StreamedResponse


async def nothing() -> AsyncGenerator[bytes]:
    yield b""


def test_without_headers_the_body_is_json() -> None:
    assert StreamedResponse(nothing()).headers.pairs == (("Content-Type", JSON.media_types[0]),)


def test_headers_may_repeat_a_name() -> None:
    pairs = [("Warning", '299 - "a"'), ("Warning", '299 - "b"')]
    assert StreamedResponse(nothing(), headers=Headers(pairs)).headers.pairs == tuple(pairs)


def test_the_repr_shows_the_status() -> None:
    assert repr(StreamedResponse(nothing(), 410, {})) == "<StreamedResponse 410>"
