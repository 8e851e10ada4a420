"""How kubectl is run: its arguments, its environment, and its failures. A shell script stands in for the program."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubeloop.testing import ControlPlaneError
from kubeloop.testing.controlplane import Kubectl
from kubeloop.testing.controlplane.binaries import cache_directory, cached_program
from kubeloop.testing.controlplane.private_directory import make_private

PROGRAM = """#!/bin/sh
case "$2" in
  show) shift; printf '%s|' "$@"; cat; echo; env | sort ;;
  fail) echo "some output"; echo "the server is out of tea" >&2; exit 3 ;;
  hang) echo "waiting"; exec sleep 60 ;;
esac
"""


@pytest.fixture(autouse=True)
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose cache has a program."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("KUBECONFIG", "/of/the/user")
    monkeypatch.setenv("KUBECTL_TOKEN", "secret")
    program = cached_program()
    make_private(program.parent, cache_directory().parent)
    program.write_text(PROGRAM, encoding="utf-8")
    program.chmod(0o755)


def test_arguments_and_input_are_passed_on_and_nothing_of_the_user_is() -> None:
    first, *environment = Kubectl(Path("/some/config")).run_sync("show", "a b", "-o", "name", input="text").splitlines()
    assert first == "show|a b|-o|name|text"
    settings = dict(line.split("=", 1) for line in environment)
    assert settings.keys() - {"PWD", "SHLVL", "_", "OLDPWD"} == {"HOME", "KUBECONFIG", "KUBERC"}
    assert settings["KUBECONFIG"] == "/some/config"
    assert not Path(settings["HOME"]).exists()


def test_variables_of_the_environment_are_passed_on_and_cannot_replace_those_of_a_run() -> None:
    kubectl = Kubectl(Path("/some/config"), environment={"KUBECTL_APPLYSET": "true", "KUBECONFIG": "/of/the/user"})
    lines = kubectl.run_sync("show").splitlines()
    assert "KUBECTL_APPLYSET=true" in lines
    assert "KUBECONFIG=/some/config" in lines


def test_a_failure_has_the_command_its_status_and_its_output() -> None:
    with pytest.raises(ControlPlaneError) as caught:
        Kubectl(Path("/some/config")).run_sync("fail", "web-0")
    assert str(caught.value).splitlines() == [
        "kubectl fail web-0 ended with 3:",
        "some output",
        "the server is out of tea",
    ]


async def test_a_run_that_takes_too_long_is_killed() -> None:
    with pytest.raises(ControlPlaneError, match=r"kubectl hang did not end within 0\.1 s:\nwaiting"):
        await Kubectl(Path("/some/config")).run("hang", timeout=0.1)
