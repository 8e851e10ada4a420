"""The message of the real server."""

from __future__ import annotations

from kubeloop.testing.apiserver.watch_cache.too_old import TooOld


def test_a_watch_is_told_from_where_it_can_start() -> None:
    error = TooOld(5, 100)
    assert (str(error), error.revision, error.oldest_revision) == ("too old resource version: 5 (100)", 5, 100)


def test_an_exact_list_is_told_its_own_revision_only() -> None:
    assert str(TooOld(5)) == "too old resource version: 5"
