"""GroupClient: what the generated classes of a group version (`clientset.core_v1`) have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop.clients.accessor_group import AccessorGroup

if TYPE_CHECKING:
    from kubeloop.rest.client import RESTClient

__all__ = ["GroupClient"]


class GroupClient(AccessorGroup):
    """The resources of one group version: a method per resource returns its client.

    Args:
        rest: Sends the requests.
    """

    __slots__ = ("_rest",)

    def __init__(self, rest: RESTClient) -> None:
        self._rest = rest

    def __repr__(self) -> str:
        return self._described(f"at {self._rest.config.host}")
