"""The parent of an apply set on the server: read its metadata, and write its labels and annotations.

Every write names the version of the parent that was read, so that of two runs at the same time, none undoes what the
other has written. Two first runs are the exception, because no apply can demand that the parent does not exist.

Reference: kubectl ApplySet.fetchParent, ApplySet.updateParent.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from kubeloop._kit.backoff import Backoff
from kubeloop._kit.waiting import now, sleep
from kubeloop.clients.applyset.applyset_coverage import ParentRecord, parent_configuration, read_parent
from kubeloop.clients.applyset.applyset_format import FIELD_MANAGER, IS_PARENT_TYPE
from kubeloop.clients.metadata_requests import metadata_headers
from kubeloop.clients.read_verbs import says_that_object_is_absent
from kubeloop.errors import ApplySetError, Conflict, NotFound
from kubeloop.meta.gvk import GroupVersion
from kubeloop.wire.options import FieldValidation, write_params
from kubeloop.wire.patch import APPLY_PATCH
from kubeloop.wire.request import resource_path, segment

if TYPE_CHECKING:
    from kubeloop.clients.applyset.applyset_coverage import Coverage
    from kubeloop.clients.applyset.applyset_parent import ApplySetParent
    from kubeloop.models import meta_v1
    from kubeloop.rest.client import RESTClient

__all__ = ["ParentStore"]

logger = logging.getLogger(__name__)

_ATTEMPTS = 10
_DEFINITIONS = GroupVersion("apiextensions.k8s.io", "v1")


class ParentStore:
    """Reads and writes the parent of one set.

    Args:
        rest: Sends the requests.
        parent: The parent.
        dry_run: Whether the server stores nothing.
        field_validation: What the server does about unknown fields.
    """

    __slots__ = ("_field_validation", "_is_dry_run", "_parent", "_rest")

    def __init__(
        self,
        rest: RESTClient,
        parent: ApplySetParent,
        *,
        dry_run: bool = False,
        field_validation: FieldValidation | None = None,
    ) -> None:
        self._rest = rest
        self._parent = parent
        self._is_dry_run = dry_run
        self._field_validation: FieldValidation | None = field_validation

    async def check_permitted(self) -> None:
        """Check that the kind of the parent may have sets.

        Raises:
            ApplySetError: It is neither a Secret nor a ConfigMap, nor a custom resource whose definition permits it.

        Reference: kubectl ApplySet.Validate; kubectl lists all definitions with the label.
        """
        parent = self._parent
        if parent.is_built_in:
            return
        path = resource_path(_DEFINITIONS, "customresourcedefinitions")
        try:
            metadata = await self._get(f"{path}/{segment(parent.definition, 'name')}")
        except NotFound:
            metadata = None
        if metadata is None or IS_PARENT_TYPE not in metadata.labels:
            raise ApplySetError(
                f"a {parent.kind.kind} cannot be the parent of an apply set: {parent}; use a Secret, a ConfigMap, or a "
                f"custom resource whose definition has the label {IS_PARENT_TYPE}"
            )

    async def read(self) -> ParentRecord | None:
        """Return what the parent says about its set; None if there is no parent yet.

        Raises:
            ApplySetError: The object is not the parent of this set (`read_parent`), or it is a custom resource that
                does not exist, which nobody but the user can create.
        """
        parent = self._parent
        try:
            metadata = await self._get(parent.path)
        except NotFound as error:
            if not says_that_object_is_absent(error, parent.name):
                raise
            if not parent.is_built_in:
                raise ApplySetError(
                    f"the parent of the apply set does not exist: {parent}; create it: custom resources are not "
                    "created automatically"
                ) from None
            return None
        return read_parent(parent, metadata.labels, metadata.annotations, metadata.resource_version)

    async def write(
        self, known: ParentRecord | None, choose: Callable[[ParentRecord | None], Coverage | None]
    ) -> ParentRecord | None:
        """Write a coverage into the parent, and choose it again whenever the parent has changed meanwhile.

        Args:
            known: What the parent said when it was read.
            choose: Called with what the parent says; returns the coverage to write, or None to write nothing.

        Returns:
            What the parent says now.

        Raises:
            Conflict: The parent changed under each of the attempts.
            ApplySetError: The parent belongs to another set or tool now.
        """
        # As an edit pauses: those who lost the same race must not meet again.
        backoff = Backoff(0.01, factor=1.5, cap=1.0, jitter=2.0, random=self._rest.random)
        attempt = 1
        while True:
            coverage = choose(known)
            if coverage is None:
                return known
            try:
                return await self._apply(coverage, "" if known is None else known.resource_version)
            except Conflict:
                if attempt >= _ATTEMPTS:
                    raise
            except NotFound as error:  # somebody has deleted the parent, or there is no such namespace
                if known is None or not says_that_object_is_absent(error, self._parent.name):
                    raise
            attempt += 1
            logger.debug("apply set %s: the parent has changed; attempt %d reads it again", self._parent, attempt)
            await sleep(backoff.next(now()))
            known = await self.read()

    async def _apply(self, coverage: Coverage, resource_version: str) -> ParentRecord:
        parent = self._parent
        body = parent_configuration(parent, coverage, "" if self._is_dry_run else resource_version)
        try:
            metadata = await self._patch(body, force=False)
        except Conflict as error:
            if not error.has_cause("FieldManagerConflict"):
                raise
            logger.warning(
                "apply set %s: another field manager owns what %s has to own; taking it over: %s",
                parent, FIELD_MANAGER, error,
            )  # fmt: skip
            metadata = await self._patch(body, force=True)
        wanted = body["metadata"]["annotations"]
        changed = [name for name, value in wanted.items() if metadata.annotations.get(name) != value]
        if changed and not self._is_dry_run:
            raise ApplySetError(
                f"the server did not store the annotation {changed[0]} of the parent of the apply set as it was "
                f"written: {parent}; does an admission webhook change it?"
            )
        # In a dry run there may be no resource version, or that of an object which nobody has stored.
        version = resource_version if self._is_dry_run else metadata.resource_version
        return ParentRecord(coverage, frozenset(), version, is_current=True)

    async def _patch(self, body: object, *, force: bool) -> meta_v1.ObjectMeta:
        from kubeloop.models import meta_v1

        params = write_params(
            {"dry_run": self._is_dry_run, "field_validation": self._field_validation, "force": force}, "apply"
        )
        found = await self._rest.patch(
            self._parent.path,
            body=body,
            content_type=APPLY_PATCH,
            into=meta_v1.PartialObjectMetadata,
            params={"fieldManager": FIELD_MANAGER, **params},
            headers=metadata_headers(self._rest, meta_v1.PartialObjectMetadata),
        )
        return found.metadata

    async def _get(self, path: str) -> meta_v1.ObjectMeta:
        """Read the metadata of an object: the data of a Secret are never sent."""
        from kubeloop.models import meta_v1

        headers = metadata_headers(self._rest, meta_v1.PartialObjectMetadata)
        return (await self._rest.get(path, into=meta_v1.PartialObjectMetadata, headers=headers)).metadata

    def __repr__(self) -> str:
        return f"<ParentStore {self._parent}>"
