"""`InstallHint`: the text of a kubeconfig that says how to install a missing exec plugin, made safe and shown rarely.

Reference: client-go plugin/pkg/client/auth/exec/exec.go, sometimes; tools/clientcmd/client_config.go,
cleanANSIEscapeCodes.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["InstallHint"]

_PER_HOUR: Final = 10
_HOUR: Final = 3600.0
_LONGEST: Final = 2048
# Sequences that move the cursor, colour the text or set the title of a terminal.
_SEQUENCE = re.compile(r"(?:\x1b\[|\x9b)[0-?]*+[ -/]*+[@-~]?|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*+(?:\x07|\x1b\\|\x9c)?")


class InstallHint:
    """A hint that is shown at most ten times per hour, so that a controller does not fill its log with it.

    Args:
        text: The text from the kubeconfig. Control characters and terminal sequences are removed, line breaks become
            spaces, and at most 2,048 characters are used.
    """

    __slots__ = ("_shown", "_text", "_window")

    def __init__(self, text: str) -> None:
        plain = _SEQUENCE.sub("", text[:_LONGEST])
        words = "".join(char if char.isprintable() else " " if char.isspace() else "" for char in plain).split()
        self._text = " ".join(words)
        self._shown = 0
        self._window: float | None = None

    def __repr__(self) -> str:
        return f"<InstallHint, shown {self._shown} times in this hour>"

    def take(self, now: float) -> str:
        """Return the hint, and count that it is shown; `""` if there is none, or if it was shown often enough.

        Args:
            now: The time of the event loop in seconds. The hour begins with the first call.
        """
        if not self._text:
            return ""
        # Another event loop may have another clock, whose time may be before the window.
        if self._window is None or not 0 <= now - self._window < _HOUR:
            self._window, self._shown = now, 0
        if self._shown == _PER_HOUR:
            return ""
        self._shown += 1
        return self._text
