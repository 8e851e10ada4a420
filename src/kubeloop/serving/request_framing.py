"""What the headers of a request say of its body and its connection (RFC 9112, sections 3.2, 6 and 9.3).

Whatever two readers could understand differently is refused: the end of a request decides where the next one begins.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from kubeloop._kit.value import Value
from kubeloop.serving.refusal import Refusal

__all__ = ["CHUNKED", "NO_BODY", "Framing", "read_framing"]

NO_BODY: Final = -1
"""The length of a body that the request does not mention."""
CHUNKED: Final = -2
"""The length of a body in chunks."""

_MAX_LENGTH_DIGITS: Final = 18


class Framing(Value, frozen=True):
    """The length of the body, in bytes or as `NO_BODY` or `CHUNKED`, and how the connection continues.

    Attributes:
        length: The length of the body.
        keeps_alive: Whether the client may send another request after this one.
        expects_continue: Whether the client waits for an interim response before it sends the body.
    """

    length: int
    keeps_alive: bool
    expects_continue: bool


def read_framing(pairs: Iterable[tuple[str, str]], *, is_old: bool) -> Framing:
    """Return the framing that these headers describe.

    Args:
        pairs: The names and values, in order.
        is_old: Whether the version is HTTP/1.0.

    Raises:
        Refusal: They are ambiguous, or ask for something that is not supported.
    """
    length = transfer = None
    hosts = 0
    options = expectation = ""
    for name, value in pairs:
        size = len(name)
        if size == 4:
            hosts += name.lower() == "host"
        elif size == 6 and name.lower() == "expect":
            expectation = value
        elif size == 10 and name.lower() == "connection":
            options += f",{value}"
        elif size == 14 and name.lower() == "content-length":
            if length is not None:
                raise Refusal(400, "more than one Content-Length")
            length = value
        elif size == 17 and name.lower() == "transfer-encoding":
            if transfer is not None:
                raise Refusal(400, "more than one Transfer-Encoding")
            transfer = value
    if hosts != 1 and not (is_old and not hosts):
        raise Refusal(400, "expected one Host header")
    expects_continue = expectation.lower() == "100-continue" and not is_old
    if expectation and not expects_continue and not is_old:
        raise Refusal(417, "expected the expectation 100-continue")
    return Framing(
        _body_length(length, transfer, is_old=is_old), _keeps_alive(options, is_old=is_old), expects_continue
    )


def _body_length(length: str | None, transfer: str | None, *, is_old: bool) -> int:
    if transfer is not None:
        if length is not None:
            raise Refusal(400, "both Content-Length and Transfer-Encoding")
        if is_old:
            raise Refusal(400, "a Transfer-Encoding in a request of HTTP/1.0")
        if transfer.lower() != "chunked":
            raise Refusal(501, "a Transfer-Encoding other than chunked")
        return CHUNKED
    if length is None:
        return NO_BODY
    if not (length.isascii() and length.isdigit() and len(length) <= _MAX_LENGTH_DIGITS):
        raise Refusal(400, "the Content-Length is not a number of bytes")
    return int(length)


def _keeps_alive(options: str, *, is_old: bool) -> bool:
    if not options:
        return not is_old
    tokens = {token.strip(" \t").lower() for token in options.split(",")}
    return "close" not in tokens and (not is_old or "keep-alive" in tokens)
