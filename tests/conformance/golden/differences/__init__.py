"""Differences from client-go: on purpose, with the reasons (`INTENDED`).

An entry names a kind of difference, not single cases, and as narrowly as possible. An entry that covers no recorded
case any more fails the tests: a fault that was fixed must not come back under its cover.
"""

from __future__ import annotations

from . import (
    connecting,
    events,
    exec_plugins,
    jsonpath,
    migrations,
    oidc,
    patches,
    responses,
    rest_mapper,
    values,
)
from .entry import Difference

__all__ = ["INTENDED", "Difference"]

INTENDED: list[Difference] = [
    *values.INTENDED,
    *connecting.INTENDED,
    *events.INTENDED,
    *exec_plugins.INTENDED,
    *jsonpath.INTENDED,
    *migrations.INTENDED,
    *oidc.INTENDED,
    *patches.INTENDED,
    *responses.INTENDED,
    *rest_mapper.INTENDED,
]
