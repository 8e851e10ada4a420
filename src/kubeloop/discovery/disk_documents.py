"""DiskDocuments: responses with ETags in files that prove by a checksum that they are whole.

Reference: client-go discovery/cached/disk/round_tripper.go (sumDiskCache).
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from kubeloop._kit import waiting
from kubeloop.discovery.stored_document import StoredDocument
from kubeloop.objects.type_guards import is_dict

if TYPE_CHECKING:
    from kubeloop.discovery.cache_files import CacheFiles

__all__ = ["DiskDocuments"]

_SUM_BYTES = 32
_FIELDS = {"name", "etag", "contentType"}
_NAME = re.compile(r"[0-9a-f]{64}(\.[0-9a-f]+\.tmp)?")
_MONTH = 30 * 24 * 3600.0


class DiskDocuments:
    """A store of responses in files. A file that is not whole, or that belongs to another name, is not used.

    A file is a checksum, a line of JSON (name, ETag, content type) and the body. Documents that were not written for a
    month are removed, once per program: each change of a schema leaves one behind.

    Args:
        files: Where the files are.
        server: What is part of each name, so that servers share no file.
    """

    __slots__ = ("_files", "_has_cleaned", "_server")

    def __init__(self, files: CacheFiles, server: str) -> None:
        self._files = files
        self._server = server
        self._has_cleaned = False

    async def load(self, name: str) -> StoredDocument | None:
        """Return the response of a name; None if it is not stored, or not whole."""
        await waiting.let_others_run()
        found = self._files.read(self._file(name))
        if found is None:
            return None
        data = found[0]
        if hashlib.sha256(data[_SUM_BYTES:]).digest() != data[:_SUM_BYTES]:
            return None
        head, _, body = data[_SUM_BYTES:].partition(b"\n")
        about: Any = _parsed(head)
        if not is_dict(about) or about.keys() != _FIELDS or about["name"] != self._named(name):
            return None  # of another release, or of another program
        if not all(isinstance(value, str) for value in about.values()):
            return None
        return StoredDocument(about["etag"], about["contentType"], body)

    async def save(self, name: str, document: StoredDocument) -> None:
        """Store a response, in place of an earlier one."""
        await waiting.let_others_run()
        about = {"name": self._named(name), "etag": document.etag, "contentType": document.content_type}
        data = b"%b\n%b" % (json.dumps(about).encode(), document.body)
        self._files.write(self._file(name), hashlib.sha256(data).digest() + data)
        if not self._has_cleaned:
            self._has_cleaned = True
            self._files.remove_older(_MONTH, _NAME)

    def _named(self, name: str) -> str:
        return f"{self._server} {name}"

    def _file(self, name: str) -> str:
        return hashlib.sha256(self._named(name).encode()).hexdigest()

    def __repr__(self) -> str:
        return f"<DiskDocuments in {self._files.directory}>"


def _parsed(head: bytes) -> Any:
    try:
        return json.loads(head)
    except (ValueError, RecursionError):
        return None
