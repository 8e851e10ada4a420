"""Apply sets under any sequence of applies with failures: nothing foreign is deleted, and no member is lost.

A step applies some objects as a set, and may fail at one request: it is refused, lost before or after it was carried
out, or the program crashes there. Two runs at the same time are a step too.
"""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from kubeloop.clients.applyset.applyset_format import (
    ADDITIONAL_NAMESPACES,
    CONTAINS_GROUP_KINDS,
    PART_OF,
    read_kinds,
    read_namespaces,
)
from kubeloop.clients.manifests.manifest_report import ApplyReport
from kubeloop.errors import ConnectionLost, KubeloopError
from kubeloop.meta.gvk import GroupKind
from kubeloop.testing.virtual_time import run
from kubeloop.wire.request import Request
from tests.support.applyset_world import World, mapping_of, split
from tests.support.scripted_transport import ScriptedResponse, error_status

POOL = [
    *(f"{kind} {place}/{name}" for kind in ("ConfigMap", "Secret") for place in ("web", "a") for name in "xy"),
    "Service a/x",
    "ClusterRole.rbac.authorization.k8s.io x",
    "ClusterRole.rbac.authorization.k8s.io y",
]
OTHER, FOREIGN = ("ConfigMap web/other-set", "Secret a/other-set"), ("ConfigMap a/foreign", "Secret web/foreign")
SHOP = "ConfigMap web/shop"
APPLIED = {"created", "configured", "unchanged", "applied"}


class Crash(Exception):
    """The program ends."""


class Failure(NamedTuple):
    """What happens to one request of a step: that with this number among those with this method."""

    method: str
    number: int
    what: str


class Step(NamedTuple):
    """A run with some objects, or two at the same time if there are others."""

    objects: tuple[str, ...]
    failure: Failure | None
    others: tuple[str, ...]


OBJECTS = st.lists(st.sampled_from(POOL), min_size=1, max_size=5, unique=True).map(tuple)
WHAT = st.sampled_from(["refused", "conflict", "lost", "lost after", "crash", "crash after", "overloaded"])
FAILURES = st.one_of(
    st.builds(Failure, st.sampled_from(["PATCH", "GET"]), st.integers(0, 7), WHAT),
    st.builds(Failure, st.just("DELETE"), st.integers(0, 2), WHAT),
)
STEPS = st.lists(
    st.one_of(
        st.builds(Step, OBJECTS, st.none(), st.just(())),
        st.builds(Step, OBJECTS, FAILURES, st.just(())),
        st.builds(Step, OBJECTS, st.none(), OBJECTS),
    ),
    min_size=1,
    max_size=7,
)


def manifest(obj: str) -> dict[str, Any]:
    kind, name, namespace = split(obj)
    mapping = mapping_of(kind)
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": str(mapping.group_version), "kind": mapping.kind.kind, "metadata": metadata}


class Cluster:
    """A server with the set `shop`, another set and foreign objects, and what must be true of them."""

    def __init__(self) -> None:
        self.world = World()
        self.complete: frozenset[str] = frozenset()
        for obj in FOREIGN:
            self.world.put(*split(obj))

    async def apply(self, objects: tuple[str, ...], parent: str = "configmaps/shop") -> ApplyReport:
        return await self.world.clientset.apply_manifests(
            [manifest(obj) for obj in objects],
            field_manager="test",
            apply_set=parent,
            apply_set_namespace="web",
            force=True,
        )

    def has(self, obj: str) -> bool:
        return self.world.path(*split(obj)) in self.world.objects

    async def take(self, step: Step) -> None:
        """Take a step, and check what must be true after it."""
        world = self.world
        world.deleted.clear()
        if step.others:
            await asyncio.gather(self.apply(step.objects), self.apply(step.others))
            self.complete = frozenset()  # each run may prune what only the other one has applied
        else:
            self._fail(step.failure)
            report = await self._attempt(step.objects)
            world.fault = world.late_fault = None
            done = {(each.kind, each.name, each.namespace) for each in report or () if each.outcome in APPLIED}
            wanted = {(mapping_of(kind).kind.kind, *place) for kind, *place in map(split, step.objects)}
            if wanted <= done or world.deleted:  # only a run that has applied everything deletes
                self.complete = frozenset(step.objects)
            if report is not None and not report.failed:
                assert self.members() == set(step.objects)
        self.check()

    async def _attempt(self, objects: tuple[str, ...]) -> ApplyReport | None:
        """Apply objects, and return the report; None if the run ended without one."""
        try:
            return await self.apply(objects)
        except (KubeloopError, Crash):
            return None
        except ExceptionGroup as group:  # of requests that are sent at the same time
            if group.split(Crash)[1] is not None:
                raise
            return None

    def check(self) -> None:
        """Check what is true after every step, however it ended."""
        assert all(self.has(obj) for obj in (*FOREIGN, *OTHER))
        assert {obj for obj in self.complete if not self.has(obj)} == set()
        if not self.has(SHOP):
            assert self.members() == set()
            return
        annotations = self.world.metadata(SHOP)["annotations"]
        kinds = read_kinds(annotations[CONTAINS_GROUP_KINDS])
        namespaces = read_namespaces(annotations[ADDITIONAL_NAMESPACES]) | {"web", ""}
        for obj in self.members():
            kind, _, namespace = split(obj)
            assert GroupKind.parse(kind) in kinds
            assert namespace in namespaces

    def members(self) -> set[str]:
        """Return the objects of the pool that have the label of the set."""
        present = (obj for obj in POOL if self.has(obj))
        labels = ((obj, self.world.metadata(obj).get("labels", {})) for obj in present)
        return {obj for obj, found in labels if PART_OF in found}

    def _fail(self, failure: Failure | None) -> None:
        if failure is None:
            return
        count, is_hit = 0, False

        def fault(request: Request) -> ScriptedResponse | Exception | None:
            nonlocal count, is_hit
            is_hit = request.method == failure.method and count == failure.number
            count += request.method == failure.method
            early = {
                "refused": error_status(403, "Forbidden", "no"),
                "conflict": error_status(409, "Conflict", "the object has been modified"),
                "overloaded": error_status(503, "ServiceUnavailable", "later"),
                "lost": ConnectionLost("cut", method=request.method, path=request.path),
                "crash": Crash(),
            }
            return early.get(failure.what) if is_hit else None

        def late_fault(request: Request) -> Exception | None:
            lost = ConnectionLost("cut", method=request.method, path=request.path)
            return {"lost after": lost, "crash after": Crash()}.get(failure.what) if is_hit else None

        self.world.fault, self.world.late_fault = fault, late_fault


@settings(deadline=None)
@given(STEPS)
def test_no_sequence_of_runs_deletes_what_is_foreign_or_loses_a_member(steps: list[Step]) -> None:
    async def all_steps() -> None:
        cluster = Cluster()
        await cluster.apply(OTHER, "secrets/other")
        for step in steps:
            await cluster.take(step)
        # The next run without a failure repairs whatever is left.
        await cluster.take(Step(("ConfigMap a/x",), None, ()))
        assert cluster.members() == {"ConfigMap a/x"}

    run(all_steps())
