"""Undoing gzip: any split gives the same, bombs come in bounded pieces, nonsense is refused."""

import gzip
import itertools

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
