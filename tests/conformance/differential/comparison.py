"""Compare two responses to the same step, and name each difference by a short kind that can be explained once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kubeloop.testing.apiserver.writing.reply import UNCHECKED

from .normal_form import Versions, normal, without_random
from .servers import Reply

__all__ = ["Comparison"]

_OWN_EVENT = re.compile(r".+\.[0-9a-f]{16}").fullmatch


class Comparison:
    """Compares the responses of two servers, step after step."""

    def __init__(self) -> None:
        self.versions = Versions()
        self._uids: dict[str, str] = {}
        self._uids_back: dict[str, str] = {}

    def differences(self, real: Reply, ours: Reply, *, is_at_least: bool = False) -> list[str]:
        """Return the differences, each as `WHERE: REAL != OURS`; empty if there is none.

        Args:
            real: The response of the real server.
            ours: The other response.
            is_at_least: Whether the request asked for a version that is not older than some other.
        """
        found = list(self._compare(real, ours, is_at_least=is_at_least))
        return sorted(set(found))

    def _compare(self, real: Reply, ours: Reply, *, is_at_least: bool) -> Iterator[str]:
        if real.code != ours.code:
            yield f"code: {real.code} {_reason(real)} != {ours.code} {_reason(ours)}"
            return
        if real.content_type != ours.content_type:
            yield f"content type: {real.content_type} != {ours.content_type}"
        told = [text for text in ours.warnings if UNCHECKED not in text]
        if sorted(real.warnings) != sorted(told):
            yield f"warnings: {real.warnings} != {told}"
        if real.code >= 300:
            both = isinstance(real.body, dict) and isinstance(ours.body, dict)
            if both and ("details" in real.body) != ("details" in ours.body):
                yield f"details: {real.body.get('details')} != {ours.body.get('details')}"
            yield from _statuses(real.body, ours.body)
            return
        for each in (real, ours):
            _drop_own_objects(each.body)
        yield from self._bodies("", real.body, ours.body, is_at_least=is_at_least)
        real.events, ours.events = (list(filter(_is_of_sequence, each.events)) for each in (real, ours))
        if len(real.events) != len(ours.events):
            yield f"events: {_outline(real.events)} != {_outline(ours.events)}"
            return
        for one, other in zip(real.events, ours.events, strict=True):
            yield from self._bodies("event ", one, other)
        if bool(real.bookmarks) != bool(ours.bookmarks):
            yield f"bookmarks: {len(real.bookmarks)} != {len(ours.bookmarks)}"
        for bookmark in ours.bookmarks:
            yield from _bookmark(bookmark)

    def _bodies(self, where: str, real: Any, ours: Any, *, is_at_least: bool = False) -> Iterator[str]:
        real_versions, our_versions = list[str](), list[str]()
        real_uids, our_uids = list[str](), list[str]()
        one, other = normal(real, real_versions, real_uids), normal(ours, our_versions, our_uids)
        found = list(_paths(one, other, where))
        yield from found
        if found:
            return
        if is_at_least and isinstance(real, dict) and "items" in real and real_versions:
            # The version of the list itself comes last in the order of names.
            last = real_versions.pop(), our_versions.pop()
            if not self.versions.agree(*last, keeps=False):
                yield "the version of a list from the watch cache: the order of versions differs"
        for version, mine in zip(real_versions, our_versions, strict=True):
            if not self.versions.agree(version, mine):
                yield f"{where}metadata.resourceVersion: the order of versions differs"
        for uid, mine in zip(real_uids, our_uids, strict=True):
            if self._uids.setdefault(uid, mine) != mine or self._uids_back.setdefault(mine, uid) != uid:
                yield f"{where}metadata.uid: identity differs"


def _drop_own_objects(body: Any) -> None:
    """Remove from a list the Leases with which API servers show that they live, and the Events that they write.

    The pages that follow may have some too, so the number of objects in them says nothing.
    """
    if isinstance(body, dict) and isinstance(body.get("items"), list):
        body["items"] = [item for item in body["items"] if not _is_own(item["metadata"]["name"])]
        if body.get("kind") in ("EventList", "LeaseList"):
            body["metadata"].pop("remainingItemCount", None)


def _is_own(name: str) -> bool:
    return name.startswith("apiserver-") or _OWN_EVENT(name) is not None


def _is_of_sequence(event: Any) -> bool:
    """Return whether an event is about an object of the sequence: servers write Leases and Events of their own."""
    name = str(event["object"].get("metadata", {}).get("name", ""))
    return not _is_own(name)


def _reason(reply: Reply) -> str:
    if isinstance(reply.body, dict):
        return f"{reply.body.get('reason', '')} ({str(reply.body.get('message', ''))[:160]})"
    return ""


def _outline(events: list[Any]) -> list[str]:
    return [f"{each['type']} {each['object'].get('metadata', {}).get('name', '')}" for each in events]


def _statuses(real: Any, ours: Any) -> Iterator[str]:
    if not isinstance(real, dict) or not isinstance(ours, dict):
        if real != ours:
            yield f"body: {str(real)[:80]!r} != {str(ours)[:80]!r}"
        return
    for name in ("kind", "apiVersion", "status", "code", "reason"):
        if real.get(name) != ours.get(name):
            yield f"{name}: {real.get(name)} != {ours.get(name)}"
    one, other = real.get("details") or {}, ours.get("details") or {}
    for name in ("name", "group", "kind", "retryAfterSeconds"):
        if without_random(str(one.get(name))) != without_random(str(other.get(name))):
            yield f"details.{name}: {one.get(name)} != {other.get(name)}"
    causes, mine = (
        [(cause.get("reason"), cause.get("field")) for cause in each.get("causes") or []] for each in (one, other)
    )
    if sorted(causes, key=str) != sorted(mine, key=str):
        yield f"details.causes: {causes} != {mine}"
    said, told = (without_random(str(each.get("message", ""))).partition(": ")[0] for each in (real, ours))
    if said != told:
        yield f"message: {said!r} != {told!r}"


def _bookmark(event: Any) -> Iterator[str]:
    obj = event["object"]
    if not str(obj.get("metadata", {}).get("resourceVersion", "")).isdigit():
        yield "bookmark: no resourceVersion"
    if not obj.get("kind") or not obj.get("apiVersion"):
        yield "bookmark: no kind"


def _paths(real: Any, ours: Any, path: str) -> Iterator[str]:
    if isinstance(real, dict) and isinstance(ours, dict):
        for name in sorted(real.keys() | ours.keys()):
            if name not in real:
                yield f"{path}{name}: absent != {str(ours[name])[:60]}"
            elif name not in ours:
                yield f"{path}{name}: {str(real[name])[:60]} != absent"
            else:
                yield from _paths(real[name], ours[name], f"{path}{name}.")
    elif isinstance(real, list) and isinstance(ours, list):
        if len(real) != len(ours):
            yield f"{path}length: {len(real)} != {len(ours)}"
        for one, other in zip(real, ours, strict=False):
            yield from _paths(one, other, f"{path}")
    elif real != ours or type(real) is not type(ours):
        yield f"{path.rstrip('.')}: {str(real)[:60]} != {str(ours)[:60]}"
