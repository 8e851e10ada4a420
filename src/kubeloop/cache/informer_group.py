"""`InformerGroup`: the base class of the generated accessors of a group version (`factory.core_v1`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeloop.clients.accessor_group import AccessorGroup

if TYPE_CHECKING:
    from kubeloop.cache.informer_provider import InformerProvider

__all__ = ["InformerGroup"]


class InformerGroup(AccessorGroup):
    """The informers of one group version: a method per resource returns the informer, which all callers share.

    Args:
        factory: Creates the informers and keeps them.
    """

    __slots__ = ("_factory",)
    _accessor = "informer"

    def __init__(self, factory: InformerProvider) -> None:
        self._factory = factory

    def __repr__(self) -> str:
        return self._described(f"of {self._factory!r}")
