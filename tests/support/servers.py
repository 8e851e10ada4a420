"""The API server that the integration tests run on: the real one, or the one in Python.

A test that kills its server, or needs one with settings of its own, gets it here and runs on both.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from kubeloop.testing import APIServer, ControlPlane, ServerProcess, Storage

__all__ = ["SERVER", "AnyServer", "forgetful_server", "is_python_server", "new_server"]

SERVER = "KUBELOOP_TEST_SERVER"
"""The environment variable that chooses the API server: `real`, or `python` for `kubeloop serve`."""

AnyServer = ControlPlane | ServerProcess


def is_python_server() -> bool:
    """Return whether the tests run on the API server in Python."""
    return os.environ.get(SERVER, "real") == "python"


@asynccontextmanager
async def new_server() -> AsyncIterator[AnyServer]:
    """Run a server of the chosen kind, which the test may kill and start again."""
    async with ServerProcess(tls=True, controllers=False) if is_python_server() else ControlPlane() as server:
        yield server


@asynccontextmanager
async def forgetful_server() -> AsyncIterator[Path]:
    """Run a server whose storage forgets its history every second; yields the path of the kubeconfig."""
    if is_python_server():
        api = APIServer(storage=Storage(compaction_interval=1.0), controllers=())
        async with api.listen(tls=True) as listener:
            yield listener.kubeconfig
        api.close()
    else:
        async with ControlPlane(api_server_args=["--etcd-compaction-interval=1s"]) as plane:
            yield plane.kubeconfig
