"""Where a watch begins, for each combination of its options."""

from __future__ import annotations

import pytest

from kubeloop.errors import APIError
from kubeloop.testing.apiserver.reading.watch_decision import Beginning, WatchPlan, decide_watch

OBJECTS, CHANGES, NOW = Beginning.OBJECTS, Beginning.CHANGES, Beginning.NOW


@pytest.mark.parametrize(("resource_version", "initial", "bookmarks", "plan"), [
    ("", None, False, WatchPlan(OBJECTS, 0)),
    ("", None, True, WatchPlan(OBJECTS, 0)),
    ("0", None, True, WatchPlan(OBJECTS, 0)),
    ("5", None, True, WatchPlan(CHANGES, 5)),
    ("", True, False, WatchPlan(OBJECTS, 100, waits=True)),
    ("", True, True, WatchPlan(OBJECTS, 100, waits=True, marks_the_end=True)),
    ("0", True, False, WatchPlan(OBJECTS, 0, waits=True)),
    ("0", True, True, WatchPlan(OBJECTS, 0, waits=True, marks_the_end=True)),
    ("5", True, False, WatchPlan(OBJECTS, 5, waits=True)),
    ("5", True, True, WatchPlan(OBJECTS, 5, waits=True, marks_the_end=True)),
    ("500", True, True, WatchPlan(OBJECTS, 500, waits=True, marks_the_end=True)),
    ("", False, False, WatchPlan(CHANGES, 100)),
    ("", False, True, WatchPlan(CHANGES, 100)),
    ("0", False, False, WatchPlan(NOW, 0)),
    ("0", False, True, WatchPlan(NOW, 0)),
    ("5", False, True, WatchPlan(CHANGES, 5)),
])  # fmt: skip
def test_the_options_decide_where_a_watch_begins(
    resource_version: str, initial: bool | None, bookmarks: bool, plan: WatchPlan
) -> None:
    decided = decide_watch(
        resource_version=resource_version,
        send_initial_events=initial,
        allow_bookmarks=bookmarks,
        storage_revision=100,
    )
    assert decided == plan


@pytest.mark.parametrize("initial", [None, True, False])
def test_refuses_a_text_that_is_no_resource_version(initial: bool | None) -> None:
    with pytest.raises(APIError, match="invalid syntax"):
        decide_watch(resource_version="x", send_initial_events=initial, allow_bookmarks=True, storage_revision=100)
