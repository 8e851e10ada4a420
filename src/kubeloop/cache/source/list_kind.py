"""`ListKind`: decides, without input and output, whether a list or an object is of the resource that was requested."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kubeloop.clients.resource_lookup import plural_of
from kubeloop.errors import DecodeError

if TYPE_CHECKING:
    from kubeloop.clients.resource_info import ResourceInfo

__all__ = ["ListKind"]

_LIST = "List"


class ListKind:
    """Checks responses for a resource without a model: a list of another kind would report every object as deleted.

    Nothing is learned from a response alone. A kind is believed if its plural, as Kubernetes forms plurals, is the name
    of the resource, or if discovery names it. Everything else is refused; the caller then asks discovery, passes the
    result to `discovered`, and checks again.

    The lists of a custom resource may have a name of their own, which discovery does not contain. Such a list is
    believed if it is not named after another kind of the same version and its objects are of the kind. Without objects,
    it is believed as the first response, when there is nothing that it could delete, or if a list of its name was
    believed before.

    Args:
        info: The resource, and its kind if that is known.
    """

    __slots__ = ("_api_version", "_is_first", "_kind", "_kinds", "_list_kind", "_plural")

    def __init__(self, info: ResourceInfo) -> None:
        self._api_version = str(info.group_version)
        self._plural = info.plural
        self._kind = info.kind
        self._kinds: Mapping[str, str] = {}
        self._list_kind = ""
        self._is_first = True

    def __repr__(self) -> str:
        return f"<ListKind of {self._api_version} {self._plural}: {self._list_kind or self._kind or 'not known yet'}>"

    def discovered(self, kinds: Mapping[str, str]) -> None:
        """Record what discovery says: the kinds of the version, by plural."""
        self._kinds = kinds
        self._kind = kinds.get(self._plural, self._kind)

    def check_object(self, api_version: str, kind: str) -> None:
        """Check the kind of the object of an event.

        Raises:
            DecodeError: It is an object of another kind.
        """
        if not (self._is_version(api_version) and (not kind or self._is_kind(kind))):
            raise self._unexpected(api_version, kind, self._kind or f"an object of {self._plural}")
        self._is_first = False

    def check_list(self, api_version: str, kind: str, item: tuple[str, str] | None) -> None:
        """Check the kind of a page of a list.

        Args:
            api_version: The apiVersion of the list.
            kind: The kind of the list.
            item: The apiVersion and the kind of its first item; None if it has no items.

        Raises:
            DecodeError: It is a list of another kind.
        """
        if self._is_version(api_version) and kind.endswith(_LIST):
            is_regular = self._is_kind(kind.removesuffix(_LIST))
            if is_regular or kind == self._list_kind or self._has_own_name(kind, item):
                self._is_first = False
                self._list_kind = self._list_kind if is_regular else kind
                return
        raise self._unexpected(api_version, kind, f"{self._kind}{_LIST}" if self._kind else f"a list of {self._plural}")

    def _has_own_name(self, kind: str, item: tuple[str, str] | None) -> bool:
        if self._plural not in self._kinds or any(kind == f"{other}{_LIST}" for other in self._kinds.values()):
            return False
        return self._is_first if item is None else item == (self._api_version, self._kind)

    def _is_version(self, api_version: str) -> bool:
        return not api_version or api_version == self._api_version

    def _is_kind(self, kind: str) -> bool:
        return kind == self._kind if self._kind else plural_of(kind) == self._plural

    def _unexpected(self, api_version: str, kind: str, expected: str) -> DecodeError:
        got = " ".join(filter(None, (api_version, kind)))
        return DecodeError(f"expected {expected} in {self._api_version}, got {got}")
