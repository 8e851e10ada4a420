"""Which errors of discovery may have passed when the next call comes.

Reference: client-go discovery/cached/memory/memcache.go, isTransientError.
"""

from __future__ import annotations

from kubeloop.errors import APIError, TransportError

__all__ = ["is_transient"]


def is_transient(error: Exception) -> bool:
    """Return whether an error may have passed: no response, 429, or 5xx.

    client-go names two errors of connections, refused and reset; here it is every lack of a complete response.
    """
    if isinstance(error, TransportError):
        return True
    return isinstance(error, APIError) and (error.code == 429 or error.code >= 500)
