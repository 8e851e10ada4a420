"""StoredDocument: a response that a server may confirm by its ETag, and where such responses are kept."""

from __future__ import annotations

from typing import Protocol

from kubeloop._kit.value import Value

__all__ = ["DocumentStore", "MemoryDocuments", "StoredDocument"]


class StoredDocument(Value, frozen=True):
    """A response with an ETag: a later request sends the tag, and the server responds 304 if nothing has changed.

    Attributes:
        etag: The ETag, in the form of the header.
        content_type: The content type of the body.
        body: The body.
    """

    etag: str
    content_type: str
    body: bytes

    unshown = frozenset({"body"})


class DocumentStore(Protocol):
    """Keeps responses by name. Losing one is no error."""

    async def load(self, name: str) -> StoredDocument | None:
        """Return the response of a name; None if it is not stored."""
        ...

    async def save(self, name: str, document: StoredDocument) -> None:
        """Store a response, in place of an earlier one."""
        ...


class MemoryDocuments:
    """A store in memory."""

    __slots__ = ("_documents",)

    def __init__(self) -> None:
        self._documents: dict[str, StoredDocument] = {}

    async def load(self, name: str) -> StoredDocument | None:
        """Return the response of a name; None if it is not stored."""
        return self._documents.get(name)

    async def save(self, name: str, document: StoredDocument) -> None:
        """Store a response, in place of an earlier one."""
        self._documents[name] = document

    def __repr__(self) -> str:
        return f"<MemoryDocuments: {len(self._documents)}>"
