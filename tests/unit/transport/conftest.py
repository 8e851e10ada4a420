"""Every async test of the transport runs on asyncio's own loop and on uvloop."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import uvloop

from tests.support.certificates import authority, server_context


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Return the loops."""
    return {"asyncio": asyncio.SelectorEventLoop, "uvloop": uvloop.new_event_loop}


# The first loop of a process opens a pipe for signals that stays open.
uvloop.new_event_loop().close()


@pytest.fixture
def certified(tmp_path: Path) -> Callable[..., ssl.SSLContext]:
    """Return contexts for servers, with certificates as they are ordered (`Authority.sign`; `by`, `clients`)."""

    def context(name: str = "server", **options: Any) -> ssl.SSLContext:
        clients = options.pop("clients", None)
        pair = options.pop("by", authority()).sign(name, **options)
        return server_context(pair, tmp_path, clients_of=clients)

    return context
