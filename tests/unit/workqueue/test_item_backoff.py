"""The scenarios of client-go's flowcontrol/backoff_test.go, and what is ours: items are forgotten without a call."""

from __future__ import annotations

import asyncio
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from kubeloop.workqueue import ItemBackoff, RateLimitingQueue


class Clock:
    def __init__(self):
        self.time = 1000.0

    def __call__(self):
        return self.time


@pytest.fixture
def clock():
    return Clock()


def create(clock, initial=1.0, maximum=50.0, **options):
    return ItemBackoff[str](initial, maximum, now=clock, **options)


def test_a_delay_doubles_up_to_the_maximum_and_is_removed_by_forget(clock):
    backoff = create(clock)
    delays = []
    for _ in range(10):
        clock.time += 1
        delays.append(backoff.get("a"))
        backoff.next("a")
    assert delays == [0, 1, 2, 4, 8, 16, 32, 50, 50, 50]
    assert backoff.get("b") == 0
    backoff.forget("a")
    assert (backoff.get("a"), backoff.num_requeues("a")) == (0, 0)


def test_a_delay_starts_again_after_twice_the_maximum(clock):
    backoff = create(clock, maximum=5.0)
    for _ in range(6):
        clock.time += 1
        backoff.next("a")
    assert backoff.is_in_backoff_since("a", clock.time)
    event_time = clock.time
    clock.time += 11
    assert not backoff.is_in_backoff_since("a", event_time)
    assert backoff.get("a") == 0
    assert backoff.next("a") == 1.0


def test_a_delay_stays_at_the_maximum_until_it_has_expired(clock):
    backoff = create(clock, maximum=5.0)
    for _ in range(6):
        clock.time += 1
        backoff.next("a")
    clock.time += 6
    assert backoff.next("a") == 5.0
    clock.time += 10
    assert backoff.get("a") == 5.0
    clock.time += 2**-20
    assert backoff.get("a") == 0.0


@pytest.mark.parametrize(("expires_after", "kept", "gone"), [(None, 100.0, 100.001), (200.0, 200.0, 200.001)])
def test_an_expired_item_is_removed_when_another_item_fails(clock, expires_after, kept, gone):
    backoff = create(clock, expires_after=expires_after)
    backoff.next("a")
    start = clock.time
    clock.time = start + kept
    backoff.next("b")
    assert len(backoff) == 2
    clock.time = start + gone
    backoff.next("b")
    assert len(backoff) == 1


def test_an_earlier_expiry_starts_the_delay_again(clock):
    backoff = create(clock, expires_after=8.0)
    backoff.next("a")
    clock.time += 5
    assert backoff.next("a") == 2.0
    clock.time += 9
    assert backoff.next("a") == 1.0


def test_memory_is_bounded_by_the_items_that_failed_recently(clock):
    backoff = create(clock, maximum=5.0)
    largest = 0
    for number in range(10_000):
        clock.time += 0.1
        backoff.next(f"pod-{number}")
        largest = max(largest, len(backoff))
    assert largest == 101
    clock.time += 20
    assert len(backoff) == 0


def test_whether_an_item_is_in_backoff_since_its_last_increase(clock):
    """client-go's TestIsInBackOffSinceUpdate: the ticks at which the item is not in back-off, which increase it."""
    backoff = create(clock, maximum=10.0)
    start = clock.time
    expected = {0: 0, 1: 1, 3: 2, 7: 4, 15: 8, 25: 10, 35: 10, 56: 0, 57: 1}
    for tick in [*range(36), 56, 57]:
        clock.time = start + tick
        assert backoff.is_in_backoff("a") is (tick not in expected)
        if tick in expected:
            assert backoff.get("a") == expected[tick]
            backoff.next("a")


def test_whether_an_item_is_in_backoff_since_an_event(clock):
    backoff = create(clock)
    assert not backoff.is_in_backoff_since("a", clock.time)
    backoff.next("a")
    backoff.next("a")
    event_time = clock.time
    clock.time += 1.5
    assert backoff.is_in_backoff_since("a", event_time)
    assert not backoff.is_in_backoff_since("a", event_time - 1)
    clock.time += 0.5
    assert not backoff.is_in_backoff_since("a", event_time)


def test_jitter_adds_a_part_of_the_former_delay(clock):
    backoff = create(clock, initial=0.1, maximum=60.0, jitter=0.1, random=Random(7))
    former = 0.1
    delays = []
    for factor in [1, *[2] * 10]:
        clock.time += 0.1
        delay = backoff.next("a")
        assert factor * former < delay <= (factor + 0.1) * former or delay == 60.0
        former = delay
        delays.append(delay)
    assert delays[-1] == 60.0
    again = create(clock, initial=0.1, maximum=60.0, jitter=0.1, random=Random(7))
    assert [again.next("a") for _ in delays] == delays


@pytest.mark.parametrize("arguments", [(-1.0, 5.0, 0.0), (6.0, 5.0, 0.0), (1.0, 5.0, -0.1)])
def test_refuses_contradictions(arguments):
    initial, maximum, jitter = arguments
    with pytest.raises(ValueError, match="expected 0 <= initial <= maximum and jitter >= 0"):
        ItemBackoff(initial, maximum, jitter=jitter)


def test_repr_shows_the_delays_and_the_number_of_items(clock):
    backoff = create(clock)
    backoff.next("a")
    assert repr(backoff) == "<ItemBackoff 1s to 50s, 1 items>"


@in_virtual_time
async def test_a_queue_can_use_it_as_a_limiter():
    queue: RateLimitingQueue[str] = RateLimitingQueue(ItemBackoff(1.0, 10.0))
    starts = []
    for _ in range(4):
        queue.add_rate_limited("foo")
        await queue.get()
        starts.append(elapsed())
        queue.done("foo")
    assert starts == [1.0, 3.0, 7.0, 15.0]
    assert queue.num_requeues("foo") == 4
    await asyncio.sleep(21)
    assert queue.num_requeues("foo") == 0


@settings(deadline=None)
@given(
    failures=st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from([0.0, 0.5, 3.0, 9.0, 21.0]), st.booleans()), max_size=30
    )
)
def test_agrees_with_a_naive_model(failures):
    """Each failure: item, pause before it, and whether the item succeeds first."""
    clock = Clock()
    backoff = create(clock, maximum=10.0)
    model: dict[str, tuple[float, float]] = {}
    for item, pause, succeeds in failures:
        clock.time += pause
        if succeeds:
            backoff.forget(item)
            model.pop(item, None)
        model = {key: known for key, known in model.items() if clock.time - known[1] <= 20.0}
        for key in "abc":
            delay, since = model.get(key, (0.0, 0.0))
            assert backoff.get(key) == delay
            assert backoff.is_in_backoff(key) is (clock.time - since < delay)
        expected = min(2 * model[item][0], 10.0) if item in model else 1.0
        assert backoff.when(item) == expected
        model[item] = expected, clock.time
        assert len(backoff) == len(model)
