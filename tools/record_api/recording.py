"""The two recorded files: JSON in gzip for what each start needs, and the OpenAPI documents in xz.

The first line says how a file was made. That of the OpenAPI documents has their lengths too; the documents follow.
In the other file a line with the facts follows, and one with the objects, so that either is parsed alone.
"""

from __future__ import annotations

import gzip
import json
import lzma
from collections.abc import Mapping, Sequence
from typing import Any

ABOUT = "Written by make record-api from kube-apiserver {}. Do not edit."


def write_server(served: Mapping[str, Any], objects: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the file of groups, resources, checks and objects."""
    parts = (ABOUT.format(served["kubernetes"]), served, objects)
    lines = (json.dumps(part, separators=(",", ":")) + "\n" for part in parts)
    return gzip.compress("".join(lines).encode(), compresslevel=9, mtime=0)


def write_openapi(documents: Mapping[str, bytes], kubernetes: str) -> bytes:
    """Return the file of OpenAPI documents."""
    lengths = {path: len(document) for path, document in documents.items()}
    head = json.dumps({"about": ABOUT.format(kubernetes), "lengths": lengths}, separators=(",", ":"))
    return lzma.compress(b"".join([head.encode(), b"\n", *documents.values()]), preset=9 | lzma.PRESET_EXTREME)


def content_of(file: bytes) -> bytes:
    """Return the content of a file of either kind, which other versions of the libraries compress in other ways."""
    return gzip.decompress(file) if file.startswith(b"\x1f\x8b") else lzma.decompress(file)
