"""The options of `kubeloop serve`. What needs a process is in the integration tests."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from kubeloop.cli import main


@pytest.mark.parametrize("port", ["-1", "65536", "x", "1.5"])
def test_a_port_that_cannot_exist_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["serve", f"--port={port}"])

    assert caught.value.code == 2
    assert "argument --port" in capsys.readouterr().err


def test_a_directory_that_cannot_be_opened_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()

    assert main(["serve", "--data", str(tmp_path / "file")]) != 0

    [line] = capsys.readouterr().err.splitlines()
    assert line == f"kubeloop: cannot open the storage: File exists: {tmp_path / 'file'}"


def test_a_port_in_use_is_one_line_and_the_directory_is_free_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        for _ in range(2):
            assert main(["serve", "--data", str(tmp_path), "--port", str(port)]) != 0
            [line] = capsys.readouterr().err.splitlines()
            assert line == f"kubeloop: cannot listen on port {port}: the address is in use; choose another --port"


def test_a_token_needs_tls(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--token", "secret"]) != 0

    assert "a token needs TLS" in capsys.readouterr().err
