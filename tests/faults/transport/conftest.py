"""Every async test of this folder runs on asyncio's own loop and on uvloop, and most use HTTP and TLS."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from tests.support.certificates import authority, server_context
from tests.support.loops import pytest_asyncio_loop_factories
from tests.support.transports import opened_transports

__all__ = ["opened_transports", "pytest_asyncio_loop_factories", "tls"]


@pytest.fixture(params=["http", "tls"])
def tls(request: pytest.FixtureRequest, tmp_path: Path) -> ssl.SSLContext | None:
    """Return the server's side of TLS, or None for HTTP without it."""
    return server_context(authority().sign("server"), tmp_path) if request.param == "tls" else None
