"""Warnings that the server sends with a response: deprecated APIs, unknown fields, risky settings.

A handler is any function that takes a `ServerWarning`; `Config.warning_handler` sets it.

Reference: client-go rest/warnings.go. Intended difference: the default logs each text once per client, so that a
controller does not fill its log with one deprecation.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from kubeloop.wire.response import ServerWarning

__all__ = ["ServerWarning", "WarningHandler", "WarningLogger", "ignore_warnings"]

WarningHandler = Callable[[ServerWarning], None]

logger = logging.getLogger(__name__)
_MAX_REMEMBERED = 1000


class WarningLogger:
    """Log each warning with code 299 (what API servers send) once, at WARNING."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def __call__(self, warning: ServerWarning) -> None:
        """Log the warning unless its text was logged before."""
        if warning.code != 299 or not warning.text or warning.text in self._seen:
            return
        if len(self._seen) >= _MAX_REMEMBERED:
            self._seen.clear()
        self._seen.add(warning.text)
        logger.warning("the API server warns: %s", warning.text)

    def __repr__(self) -> str:
        return f"<WarningLogger: {len(self._seen)} logged>"


def ignore_warnings(warning: ServerWarning) -> None:
    """Handle warnings by doing nothing."""
    del warning
