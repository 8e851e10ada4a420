"""The texts of events, as the API server accepts them: valid UTF-8, without control characters, and short enough.

Reference: k8s.io/kubernetes v1.37 pkg/apis/core/validation/events.go (NoteLengthLimit, ReasonLengthLimit,
ActionLengthLimit, ReportingInstanceLengthLimit), which count bytes.
"""

from __future__ import annotations

import re

__all__ = ["ACTION_BYTES", "INSTANCE_BYTES", "NOTE_BYTES", "REASON_BYTES", "cleaned", "encodable", "shortened"]

NOTE_BYTES = 1024
REASON_BYTES = ACTION_BYTES = INSTANCE_BYTES = 128

_controls = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_surrogates = re.compile("[\ud800-\udfff]")


def encodable(text: str) -> str:
    """Return a text that has a form in UTF-8: each lone surrogate becomes U+FFFD."""
    return _surrogates.sub("\N{REPLACEMENT CHARACTER}", text)


def cleaned(text: str) -> str:
    r"""Return an encodable text in which control characters are escaped, such as `\x1b`; line breaks and tabs stay."""
    return _controls.sub(lambda match: f"\\x{ord(match[0]):02x}", encodable(text))


def shortened(text: str, limit: int, *, mark: str = "") -> str:
    """Return a text of at most `limit` bytes of UTF-8; what is too long is cut between two characters.

    Args:
        text: The text, which has a form in UTF-8.
        limit: The largest number of bytes.
        mark: Appended to a text that was cut, within the limit.
    """
    body = text.encode()
    if len(body) <= limit:
        return text
    return body[: limit - len(mark.encode())].decode(errors="ignore") + mark
