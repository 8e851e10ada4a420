"""Every async test of the transport runs on asyncio's own loop and on uvloop."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificates import authority, server_context
from tests.support.loops import pytest_asyncio_loop_factories
from tests.support.pooling import Dials
from tests.support.transports import opened_transports

__all__ = ["certified", "dials", "opened_transports", "pytest_asyncio_loop_factories"]


@pytest.fixture
def certified(tmp_path: Path) -> Callable[..., ssl.SSLContext]:
    """Return contexts for servers, with certificates as they are ordered (`Authority.sign`; `by`, `clients`)."""

    def context(name: str = "server", **options: Any) -> ssl.SSLContext:
        clients = options.pop("clients", None)
        pair = options.pop("by", authority()).sign(name, **options)
        return server_context(pair, tmp_path, clients_of=clients)

    return context


@pytest.fixture
def dials() -> Iterator[Dials]:
    """Return a dialer whose connections have no sockets."""
    dials = Dials()
    yield dials
    dials.close()
