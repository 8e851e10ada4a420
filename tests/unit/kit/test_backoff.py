"""Back-off and token bucket: pure rules."""

from __future__ import annotations

import math
from random import Random

import pytest

from kubeloop._kit.backoff import Backoff, jitter
from kubeloop._kit.bucket import TokenBucket


def test_delays_double_up_to_the_cap():
    backoff = Backoff(0.8, factor=2.0, cap=30.0)
    assert [backoff.next(0.0) for _ in range(8)] == pytest.approx([0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0])


def test_delays_start_again_after_a_quiet_time_only():
    backoff = Backoff(1.0, factor=2.0, cap=8.0, reset_after=120.0)
    assert [backoff.next(now) for now in (0.0, 119.0, 239.0, 359.1, 360.0)] == [1.0, 2.0, 4.0, 1.0, 2.0]


def test_delays_start_again_after_a_reset():
    backoff = Backoff(1.0)
    backoff.next(0.0)
    backoff.next(0.0)
    backoff.reset()
    assert backoff.next(0.0) == 1.0


def test_jitter_is_added_after_the_cap():
    backoff = Backoff(1.0, factor=2.0, cap=4.0, jitter=1.0, random=Random(7))
    delays = [backoff.next(0.0) for _ in range(200)]
    assert all(4.0 <= delay <= 8.0 for delay in delays[2:])
    assert max(delays) > 7.5
    assert min(delays[2:]) < 4.5


def test_the_same_seed_gives_the_same_delays():
    first, second = (Backoff(1.0, jitter=0.5, random=Random(3)) for _ in range(2))
    assert [first.next(0.0) for _ in range(5)] == [second.next(0.0) for _ in range(5)]


def test_a_jitter_factor_of_zero_counts_as_one():
    assert all(1.0 <= jitter(1.0, 0.0, Random(seed)) <= 2.0 for seed in range(50))
    assert max(jitter(1.0, 0.0, Random(seed)) for seed in range(50)) > 1.5


def test_a_first_delay_over_the_cap_is_cut():
    assert Backoff(60.0, cap=30.0).next(0.0) == 30.0


@pytest.mark.parametrize(
    "settings", [{"initial": -1.0}, {"initial": 1.0, "factor": 0.5}, {"initial": 1.0, "jitter": -0.1}]
)
def test_refuses_settings_that_make_no_back_off(settings):
    with pytest.raises(ValueError, match="back-off"):
        Backoff(**settings)


def test_a_bucket_gives_its_burst_at_once_and_then_one_at_a_time():
    bucket = TokenBucket(10.0, 100)
    assert [bucket.reserve(0.0) for _ in range(100)] == [0.0] * 100
    assert [bucket.reserve(0.0) for _ in range(3)] == pytest.approx([0.1, 0.2, 0.3])


def test_a_bucket_fills_up_to_its_burst_and_no_further():
    bucket = TokenBucket(10.0, 2)
    assert [bucket.reserve(0.0) for _ in range(2)] == [0.0, 0.0]
    assert bucket.reserve(0.05) == pytest.approx(0.05)
    assert [bucket.reserve(1000.0) for _ in range(3)] == pytest.approx([0.0, 0.0, 0.1])


def test_taking_only_what_is_there_takes_nothing_in_advance():
    bucket = TokenBucket(10.0, 1)
    assert [bucket.try_take(now) for now in (0.0, 0.0, 0.05, 0.1, 0.1)] == [True, False, False, True, False]


def test_a_token_that_is_returned_serves_the_next():
    bucket = TokenBucket(1.0, 1)
    assert [bucket.reserve(0.0), bucket.reserve(0.0)] == [0.0, 1.0]
    bucket.give_back(0.0)
    assert bucket.reserve(0.0) == 1.0
    bucket.give_back(50.0)
    assert bucket.tokens(50.0) == 1.0


def test_a_clock_that_goes_back_gives_nothing_twice():
    bucket = TokenBucket(1.0, 1)
    assert [bucket.reserve(now) for now in (10.0, 5.0, 10.0)] == [0.0, 1.0, 2.0]


def test_buckets_without_rate_or_limit():
    assert [TokenBucket(math.inf, 0).reserve(0.0), TokenBucket(0.0, 0).reserve(0.0)] == [0.0, math.inf]
    assert TokenBucket(math.inf, 0).try_take(0.0)
    spent = TokenBucket(0.0, 1)
    assert [spent.reserve(0.0), spent.reserve(1e9)] == [0.0, math.inf]


@pytest.mark.parametrize(("rate", "burst"), [(-1.0, 1), (1.0, -1)])
def test_refuses_a_bucket_that_cannot_be(rate, burst):
    with pytest.raises(ValueError, match="bucket"):
        TokenBucket(rate, burst)


def test_both_show_their_state():
    assert repr(Backoff(1.0, cap=4.0)) == "Backoff(next=1s, cap=4.0, last=None)"
    assert repr(TokenBucket(10.0, 5)) == "TokenBucket(rate=10/s, burst=5, tokens=5)"


def test_delays_double_when_no_factor_is_given():
    backoff = Backoff(1.0)
    assert [backoff.next(0.0) for _ in range(3)] == [1.0, 2.0, 4.0]


def test_the_least_settings_that_make_sense_are_taken():
    assert Backoff(0.0, factor=1.0).next(0.0) == 0.0
    with pytest.raises(ValueError, match="factor >= 1"):
        Backoff(1.0, factor=0.99)


def test_a_small_jitter_factor_is_taken_as_it_is():
    assert max(jitter(1.0, 0.5, Random(seed)) for seed in range(50)) <= 1.5


@pytest.mark.parametrize("start", [0.0, 1e6])
def test_a_bucket_fills_by_the_time_that_passed_whatever_the_clock_shows(start: float):
    bucket = TokenBucket(1.0, 10)
    for _ in range(10):
        bucket.reserve(start)
    assert bucket.tokens(start + 3.0) == pytest.approx(3.0)


def test_a_bucket_without_a_burst_never_gives_a_token():
    bucket = TokenBucket(5.0, 0)
    assert bucket.reserve(0.0) == math.inf
    assert bucket.reserve(100.0) == math.inf
