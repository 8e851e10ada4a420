"""AccessorGroup: what the generated groups of a group version have in common, for clients and for informers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NoReturn

from kubeloop._kit.near_names import did_you_mean
from kubeloop.clients.base_resource_client import all_of

__all__ = ["AccessorGroup"]


class AccessorGroup:
    """A method per resource of one group version. The error for an unknown method names those that exist.

    Attributes:
        group_version: The group and version as in `apiVersion`: `apps/v1`.
    """

    __slots__ = ()
    group_version: ClassVar[str]
    _accessor: ClassVar[str] = "resource"

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            known = all_of(type(self))
            near = did_you_mean(name, known) or f": it has {', '.join(known)}"
            raise AttributeError(f"{self.group_version} has no {self._accessor} {name!r}{near}", name=name)

    def _described(self, origin: str) -> str:
        """Return the `repr`: the class, the group version, its origin and the accessors."""
        return f"<{type(self).__name__} {self.group_version} {origin}: {', '.join(all_of(type(self)))}>"
