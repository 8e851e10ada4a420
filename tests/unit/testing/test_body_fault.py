"""The faults of a body, decided without an event loop."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from kubeloop.testing.body_fault import BodyEnd, BodyFault, Step
from kubeloop.testing.rule import Cut, Effect


def play(effect: Effect, *chunks: bytes) -> list[Step]:
    """Return the steps of a body, up to its end."""
    fault, steps = BodyFault(effect), []
    for chunk in (b"", *chunks):
        for step in fault.feed(chunk):
            steps.append(step)
            if isinstance(step, BodyEnd):
                return steps
    return steps


def data_of(steps: Iterable[Step]) -> bytes:
    return b"".join(step for step in steps if isinstance(step, bytes))


def test_a_body_without_faults_is_the_body() -> None:
    assert play(Effect(), b"abc", b"def") == [b"abc", b"def"]


def test_a_connection_is_lost_right_after_the_last_byte_that_arrives() -> None:
    assert play(Effect(cut=Cut(4)), b"abc", b"def", b"ghi") == [b"abc", b"d", BodyEnd.LOST]
    assert play(Effect(cut=Cut(3)), b"abc", b"def") == [b"abc", BodyEnd.LOST]
    assert play(Effect(cut=Cut(0)), b"abc") == [BodyEnd.LOST]


def test_a_body_that_is_shorter_than_the_limit_ends_by_itself() -> None:
    assert play(Effect(cut=Cut(9), silent_after=8), b"abc") == [b"abc"]


def test_what_comes_first_ends_the_body() -> None:
    assert play(Effect(cut=Cut(4), silent_after=2), b"abc") == [b"ab", BodyEnd.SILENT]
    assert play(Effect(cut=Cut(2), silent_after=4), b"abc") == [b"ab", BodyEnd.LOST]


def test_garbage_replaces_the_whole_body_and_can_be_cut_too() -> None:
    assert play(Effect(garbage=b"\xff\x00"), b"abc", b"def") == [b"\xff\x00", BodyEnd.COMPLETE]
    assert play(Effect(garbage=b""), b"abc") == [BodyEnd.COMPLETE]
    assert play(Effect(garbage=b"xyz", cut=Cut(1))) == [b"x", BodyEnd.LOST]


def test_a_slow_body_arrives_in_ten_pieces_per_second() -> None:
    assert play(Effect(bytes_per_second=20.0), b"abcde") == [0.1, b"ab", 0.1, b"cd", 0.05, b"e"]
    assert play(Effect(bytes_per_second=0.5), b"ab") == [2.0, b"a", 2.0, b"b"]


@given(
    st.lists(st.binary()),
    st.none() | st.integers(0, 40),
    st.none() | st.integers(0, 40),
    st.just(0.0) | st.floats(0.1, 1e6),
)
def test_the_bytes_are_a_beginning_of_the_body_and_take_their_time(
    chunks: list[bytes], cut: int | None, silent: int | None, rate: float
) -> None:
    body = b"".join(chunks)
    effect = Effect(cut=None if cut is None else Cut(cut), silent_after=silent, bytes_per_second=rate)
    steps = play(effect, *chunks)
    expected = body[: min([len(body), *(limit for limit in (cut, silent) if limit is not None)])]
    assert data_of(steps) == expected
    limits = [limit for limit in (cut, silent) if limit is not None and limit <= len(body)]
    assert (BodyEnd.LOST in steps or BodyEnd.SILENT in steps) == bool(limits)
    pauses = sum(step for step in steps if isinstance(step, float))
    assert abs(pauses - (len(expected) / rate if rate else 0)) <= 1e-6 * (1 + pauses)
