"""Continue tokens: where the next page of a list begins, and the revision of the whole list.

Reference: apiserver pkg/storage/continue.go.
"""

from __future__ import annotations

import base64
import json
import posixpath
from binascii import Error as NotBase64
from typing import Any, NamedTuple

from kubeloop.objects.type_guards import is_dict

__all__ = ["INCONSISTENT", "ContinueToken", "encode_continue_token", "parse_continue_token"]

INCONSISTENT = -1
"""The revision of a token with which a list continues in the newest state, since that of its beginning has expired."""

_INVALID = "continue key is not valid"
_VERSION = "meta.k8s.io/v1"
_INT64 = range(-(2**63), 2**63)


class ContinueToken(NamedTuple):
    """What a token says.

    Attributes:
        start: The key at which the page begins, relative to that of the list: usually that of the last object and a
            zero character.
        revision: The revision of the list; `INCONSISTENT` for the newest.
    """

    start: str
    revision: int


def encode_continue_token(start: str, revision: int) -> str:
    """Return the token of the page that begins at a key."""
    said = {"v": _VERSION, "rv": revision, "start": start}
    text = json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogateescape")
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def parse_continue_token(text: str) -> ContinueToken:
    """Read a token.

    Raises:
        ValueError: The text is no token, or would lead out of the list; the message is that of the real server.
    """
    said = _read(text)
    if said["v"] != _VERSION:
        raise ValueError(f"{_INVALID}: server does not recognize this encoded version {said['v']}")
    if not said["rv"]:
        raise ValueError(f"{_INVALID}: incorrect encoded start resourceVersion (version {_VERSION})")
    start: str = said["start"]
    if not start:
        raise ValueError(f"{_INVALID}: encoded start key empty (version {_VERSION})")
    key = start if start.startswith("/") else f"/{start}"
    # Cleaned as Go does: a path with two slashes at its beginning has one after it.
    if posixpath.normpath(key).replace("//", "/", 1) != key:
        raise ValueError(f"{_INVALID}: {start}")
    return ContinueToken(key[1:], said["rv"])


def _read(text: str) -> dict[str, Any]:
    """Return the members of a token, each of its type.

    Raises:
        ValueError: The text is not JSON in base64 without padding.
    """
    plain = text.replace("\r", "").replace("\n", "")
    try:
        if "=" in plain or not plain.isascii() or "+" in plain or "/" in plain:
            raise NotBase64
        data = base64.b64decode(plain + "=" * (-len(plain) % 4), altchars=b"-_", validate=True)
    except (NotBase64, ValueError):
        raise ValueError(f"{_INVALID}: illegal base64 data at input byte 0") from None
    try:
        said: Any = json.loads(data)
    except (ValueError, RecursionError):
        raise ValueError(f"{_INVALID}: the token is not JSON") from None
    members = said if is_dict(said) else {"v": said}
    found: dict[str, Any] = {"v": "", "rv": 0, "start": ""}
    for name, zero in found.items():
        value = members.get(name)
        if value is None:
            continue
        if type(value) is not type(zero) or (name == "rv" and value not in _INT64):
            raise ValueError(f"{_INVALID}: json: cannot unmarshal a value into Go struct field continueToken.{name}")
        found[name] = value
    return found
