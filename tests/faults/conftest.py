"""The transport's tests run on asyncio's own loop and on uvloop, the others on the former."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop

ON_BOTH_LOOPS = {
    "test_kept_connections",
    "test_transport",
    "test_transport_exchanges",
    "test_transport_tls",
    "test_websocket_faults",
}


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Return the loops."""
    if item.path.stem in ON_BOTH_LOOPS:
        return {"asyncio": asyncio.SelectorEventLoop, "uvloop": uvloop.new_event_loop}
    return {"asyncio": asyncio.SelectorEventLoop}


# The first loop of a process opens a pipe for signals that stays open.
uvloop.new_event_loop().close()
