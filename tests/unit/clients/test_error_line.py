"""The text of an error in a report."""

from __future__ import annotations

from kubeloop import errors
from kubeloop.clients.error_line import error_line


def failure(message: str) -> errors.APIError:
    return errors.Forbidden(errors.StatusDetails(code=403, reason="Forbidden", message=message))


def test_an_error_of_the_server_is_its_message() -> None:
    assert error_line(failure("no")) == "no"
    assert error_line(failure("")) == str(failure(""))
    assert error_line(errors.ConnectionLost("cut")) == "cut"


def test_a_message_is_one_line_and_cannot_write_to_the_terminal() -> None:
    assert error_line(failure("a\\nb\nc \x1b[31md")) == "a b c \\x1b[31md"
