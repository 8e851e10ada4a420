"""A server in a process of its own. What needs a running process is in the integration tests."""

from __future__ import annotations

import pytest

from kubeloop.testing import ControlPlaneError, ServerProcess


def test_a_server_that_does_not_run_says_so() -> None:
    server = ServerProcess()

    assert repr(server) == "<ServerProcess stopped>"
    with pytest.raises(ControlPlaneError, match="use it inside 'async with' or 'with'"):
        server.pid()


async def test_a_server_that_does_not_run_cannot_be_killed_or_started_again() -> None:
    for use in (ServerProcess().kill(), ServerProcess().restart()):
        with pytest.raises(ControlPlaneError, match="does not run"):
            await use


def test_there_is_no_other_component() -> None:
    with pytest.raises(ValueError, match="no component 'etcd' here; there is: kube-apiserver"):
        ServerProcess().pid("etcd")


def test_a_server_is_started_once() -> None:
    with ServerProcess(controllers=False) as server:
        assert repr(server) == f"<ServerProcess {server.url}>"
        with pytest.raises(ControlPlaneError, match="already running"):
            server.__enter__()
        assert server.log_path.parent == server.kubeconfig.parent == server.data_dir
    assert repr(server) == "<ServerProcess stopped>"
