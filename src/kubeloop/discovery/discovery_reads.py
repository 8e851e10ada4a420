"""DiscoveryReads: the calls that every source of discovery has, on what it found.

Reference: client-go `discovery` (ServerResourcesInterface, ServerPreferredResources).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Literal

from kubeloop.discovery.discovery_format import GroupsAndResources, ResourceLists, preferred
from kubeloop.discovery.missing_match import incomplete

if TYPE_CHECKING:
    from kubeloop.discovery.api_resources import APIResources
    from kubeloop.models import meta_v1

__all__ = ["DiscoveryReads"]


class DiscoveryReads:
    """What `DiscoveryClient` and the caches have in common. A subclass has `_found`."""

    __slots__ = ()

    async def _found(self) -> GroupsAndResources:
        raise NotImplementedError

    async def server_groups_and_resources(self, *, allow_partial: bool = False) -> GroupsAndResources:
        """Return all groups, and all resources of all their versions: `groups, resources = await ...`.

        A server with aggregated discovery sends one document; otherwise one document per group and version is fetched,
        all at the same time. If any of them fails, discovery is repeated once; a cache repeats what may have passed.

        Args:
            allow_partial: Return what was found if an aggregated server does not respond; `failures` of the result says
                which group versions are missing, and why.

        Raises:
            DiscoveryIncomplete: Some group versions could not be read, and `allow_partial` is not set.
        """
        found = await self._found()
        if found.failures and not allow_partial:
            raise incomplete(
                {str(group_version).rstrip("/"): error for group_version, error in found.failures.items()},
                "What was found is returned with allow_partial=True",
            )
        return found

    async def server_preferred_resources(self, *, allow_partial: bool = False) -> ResourceLists:
        """Return each resource once, in the version that its group prefers, without subresources.

        Args:
            allow_partial: See `server_groups_and_resources`.

        Raises:
            DiscoveryIncomplete: Some group versions could not be read, and `allow_partial` is not set.
        """
        found = await self.server_groups_and_resources(allow_partial=allow_partial)
        return ResourceLists(preferred(found), found.failures)

    async def api_resources(
        self,
        *,
        api_group: str | None = None,
        namespaced: bool | None = None,
        verbs: Collection[str] = (),
        categories: Collection[str] = (),
        sort_by: Literal["name", "kind"] | None = None,
        allow_partial: bool = False,
    ) -> APIResources:
        """Return what `kubectl api-resources` prints: each resource in its preferred version. `print` shows a table.

        Args:
            api_group: Only the resources of this group; `""` is the core group, None means all groups.
            namespaced: Only resources with, or only those without namespaces; None means both.
            verbs: Only the resources that have all of these verbs.
            categories: Only the resources that are in all of these categories.
            sort_by: The field to sort by; None sorts by group. Rows that are equal in it are sorted by name.
            allow_partial: See `server_groups_and_resources`.

        Returns:
            The rows; `failures` says which group versions are missing.

        Raises:
            DiscoveryIncomplete: Some group versions could not be read, and `allow_partial` is not set.
            ValueError: `sort_by` is another text.

        Reference: kubectl pkg/cmd/apiresources.
        """
        from kubeloop.discovery.api_resources import select_api_resources

        lists = await self.server_preferred_resources(allow_partial=allow_partial)
        return select_api_resources(
            lists,
            api_group=api_group,
            namespaced=namespaced,
            verbs=frozenset(verbs),
            categories=frozenset(categories),
            sort_by=sort_by,
        )

    async def server_groups(self) -> tuple[meta_v1.APIGroup, ...]:
        """Return the API groups, the core group first, each with its versions."""
        return (await self._found()).groups
