"""When and up to which revision API servers compact."""

from __future__ import annotations

from kubeloop.testing.apiserver.storage.compactor import Compactor


def test_the_first_compaction_is_after_two_intervals_up_to_the_end_of_the_first() -> None:
    compactor = Compactor(300.0)
    asked = [(1000.0, 5), (1299.9, 8), (1300.0, 9), (1599.9, 20), (1600.0, 21), (1601.0, 22), (1900.0, 23)]
    assert [compactor.next_revision(*now) for now in asked] == [None, None, None, None, 9, None, 21]


def test_a_late_call_starts_the_next_interval() -> None:
    compactor = Compactor(300.0)
    asked = [(0.0, 1), (1000.0, 7), (1299.0, 8), (1300.0, 9)]
    assert [compactor.next_revision(*now) for now in asked] == [None, None, None, 7]
