"""The door for outside text: what servers, files, plugins and names say, made fit for messages, logs and terminals.

Outside text may hold a token that somebody echoes, line breaks and escape sequences that forge log lines or drive a
terminal, lone surrogates that cannot be printed, or a megabyte. What passes here is masked, printable and bounded, in
time that is linear in the text. Every exception of kubeloop passes its message through here by itself; what is logged
or printed beside exceptions is passed by whoever does so.

What one request's own credentials and contents are is known to `wire.redaction`, which masks those as well.
"""

from __future__ import annotations

import re

__all__ = ["MASK", "mask_tokens", "printable", "safe_text"]

MASK = "<hidden>"
_LIMIT = 4096
# What is looked at; more of a text is never shown, whatever masking may shorten.
_WINDOW = 64 * 1024

# A word in lower case after the scheme is English: "Basic authentication failed".
_scheme = re.compile(r"\b((?i:Bearer|Basic))(?:\s+|%20|\+)(?![a-z]{1,20}(?![\w.~+/=-]))[\w.~+/=-]{4,}")
# Words with two dots or more; whether one holds a web token is for `_without_web_token`, which reads it once.
_dotted = re.compile(r"[\w-]++(?:\.[\w-]*+){2,}+|[\w-]++")
_begin_of_web_token = re.compile(r"(?<![A-Za-z0-9])eyJ[\w-]{5}").search


def safe_text(text: str, limit: int = _LIMIT) -> str:
    """Return what may be shown of an outside text: masked, printable and bounded.

    Args:
        text: Anything.
        limit: Characters that are shown at most, beside a word on what is left out.
    """
    shown = mask_tokens(text[:_WINDOW])
    is_cut = len(text) > _WINDOW
    if is_cut:
        # The cut may have gone through a token, which then was not found; it is somewhere at the end.
        shown = shown[: max(0, len(shown) - _WINDOW // 2)]
    shown = printable(shown[: limit + 1])
    is_cut = is_cut or len(shown) > limit
    return f"{shown[:limit]}… ({len(text)} characters)" if is_cut else shown


def printable(text: str) -> str:
    r"""Return a text with everything escaped that is not printable: `\n`, `\x1b`, `\ud800`."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def mask_tokens(text: str) -> str:
    """Return a text without what looks like a credential: `Bearer ...`, `Basic ...`, a JSON web token."""
    shown = _scheme.sub(lambda match: f"{match[1]} {MASK}", text)
    return _dotted.sub(_without_web_token, shown) if "eyJ" in shown else shown


def _without_web_token(match: re.Match[str]) -> str:
    """Mask a word from where a web token begins in it: `eyJ` and five more, with two dots behind them."""
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
