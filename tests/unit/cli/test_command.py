"""The command `kubeloop` itself: version and help."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import kubeloop
from kubeloop.cli import main


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert (caught.value.code, capsys.readouterr().out) == (0, f"kubeloop {kubeloop.__version__}\n")


def test_without_a_subcommand_it_says_its_version_its_purpose_and_its_subcommands(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"kubeloop {kubeloop.__version__}\n")
    assert "client-go for Python" in text
    assert "generate" in text


def test_an_unknown_subcommand_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["generat"])
    assert caught.value.code == 2
    assert "generate" in capsys.readouterr().err


def test_the_package_can_be_run_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "kubeloop"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"kubeloop {kubeloop.__version__}\n")


def test_a_reader_that_ends_early_is_no_error() -> None:
    """As in `kubeloop config view | head -n 1`."""
    readable, writable = os.pipe()
    os.close(readable)
    command = [sys.executable, "-m", "kubeloop", "config", "get-contexts"]
    try:
        done = subprocess.run(command, stdout=writable, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(writable)
    assert (done.returncode, done.stderr) == (1, "")


def test_ctrl_c_ends_the_command_without_a_traceback(tmp_path: Path) -> None:
    pipe = tmp_path / "config"
    os.mkfifo(pipe)
    # A shell starts programs in the background with the signal ignored, and the program of the test inherits that.
    program = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    program += "from kubeloop.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", program, "config", "view", "--kubeconfig", str(pipe)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process,
        pipe.open("w"),  # waits until the command reads
    ):
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=60)
    assert (process.returncode, *output) == (130, "", "")
