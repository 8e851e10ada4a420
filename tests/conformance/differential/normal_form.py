"""The compared parts of two responses: without uids, times, and fields that later parts of the server set."""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from typing import Any

__all__ = ["Versions", "normal", "without_random"]

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_GENERATED = re.compile(r"\b([Gg]en[-_])[bcdfghjklmnpqrstvwxz2456789]{5}\b")
_AGE = re.compile(r"(\d+[smhdy]){1,2}")
_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

# Set by allocators and admission, which the server in Python does not have yet, and by server-side apply.
_LATER = frozenset({"managedFields", "clusterIP", "clusterIPs", "nodePort", "priority", "qosClass", "selfLink"})

# Objects of a fresh server with its port and its certificates.
_OF_ADDRESS = frozenset({"kubernetes", "extension-apiserver-authentication"})


class Versions:
    """Resource versions of two servers, which must have the same order after the first."""

    def __init__(self) -> None:
        self.first = (0, 0)
        self._pairs: list[tuple[int, int]] = []

    def agree(self, real: str, ours: str, *, keeps: bool = True) -> bool:
        """Return whether the order of this pair is that of all pairs before; later pairs must agree with it too."""
        if not (real.isdigit() and ours.isdigit()):
            return real == ours
        pair = (int(real), int(ours))
        if pair[0] <= self.first[0] and pair[1] <= self.first[1]:
            return True  # of the objects of a fresh server
        at = bisect_left(self._pairs, pair)
        if at < len(self._pairs) and self._pairs[at] == pair:
            return True
        before = self._pairs[at - 1] if at else (0, 0)
        after = self._pairs[at] if at < len(self._pairs) else pair
        fits = before[1] <= pair[1] <= after[1]
        if fits and keeps:
            insort(self._pairs, pair)
        return fits


def without_random(text: str) -> str:
    """Return a text without what a server has added to a `generateName`."""
    return _GENERATED.sub(r"\1<random>", text)


def normal(value: Any, versions: list[str], uids: list[str], key: str = "") -> Any:
    """Return a value without what must differ. Resource versions and uids are collected in document order."""
    if isinstance(value, dict):
        if isinstance(value.get("metadata"), dict) and value["metadata"].get("name") in _OF_ADDRESS:
            value = {"metadata": value["metadata"]}
        return {name: normal(value[name], versions, uids, name) for name in sorted(value) if name not in _LATER}
    if isinstance(value, list):
        return [normal(item, versions, uids, key) for item in value]
    if isinstance(value, str):
        if key == "resourceVersion" and value:
            versions.append(value)
            return "<version>"
        if key == "continue" and value:
            return "<token>"
        if key == "cells" and _AGE.fullmatch(value):
            return "<age>"
        value = without_random(value)
        if _TIME.fullmatch(value):
            return "<time>"
        if _UID.search(value):
            uids.extend(_UID.findall(value))
            return _UID.sub("<uid>", value)
    return value
