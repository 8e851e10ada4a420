"""Whatever is written in whatever order: revisions grow, and identities, generations and finalizers are kept."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kubeloop.errors import APIError
from kubeloop.testing.apiserver.storage.storage import Storage
from kubeloop.testing.apiserver.storage.stored import Change
from kubeloop.testing.apiserver.writing.creation import create_object
from kubeloop.testing.apiserver.writing.deletion import delete_object
from kubeloop.testing.apiserver.writing.replacement import replace_object
from kubeloop.testing.apiserver.writing.writer import Writer
from kubeloop.wire.options import PropagationPolicy
from kubeloop.wire.parse_options import DeleteOptions
from tests.support.served_kinds import served, state, writer

_names = st.sampled_from(["a", "b"])
_kinds = st.sampled_from(["pods", "deployments.apps", "jobs.batch"])
_finalizers = st.lists(st.sampled_from(["x/y", "x/z"]), unique=True)
_policies: st.SearchStrategy[PropagationPolicy | None] = st.sampled_from([None, "Background", "Foreground", "Orphan"])


class Writing(RuleBasedStateMachine):
    """A storage that is written at random."""

    def __init__(self) -> None:
        super().__init__()
        self.storage: Storage = writer().storage
        self.random = Random(3)
        self.now = 1_800_000_000.0
        self.changes: list[Change] = []
        self.checked = self.revision = 0
        self.storage.subscribe(self.changes.append)

    def writer(self) -> Writer:
        self.now += 1
        created = writer(self.storage, now=self.now)
        return Writer(created.storage, created.resources, type(created.moment)(self.now, self.random))

    @rule(kind=_kinds, name=_names, finalizers=_finalizers, node=st.booleans())
    def create(self, kind: str, name: str, finalizers: list[str], node: bool) -> None:
        spec = {"nodeName": "n", "terminationGracePeriodSeconds": 30} if node else {}
        document = {"metadata": {"name": name, "finalizers": finalizers}, "spec": spec}
        self.attempt(lambda: create_object(self.writer(), served(kind), "default", document))

    @rule(
        kind=_kinds, name=_names, finalizers=st.none() | _finalizers, replicas=st.integers(0, 2), status=st.booleans()
    )
    def update(self, kind: str, name: str, finalizers: list[str] | None, replicas: int, status: bool) -> None:
        def change(current: dict[str, Any] | None) -> dict[str, Any]:
            assert current is not None
            metadata = {**current["metadata"], **({} if finalizers is None else {"finalizers": finalizers})}
            spec = {**current.get("spec", {}), "replicas": replicas}
            return {**current, "metadata": metadata, "spec": spec, "status": {"replicas": replicas}}

        subresource = "status" if status else ""
        self.attempt(
            lambda: replace_object(self.writer(), served(kind), "default", name, change, subresource=subresource)
        )

    @rule(kind=_kinds, name=_names, policy=_policies, grace=st.none() | st.integers(0, 40))
    def delete(self, kind: str, name: str, policy: PropagationPolicy | None, grace: int | None) -> None:
        request = DeleteOptions(grace_period_seconds=grace, propagation_policy=policy)
        self.attempt(lambda: delete_object(self.writer(), served(kind), "default", name, request))

    def attempt(self, write: Any) -> None:
        """Write; a write that is refused changes nothing."""
        before = len(self.changes)
        try:
            write()
        except APIError:
            assert len(self.changes) == before

    @invariant()
    def each_change_keeps_what_must_be_kept(self) -> None:
        for change in self.changes[self.checked :]:
            assert change.revision > self.revision
            self.revision = change.revision
            if change.value is None:
                assert change.previous is not None
                self.check_deletion(state(change.previous))
                continue
            new = state(change.value)
            assert new["metadata"]["resourceVersion"] == str(change.revision)
            if change.previous is not None:
                self.check_change(state(change.previous), new)
        self.checked = len(self.changes)

    def check_change(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        for field in ("uid", "creationTimestamp"):
            assert new["metadata"][field] == old["metadata"][field]
        assert new["metadata"]["generation"] >= old["metadata"]["generation"]
        assert {**old, "metadata": {**old["metadata"], "resourceVersion": None}} != {
            **new,
            "metadata": {**new["metadata"], "resourceVersion": None},
        }
        if "deletionTimestamp" in old["metadata"]:
            assert "deletionTimestamp" in new["metadata"]
            assert self.finalizers(new) <= self.finalizers(old)

    @staticmethod
    def finalizers(document: dict[str, Any]) -> set[str]:
        """Return the finalizers, without those of the garbage collector, which a second deletion may exchange."""
        return {each for each in document["metadata"].get("finalizers", ()) if "/" in each}

    def check_deletion(self, last: dict[str, Any]) -> None:
        # What an update takes off is not stored before the object is removed: one finalizer may remain in the storage.
        if last["metadata"].get("finalizers"):
            assert "deletionTimestamp" in last["metadata"]
            assert not last["metadata"].get("deletionGracePeriodSeconds")


TestWriting = Writing.TestCase
TestWriting.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
