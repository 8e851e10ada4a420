"""The window of changes of one resource and the states that it can show."""

from __future__ import annotations

from collections import deque

from kubeloop.testing.apiserver.storage.object_table import ObjectTable
from kubeloop.testing.apiserver.storage.resource_history import KEPT_VIEWS, ResourceHistory, newer
from kubeloop.testing.apiserver.storage.stored import Change, Key, Stored

KEY = Key("pods", "a", "x")


def update(history: ResourceHistory, revision: int) -> None:
    stored = Stored(KEY, revision, 1, b"{}")
    history.apply(Change(revision, KEY, stored, history.table.get(KEY.path)))


def history(*revisions: int) -> ResourceHistory:
    result = ResourceHistory(ObjectTable())
    for revision in revisions:
        update(result, revision)
    return result


def seen(history: ResourceHistory, revision: int) -> int | None:
    stored = history.at(revision).get(KEY.path)
    return stored.revision if stored else None


def test_newer_changes_come_oldest_first() -> None:
    changes = history(3, 5, 8).changes
    assert [change.revision for change in newer(changes, 3)] == [5, 8]
    assert [change.revision for change in newer(changes, 4)] == [5, 8]
    assert newer(changes, 8) == []
    assert newer(deque(), 0) == []


def test_states_between_two_changes_are_that_of_the_older_change() -> None:
    past = history(3, 5, 8)
    assert [seen(past, revision) for revision in (2, 3, 4, 5, 7, 8, 9)] == [None, 3, 3, 5, 5, 8, 8]


def test_a_state_that_was_read_before_stays_the_same_after_later_changes() -> None:
    past = history(3, 5)
    assert seen(past, 3) == 3
    update(past, 6)
    assert seen(past, 3) == 3
    assert seen(past, 5) == 5


def test_forgetting_drops_changes_and_their_versions() -> None:
    past = history(3, 5, 8)
    past.forget(5)
    assert [change.revision for change in past.changes] == [5, 8]
    assert seen(past, 5) == 5


def test_only_a_few_older_states_are_kept_ready() -> None:
    past = history(*range(2, 2 + 3 * KEPT_VIEWS))
    views = {revision: past.at(revision) for revision in range(2, 2 + 2 * KEPT_VIEWS)}
    newest = max(views)
    assert past.at(newest) is views[newest]
    assert past.at(2) is not views[2]
    assert seen(past, 2) == 2


def test_a_state_that_is_read_again_is_kept_longest() -> None:
    past = history(*range(2, 40))
    first = past.at(2)
    for revision in range(3, 2 + KEPT_VIEWS):
        past.at(revision)
    assert past.at(2) is first
    past.at(30)
    assert past.at(2) is first
