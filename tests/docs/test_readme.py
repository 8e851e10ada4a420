"""The programs of the README run on `kubeloop serve` as the README says, and its test passes.

tests/integration/test_examples.py runs the programs on the real API server.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.support.markdown import ROOT, printed, programs

README = ROOT / "README.md"
PROGRAMS = programs(README)


@pytest.fixture(scope="module")
def kubeconfig() -> Iterator[str]:
    """Run `kubeloop serve` and return the path that it prints."""
    command = [sys.executable, "-m", "kubeloop", "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def run(title: str, kubeconfig: str) -> list[str]:
    """Run a program of the README and return the lines that it prints."""
    environment = {**os.environ, "KUBECONFIG": kubeconfig}
    command = [sys.executable, "-c", PROGRAMS[title]]
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()


def test_the_first_program_prints_what_the_page_shows(kubeconfig: str) -> None:
    assert run("paint.py", kubeconfig) == printed(README, "paint.py")


def test_the_controller_works(kubeconfig: str) -> None:
    assert run("controller.py", kubeconfig) == ["default/kubernetes: 10.0.0.1, 1 port"]


def test_the_test_passes(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(PROGRAMS["test_mark.py"])
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_the_programs_are_those_that_the_tests_run() -> None:
    assert sorted(PROGRAMS) == ["controller.py", "paint.py", "test_mark.py"]
