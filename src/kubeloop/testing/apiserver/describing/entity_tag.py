"""Entity tags: the hash of a document, and the response 304 to a client that has it.

Reference: kube-openapi pkg/handler3 (computeETag), apiserver pkg/endpoints/discovery/aggregated (ServeHTTPWithETag), Go
net/http (ServeContent).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from kubeloop.wire.response import Headers, Response

__all__ = ["entity_hash", "if_changed"]


def entity_hash(body: bytes) -> str:
    """Return the SHA-512 of a document in upper-case hexadecimal digits."""
    return hashlib.sha512(body).hexdigest().upper()


def if_changed(sent: str | None, tag: str, headers: Iterable[tuple[str, str]], body: bytes) -> Response:
    """Return the document, or 304 without a body if the client has it.

    Args:
        sent: The `If-None-Match` header of the request; None without one.
        tag: The hash of the document, without quotes.
        headers: The headers of the response, except its `Etag`, which is added.
        body: The document.
    """
    tagged = (*headers, ("Etag", f'"{tag}"'))
    if sent is not None and _has(sent, f'"{tag}"'):
        return Response(304, Headers(pair for pair in tagged if pair[0] != "Content-Type"))
    return Response(200, Headers(tagged), body)


def _has(sent: str, quoted: str) -> bool:
    tags = {one.strip().removeprefix("W/") for one in sent.split(",")}
    return bool(tags & {quoted, "*"})
