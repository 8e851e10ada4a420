"""What the demo sees while it runs: each version of each pod and of the ledger, and the changes of the Lease.

`inconsistencies` looks for ports that were booked twice at any time, and for late writes of earlier leaders.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Any, Self

import kubeloop
from kubeloop import fields
from kubeloop.models import core_v1

from .controller import NAME, NAMESPACE
from .ledger import LEADER, PORTS


@dataclass(frozen=True)
class Version:
    """A version of a pod or, without an owner, of the ledger.

    Attributes:
        revision: The resource version, which orders the versions of all objects.
        owner: The pod as the ledger names it: `namespace/name/uid`; `""` for the ledger.
        content: Of the ledger, the owners by port; of a pod, its owner by port. Empty after a deletion.
        writer: The identity of the replica that has changed the ports last.
    """

    revision: int
    owner: str
    content: dict[str, str]
    writer: str = ""


@dataclass
class Findings:
    """What was wrong at any time, the number of versions, and of those after which the state was checked."""

    versions: int = 0
    checked: int = 0
    double: list[str] = field(default_factory=list[str])
    late: list[str] = field(default_factory=list[str])


def inconsistencies(versions: list[Version], gaps: list[tuple[int, int]]) -> Findings:
    """Check the state after each version, except where versions were missed.

    A port that a pod shows must be booked for this pod in the ledger at the same time, which rules out two pods with
    the same port. A replica must not write after the first write of another one that has taken over from it.

    Args:
        versions: The versions in any order; those of the same revision are one change.
        gaps: From the last revision that was seen to the first one that was seen again, per lost watch.
    """
    ledger: dict[str, str] = {}
    shown: dict[str, dict[str, str]] = {}
    writers: list[str] = []
    once = {(version.revision, version.owner): version for version in versions}  # some are in a watch and in a list
    found = Findings(len(once))
    for version in sorted(once.values(), key=lambda version: version.revision):
        before = shown.get(version.owner, {}) if version.owner else ledger
        if version.writer and version.content != before:
            if version.writer in writers[:-1]:
                found.late.append(f"{version.writer} wrote revision {version.revision} after {writers[-1]}")
            elif version.writer not in writers:
                writers.append(version.writer)
        if version.owner:
            shown[version.owner] = version.content
        else:
            ledger = version.content
        if any(first < version.revision < last for first, last in gaps):
            continue
        found.checked += 1
        for owner, ports in shown.items():
            for port in ports:
                if ledger.get(port) != owner:
                    holder = ledger.get(port, "nobody")
                    found.double.append(f"revision {version.revision}: {owner} shows {port}, booked for {holder}")
    return found


@dataclass
class Term:
    """One leadership, in seconds since the demo began; `end` is None while it lasts."""

    identity: str
    begin: float
    renewed: float
    end: float | None = None
    reason: str = ""


class Follower:
    """Follows the versions of one kind.

    Args:
        client: The client of the kind. Clients of different kinds have no common type with list and watch.
        see: Called with each version, its revision, and whether it is a deletion.
        selector: Which objects to follow.

    Attributes:
        gaps: See `inconsistencies`.
    """

    def __init__(self, client: Any, see: Callable[[Any, int, bool], None], selector: fields.Selector | None) -> None:
        self.client, self.see, self.selector = client, see, selector
        self.gaps: list[tuple[int, int]] = []
        self.seen = 0
        self.known: dict[str, Any] = {}

    async def run(self) -> None:
        while True:
            try:
                if not self.seen:
                    await self.list()
                await self.watch()
            except kubeloop.Gone:  # the server was started again, and has no history
                with contextlib.suppress(kubeloop.KubeloopError):
                    await self.list()
            except kubeloop.KubeloopError:
                await asyncio.sleep(0.1)

    async def list(self) -> None:
        listed = await self.client.list(field_selector=self.selector)
        revision = int(listed.metadata.resource_version)
        if self.seen:
            self.gaps.append((self.seen, revision))
        existing = {item.metadata.uid: item for item in listed.items}
        for uid in self.known.keys() - existing.keys():
            self.see(self.known[uid], self.seen, True)
        for item in existing.values():
            self.see(item, int(item.metadata.resource_version), False)
        self.seen, self.known = revision, existing

    async def watch(self) -> None:
        async with self.client.watch(resource_version=str(self.seen), field_selector=self.selector) as events:
            async for event in events:
                item, is_deleted = event.object, event.type == "DELETED"
                self.seen = int(item.metadata.resource_version)
                self.known[item.metadata.uid] = item
                if is_deleted:
                    del self.known[item.metadata.uid]
                self.see(item, self.seen, is_deleted)


class History:
    """Follows the server until its block ends.

    Args:
        clientset: Reads from the server.
        began: When the demo began, as a Unix time: the zero of the times in `terms`.

    Attributes:
        versions: What `inconsistencies` checks.
        terms: The leaderships so far, by the times that the leaders wrote into the Lease.
        outage: The begin and the end of the outage of the API server.
    """

    def __init__(self, clientset: kubeloop.Clientset, began: float) -> None:
        core = clientset.core_v1
        self.leases = clientset.coordination_v1.leases(NAMESPACE)
        self.began = began
        self.versions: list[Version] = []
        self.terms: list[Term] = []
        self.outage = (inf, inf)
        self.followers = [
            Follower(core.pods(kubeloop.ALL_NAMESPACES), self.see_pod, None),
            Follower(core.config_maps(NAMESPACE), self.see_ledger, fields.equals("metadata.name", NAME)),
        ]
        self.tasks: list[asyncio.Task[None]] = []

    @property
    def gaps(self) -> list[tuple[int, int]]:
        return [gap for follower in self.followers for gap in follower.gaps]

    async def __aenter__(self) -> Self:
        self.tasks = [asyncio.create_task(each.run()) for each in self.followers]
        self.tasks.append(asyncio.create_task(self.poll_lease()))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.wait(self.tasks)

    async def reconnect(self) -> None:
        """Open all watches again at once: their back-off would miss what is written meanwhile."""
        await self.__aexit__()
        await self.__aenter__()

    def see_pod(self, pod: core_v1.Pod, revision: int, is_deleted: bool) -> None:
        owner, annotations = f"{kubeloop.object_key(pod)}/{pod.metadata.uid}", pod.metadata.annotations
        ports = [port for port in annotations.get(PORTS, "").split(",") if port and not is_deleted]
        writer = "" if is_deleted else annotations.get(LEADER, "")
        self.versions.append(Version(revision, owner, dict.fromkeys(ports, owner), writer))

    def see_ledger(self, ledger: core_v1.ConfigMap, revision: int, is_deleted: bool) -> None:
        content = {} if is_deleted else dict(ledger.data)
        self.versions.append(Version(revision, "", content, ledger.metadata.annotations.get(LEADER, "")))

    async def poll_lease(self) -> None:
        """Read the Lease often, also directly after an outage, when a watch would still wait."""
        while True:
            with contextlib.suppress(kubeloop.KubeloopError):
                lease = await self.leases.get_or_none(NAME, timeout=1)
                if lease is not None and lease.spec.acquire_time and lease.spec.renew_time:
                    acquired, renewed = lease.spec.acquire_time.timestamp(), lease.spec.renew_time.timestamp()
                    self.see_lease(lease.spec.holder_identity or "", acquired - self.began, renewed - self.began)
            await asyncio.sleep(0.1)

    def see_lease(self, holder: str, acquired: float, renewed: float) -> None:
        """Note who holds the lease, `""` for nobody, and the times in the Lease."""
        current = self.terms[-1] if self.terms else None
        if current is not None and holder == current.identity and acquired <= current.begin:
            current.renewed = renewed
            return
        if current is not None and current.end is None:
            down, back = self.outage
            if not holder:
                current.end, current.reason = renewed, current.reason or "the lease was released"
            elif down < acquired and current.renewed < back:
                current.end, current.reason = max(current.renewed, min(down, acquired)), "the API server was down"
            else:
                current.end, current.reason = current.renewed, current.reason or "the lease was not renewed"
        if holder:
            self.terms.append(Term(holder, acquired, renewed))

    @property
    def leader(self) -> str:
        """The identity that holds the lease, and was not killed or stopped by the demo; `""` if there is none."""
        return self.terms[-1].identity if self.terms and self.terms[-1].end is None else ""

    def end_term(self, end: float, reason: str) -> None:
        """Record that the leader cannot work any more, because the demo has killed or stopped it."""
        self.terms[-1].end, self.terms[-1].reason = end, reason
