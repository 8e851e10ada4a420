"""`InformerGroup`: the base class of the generated accessors of a group version (`factory.core_v1`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NoReturn

from kubeloop._kit.near_names import did_you_mean
from kubeloop.clients.base_resource_client import all_of

if TYPE_CHECKING:
    from kubeloop.cache.informer_provider import InformerProvider

__all__ = ["InformerGroup"]


class InformerGroup:
    """The informers of one group version: a method per resource returns the informer, which all callers share.

    Args:
        factory: Creates the informers and keeps them.

    Attributes:
        group_version: The group and version as in `apiVersion`: `apps/v1`.
    """

    __slots__ = ("_factory",)
    group_version: ClassVar[str]

    def __init__(self, factory: InformerProvider) -> None:
        self._factory = factory

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            known = all_of(type(self))
            near = did_you_mean(name, known) or f": it has {', '.join(known)}"
            raise AttributeError(f"{self.group_version} has no informer {name!r}{near}", name=name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.group_version} of {self._factory!r}: {', '.join(all_of(type(self)))}>"
