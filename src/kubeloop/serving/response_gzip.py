"""Compressing large responses, by the rules of k8s.io/apiserver.

Reference: pkg/endpoints/handlers/responsewriters (deferredResponseWriter, ContentEncodingSupported). Compressed streams
of events are up to the handler.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncGenerator, Mapping
from typing import Final

from kubeloop.wire.response import Headers, Response

__all__ = ["THRESHOLD_BYTES", "accepts_gzip", "gzip_headers", "gzip_pieces"]

THRESHOLD_BYTES: Final = 128 * 1024
"""Bodies of more bytes are compressed."""

_LEVEL = 1
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
# What the slowest processors compress in some milliseconds.
_STEP_BYTES = 1 << 18


def accepts_gzip(headers: Mapping[str, str], response: Response) -> bool:
    """Return whether this response is sent compressed.

    Args:
        headers: Those of the request, of which the first `Accept-Encoding` counts. A quality is not understood.
        response: The response, with a body of more than `THRESHOLD_BYTES`.
    """
    accepted = headers.get("accept-encoding", "")
    return "content-encoding" not in response.headers and any(
        coding.strip() == "gzip" for coding in accepted.split(",")
    )


def gzip_headers(headers: Headers) -> Headers:
    """Return the headers of the compressed form of a response."""
    return Headers([*headers.pairs, ("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")])


async def gzip_pieces(body: bytes) -> AsyncGenerator[bytes]:
    """Yield a body, compressed in steps between which other tasks run."""
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    view = memoryview(body)
    for at in range(0, len(view), _STEP_BYTES):
        if piece := compressor.compress(view[at : at + _STEP_BYTES]):
            yield piece
        await asyncio.sleep(0)
    yield compressor.flush()
