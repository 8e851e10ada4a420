"""Making untrusted text (of servers, files, plugins and names) safe for messages, logs and terminals.

Such text may contain an echoed token, line breaks that forge log lines, escape sequences, lone surrogates, or
megabytes. Every exception of kubeloop applies `safe_text` to its message; code that logs or prints calls it.
`wire.redaction` also masks the credentials and contents of one request.
"""

from __future__ import annotations

import re

__all__ = ["MASK", "WINDOW", "counted", "mask_tokens", "printable", "reason_of", "safe_text", "without_cut_token"]

MASK = "<hidden>"
_LIMIT = 4096
WINDOW = 64 * 1024
"""The characters that are examined; later ones are never shown, even if masking shortens the text."""

# A word in lower case after the scheme is English: "Basic authentication failed".
_scheme = re.compile(r"\b((?i:Bearer|Basic))(?:\s+|%20|\+)(?![a-z]{1,20}(?![\w.~+/=-]))[\w.~+/=-]{4,}")
# Words with two dots or more, in which `_without_web_token` looks for a web token.
_dotted = re.compile(r"[\w-]++(?:\.[\w-]*+){2,}+|[\w-]++")
_begin_of_web_token = re.compile(r"(?<![A-Za-z0-9])eyJ[\w-]{5}").search


def counted(number: int, noun: str) -> str:
    """Return a number of things: `"1 event"`, `"15 events"`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def safe_text(text: str, limit: int = _LIMIT) -> str:
    """Return an untrusted text with credentials masked, unprintable characters escaped, and a limited length.

    The time is linear in the length of the text.

    Args:
        text: The text.
        limit: The largest number of characters, before a note on the omitted ones.
    """
    shown = mask_tokens(text[:WINDOW])
    is_cut = len(text) > WINDOW
    if is_cut:
        shown = without_cut_token(shown)
    shown = printable(shown[: limit + 1])
    is_cut = is_cut or len(shown) > limit
    return f"{shown[:limit]}… ({len(text)} characters)" if is_cut else shown


def reason_of(error: Exception) -> str:
    """Return the message of an error as `safe_text`; of an error without a message, what it means."""
    shown = safe_text(str(error))
    return shown or ("no response in time" if isinstance(error, TimeoutError) else type(error).__name__)


def printable(text: str) -> str:
    r"""Return a text with its unprintable characters escaped: `\n`, `\x1b`, `\ud800`."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def without_cut_token(shown: str) -> str:
    """Return the first `WINDOW` characters of a longer text, after masking, without their end.

    A token at the cut is incomplete, and may not have been found.
    """
    return shown[: max(0, len(shown) - WINDOW // 2)]


def mask_tokens(text: str) -> str:
    """Return a text with masks in place of possible credentials: `Bearer ...`, `Basic ...`, JSON web tokens."""
    shown = _scheme.sub(lambda match: f"{match[1]} {MASK}", text)
    return _dotted.sub(_without_web_token, shown) if "eyJ" in shown else shown


def _without_web_token(match: re.Match[str]) -> str:
    """Mask a word from the start of a web token: `eyJ` and five more characters, with two dots after them."""
    word = match[0]
    if "eyJ" not in word:
        return word
    parts = word.split(".")
    at = 0
    for part in parts[:-2]:
        if (found := _begin_of_web_token(part)) is not None:
            return word[: at + found.start()] + MASK
        at += len(part) + 1
    return word


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
