"""The differences that are explained: at most 20 kinds, each a field path or a reason with its cause."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .steps import Step

__all__ = ["explanation"]

_EXPLAINED: tuple[tuple[str, str], ...] = (
    (
        r"Job \w+: (items\.|event object\.)?metadata\.labels: .*batch\.kubernetes\.io/controller-uid",
        "defaults are not set: a Job without labels gets those of its template",
    ),
    (r"\w+ \w+: code: .* != 501 NotImplemented \(a connection to ", "connections to services are not implemented"),
    (
        r"\w+ (get|list): (columnDefinitions|rows\.cells|rows\.conditions)",
        "Tables have the columns Name and Age only, and no conditions of rows",
    ),
    (
        r"\w+ (create|update|body): details.causes: .*!= \[\('FieldValueRequired', 'metadata.name'\)\]$",
        "the spec is neither validated nor given addresses yet, which a body without a name shows",
    ),
    (
        r"\w+ (list|query|version): the version of a list from the watch cache: the order",
        "progress that another request asked etcd for arrives in the real server at a time of its own",
    ),
    (
        r"Event \w+: (event )?metadata\.resourceVersion: the order of versions differs$",
        "managed fields are not tracked: a patch through the other API group that changes only them is a write there",
    ),
)
"""A regular expression for `KIND VERB: difference`, and the cause."""


def explanation(step: Step, difference: str) -> str | None:
    """Return the cause of a difference; None if nobody has explained it."""
    text = f"{step.cell[0]} {step.cell[1]}: {difference}"
    for pattern, cause in _EXPLAINED:
        if re.match(pattern, text):
            return cause
    return None
