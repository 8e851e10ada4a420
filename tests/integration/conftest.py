"""What tests on the real API server share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

import kubeloop
from tests.support.real_clientset import connect


@pytest_asyncio.fixture
async def clientset(kubeconfig: Path) -> AsyncIterator[kubeloop.Clientset]:
    async with connect(kubeconfig) as clientset:
        yield clientset
