"""`Page`: what one ranged read returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from kubeloop.testing.apiserver.storage.stored import Stored

__all__ = ["Page"]


class Page(NamedTuple):
    """Objects of one resource, in etcd's order of keys.

    Attributes:
        items: The objects. The list belongs to the caller.
        revision: The revision that was read.
        remaining: How many objects of the range follow after the last item.
    """

    items: list[Stored]
    revision: int
    remaining: int
