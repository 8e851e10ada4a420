"""Frames: the same events come out however the bytes are cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop.errors import BodyTooLarge
from kubeloop.wire.watch import FrameReader


@given(st.lists(st.binary(min_size=1).filter(lambda data: b"\n" not in data and not data.isspace())), st.data())
def test_frames_do_not_depend_on_how_the_bytes_arrive(lines: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(line + b"\n" for line in lines)
    reader = FrameReader()
    frames: list[bytes] = []
    at = 0
    while at < len(whole):
        size = data.draw(st.integers(1, len(whole) - at))
        frames += reader.feed(whole[at : at + size])
        at += size
    assert frames == lines
    assert reader.rest() == b""


def test_what_has_no_newline_is_held() -> None:
    reader = FrameReader()
    assert reader.feed(b'{"a":1}\n{"b"') == [b'{"a":1}']
    assert reader.rest() == b'{"b"'
    assert reader.feed(b":2}\n\n \n") == [b'{"b":2}']


def test_a_log_keeps_its_blank_lines() -> None:
    assert FrameReader(keep_blank=True).feed(b"a\n\nb\n") == [b"a", b"", b"b"]


def test_a_frame_over_the_bound_is_refused_before_it_is_whole() -> None:
    reader = FrameReader(max_bytes=10)
    assert reader.feed(b"12345") == []
    assert reader.feed(b"67890") == []
    with pytest.raises(BodyTooLarge):
        reader.feed(b"1")


def test_a_frame_over_the_bound_is_refused_when_it_comes_at_once() -> None:
    with pytest.raises(BodyTooLarge):
        FrameReader(max_bytes=10).feed(b"12345678901\n")
    with pytest.raises(BodyTooLarge):
        FrameReader(max_bytes=10).feed(b"12345678901")


def test_many_small_frames_may_be_more_than_the_bound() -> None:
    assert len(FrameReader(max_bytes=10).feed(b"12345\n" * 100)) == 100
