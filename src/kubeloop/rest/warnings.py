"""Warnings that the server sends with a response: deprecated APIs, unknown fields, risky settings.

A handler is any function that takes a `ServerWarning`; `Config.warning_handler` sets that of a client, and the argument
`warning_handler` that of one request.
Reference: client-go rest/warnings.go. Intended differences: there is no handler for the whole process, and the default
logs each text once per client, so that a controller does not fill its log with one deprecation.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TextIO

from kubeloop.wire.response import ServerWarning

__all__ = ["ServerWarning", "WarningHandler", "WarningLogger", "WarningWriter", "ignore_warnings"]

WarningHandler = Callable[[ServerWarning], None]
"""A function that is called with each warning of a response. The call raises what the function raises."""

logger = logging.getLogger(__name__)

_MAX_REMEMBERED = 1000
_YELLOW = "\x1b[33;1m"
_RESET = "\x1b[0m"


class _NewTexts:
    """Recognises the texts of warnings for people, and which of them were seen before."""

    __slots__ = ("seen",)

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def accepts(self, warning: ServerWarning, *, repeated: bool) -> bool:
        """Return whether to show a warning: its code is 299, which API servers send, and its text is new.

        Args:
            warning: The warning.
            repeated: Whether to show a text again.
        """
        if warning.code != 299 or not warning.text:
            return False
        if repeated:
            return True
        if warning.text in self.seen:
            return False
        if len(self.seen) >= _MAX_REMEMBERED:
            self.seen.clear()
        self.seen.add(warning.text)
        return True


class WarningLogger:
    """Log each warning with code 299 (what API servers send) once, at WARNING: the default of a client."""

    __slots__ = ("_texts",)

    def __init__(self) -> None:
        self._texts = _NewTexts()

    def __call__(self, warning: ServerWarning) -> None:
        """Log the warning unless its text was logged before."""
        if self._texts.accepts(warning, repeated=False):
            logger.warning("the API server warns: %s", warning.text)

    def __repr__(self) -> str:
        return f"<WarningLogger: {len(self._texts.seen)} logged>"


class WarningWriter:
    """Write each warning with code 299 as a line `Warning: text`, as kubectl does; for commands.

        writer = kubeloop.WarningWriter(sys.stderr, color=sys.stderr.isatty())
        config = config.replace(warning_handler=writer)

    Args:
        out: Where the lines go.
        deduplicate: Whether a text is written once. At most 1,000 texts are remembered.
        color: Whether `Warning:` is yellow and bold, by ANSI escape codes.

    Attributes:
        count: The number of lines that were written.

    Reference: client-go rest.NewWarningWriter. Intended difference: a text is written once unless `deduplicate` is
        False.
    """

    __slots__ = ("_color", "_deduplicate", "_out", "_texts", "count")

    def __init__(self, out: TextIO, *, deduplicate: bool = True, color: bool = False) -> None:
        self._out = out
        self._deduplicate = deduplicate
        self._color = color
        self._texts = _NewTexts()
        self.count = 0

    def __call__(self, warning: ServerWarning) -> None:
        """Write the warning unless its text was written before."""
        if self._texts.accepts(warning, repeated=not self._deduplicate):
            self.count += 1
            begin = f"{_YELLOW}Warning:{_RESET}" if self._color else "Warning:"
            self._out.write(f"{begin} {warning.text}\n")

    def __repr__(self) -> str:
        return f"<WarningWriter: {self.count} written>"


def ignore_warnings(warning: ServerWarning) -> None:
    """Handle warnings by doing nothing."""
    del warning
