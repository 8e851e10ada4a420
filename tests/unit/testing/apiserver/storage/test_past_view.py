"""Older states, which are the newest table without the later changes."""

from __future__ import annotations

from kubeloop.testing.apiserver.storage.object_table import ObjectTable
from kubeloop.testing.apiserver.storage.past_view import PastView
from kubeloop.testing.apiserver.storage.storage import Storage
from kubeloop.testing.apiserver.storage.stored import Change, Key

X, Y, Z = (Key("pods", "a", name) for name in "xyz")


def history() -> tuple[ObjectTable, list[Change]]:
    """Return the table and the changes of: create x, create y, update x, delete y, create z, create y again."""
    storage = Storage()
    for key, deletes in ((X, False), (Y, False), (X, False), (Y, True), (Z, False), (Y, False)):
        if deletes:
            storage.delete(key, None, expected=None)
        else:
            storage.put(key, lambda revision: b"%d" % revision, expected=None)
    return storage.table("pods"), list(storage.changes(0))


def test_shows_each_older_state() -> None:
    table, changes = history()
    shown = {}
    for revision in range(1, 8):
        view = PastView(table, revision)
        view.undo(change for change in changes if change.revision > revision)
        shown[revision] = [(item.key.name, item.revision) for item in view.ordered()]
    assert shown == {
        1: [],
        2: [("x", 2)],
        3: [("x", 2), ("y", 3)],
        4: [("x", 4), ("y", 3)],
        5: [("x", 4)],
        6: [("x", 4), ("z", 6)],
        7: [("x", 4), ("y", 7), ("z", 6)],
    }


def test_learns_later_changes_in_steps() -> None:
    table, changes = history()
    view = PastView(table, 3)
    view.undo(changes[2:4])
    assert view.known_revision == 5
    view.undo(changes[4:])
    assert view.known_revision == 7
    assert [item.revision for item in view.ordered()] == [2, 3]


def test_a_lookup_finds_what_was_there() -> None:
    table, changes = history()
    view = PastView(table, 3)
    view.undo(changes[2:])
    assert (found := view.get("a/x")) is not None
    assert found.revision == 2
    assert view.get("a/z") is None


def test_pages_count_what_follows_in_the_older_state() -> None:
    table, changes = history()
    view = PastView(table, 6)
    view.undo(changes[5:])
    page = view.page(limit=1)
    assert ([item.key.name for item in page.items], page.revision, page.remaining) == (["x"], 6, 1)
    assert [item.key.name for item in view.page(after="a/x", limit=1).items] == ["z"]
    assert view.page("b").items == []


def test_without_later_changes_the_view_is_the_table() -> None:
    table, _ = history()
    assert PastView(table, 7).ordered() == table.ordered()
