"""Reading when an ID token (a JSON web token) expires; the signature is not checked, because the API server does that.

Reference: client-go plugin/pkg/client/auth/oidc/oidc.go, idTokenExpired, jsonTime.
"""

from __future__ import annotations

import base64
import json
import math
import re
from typing import Any, NoReturn, cast

__all__ = ["NEVER", "id_token_expiry", "parse_expiry"]

NEVER = -math.inf
"""The expiry of a token that cannot be read, which is before all others."""

_number = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?").fullmatch


def id_token_expiry(token: str) -> float:
    """Return the time at which an ID token expires, in seconds since 1970; `NEVER` if it cannot be read."""
    try:
        return parse_expiry(token)
    except ValueError:
        return NEVER


def parse_expiry(token: str) -> float:
    """Return the time at which an ID token expires, in seconds since 1970.

    Args:
        token: The token. Its claim `exp` may be an integer, another number, or a text that contains a number.

    Raises:
        ValueError: The text is not a JSON web token, or it does not state when it expires. The message does not contain
            the text.
    """
    parts = token.split(".")
    claims = _claims(parts[1]) if len(parts) == 3 else None
    if claims is None:
        raise ValueError("expected a JSON web token, got another text")
    if "exp" not in claims:
        raise ValueError("the token does not state when it expires (claim exp)")
    expiry: object = claims["exp"]
    if isinstance(expiry, str) and _number(expiry):
        expiry = float(expiry)
    if isinstance(expiry, bool) or not isinstance(expiry, (int, float)):
        raise ValueError("the time at which the token expires (claim exp) is not a number")  # noqa: TRY004
    try:
        seconds = float(expiry)
    except OverflowError:
        seconds = math.inf
    if not math.isfinite(seconds):
        raise ValueError("the time at which the token expires (claim exp) is not a possible time")
    return seconds


def _claims(part: str) -> dict[str, Any] | None:
    """Return the claims in the second part of a token; None if it is not base64url of a JSON object."""
    try:
        data = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
        claims: object = json.loads(data, parse_constant=_refuse)
    except (RecursionError, ValueError):
        return None
    return cast("dict[str, Any]", claims) if isinstance(claims, dict) else None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)  # NaN and Infinity are not JSON
