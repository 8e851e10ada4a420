"""Functions that are called with each value, whatever the others do."""

from __future__ import annotations

import time

import pytest

from kubeloop.testing.apiserver.storage.subscribers import Subscribers


def test_all_are_called_in_order_until_they_are_removed() -> None:
    subscribers: Subscribers[int] = Subscribers()
    seen: list[str] = []
    remove = subscribers.add(lambda value: seen.append(f"a{value}"))
    subscribers.add(lambda value: seen.append(f"b{value}"))
    subscribers.call(1)
    remove()
    remove()
    subscribers.call(2)
    assert seen == ["a1", "b1", "b2"]


def test_a_function_can_be_added_twice_and_removed_once() -> None:
    subscribers: Subscribers[int] = Subscribers()
    seen: list[int] = []
    subscribers.add(seen.append)
    subscribers.add(seen.append)()
    subscribers.call(1)
    assert seen == [1]


def test_leaving_takes_no_longer_among_many_others() -> None:
    subscribers: Subscribers[int] = Subscribers()
    begun = time.process_time()
    removals = [subscribers.add(lambda value: None) for _ in range(50_000)]
    for remove in removals:
        remove()
    assert time.process_time() - begun < 5.0  # minutes, if each one went through all of them
    subscribers.call(1)


def test_one_that_raises_does_not_keep_the_others_from_the_value() -> None:
    subscribers: Subscribers[int] = Subscribers()
    seen: list[int] = []
    subscribers.add(lambda value: seen.append(value // 0))
    subscribers.add(lambda value: seen.remove(value))
    subscribers.add(seen.append)
    with pytest.raises(ZeroDivisionError):
        subscribers.call(1)
    assert seen == [1]


def test_what_changes_during_a_call_counts_from_the_next_value_on() -> None:
    subscribers: Subscribers[int] = Subscribers()
    seen: list[str] = []

    def once(value: int) -> None:
        seen.append(f"once{value}")
        remove()
        subscribers.add(lambda value: seen.append(f"late{value}"))

    remove = subscribers.add(once)
    subscribers.call(1)
    subscribers.call(2)
    assert seen == ["once1", "late2"]
