"""Whether the store of an informer equals what the server held at the version of the store.

A check needs a LIST at exactly this version, of which only the metadata are read.
Reference: client-go `util/consistencydetector`, `tools/cache/reflector_data_consistency_detector.go`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Generator, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

from kubeloop._kit.text import counted, safe_text
from kubeloop._kit.value import Value
from kubeloop.cache.time_slice import OBJECTS_PER_STEP, in_slices
from kubeloop.errors import APIError
from kubeloop.listwatch.resource_versions import can_resume, is_expired, is_too_large_resource_version
from kubeloop.meta.keys import object_key

if TYPE_CHECKING:
    from kubeloop.cache.cached_object import CachedObject
    from kubeloop.cache.source.lister_watcher import ListPage

__all__ = ["ConsistencyReport", "ExactList", "StaleObject", "check_consistency", "compare", "merge"]

PAGE_SIZE = 5000
SHOWN = 10
"""The number of objects of each sort that the text of a report names."""

Identity = tuple[str, str]
"""The uid and the resourceVersion of an object."""


class StaleObject(Value, frozen=True):
    """An object of which the store holds another state than the server held.

    Attributes:
        key: The key of the object.
        uid: The uid in the store.
        resource_version: The resourceVersion in the store.
        uid_of_server: The uid that the server lists.
        resource_version_of_server: The resourceVersion that the server lists.
    """

    key: str
    uid: str
    resource_version: str
    uid_of_server: str
    resource_version_of_server: str

    def __str__(self) -> str:
        held, listed = self.resource_version, self.resource_version_of_server
        if self.uid != self.uid_of_server:
            held, listed = f"{held} of uid {self.uid}", f"{listed} of uid {self.uid_of_server}"
        return f"{self.key} (at {held}, on the server at {listed})"


class ConsistencyReport(Value, frozen=True):
    """The result of a consistency check; `print` shows it to people.

    Attributes:
        name: The name of the informer.
        verdict: `"consistent"`, `"inconsistent"`, or `"unknown"` if the check was impossible.
        resource_version: The version that was compared; of an informer with several sources, each with its namespace.
        count: The number of objects of the store that were compared.
        missing: The keys of the objects that the store lacks.
        extra: The keys of the objects that the server did not have.
        stale: The objects with another uid or resourceVersion.
        unreadable: The number of objects that were left out because their present state cannot be read.
        reason: Why the check was impossible, for all objects or for those of some namespaces; `""` if it was not.
    """

    name: str
    verdict: Literal["consistent", "inconsistent", "unknown"]
    resource_version: str = ""
    count: int = 0
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    stale: tuple[StaleObject, ...] = ()
    unreadable: int = 0
    reason: str = ""

    def __str__(self) -> str:
        if self.verdict == "unknown":
            return safe_text(f"{self.name}: the store could not be compared with the server: {self.reason}")
        at = f"at resourceVersion {self.resource_version} ({counted(self.count, 'object')}"
        at += f", {self.unreadable} unreadable ones left out)" if self.unreadable else ")"
        lines = [f"{self.name}: the store is {self.verdict} with the server {at}"]
        for what, found in (("missing", self.missing), ("extra", self.extra), ("stale", self.stale)):
            if found:
                more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
                lines.append(f"  {len(found)} {what}: {', '.join(map(str, found[:SHOWN]))}{more}")
        if self.reason:
            lines.append(f"  not compared: {self.reason}")
        return "\n".join(map(safe_text, lines))


class ExactList(Protocol):
    """A function that reads one page of what a server held at exactly one version."""

    def __call__(self, *, resource_version: str, limit: int | None, continue_: str) -> Awaitable[ListPage[Any]]:
        """Read one page; the metadata of the objects are enough."""
        ...


def compare(
    name: str,
    version: str,
    stored: Mapping[str, Identity],
    listed: Mapping[str, Identity],
    unreadable: Iterable[str] = (),
) -> ConsistencyReport:
    """Compare what a store and a server held at the same version.

    Args:
        name: The name of the informer.
        version: The version.
        stored: The uid and resourceVersion of each object of the store, by key.
        listed: The same of the server.
        unreadable: The keys of objects whose present state cannot be read; nothing is said of them.
    """
    left_out = frozenset(unreadable)
    missing = sorted(listed.keys() - stored.keys() - left_out)
    extra = sorted(stored.keys() - listed.keys() - left_out)
    stale = [
        StaleObject(key, *stored[key], *listed[key])
        for key in sorted(stored.keys() & listed.keys() - left_out)
        if stored[key] != listed[key]
    ]
    return ConsistencyReport(
        name,
        "inconsistent" if missing or extra or stale else "consistent",
        version,
        len(stored.keys() - left_out),
        tuple(missing),
        tuple(extra),
        tuple(stale),
        len(left_out),
    )


def merge(reports: Sequence[ConsistencyReport], namespaces: Sequence[str]) -> ConsistencyReport:
    """Return the report of an informer with several sources.

    Args:
        reports: The report of each source.
        namespaces: The namespace of each source; none of them for the one source of all objects.
    """
    if not namespaces:
        return reports[0]
    named = [*zip(namespaces, reports, strict=True)]
    verdicts = {report.verdict for report in reports}
    return ConsistencyReport(
        reports[0].name,
        "inconsistent" if "inconsistent" in verdicts else "unknown" if "unknown" in verdicts else "consistent",
        ", ".join(f"{report.resource_version} of {name}" for name, report in named if report.verdict != "unknown"),
        sum(report.count for report in reports),
        tuple(key for report in reports for key in report.missing),
        tuple(key for report in reports for key in report.extra),
        tuple(each for report in reports for each in report.stale),
        sum(report.unreadable for report in reports),
        "; ".join(f"namespace {name}: {report.reason}" for name, report in named if report.reason),
    )


async def check_consistency(
    name: str,
    version: str | None,
    objects: Iterable[CachedObject],
    unreadable: Iterable[str],
    exact_list: ExactList | None,
) -> ConsistencyReport:
    """Compare objects with what the server held at their version; see `SharedInformer.check_consistency`.

    Args:
        name: The name of the informer.
        version: The version of the store; None before the first list.
        objects: The objects of the store at this version, in a list that nobody changes.
        unreadable: The keys of objects whose present state cannot be read.
        exact_list: Lists at exactly one version; None if the source cannot.
    """
    if version is None:
        return ConsistencyReport(name, "unknown", reason="the informer has not listed yet")
    if not can_resume(version):
        return ConsistencyReport(name, "unknown", version, reason="the server sends no resourceVersion")
    if exact_list is None:
        return ConsistencyReport(name, "unknown", version, reason="the source of the informer cannot list at a version")
    stored: dict[str, Identity] = {}
    await in_slices(_identities(objects, stored))
    listed: dict[str, Identity] = {}
    left_out = set(unreadable)
    continue_ = ""
    while True:
        try:
            page = await exact_list(resource_version=version, limit=PAGE_SIZE, continue_=continue_)
        except APIError as error:
            if is_expired(error) or is_too_large_resource_version(error):
                return ConsistencyReport(name, "unknown", version, reason=f"the server cannot list at it: {error}")
            raise
        if page.metadata.resource_version != version:
            reason = f"the server listed at {page.metadata.resource_version or 'no version'} instead of {version}"
            return ConsistencyReport(name, "unknown", version, reason=reason)
        await in_slices(_identities(page.items, listed))
        left_out.update(page.unreadable)
        continue_ = page.metadata.continue_
        if not continue_:
            return compare(name, version, stored, listed, left_out)


def _identities(objects: Iterable[CachedObject], found: dict[str, Identity]) -> Generator[None, None, None]:
    for number, obj in enumerate(objects, 1):
        metadata = obj.metadata
        found[object_key(obj)] = (metadata.uid, metadata.resource_version)
        if not number % OBJECTS_PER_STEP:
            yield
