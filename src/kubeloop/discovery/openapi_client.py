"""OpenAPIClient: the OpenAPI v3 schemas of a server, one document per group version, read when they are needed.

Reference: client-go openapi, openapi/cached, openapi3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from kubeloop.discovery.confirmed_get import confirmed_get
from kubeloop.discovery.openapi_index import (
    OpenAPIIndex,
    group_version_of_path,
    path_of_group_version,
    read_index,
    schema_of_kind,
)
from kubeloop.discovery.shared_read import ReadValue, SharedRead
from kubeloop.errors import NoMatch, StatusDetails
from kubeloop.meta.gvk import GroupVersion, GroupVersionKind, GroupVersionResource, group_version_of
from kubeloop.rest.server_client import ServerClient

if TYPE_CHECKING:
    from kubeloop.discovery.stored_document import DocumentStore
    from kubeloop.rest.client import RESTClient
    from kubeloop.rest.result import Result

__all__ = ["OpenAPIClient"]

_INDEX = "/openapi/v3"
_JSON: type[dict[str, Any]] = dict
_TIMEOUT = 32.0
T = TypeVar("T")


class OpenAPIClient(ServerClient):
    """The OpenAPI v3 schemas of a server: `await clientset.openapi.schema("apps/v1")`. Arguments as of `ServerClient`.

    The index is read by the first call, and each document when it is first asked for. The address of a document has a
    hash of its content, so a document is read again only when it has changed. If the index
    does not have a group version, it is read again, in case the CRD is new, and so it is after `invalidate()`.

    Concurrency: One event loop, any number of calls at once, which share each request.

    Reference: client-go `openapi.Client`, `openapi3.Root`.
    """

    _index: SharedRead[OpenAPIIndex] | None = None
    _documents: dict[str, SharedRead[Mapping[str, Any]]] | None = None
    _store: DocumentStore | None = None

    @classmethod
    def with_store(cls, rest: RESTClient, store: DocumentStore | None) -> OpenAPIClient:
        """Create a client that keeps documents in a store, such as `DiskCache.documents_of(config)`."""
        self = cls.from_rest(rest)
        self._store = store
        return self

    def invalidate(self) -> None:
        """Drop the index, so that the next call reads it; documents that have not changed are kept."""
        self._shared_index.drop()

    async def paths(self) -> OpenAPIIndex:
        """Return the addresses of all documents by their paths, such as `"apis/apps/v1"` and `"version"`.

        Raises:
            APIError, TransportError, DecodeError: The index cannot be read.
        """
        return await self._shared_index.get()

    async def group_versions(self) -> tuple[GroupVersion, ...]:
        """Return the group versions that have a document, sorted by their text.

        Raises:
            APIError, TransportError, DecodeError: The index cannot be read.
        """
        found = (group_version_of_path(path) for path in await self.paths())
        return tuple(sorted({each for each in found if each is not None}, key=str))

    async def schema(
        self, group_version: str | GroupVersion | GroupVersionKind | GroupVersionResource
    ) -> Mapping[str, Any]:
        """Return the OpenAPI document of a group version, as JSON data that the caller must not change.

        Args:
            group_version: `"apps/v1"`, a `GroupVersion`, or a kind or resource of it.

        Raises:
            NoMatch: The server has no document of the group version.
            APIError, TransportError, DecodeError: It cannot be read.
        """
        wanted = group_version_of(group_version)
        path = path_of_group_version(wanted)
        index = self._shared_index
        moment = index.moment()
        address = (await index.get()).get(path)
        if address is None:
            address = (await index.get(since=moment)).get(path)
        if address is None:
            message = f"the server at {self._rest.config.host} has no OpenAPI schema of {wanted}"
            raise NoMatch(StatusDetails(code=404, reason="NotFound", message=message, group=wanted.group))
        return await self._document(address)

    async def schema_of(self, kind: GroupVersionKind) -> Mapping[str, Any]:
        """Return the schema of a kind. References in it (`$ref`) are names in the document that `schema` returns.

        Raises:
            NoMatch: The server has no schema of the kind.
            APIError, TransportError, DecodeError: It cannot be read.
        """
        found = schema_of_kind(await self.schema(kind), kind)
        if found is None:
            message = f"the server at {self._rest.config.host} has no OpenAPI schema of {kind}"
            raise NoMatch(StatusDetails(code=404, reason="NotFound", message=message, group=kind.group, kind=kind.kind))
        return found[1]

    @property
    def _shared_index(self) -> SharedRead[OpenAPIIndex]:
        if self._index is None:
            self._index = SharedRead(self._read_index)
        return self._index

    async def _document(self, address: str) -> Mapping[str, Any]:
        if self._documents is None:
            self._documents = {}
        shared = self._documents.get(address)
        if shared is None:

            async def read(_: bool) -> ReadValue[Mapping[str, Any]]:
                return ReadValue(await self._get(address, _data, is_immutable="hash=" in address), is_live=True)

            shared = self._documents[address] = SharedRead(read)
        return await shared.get()

    async def _read_index(self, _: bool) -> ReadValue[OpenAPIIndex]:
        prefix = urlsplit(self._rest.config.host).path.rstrip("/")
        index = await self._get(_INDEX, lambda result: read_index(_data(result), prefix), is_immutable=False)
        known = frozenset(index.values())
        self._documents = {address: each for address, each in (self._documents or {}).items() if address in known}
        return ReadValue(index, is_live=True)

    async def _get(self, address: str, read: Callable[[Result], T], *, is_immutable: bool) -> T:
        timeout = self._rest.config.timeout or _TIMEOUT
        accept = self._rest.serializers.accept(_JSON)
        return await confirmed_get(
            self._rest, address, accept, self._store, read=read, timeout=timeout, is_immutable=is_immutable
        )


def _data(result: Result) -> Mapping[str, Any]:
    found: Mapping[str, Any] = result.read(_JSON)
    return found
