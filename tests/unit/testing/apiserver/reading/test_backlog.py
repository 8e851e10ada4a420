"""What waits for the reader of a watch, and when the reader is too slow."""

from __future__ import annotations

from kubeloop.testing.apiserver.reading.backlog import Backlog
from kubeloop.testing.apiserver.storage.stored import Change, Key, Stored

KEY = Key("pods", "ns", "a")


def change(revision: int, size: int = 10) -> Change:
    return Change(revision, KEY, Stored(KEY, revision, 1, b"x" * size), None)


def fill(backlog: Backlog, count: int, now: float) -> None:
    for revision in range(count):
        backlog.add(change(revision), now)


def test_changes_are_taken_in_order_and_in_slices() -> None:
    backlog = Backlog()
    fill(backlog, 5, 0.0)
    assert [each.revision for each in backlog.take(3)] == [0, 1, 2]
    assert [each.revision for each in backlog.take(3)] == [3, 4]
    assert backlog.take(3) == []
    assert len(backlog) == 0


def test_many_changes_at_one_time_are_kept() -> None:
    backlog = Backlog()
    fill(backlog, 5000, 0.0)
    assert not backlog.is_overrun
    assert len(backlog) == 5000


def test_a_reader_is_too_slow_if_more_than_a_thousand_changes_wait_for_more_than_a_second() -> None:
    backlog = Backlog()
    fill(backlog, 1001, 0.0)
    backlog.add(change(2000), 1.0)
    kept = len(backlog)
    backlog.add(change(2001), 1.1)
    assert (kept, len(backlog), backlog.is_overrun) == (1002, 0, True)


def test_few_changes_may_wait_for_any_time() -> None:
    backlog = Backlog()
    fill(backlog, 999, 0.0)
    backlog.add(change(2000), 3600.0)
    assert not backlog.is_overrun


def test_a_reader_that_takes_some_is_not_too_slow() -> None:
    backlog = Backlog()
    fill(backlog, 2000, 0.0)
    backlog.take(500)
    backlog.add(change(2000), 5.0)
    kept = len(backlog)
    backlog.add(change(2001), 6.5)
    assert (kept, backlog.is_overrun) == (1501, True)


def test_the_bytes_that_arrive_before_the_reader_takes_some_are_limited() -> None:
    backlog = Backlog()
    large = change(1, 1024 * 1024)
    for _ in range(64):
        backlog.add(large, 0.0)
    kept = len(backlog)
    backlog.add(large, 0.0)
    assert (kept, len(backlog), backlog.is_overrun) == (64, 0, True)


def test_nothing_is_accepted_after_an_overrun() -> None:
    backlog = Backlog()
    fill(backlog, 1001, 0.0)
    fill(backlog, 2, 2.0)
    assert backlog.is_overrun
    assert len(backlog) == 0
    assert backlog.take(10) == []
