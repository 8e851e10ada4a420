"""`log_to_stderr`, the quick switch for scripts."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest

import kubeloop
from kubeloop.cli import main

LOGGER = logging.getLogger("kubeloop")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    level, handlers = LOGGER.level, list(LOGGER.handlers)
    yield
    LOGGER.setLevel(level)
    LOGGER.handlers[:] = handlers


@pytest.mark.parametrize(
    ("name", "level"),
    [("error", logging.ERROR), ("Warning", logging.WARNING), ("INFO", logging.INFO), ("debug", 10), ("trace", 5)],
)
def test_the_environment_variable_chooses_the_level(monkeypatch: pytest.MonkeyPatch, name: str, level: int) -> None:
    monkeypatch.setenv("KUBELOOP_LOG", name)
    kubeloop.log_to_stderr()
    assert LOGGER.getEffectiveLevel() == level


@pytest.mark.parametrize("value", [None, ""])
def test_without_the_variable_nothing_happens(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.delenv("KUBELOOP_LOG", raising=False)
    if value is not None:
        monkeypatch.setenv("KUBELOOP_LOG", value)
    before = LOGGER.level
    kubeloop.log_to_stderr()
    assert (LOGGER.level, LOGGER.handlers) == (before, [])


def test_the_argument_takes_precedence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBELOOP_LOG", "error")
    kubeloop.log_to_stderr("info")
    assert LOGGER.level == logging.INFO


def test_an_unknown_level_is_refused_with_its_source(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"^level: expected one of error, warning, info, debug, trace, got 'loud'$"):
        kubeloop.log_to_stderr("loud")
    monkeypatch.setenv("KUBELOOP_LOG", "9")
    with pytest.raises(ValueError, match=r"^KUBELOOP_LOG: expected one of .*, got '9'$"):
        kubeloop.log_to_stderr()


def test_a_program_that_configured_logging_gets_no_second_handler() -> None:
    # pytest has a handler in the root logger.
    kubeloop.log_to_stderr("debug")
    assert LOGGER.handlers == []


PROGRAM = """
import logging, kubeloop
kubeloop.{call}
kubeloop.{call}
logging.getLogger("kubeloop.rest.request_log").debug("a line")
logging.getLogger("kubeloop.rest.request_log").log(5, "a fine line")
"""


def written(call: str, level: str) -> str:
    program = PROGRAM.format(call=call)
    env = {"KUBELOOP_LOG": level, "PYTHONPATH": ":".join(sys.path)}
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=env).stderr


def test_lines_are_written_once_to_standard_error() -> None:
    line, fine = written("log_to_stderr()", "trace").splitlines()
    assert line.endswith(" DEBUG kubeloop.rest.request_log: a line")
    assert fine.endswith(" TRACE kubeloop.rest.request_log: a fine line")


def test_the_variable_alone_changes_nothing() -> None:
    assert written("__version__", "trace") == ""


def test_the_command_reads_the_variable(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("KUBELOOP_LOG", "loud")
    assert main(["generate", "--crd", "missing.yaml", "--out", "nowhere"]) == 1
    assert capsys.readouterr().err.startswith("kubeloop: KUBELOOP_LOG: expected one of error, warning, info, debug")
