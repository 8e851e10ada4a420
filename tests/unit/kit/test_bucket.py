"""`TokenBucket.wait`: client-go's throttle_test.go, deadlines and cancellation. The arithmetic is in `test_backoff`."""

from __future__ import annotations

import asyncio
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeloop import TokenBucket
from kubeloop.testing import virtual_time
from kubeloop.testing.virtual_time import elapsed, in_virtual_time, settle


@in_virtual_time
async def test_waits_for_the_next_token_and_takes_it():
    bucket = TokenBucket(1.0, 3)
    times = []
    for _ in range(6):
        await bucket.wait()
        times.append(elapsed())
    assert times == [0.0, 0.0, 0.0, 1.0, 2.0, 3.0]


@in_virtual_time
async def test_many_waiting_tasks_get_the_rate_in_the_order_of_their_calls():
    bucket = TokenBucket(10.0, 1)
    served = []

    async def call(number):
        await bucket.wait()
        served.append((number, round(elapsed(), 6)))

    await asyncio.gather(*(call(number) for number in range(20)))
    assert served == [(number, pytest.approx(number / 10)) for number in range(20)]


@in_virtual_time
async def test_a_wait_that_would_take_too_long_fails_at_once_and_takes_no_token():
    bucket = TokenBucket(0.1, 1)
    await bucket.wait(timeout=1)
    for _ in range(100):
        with pytest.raises(TimeoutError, match="expected a token within 1 s, the next one exists in 10 s"):
            await bucket.wait(timeout=1)
    assert elapsed() == 0.0
    await bucket.wait(timeout=10)
    assert elapsed() == 10.0


@in_virtual_time
async def test_a_token_that_exists_needs_no_time():
    bucket = TokenBucket(1.0, 1)
    await bucket.wait(timeout=0)
    with pytest.raises(TimeoutError):
        await bucket.wait(timeout=0.999)
    await asyncio.sleep(1)
    await bucket.wait(timeout=0)
    assert elapsed() == 1.0


@pytest.mark.parametrize("bucket", [TokenBucket(0.0, 1), TokenBucket(5.0, 0)], ids=repr)
@in_virtual_time
async def test_a_bucket_that_never_has_a_token_raises_instead_of_waiting(bucket):
    bucket.try_take(0.0)
    with pytest.raises(TimeoutError, match="will never have one"):
        await bucket.wait()


@in_virtual_time
async def test_a_bucket_without_a_limit_never_waits():
    bucket = TokenBucket(math.inf, 0)
    for _ in range(1000):
        await bucket.wait(timeout=0)
    assert elapsed() == 0.0


@in_virtual_time
async def test_a_cancelled_wait_gives_its_token_back():
    bucket = TokenBucket(1.0, 1)
    await bucket.wait()
    waiting = [asyncio.create_task(bucket.wait()) for _ in range(5)]
    await settle()
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await bucket.wait(timeout=1)
    assert elapsed() == 1.0


def test_the_rate_stays_exact_over_a_long_time():
    """client-go's rate of one token per 1.031425 s, taken every two seconds."""
    bucket = TokenBucket(1e6 / 1031425, 1)
    assert all(bucket.try_take(2.0 * step) for step in range(60))


@settings(deadline=None, max_examples=100)
@given(
    rate=st.sampled_from([0.5, 1.0, 4.0]),
    burst=st.integers(1, 4),
    calls=st.lists(
        st.tuples(st.sampled_from([0.0, 0.25, 1.0, 3.0]), st.sampled_from([None, 0.0, 0.5, 2.0])), max_size=25
    ),
)
def test_no_wait_exceeds_its_timeout_and_the_rate_is_never_exceeded(rate, burst, calls):
    """Each call: a pause before the call, and its timeout."""

    async def main():
        bucket = TokenBucket(rate, burst)
        admitted = []

        async def call(timeout):
            start = elapsed()
            try:
                await bucket.wait(timeout=timeout)
            except TimeoutError:
                assert timeout is not None
                assert elapsed() == start
            else:
                assert timeout is None or elapsed() - start <= timeout + 1e-9
                admitted.append(elapsed())

        async with asyncio.TaskGroup() as tasks:
            for pause, timeout in calls:
                await asyncio.sleep(pause)
                tasks.create_task(call(timeout))
        for first, start in enumerate(admitted):
            for last in range(first, len(admitted)):
                assert last - first + 1 <= burst + (admitted[last] - start) * rate + 1e-6

    virtual_time.run(main())
