"""The OpenAPI v3 documents, without descriptions. They are read at the first request for one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

__all__ = ["openapi_documents"]

FILE = Path(__file__).parent / "openapi.json.xz"


@cache
def openapi_documents() -> Mapping[str, bytes]:
    """Return each document as JSON by its path, such as `apis/apps/v1`; the paths are sorted."""
    import lzma  # some builds of Python lack it

    head, _, body = lzma.decompress(FILE.read_bytes()).partition(b"\n")
    lengths: Mapping[str, int] = json.loads(head)["lengths"]
    documents: dict[str, bytes] = {}
    at = 0
    for path, length in lengths.items():
        documents[path] = body[at : at + length]
        at += length
    return documents
