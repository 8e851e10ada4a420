"""The tables of client-go's default_rate_limiters_test.go."""

from __future__ import annotations

import math

import pytest

from kubeloop.testing.virtual_time import in_virtual_time
from kubeloop.workqueue import (
    BucketRateLimiter,
    ItemExponentialFailureRateLimiter,
    ItemFastSlowRateLimiter,
    MaxOfRateLimiter,
    WithMaxWaitRateLimiter,
    default_controller_rate_limiter,
    default_item_based_rate_limiter,
)

ms = 0.001


def waits(limiter, item, times):
    return [limiter.when(item) for _ in range(times)]


def test_exponential_limiter_doubles_for_each_item_until_it_is_forgotten():
    limiter = ItemExponentialFailureRateLimiter(1 * ms, 1.0)
    assert waits(limiter, "one", 5) == pytest.approx([1 * ms, 2 * ms, 4 * ms, 8 * ms, 16 * ms])
    assert limiter.num_requeues("one") == 5
    assert waits(limiter, "two", 2) == pytest.approx([1 * ms, 2 * ms])
    assert limiter.num_requeues("two") == 2
    limiter.forget("one")
    limiter.forget("never seen")
    assert limiter.num_requeues("one") == 0
    assert limiter.when("one") == 1 * ms


def test_exponential_limiter_reaches_its_limit_and_never_overflows():
    limiter = ItemExponentialFailureRateLimiter(1 * ms, 1000.0)
    assert waits(limiter, "one", 6)[5] == pytest.approx(32 * ms)
    assert waits(limiter, "overflow1", 2001)[1000:] == [1000.0] * 1001
    minutes = ItemExponentialFailureRateLimiter(60.0, 3600_000.0)
    assert waits(minutes, "two", 3)[2] == 240.0
    assert waits(minutes, "overflow2", 1001)[1000] == 3600_000.0


def test_fast_slow_limiter_is_fast_at_first():
    limiter = ItemFastSlowRateLimiter(5 * ms, 10.0, 3)
    assert waits(limiter, "one", 5) == [5 * ms, 5 * ms, 5 * ms, 10.0, 10.0]
    assert limiter.num_requeues("one") == 5
    assert waits(limiter, "two", 2) == [5 * ms, 5 * ms]
    assert limiter.num_requeues("two") == 2
    limiter.forget("one")
    assert limiter.num_requeues("one") == 0
    assert limiter.when("one") == 5 * ms


def test_max_of_limiter_takes_the_slowest():
    limiter = MaxOfRateLimiter(ItemFastSlowRateLimiter(5 * ms, 3.0, 3), ItemExponentialFailureRateLimiter(1 * ms, 1.0))
    assert waits(limiter, "one", 5) == [5 * ms, 5 * ms, 5 * ms, 3.0, 3.0]
    assert limiter.num_requeues("one") == 5
    assert waits(limiter, "two", 2) == [5 * ms, 5 * ms]
    assert limiter.num_requeues("two") == 2
    limiter.forget("one")
    assert limiter.num_requeues("one") == 0
    assert limiter.when("one") == 5 * ms


def test_max_wait_limiter_cuts_the_delay():
    class Steps:
        count = 0

        def when(self, item):
            self.count += 1
            return 5 * ms if self.count <= 100 else 1000.0

        def forget(self, item):
            self.count = 0

        def num_requeues(self, item):
            return self.count

    limiter = WithMaxWaitRateLimiter(Steps(), 500.0)
    assert [limiter.when(number) for number in range(200)] == [5 * ms] * 100 + [500.0] * 100
    assert limiter.num_requeues("x") == 200
    limiter.forget("x")
    assert limiter.num_requeues("x") == 0


def test_bucket_limiter_counts_no_failures():
    limiter = BucketRateLimiter(10.0, 2, now=lambda: 0.0)
    assert waits(limiter, "any", 4) == pytest.approx([0.0, 0.0, 0.1, 0.2])
    assert limiter.num_requeues("any") == 0
    limiter.forget("any")
    assert limiter.when("other") == pytest.approx(0.3)


@in_virtual_time
async def test_default_controller_limiter_is_exponential_and_bounded_overall():
    limiter = default_controller_rate_limiter()
    assert waits(limiter, "one", 20)[-1] == 1000.0
    first = [limiter.when(number) for number in range(200)]
    assert first[:80] == [5 * ms] * 80
    assert first[80:83] == pytest.approx([0.1, 0.2, 0.3])
    assert first[-1] == pytest.approx(12.0)


def test_default_item_based_limiter_starts_at_a_millisecond():
    assert waits(default_item_based_rate_limiter(), "one", 2) == [1 * ms, 2 * ms]


def test_a_limiter_of_no_limiters_neither_waits_nor_counts():
    limiter = MaxOfRateLimiter()
    assert limiter.when("one") == 0.0
    assert limiter.num_requeues("one") == 0


def test_the_item_based_default_waits_from_a_millisecond_to_a_thousand_seconds():
    delays = waits(default_item_based_rate_limiter(), "one", 30)
    assert delays[0] == 1 * ms
    assert delays[-1] == 1000.0


@pytest.mark.parametrize(
    ("limiter", "shown"),
    [
        (
            default_controller_rate_limiter(),
            "MaxOfRateLimiter(ItemExponentialFailureRateLimiter(0.005, 1000.0), BucketRateLimiter(10.0, 100))",
        ),
        (ItemFastSlowRateLimiter(0.1, 5.0, 3), "ItemFastSlowRateLimiter(0.1, 5.0, 3)"),
        (
            WithMaxWaitRateLimiter(BucketRateLimiter(1.0, 1), 60.0),
            "WithMaxWaitRateLimiter(BucketRateLimiter(1.0, 1), 60.0)",
        ),
    ],
)
def test_repr_shows_how_to_create_the_same_limiter(limiter, shown):
    assert repr(limiter) == shown
    assert repr(eval(shown)) == shown


@pytest.mark.parametrize("wrong", [-1.0, math.nan, -math.inf])
def test_delays_that_no_item_could_wait_for_are_refused(wrong):
    inner = ItemExponentialFailureRateLimiter(1.0, 10.0)
    for create in (
        lambda: ItemExponentialFailureRateLimiter(wrong, 1.0),
        lambda: ItemExponentialFailureRateLimiter(1.0, wrong),
        lambda: ItemFastSlowRateLimiter(wrong, 1.0, 3),
        lambda: ItemFastSlowRateLimiter(1.0, wrong, 3),
        lambda: WithMaxWaitRateLimiter(inner, wrong),
    ):
        with pytest.raises(ValueError, match="to be at least 0 s, got"):
            create()
    with pytest.raises(ValueError, match="rate >= 0"):
        BucketRateLimiter(wrong, 1)


def test_a_limit_below_the_first_delay_and_no_delay_at_all_are_accepted():
    assert ItemExponentialFailureRateLimiter(1.0, 0.5).when("a") == 0.5
    assert ItemFastSlowRateLimiter(0, 0, 3).when("a") == 0
    assert WithMaxWaitRateLimiter(ItemExponentialFailureRateLimiter(math.inf, math.inf), 5.0).when("a") == 5.0
