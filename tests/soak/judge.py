"""Whether stores and the events of handlers equal a fresh list, and whether each reported deletion was requested."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import kubeloop
from kubeloop.meta.keys import object_key
from kubeloop.unstructured import Unstructured
from tests.soak.kinds import KINDS, LABEL
from tests.soak.programs import Program
from tests.soak.replay import States, checksum

__all__ = ["Judge", "false_deletions"]

PATIENCE = 180.0
"""The seconds within which informers must have recovered: their longest pause, and time for a busy machine."""


def false_deletions(reported: Mapping[str, str], requested: set[str], present: set[str]) -> list[str]:
    """Return a line per deletion that was not one.

    Args:
        reported: The informers that reported deletions, by the uid of the object.
        requested: The uids whose deletion was requested.
        present: The uids of the objects that exist.
    """
    return [
        f"{informer}: deletion of {uid}, which {'exists' if uid in present else 'nobody deleted'}"
        for uid, informer in reported.items()
        if uid in present or uid not in requested
    ]


class Judge:
    """Compares the program under test with the server, while nobody writes.

    Args:
        clientset: A client that does not use the proxy.
        subject: The program under test.
        run: The value of the label of the objects of the run.
        skips: Whether to move the clock of the program while it recovers, so that its pauses take no time.

    Attributes:
        faults: What did not hold.
        verdicts: The number of consistency checks, by verdict.
    """

    def __init__(self, clientset: kubeloop.Clientset, subject: Program, run: str, *, skips: bool) -> None:
        self.faults: list[str] = []
        self.verdicts: dict[str, int] = {}
        self._clientset = clientset
        self._subject = subject
        self._run = run
        self._skips = skips
        self._listed: dict[str, list[Any]] = {}

    async def compare(self, rested: dict[str, Any]) -> float:
        """Wait until every store and every replay equals a fresh list, and return the seconds that this took.

        Args:
            rested: What the writers have returned when they stopped.
        """
        self._listed = {
            resource.plural: (await self._clientset.resource(Unstructured, resource.name).list()).items
            for resource in KINDS
        }
        labelled = [obj for objects in self._listed.values() for obj in objects if self._is_ours(obj)]
        if {obj.metadata.uid for obj in labelled} != set(rested["uids"]):
            self.faults.append("the writers and a fresh list differ about the objects that exist")
        loop = asyncio.get_running_loop()
        began = loop.time()
        while differing := [
            informer["name"] for informer in await self._subject.ask("states") if self._differs(informer)
        ]:
            if loop.time() - began > PATIENCE:
                for name in differing[:3]:
                    self.faults.append(await self._describe(name))
                self.faults.append(f"{len(differing)} informers differ from a fresh list: {', '.join(differing)}")
                break
            if self._skips:
                await self._subject.ask("skip", seconds=5)
            await asyncio.sleep(0.25)
        await self._take(rested["deleted"])
        return loop.time() - began

    async def check_consistency(self) -> None:
        """Check the consistency of each informer, by its own method."""
        for verdict, reports in (await self._subject.ask("check")).items():
            self.verdicts[verdict] = self.verdicts.get(verdict, 0) + len(reports)
            if verdict == "inconsistent":
                self.faults += reports

    async def _take(self, deleted: Iterable[str]) -> None:
        """Take over the faults that the program has found, and check the deletions that handlers saw."""
        taken = await self._subject.ask("take")
        self.faults += taken["faults"]
        present = {obj.metadata.uid for objects in self._listed.values() for obj in objects}
        self.faults += false_deletions(taken["deleted"], set(deleted), present)

    async def _differing(self) -> list[str]:
        return [informer["name"] for informer in await self._subject.ask("states") if self._differs(informer)]

    def _differs(self, informer: dict[str, Any]) -> bool:
        expected = checksum(self._expected(informer))
        return any(found != expected for found in (informer["store"], *informer["replays"].values()))

    def _expected(self, informer: dict[str, Any]) -> States:
        namespaces = informer["namespaces"]
        return {
            object_key(obj): (obj.metadata.uid, obj.metadata.resource_version)
            for obj in self._listed[informer["plural"]]
            if not namespaces or obj.metadata.namespace in namespaces
            if not informer["labelled"] or self._is_ours(obj)
        }

    def _is_ours(self, obj: Any) -> bool:
        return obj.metadata.labels.get(LABEL) == self._run

    async def _describe(self, name: str) -> str:
        [informer] = [informer for informer in await self._subject.ask("states") if informer["name"] == name]
        detail = await self._subject.ask("detail", name=name)
        expected = {key: list(state) for key, state in self._expected(informer).items()}
        lines = [f"{name} differs from a fresh list: {detail['statistics']}"]
        for what, states in {"store": detail["store"], **detail["replays"]}.items():
            lines += [
                f"  {what}: {key} is {states.get(key)}, expected {expected.get(key)}"
                for key in sorted(expected.keys() | states.keys())
                if states.get(key) != expected.get(key)
            ]
        return "\n".join(lines[:20])
