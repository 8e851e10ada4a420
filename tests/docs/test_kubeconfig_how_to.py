"""The commands in the how-to for kubeconfigs run, in their order, and print what the page shows."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from kubeloop.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "kubeconfig.md"


def test_the_commands_print_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    shown = "".join(re.findall(r"```console\n(.*?)```", PAGE.read_text(), re.DOTALL))
    commands = re.findall(r"^\$ kubeloop (.*)\n((?:[^$].*\n)*)", shown, re.MULTILINE)
    assert len(commands) >= 8
    for command, output in commands:
        assert main(shlex.split(command)) == 0
        assert capsys.readouterr().out == output
