"""Frames: the same events are read however the bytes are split, and whatever is between them."""

from __future__ import annotations

import json
import time
import tracemalloc
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop.errors import BodyTooLarge
from kubeloop.wire.serializers.json_frames import JSONFrames
from kubeloop.wire.text_lines import LineReader
from tests.support.growth import growth

TEXT = st.text('ab"\\{}[]:,\n ü', max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)
DOCUMENTS = st.lists(st.dictionaries(TEXT, VALUES, max_size=3), max_size=6)


def read(text: bytes, sizes: Any) -> tuple[list[Any], bytes]:
    """Split a text that arrives in pieces as a watch does: a frame that is not JSON is returned to the reader."""
    reader = JSONFrames()
    found: list[Any] = []
    at = 0
    while at < len(text):
        size = sizes(len(text) - at)
        frames = reader.feed(text[at : at + size])
        at += size
        while frames:
            try:
                found.append(json.loads(frames[0]))
            except ValueError:
                again = reader.reframe(frames)
                assert again is not None, frames[0]
                frames = again
            else:
                frames = frames[1:]
    return found, reader.rest().strip()


@given(st.lists(st.binary(min_size=1).filter(lambda data: b"\n" not in data)), st.data())
def test_lines_do_not_depend_on_how_the_bytes_arrive(lines: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(line + b"\n" for line in lines)
    reader = LineReader()
    found: list[bytes] = []
    at = 0
    while at < len(whole):
        size = data.draw(st.integers(1, len(whole) - at))
        found += reader.feed(whole[at : at + size])
        at += size
    assert found == lines
    assert reader.rest() == b""


@given(DOCUMENTS, st.sampled_from(["\n", "", " ", "\r\n", "\n\n", "\t"]), st.sampled_from([None, 0, 2]), st.data())
def test_documents_do_not_depend_on_how_they_are_written_and_arrive(
    documents: list[Any], between: str, indent: int | None, data: st.DataObject
) -> None:
    """(B8)"""
    text = "".join(json.dumps(one, indent=indent, ensure_ascii=False) + between for one in documents).encode()
    assert read(text, lambda left: data.draw(st.integers(1, left))) == (documents, b"")


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("between", ["", "\n"])
def test_a_document_comes_as_soon_as_it_is_whole(between: str, indent: int | None) -> None:
    """(B8)"""
    text = json.dumps({"a": {"b": [{}]}}, indent=indent).encode()
    assert read(text, lambda _left: 3) == ([{"a": {"b": [{}]}}], b"")
    assert read((text.decode() + between).encode() + b'{"c"', lambda _left: 3)[0] == [{"a": {"b": [{}]}}]


def test_a_stream_of_lines_is_cut_by_lines_again_after_a_piece_that_looked_like_a_document() -> None:
    """(B8)"""
    reader = JSONFrames()
    assert reader.feed(b'{"a":{"b":1}') == []
    assert reader.feed(b'}\n{"c":1}\nno JSON\n{"d"') == [b'{"a":{"b":1}}', b'{"c":1}', b"no JSON"]
    assert reader.rest() == b'{"d"'


@pytest.mark.parametrize(
    "text",
    [
        b'{"type":"ADDED","object":{"kind"\n{"type":"ADDED"}\n',
        b'{"type":"ADDED","object":{"a":\n{"type":"ADDED"}\n{"type":"ADDED"}\n',
        b'{"type":"ADDED","object":{"kind":"Po\n{"type":"ADDED"}\n',
        b"<html>\n<body>\n",
        b"}{\n",
    ],
)
def test_what_can_be_no_document_is_returned_and_not_waited_for(text: bytes) -> None:
    """(B8)"""
    reader = JSONFrames()
    frames = reader.feed(text)
    assert frames
    again = reader.reframe(frames)
    assert again
    with pytest.raises(ValueError, match=r"Expecting|Invalid|Extra"):
        json.loads(again[0])
    assert reader.reframe(again) is None


@pytest.mark.parametrize("between", ["", "\n"])
@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("size", [100, 16_384])
def test_the_time_grows_with_the_stream(between: str, indent: int | None, size: int) -> None:
    """(B8)"""
    document = json.dumps({"type": "ADDED", "object": {"a": ['x{"}', {"b": 1}] * 10}}, indent=indent) + between

    def seconds(count: int) -> float:
        text = (document * count).encode()
        start = time.process_time()
        assert len(read(text, lambda _left: size)[0]) == count
        return time.process_time() - start

    assert min(seconds(1600) / seconds(200) for _ in range(3)) < 16


def test_a_document_without_an_end_takes_time_that_grows_with_it() -> None:
    """(B8)"""
    random = Random(7)
    pieces = [bytes(random.choice(b'}]"{[,:\\a ') for _ in range(50)) + b"}" for _ in range(16_000)]

    def seconds(count: int) -> float:
        reader = JSONFrames()
        reader.feed(b'{"a":"')
        start = time.process_time()
        for piece in pieces[:count]:
            reader.feed(piece.replace(b'"', b"'").replace(b"\\", b"/"))
        return time.process_time() - start

    assert min(seconds(16_000) / seconds(2_000) for _ in range(3)) < 16


@pytest.mark.parametrize("end", [b"\n", b""])
@pytest.mark.parametrize("piece", [1, 2, 100])
@pytest.mark.parametrize("reader", [JSONFrames, LineReader])
def test_a_frame_in_small_pieces_takes_no_more_memory_than_a_few_of_it(
    reader: type[LineReader], piece: int, end: bytes
) -> None:
    """(F9) A frame of 32 MiB in pieces of two bytes took 899 MB."""
    frame = b'{"a":"' + b"x" * 50_000 + b'"}' + end
    pieces = [frame[at : at + piece] for at in range(0, len(frame), piece)]
    one = reader()
    tracemalloc.start()
    try:
        found = [each for some in pieces for each in one.feed(some)]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (found or [one.rest()]) == [frame.rstrip()]
    assert peak < 4 * len(frame)


def test_the_time_for_a_frame_in_small_pieces_grows_with_it() -> None:
    """(F9)"""

    def read_all(pieces: list[bytes]) -> None:
        reader = JSONFrames()
        for piece in pieces:
            reader.feed(piece)

    assert growth(lambda size: [b"xx"] * size, read_all, 20_000) < 16


def test_what_has_no_newline_is_held() -> None:
    reader = JSONFrames()
    assert reader.feed(b'{"a":1}\n{"b"') == [b'{"a":1}']
    assert reader.rest() == b'{"b"'
    assert reader.feed(b":2}\n\n \n") == [b'{"b":2}']


def test_a_log_keeps_its_blank_lines() -> None:
    assert LineReader().feed(b"a\n\nb\n") == [b"a", b"", b"b"]


def test_a_frame_over_the_bound_is_refused_before_it_is_whole() -> None:
    reader = JSONFrames(max_bytes=10)
    assert reader.feed(b"12345") == []
    assert reader.feed(b"67890") == []
    with pytest.raises(BodyTooLarge):
        reader.feed(b"1")


def test_a_frame_over_the_bound_is_refused_when_it_comes_at_once() -> None:
    with pytest.raises(BodyTooLarge):
        JSONFrames(max_bytes=10).feed(b"12345678901\n")
    with pytest.raises(BodyTooLarge):
        JSONFrames(max_bytes=10).feed(b"12345678901")


def test_many_small_frames_may_be_more_than_the_bound() -> None:
    assert len(JSONFrames(max_bytes=10).feed(b"12345\n" * 100)) == 100


def test_the_bound_holds_for_documents_without_newlines_and_names_what_is_too_long() -> None:
    """(B8), (E6)"""
    reader = JSONFrames(max_bytes=10)
    assert [reader.feed(b'{"a":1}') for _ in range(100)] == [[b'{"a":1}']] * 100
    assert reader.feed(b'{"a":{}') == []
    with pytest.raises(BodyTooLarge, match="a watch frame of more than 10 bytes"):
        reader.feed(b',"b":1}')
    with pytest.raises(BodyTooLarge, match="a line of more than 10 bytes"):
        LineReader(max_bytes=10).feed(b"12345678901")
