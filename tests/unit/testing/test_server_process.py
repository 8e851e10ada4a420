"""A server in a process of its own. What needs a running process is in the integration tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubeloop.testing import ControlPlaneError, ServerProcess
from kubeloop.testing.server_process import is_written


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


def test_a_certificate_is_read_when_all_of_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "ca.crt"
    found = [is_written(path)]
    begin = "-----BEGIN CERTIFICATE-----\nMIIB"
    for text in ("", begin, f"{begin}\n-----END CERTIFICATE-----\n"):
        path.write_text(text)
        found.append(is_written(path))
    assert found == [False, False, False, True]
