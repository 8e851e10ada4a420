"""Apply a set of manifests: in the order of their kinds, each as kubectl does, with a result for each.

Reference: kubectl pkg/cmd/apply (ApplyOptions.Run). Intended differences: objects are ordered by kind, and
CustomResourceDefinitions are established before their objects are applied.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kubeloop._kit import waiting
from kubeloop._kit.value import Value
from kubeloop.clients.manifests.apply_order import CRD, DEFINITION_RANK, NAMESPACE, rank_of
from kubeloop.clients.manifests.kind_resource import KindResources
from kubeloop.clients.manifests.manifest_report import (
    ApplyReport,
    ManifestResult,
    OnError,
    Outcome,
    Progress,
    conflicts_of,
    result_of,
)
from kubeloop.clients.manifests.object_apply import AppliedObject, ObjectApply
from kubeloop.clients.manifests.planned_object import PlannedObject, add_labels, find_places, plan
from kubeloop.clients.manifests.set_definition import SetDefinitions
from kubeloop.clients.manifests.set_steps import SetSteps
from kubeloop.clients.manifests.stored_version import is_unchanged, read_one, read_stored
from kubeloop.errors import DecodeError, KubeloopError, NotFound, UnsupportedMediaType
from kubeloop.wire.options import FieldValidation

if TYPE_CHECKING:
    from kubeloop.discovery.rest_mapper import RESTMapper
    from kubeloop.rest.client import RESTClient

__all__ = ["ApplyRun", "ApplySettings"]

_NOT_SERVED_YET = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
"""The pauses, in seconds, before an object of a new kind is retried: each API server begins to serve the kind a
little after one of them has established its CustomResourceDefinition."""


class ApplySettings(Value, frozen=True):
    """The options of `Clientset.apply_manifests`."""

    field_manager: str
    force: bool = False
    namespace: str | None = None
    on_error: OnError = "continue"
    dry_run: bool = False
    field_validation: FieldValidation | None = "Strict"
    progress: Progress | None = None
    timeout: float = 60.0
    steps: SetSteps | None = None


class ApplyRun:
    """One run of `apply_manifests`.

    Args:
        rest: Sends the requests.
        mapper: Finds the resources of kinds that have no class.
        settings: The options.
    """

    def __init__(self, rest: RESTClient, mapper: RESTMapper, settings: ApplySettings) -> None:
        self._rest = rest
        self._settings = settings
        self._resources = KindResources(mapper)
        self._apply = ObjectApply(
            rest,
            field_manager=settings.field_manager,
            force=settings.force,
            dry_run=settings.dry_run,
            field_validation=settings.field_validation,
        )
        self._results: list[ManifestResult] = []
        self._has_stopped = False
        self._definitions = SetDefinitions()
        self._new_namespaces: set[str] = set()
        self._stored: dict[str, Mapping[str, Mapping[str, Any]] | None] = {}
        self._names: dict[str, set[str]] = {}

    async def run(self, objects: Iterable[Any]) -> ApplyReport:
        """Apply the objects and return what happened to each."""
        planned = plan(objects)
        ordered = sorted(planned, key=lambda obj: rank_of(obj.gvk.group_kind))
        await self._find_resources(ordered)
        sendable = [obj for obj in ordered if obj.error is None]
        for obj in sendable:
            self._names.setdefault(obj.collection, set()).add(obj.name)
        self._stop_before(ordered)
        steps = self._settings.steps
        # With objects that are all wrong, the report says why; without any, the steps refuse.
        if steps is not None and not self._has_stopped and (sendable or not ordered):
            labels = await steps.before_apply(sendable, dry_run=self._settings.dry_run)
            for obj in sendable:
                obj.error = add_labels(obj, labels)
            self._stop_before(ordered)
        definitions = [obj for obj in ordered if rank_of(obj.gvk.group_kind) == DEFINITION_RANK]
        before = [obj for obj in ordered if rank_of(obj.gvk.group_kind) < DEFINITION_RANK]
        for obj in before:
            self._report(await self._result_of(obj))
        await self._apply_definitions(definitions)
        for obj in ordered[len(before) + len(definitions) :]:
            self._report(await self._result_of(obj))
        if steps is not None and self._is_complete:
            await steps.after_apply(tuple(self._results), self._report)
        return ApplyReport(self._results)

    @property
    def _is_complete(self) -> bool:
        """Whether all objects were applied. In a dry run, those count that only need others of the set to exist."""
        fine = _APPLIED | {"skipped"} if self._settings.dry_run and not self._has_stopped else _APPLIED
        return all(each.outcome in fine for each in self._results)

    def _stop_before(self, objects: Iterable[PlannedObject]) -> None:
        """Apply nothing if the first error is to stop the run, and an object cannot be sent."""
        self._has_stopped |= self._settings.on_error == "stop" and any(obj.error is not None for obj in objects)

    async def _find_resources(self, ordered: Sequence[PlannedObject]) -> None:
        """Find the resource and the place of each object, and refuse objects that are in the set twice."""
        for obj in ordered:
            if obj.error is None and obj.gvk.group_kind == CRD:
                self._definitions.add(obj)
        defined = self._definitions.resources
        await find_places(ordered, self._resources, self._rest, self._settings.namespace, defined=defined)

    async def _apply_definitions(self, definitions: Sequence[PlannedObject]) -> None:
        """Apply CustomResourceDefinitions, wait until all of them are established, and report each after that."""
        if not definitions:
            return
        from kubeloop.clients.manifests.established_wait import is_established, wait_until_established

        results: list[ManifestResult] = []
        unsettled: dict[str, Mapping[str, Any]] = {}
        for obj in definitions:
            result = await self._result_of(obj)
            self._definitions.note(obj, result.outcome)
            self._has_stopped |= result.has_failed and self._settings.on_error == "stop"
            stored: Any = result.object
            if stored is not None and not is_established(stored):
                unsettled[obj.name] = stored
            results.append(result)
        late: dict[str, KubeloopError] = {}
        if unsettled and not self._settings.dry_run:
            late = await wait_until_established(self._rest, unsettled, self._settings.timeout)
        for obj, result in zip(definitions, results, strict=True):
            if result.object is not None and obj.name in late:
                self._definitions.note(obj, "failed", is_late=True)
                result = result.replace(outcome="failed", error=late[obj.name])
            elif obj.name in unsettled:
                self._definitions.note_recent(obj)
            self._report(result)

    async def _result_of(self, obj: PlannedObject) -> ManifestResult:
        """Apply an object unless something speaks against it, and return what happened."""
        if obj.error is not None:
            return result_of(obj, "failed", error=obj.error)
        if self._has_stopped:
            return result_of(obj, "skipped", reason="another object failed, and on_error is 'stop'")
        problem = await self._problem_of_kind(obj)
        if problem is not None:
            return result_of(obj, "failed", error=problem)
        unknown = self._reason_of_dry_run(obj)
        if unknown:
            return result_of(obj, "skipped", reason=unknown)
        before = await self._before(obj)
        refusal = await self._refusal(obj, before)
        if refusal:
            return result_of(obj, "failed", error=refusal)
        try:
            applied = await self._send(obj)
        except (KubeloopError, ValueError) as error:
            conflicts = conflicts_of(error)
            outcome: Outcome = "conflict" if conflicts else "failed"
            return result_of(obj, outcome, error=_explained(obj, error), conflicts=conflicts)
        applied = await self._apply.migrate(obj, applied)
        return self._applied(obj, before, applied)

    async def _refusal(self, obj: PlannedObject, before: Mapping[str, Mapping[str, Any]] | None) -> Exception | None:
        """Return why the steps of the set refuse an object, such as a member of another set; None if they do not."""
        steps = self._settings.steps
        if steps is None:
            return None
        return steps.refusal(obj, await read_one(self._rest, obj.path) if before is None else before.get(obj.name))

    def _applied(
        self, obj: PlannedObject, before: Mapping[str, Mapping[str, Any]] | None, applied: AppliedObject
    ) -> ManifestResult:
        if applied.was_created:
            outcome: Outcome = "created"
            if obj.gvk.group_kind == NAMESPACE:
                self._new_namespaces.add(obj.name)
        elif before is None:
            outcome = "applied"
        else:
            is_same = is_unchanged(before.get(obj.name), applied.data, dry_run=self._settings.dry_run)
            outcome = "unchanged" if is_same else "configured"
        warnings = applied.warnings
        if applied.metadata.get("deletionTimestamp"):
            warnings = (*warnings, f"{obj} is being deleted, so that the change does not last")
        return result_of(obj, outcome, warnings=warnings, object=applied.object)

    async def _send(self, obj: PlannedObject) -> AppliedObject:
        """Apply an object; an object of a new kind is retried while the server does not serve its kind."""
        for pause in _NOT_SERVED_YET if self._definitions.is_changed(obj) else ():
            try:
                return await self._apply.send(obj)
            except NotFound as error:
                if not _is_unserved(error):
                    raise
                await waiting.sleep(pause)
        return await self._apply.send(obj)

    async def _before(self, obj: PlannedObject) -> Mapping[str, Mapping[str, Any]] | None:
        """Return the objects of the collection before its first apply, by name; None if they are not known."""
        path = obj.collection
        if path not in self._stored:
            is_new = obj.namespace in self._new_namespaces or self._definitions.is_new(obj)
            names = self._names.get(path, {obj.name})
            whole = self._settings.dry_run
            self._stored[path] = {} if is_new else await read_stored(self._rest, path, names, whole=whole)
        return self._stored[path]

    async def _problem_of_kind(self, obj: PlannedObject) -> KubeloopError | None:
        """Return why the server does not serve the kind of an object that the set defines; None if it does.

        Where the definition of the set could not be applied, that on the server counts, if there is one.
        """
        owner = self._definitions.owner(obj)
        if owner is None:
            return None
        if self._definitions.is_late(obj):
            return DecodeError(f"{obj}: its {owner} of the set is not established, so that it was not sent")
        if self._definitions.has_failed(obj):
            try:
                obj.info = await self._resources.find(obj)
            except KubeloopError as error:
                error.add_note(f"the {owner} of the set could not be applied")
                return error
        return None

    def _reason_of_dry_run(self, obj: PlannedObject) -> str:
        """Return why the server cannot check an object in a dry run; `""` if it can."""
        if not self._settings.dry_run:
            return ""
        if self._definitions.is_new(obj):
            return (
                f"only the set creates the {self._definitions.owner(obj)}, so that a dry run cannot check its objects"
            )
        if obj.namespace in self._new_namespaces:
            return f"only the set creates the namespace {obj.namespace}, so that a dry run cannot check its objects"
        return ""

    def _report(self, result: ManifestResult) -> None:
        self._results.append(result)
        if result.has_failed and self._settings.on_error == "stop":
            self._has_stopped = True
        if self._settings.progress is not None:
            self._settings.progress(result)


_APPLIED = frozenset({"created", "configured", "unchanged", "applied"})


def _is_unserved(error: NotFound) -> bool:
    """Return whether a server does not know the resource, in contrast to an object or a namespace."""
    return not error.status.name


def _explained(obj: PlannedObject, error: Exception) -> Exception:
    """Add the next step to errors whose message does not say it."""
    if isinstance(error, UnsupportedMediaType):
        error.add_note("the server does not support server-side apply")
    elif isinstance(error, NotFound) and _is_unserved(error):
        error.add_note(f"the server does not serve {obj.resource}: is its CustomResourceDefinition installed?")
    elif conflicts_of(error):
        error.add_note(
            "to take over the fields, apply with force=True; to leave them to their managers, remove them from the "
            "manifest; to own them together, use the values that they have"
        )
    return error
