"""MemberReader: finds the members of a set on the server, and deletes them.

Reference: kubectl pkg/cmd/apply/applyset_pruner.go; pkg/cmd/apply/prune.go, runDelete.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kubeloop.clients.applyset.applyset_format import PART_OF, id_of
from kubeloop.clients.metadata_requests import metadata_headers
from kubeloop.clients.object_iterator import ObjectIterator
from kubeloop.clients.read_verbs import says_that_object_is_absent
from kubeloop.errors import ApplySetError, NotFound
from kubeloop.wire.options import PropagationPolicy, delete_body
from kubeloop.wire.request import resource_path, segment

if TYPE_CHECKING:
    from kubeloop.clients.applyset.applyset_parent import ApplySetParent
    from kubeloop.clients.applyset.prune_plan import FoundObject, MemberList
    from kubeloop.discovery.rest_mapping import RESTMapping
    from kubeloop.models import meta_v1
    from kubeloop.rest.client import RESTClient

__all__ = ["MemberReader"]


class MemberReader:
    """Reads the metadata of members, page by page, and deletes members.

    Args:
        rest: Sends the requests.
        parent: The parent of the set.
    """

    __slots__ = ("_parent", "_rest")

    def __init__(self, rest: RESTClient, parent: ApplySetParent) -> None:
        self._rest = rest
        self._parent = parent

    async def read(self, members: MemberList) -> list[meta_v1.ObjectMeta]:
        """Return the metadata of the members that a list finds, from the newest version.

        Raises:
            ApplySetError: An item cannot be read, so that it is unknown whether it was applied.
        """
        from kubeloop.models import meta_v1

        path = _path_of(members.mapping, members.namespace)
        headers = metadata_headers(self._rest, meta_v1.PartialObjectMetadataList)

        async def read_page(params: Mapping[str, Any], timeout: float | None) -> meta_v1.PartialObjectMetadataList:
            into = meta_v1.PartialObjectMetadataList
            return await self._rest.get(path, into=into, params=params, headers=headers, timeout=timeout)

        items: ObjectIterator[meta_v1.PartialObjectMetadata] = ObjectIterator(
            read_page, {"label_selector": f"{PART_OF}={id_of(self._parent)}"}, path
        )
        found = [item.metadata async for item in items]
        for key, error in items.unreadable.items():
            raise ApplySetError(f"cannot read a member of the apply set: {members.mapping.kind.kind} {key}") from error
        return found

    async def delete(self, found: FoundObject, *, propagation_policy: PropagationPolicy, dry_run: bool) -> None:
        """Delete a member, unless it was deleted already.

        Raises:
            Conflict: Another object has its name now.
        """
        metadata = found.metadata
        path = f"{_path_of(found.mapping, metadata.namespace)}/{segment(metadata.name, 'name')}"
        body = delete_body({"propagation_policy": propagation_policy, "uid": metadata.uid, "dry_run": dry_run})
        try:
            await self._rest.delete(path, body=body)
        except NotFound as error:
            if not says_that_object_is_absent(error, metadata.name):
                raise

    def __repr__(self) -> str:
        return f"<MemberReader {self._parent}>"


def _path_of(mapping: RESTMapping, namespace: str) -> str:
    return resource_path(mapping.group_version, mapping.resource.resource, namespace=namespace or None)
