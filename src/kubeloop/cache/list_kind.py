"""`ListKind`: of which kind the lists of a resource without a model are, learned from what the server sent before."""

from __future__ import annotations

from typing import Any

from kubeloop.errors import DecodeError
from kubeloop.scheme import Scheme

__all__ = ["ListKind"]


class ListKind:
    """Finds out whether a body is a list of the resource that was asked for.

    A list of another kind says nothing about the objects of the resource: it would report them as deleted. The first
    list shows the kind of all lists, unless a list was streamed before: the kind of its objects leads to that of the
    lists. The lists of a custom resource may have any name, so they need no more than the same apiVersion, and
    objects of the same kind if they have any.
    """

    __slots__ = ("_of_lists", "_of_objects")

    def __init__(self) -> None:
        self._of_lists: tuple[str, str] | None = None
        self._of_objects: tuple[str, str] | None = None

    def __repr__(self) -> str:
        return f"<ListKind {self._of_lists or self._of_objects or 'not known yet'}>"

    def streamed(self, api_version: str, kind: str) -> None:
        """Record the kind of an object of a streamed list."""
        self._of_objects = (api_version, kind)

    def check(self, page: Any) -> None:
        """Check the kind of a page of a list, and remember it.

        Raises:
            DecodeError: It is a list of another kind.
        """
        named = (page.api_version, page.kind)
        if named == self._of_lists:
            return
        if self._of_lists is not None:
            raise DecodeError(f"expected {' '.join(self._of_lists)} as before, got {' '.join(named)}")
        if self._of_objects is not None and not self._is_of_objects(page):
            raise DecodeError(f"expected a list of {' '.join(self._of_objects)}, got {' '.join(named)}")
        self._of_lists = named

    def _is_of_objects(self, page: Any) -> bool:
        assert self._of_objects is not None
        api_version, kind = self._of_objects
        if page.api_version != api_version:
            return False
        if page.kind == f"{kind}List":
            return True
        if Scheme().lookup(api_version, kind) is not None:
            return False
        return not page.items or (page.items[0].api_version, page.items[0].kind) == self._of_objects
