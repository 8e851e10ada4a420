"""Decoding gzip: any split has the same result, bombs are decoded in limited pieces, invalid data is refused."""

import gzip
import itertools
import os
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop.transport.http1.gzip import GzipDecoder


def unfold(*chunks):
    decoder = GzipDecoder()
    whole = b"".join(piece for chunk in chunks for piece in decoder.feed(chunk))
    return whole, decoder.is_complete


@given(st.lists(st.binary(max_size=3000), min_size=1, max_size=3), st.lists(st.integers(0, 4000), max_size=5))
def test_any_split_of_any_members_gives_the_whole(bodies, cuts):
    packed = b"".join(gzip.compress(body) for body in bodies)
    edges = [0, *sorted(min(cut, len(packed)) for cut in cuts), len(packed)]
    chunks = [packed[a:b] for a, b in itertools.pairwise(edges)]
    assert unfold(*chunks) == (b"".join(bodies), True)


def test_a_bomb_comes_in_pieces_of_a_mebibyte():
    packed = gzip.compress(b"\0" * (64 << 20))
    sizes = [len(piece) for piece in GzipDecoder().feed(packed)]
    assert max(sizes) == 1 << 20
    assert sum(sizes) == 64 << 20


def test_an_empty_body_is_complete_and_half_of_one_is_not():
    assert unfold() == (b"", True)
    packed = gzip.compress(b"abc" * 100)
    assert unfold(packed[:-3])[1] is False


NOT_GZIP = {
    "html": b"<html>",
    "wrong checksum": gzip.compress(b"a", mtime=0)[:-8] + b"12345678",
    "something behind it": gzip.compress(b"a", mtime=0) + b"xyz",
}


@pytest.mark.parametrize("data", NOT_GZIP.values(), ids=NOT_GZIP)
def test_refuses_what_is_not_gzip(data):
    with pytest.raises(ValueError, match="is not"):
        unfold(data)


def test_what_is_left_inside_the_decoder_is_delivered_at_once():
    """A full piece may leave bytes behind that need no more input: the end of an event must not wait for the next."""
    packer = zlib.compressobj(wbits=31)
    size = (1 << 20) + 8
    packed = packer.compress(b"\0" * size) + packer.flush(zlib.Z_SYNC_FLUSH)
    decoder = GzipDecoder()
    assert [len(piece) for piece in decoder.feed(packed[:-4])] == [1 << 20, 8]
    assert not decoder.is_complete


@pytest.mark.parametrize("wbits", [15, -15], ids=["zlib", "raw deflate"])
def test_other_forms_of_deflate_are_refused(wbits):
    packer = zlib.compressobj(wbits=wbits)
    packed = packer.compress(b"pod " * 100) + packer.flush()
    with pytest.raises(ValueError, match="the body is not gzip"):
        unfold(packed)


def test_a_large_window_is_understood():
    packer = zlib.compressobj(wbits=31)
    body = bytes(range(256)) * 130 + b"x" * 20 + bytes(range(256)) * 130
    assert unfold(packer.compress(body) + packer.flush()) == (body, True)


def test_repeats_may_lie_as_far_back_as_gzip_allows():
    body = os.urandom(32_000) * 2
    folded = gzip.compress(body)
    assert len(folded) < 40_000
    assert b"".join(GzipDecoder().feed(folded)) == body
