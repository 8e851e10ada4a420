"""The end of a watch, of which a test names only the parts that matter to it."""

from __future__ import annotations

from typing import Any

from kubeloop.listwatch.watch_end import WatchEnd


def watch_end(error: Exception | None, **different: Any) -> WatchEnd:
    """Return the end of a long watch without events that can be resumed; `different` are the fields that differ."""
    end = WatchEnd(
        error=error,
        now=0.0,
        open_seconds=100.0,
        events=0,
        can_resume=True,
        has_bookmarks=False,
        has_progressed=False,
        is_first=False,
    )
    return end.replace(**different)
