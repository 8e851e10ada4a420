"""GroupClient: what the generated classes of a group version (`clientset.core_v1`) have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NoReturn

from kubeloop._kit.near_names import did_you_mean
from kubeloop.clients.base_resource_client import all_of

if TYPE_CHECKING:
    from kubeloop.rest.client import RESTClient

__all__ = ["GroupClient"]


class GroupClient:
    """The resources of one group version: a method per resource returns its client.

    Args:
        rest: Sends the requests.

    Attributes:
        group_version: The group and version as in `apiVersion`: `apps/v1`.
    """

    __slots__ = ("_rest",)
    group_version: ClassVar[str]

    def __init__(self, rest: RESTClient) -> None:
        self._rest = rest

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            known = all_of(type(self))
            near = did_you_mean(name, known) or f": it has {', '.join(known)}"
            raise AttributeError(f"{self.group_version} has no resource {name!r}{near}", name=name)

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.group_version} at {self._rest.config.host}: {', '.join(all_of(type(self)))}>"
        )
