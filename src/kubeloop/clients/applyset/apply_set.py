"""ApplySet: the steps of one run on an apply set: cover what will be applied, and prune what was not.

Their order makes a run safe: the parent covers an object before it is created, and until it is deleted. A run that ends
in between leaves a parent that covers too much, and the next run repairs that.

Reference: KEP-3659; kubectl pkg/cmd/apply/applyset.go.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from kubeloop._kit.waiting import gather
from kubeloop.clients.applyset.applyset_coverage import Coverage
from kubeloop.clients.applyset.applyset_format import id_of
from kubeloop.clients.applyset.applyset_parent import parent_of, parse_parent_reference
from kubeloop.clients.applyset.member_reader import MemberReader
from kubeloop.clients.applyset.parent_store import ParentStore
from kubeloop.clients.applyset.prune_plan import (
    AppliedMember,
    FoundObject,
    MemberList,
    lists_of,
    order_of_deletion,
    prunable,
    reason_to_keep,
)
from kubeloop.clients.applyset.prune_result import PruneResult
from kubeloop.errors import ApplySetError, KubeloopError, NotFound

if TYPE_CHECKING:
    from kubeloop.clients.applyset.applyset_coverage import ParentRecord
    from kubeloop.clients.applyset.applyset_parent import ApplySetParent
    from kubeloop.discovery.rest_mapping import RESTMapping
    from kubeloop.meta.gvk import GroupKind, GroupResource
    from kubeloop.models import meta_v1
    from kubeloop.rest.client import RESTClient
    from kubeloop.wire.options import FieldValidation, PropagationPolicy

__all__ = ["ApplySet", "KindMapper"]

_LISTS_AT_A_TIME = 8


class KindMapper(Protocol):
    """Finds resources: the part of a `RESTMapper` that a set needs."""

    async def mapping(self, kind: GroupKind, /) -> RESTMapping:
        """Return the resource of a kind, in the version that the server prefers."""
        ...

    async def resolve(self, text: str, /) -> RESTMapping:
        """Return the resource that a text means, such as `configmaps` or `widgets.example.com`."""
        ...

    def invalidate(self) -> None:
        """Drop what is known, so that the next call asks the server."""
        ...


class ApplySet:
    """One run on an apply set: `widen`, apply the objects with the label `PART_OF`, and `prune` if all were applied.

    Args:
        rest: Sends the requests.
        parent: The parent of the set.
        mapper: Finds the resources of kinds.
        dry_run: Whether the server stores and deletes nothing.
        field_validation: What the server does about unknown fields.
    """

    def __init__(
        self,
        rest: RESTClient,
        parent: ApplySetParent,
        mapper: KindMapper,
        *,
        dry_run: bool = False,
        field_validation: FieldValidation | None = None,
    ) -> None:
        self._parent = parent
        self._mapper = mapper
        self._is_dry_run = dry_run
        self._store = ParentStore(rest, parent, dry_run=dry_run, field_validation=field_validation)
        self._members = MemberReader(rest, parent)
        self._known: ParentRecord | None = None
        self._before = Coverage()
        self._mappings: dict[GroupKind, RESTMapping] = {}

    @classmethod
    async def open(
        cls,
        rest: RESTClient,
        reference: str,
        *,
        namespace: str | None,
        mapper: KindMapper,
        dry_run: bool = False,
        field_validation: FieldValidation | None = None,
    ) -> ApplySet:
        """Return the set that a reference means, and check that its parent may be one.

        Args:
            rest: Sends the requests.
            reference: `configmaps/shop`, `resource.group/name`, or the name of a Secret.
            namespace: The namespace of the parent, unless it is a cluster-scoped custom resource.
            mapper: Finds the resources of kinds.
            dry_run: Whether the server stores and deletes nothing.
            field_validation: What the server does about unknown fields.

        Raises:
            ValueError: The reference is not valid, or needs a namespace.
            NotFound: The server does not serve the resource of the reference.
            ApplySetError: An object of this kind cannot be a parent.
        """
        parsed = parse_parent_reference(reference)
        try:
            mapping = await mapper.resolve(parsed.resource)
        except KubeloopError as error:
            error.add_note(f"it is the resource of apply_set={reference!r}")
            raise
        parent = parent_of(parsed, mapping, namespace)
        self = cls(rest, parent, mapper, dry_run=dry_run, field_validation=field_validation)
        await self._store.check_permitted()
        return self

    @property
    def id(self) -> str:
        """The ID of the set: the value of the label of its members."""
        return id_of(self._parent)

    async def widen(self, members: Iterable[tuple[GroupKind, str]], *, arriving: Collection[GroupKind] = ()) -> None:
        """Write into the parent that it covers what will be applied, besides what it covers.

        Args:
            members: The kind and the namespace (`""` for none) of each object that will be applied.
            arriving: Kinds that the server may not serve yet, because their definitions will be applied first.

        Raises:
            ApplySetError: The parent is that of another tool or set, does not exist and cannot be created; or a kind
                that it covers is not served, so that its members cannot be found. Nothing was written.
            NotFound: The namespace of the parent does not exist.

        Reference: kubectl ApplySet.BeforeApply.
        """
        wanted = Coverage.of(members)
        record = await self._store.read()
        kinds = await self._kinds_of(record.resources if record else ())
        await self._map(record.coverage.kinds if record else (), arriving)

        def superset(now: ParentRecord | None) -> Coverage | None:
            self._before = now.coverage | Coverage(kinds) if now else Coverage()
            return None if now and now.is_current and now.coverage >= wanted else self._before | wanted

        self._known = await self._store.write(record, superset)
        await self._map(self._before.kinds, arriving)  # of which another run may have added some meanwhile

    async def prune(
        self,
        applied: Sequence[AppliedMember],
        *,
        rank_of: Callable[[GroupKind], int],
        propagation_policy: PropagationPolicy = "Background",
        stop_on_error: bool = False,
        report: Callable[[PruneResult], object],
    ) -> None:
        """Delete the members that were not applied, and write into the parent that it covers those that were.

        Call this only after every object of the set was applied. Nothing is deleted unless all members were found. If
        anything fails, the parent still covers every member, and the next run deletes the rest.

        Args:
            applied: Every object that was applied.
            rank_of: Returns the rank of a kind: kinds of a higher one are deleted first.
            propagation_policy: What happens to dependents of the deleted objects.
            stop_on_error: Whether to stop at the first object that cannot be deleted.
            report: Called with a result for each object that was to be deleted; and with one for the parent, which has
                an error, if the set could not be searched or the parent not be written in the end.

        Reference: kubectl ApplySet.Prune.
        """
        try:
            leftovers = await self._find_leftovers(applied)
        except KubeloopError as error:
            report(self._of_parent("nothing was pruned", error))
            return
        has_failed = False
        for each in order_of_deletion(leftovers, rank_of):
            result = await self._delete(each, applied, propagation_policy)
            has_failed |= result.error is not None
            report(result)
            if has_failed and stop_on_error:
                return
        if has_failed:
            return
        try:
            await self._narrow(applied)
        except KubeloopError as error:
            report(self._of_parent("all objects were applied and pruned, but the parent was not updated", error))

    async def _kinds_of(self, resources: Iterable[GroupResource]) -> frozenset[GroupKind]:
        """Return the kinds of the resources that a deprecated annotation names. Raises as `_map`."""
        found: dict[GroupKind, RESTMapping] = {}
        for resource in sorted(resources):
            mapping = await self._mapped(self._mapper.resolve(str(resource)), f"the resource {resource}")
            found[mapping.kind.group_kind] = mapping
        self._mappings.update(found)
        return frozenset(found)

    async def _map(self, kinds: Iterable[GroupKind], arriving: Collection[GroupKind] = ()) -> None:
        """Find the resources of kinds.

        Raises:
            ApplySetError: The server does not serve a kind that is not arriving, or discovery failed for its group.
        """
        for kind in sorted(set(kinds) - self._mappings.keys()):
            try:
                self._mappings[kind] = await self._mapped(self._mapper.mapping(kind), f"the kind {kind}")
            except ApplySetError as error:
                if kind not in arriving or not isinstance(error.__cause__, NotFound):
                    raise

    async def _mapped(self, call: Coroutine[Any, Any, RESTMapping], what: str) -> RESTMapping:
        try:
            return await call
        except KubeloopError as error:
            raise ApplySetError(
                f"cannot find {what}, of which the apply set {self._parent} may have members: {error}. If no such "
                "objects exist any more, remove the name from the annotation of the parent"
            ) from error

    async def _find_leftovers(self, applied: Sequence[AppliedMember]) -> list[FoundObject]:
        """Return the members that were not applied, after all lists have succeeded."""
        for each in applied:
            if not each.uid:
                raise ApplySetError(f"the server did not return the uid of {each.kind.kind} {each.name}")
        try:
            return await self._listed_leftovers(applied)
        except ApplySetError as error:
            if not isinstance(error.__cause__, NotFound):
                raise
        # The mapper may remember a version in which the server does not serve the kind any more.
        self._mapper.invalidate()
        self._mappings.clear()
        return await self._listed_leftovers(applied)

    async def _listed_leftovers(self, applied: Sequence[AppliedMember]) -> list[FoundObject]:
        await self._map(self._before.kinds)
        uids = frozenset(each.uid for each in applied)
        names = frozenset((each.kind, each.namespace, each.name) for each in applied)
        lists = lists_of(self._before, self._mappings)
        found: list[FoundObject] = []
        for start in range(0, len(lists), _LISTS_AT_A_TIME):
            some = lists[start : start + _LISTS_AT_A_TIME]
            for read, items in zip(some, await gather(map(self._read, some)), strict=True):
                if isinstance(items, Exception):
                    where = f" in {read.namespace}" if read.namespace else ""
                    raise ApplySetError(f"cannot list {read.mapping.resource.resource}{where}: {items}") from items
                found.extend(prunable(self._parent, read, items, uids, names))
        return found

    async def _read(self, read: MemberList) -> list[meta_v1.ObjectMeta] | Exception:
        try:
            return await self._members.read(read)
        except (KubeloopError, ValueError) as error:  # a ValueError: a name that would break the path
            return error

    async def _delete(
        self, leftover: FoundObject, applied: Sequence[AppliedMember], propagation_policy: PropagationPolicy
    ) -> PruneResult:
        metadata = leftover.metadata
        result = PruneResult(leftover.mapping.kind, metadata.namespace, metadata.name)
        reason = reason_to_keep(self._parent, leftover, applied)
        if reason is not None:
            return result.replace(error=ApplySetError(f"{leftover} was not pruned: {reason}"))
        try:
            await self._members.delete(leftover, propagation_policy=propagation_policy, dry_run=self._is_dry_run)
        except (KubeloopError, ValueError) as error:  # a ValueError: a name that would break the path
            return result.replace(error=error)
        return result

    async def _narrow(self, applied: Sequence[AppliedMember]) -> None:
        known, latest = self._known, Coverage.of((each.kind, each.namespace) for each in applied)

        def choose(now: ParentRecord | None) -> Coverage | None:
            if now is known or now is None:
                return latest
            # Another run has changed the parent, and may need what it covers now.
            return None if now.is_current and now.coverage >= latest else now.coverage | latest

        self._known = await self._store.write(known, choose)

    def _of_parent(self, message: str, cause: KubeloopError) -> PruneResult:
        error = ApplySetError(f"{message}: apply set {self._parent}: {cause}")
        error.__cause__ = cause
        return PruneResult(self._parent.kind, self._parent.namespace, self._parent.name, error)

    def __repr__(self) -> str:
        return f"<ApplySet {self._parent}>"
