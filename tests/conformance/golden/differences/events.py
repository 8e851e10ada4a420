"""Intended differences in events and references."""

from __future__ import annotations

import json
from typing import Any

from .entry import Difference, refused

__all__ = ["INTENDED"]

_COMBINED = "(combined from similar events): "


def _names_the_component(_: Any, go: Any, ours: Any) -> bool:
    """Return whether the results are equal once the combined events of Go have a reporting component."""
    named = json.loads(json.dumps(go))
    for writes in named:
        for write in writes:
            event = write.get("create", {})
            if event.get("message", "").startswith(_COMBINED):
                event.update(reportingComponent="tester", reportingInstance="n1")
    return bool(named == ours)


def _has_versions(case: Any, go: Any, ours: Any) -> bool:
    """Return whether an object changes during the script, and Go begins a new event there."""
    references = [each for step in case["script"] if step[0] == "event" for each in (step[1], step[6]) if each]
    versions = {each.get("resourceVersion") for each in references}
    return len(versions) > 1 and _created(go) > _created(ours)


def _created(results: Any) -> int:
    return sum("create" in write for writes in results for write in writes)


INTENDED = [
    Difference(
        "core_events",
        "The reporting component and instance are also written of combined events, where client-go leaves them out: "
        "they are the same as those of single events.",
        _names_the_component,
    ),
    Difference(
        "event_series",
        "The resource versions of the objects do not distinguish events: with them every change of an object ends its "
        "series.",
        _has_versions,
    ),
    Difference(
        "references",
        "An object without a kind has no reference, because nobody could find the object.",
        lambda case, go, ours: not case["object"]["kind"] and refused(ours) and not refused(go),
    ),
]
