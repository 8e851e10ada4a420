"""`OIDCTokens`: which ID token is in use, and whether it has to be refreshed; without input, output or a clock.

Times are seconds since 1970. `transport.oidc_source` carries the decisions out.
"""

from __future__ import annotations

import re
from typing import Final

from kubeloop.config.credential import Credential
from kubeloop.config.id_token import NEVER, id_token_expiry, parse_expiry
from kubeloop.config.oidc_protocol import Tokens

__all__ = ["OIDCTokens"]

_EARLY: Final = 10.0
"""An ID token counts as expired this many seconds before it expires; client-go's expiryDelta."""
_YOUNG: Final = 60.0
"""A token that is younger is not refreshed because the server rejected it: the next one would be rejected too."""
_FAILURE: Final = 5.0
"""For this time after a failed refresh, requests get the same error."""

_visible = re.compile(r"[\x21-\x7e]+").fullmatch


class OIDCTokens:
    """The newest known tokens of one user at one provider.

    The `repr` contains no token.
    """

    __slots__ = ("_credential", "_expires", "_failed_at", "_failure", "_refreshed_at", "_rejected", "newest")

    def __init__(self) -> None:
        """Create a value without tokens."""
        self.newest = Tokens()
        self._credential: Credential | None = None
        self._expires = NEVER
        self._rejected = ""  # the last ID token that the server rejected
        self._refreshed_at = NEVER
        self._failure = ""
        self._failed_at = NEVER

    def __repr__(self) -> str:
        state = "rejected" if self._is_rejected else f"expires at {self._expires:.0f}"
        return f"<OIDCTokens {state if self.newest.id_token else 'without an ID token'}>"

    def credential(self, now: float) -> Credential | None:
        """Return the credential of the ID token; None if the token expires within 10 s or was rejected."""
        return self._credential if now + _EARLY < self._expires and not self._is_rejected else None

    def adopt(self, found: Tokens, now: float) -> None:
        """Use the tokens of a kubeconfig, if their ID token is newer than the one in use, or that one was rejected."""
        expires = id_token_expiry(found.id_token) if _visible(found.id_token) else NEVER
        is_newer = expires > self._expires or (self._is_rejected and now + _EARLY < expires)
        if is_newer and found.id_token != self._rejected:
            self._use(found.id_token, expires, found.refresh_token or self.newest.refresh_token)
        elif not self.newest.refresh_token:
            self.newest = Tokens(self.newest.id_token or found.id_token, found.refresh_token)

    def refreshed(self, found: Tokens, now: float) -> Credential:
        """Use the tokens of a provider's response and return their credential.

        Args:
            found: The tokens. An empty refresh token means that the old one stays valid, as in golang.org/x/oauth2.
            now: The wall-clock time.

        Raises:
            ValueError: There is no ID token, or it is no token, has expired, or cannot be sent. A refresh token beside
                it is kept nevertheless. The message contains no token.
        """
        refresh_token = found.refresh_token or self.newest.refresh_token
        self.newest = Tokens(self.newest.id_token, refresh_token)
        expires = _checked_expiry(found.id_token, now)
        self._refreshed_at = now
        if found.id_token == self._rejected:
            self._rejected = ""
        return self._use(found.id_token, expires, refresh_token)

    def reject(self, credential: Credential, found: Tokens, now: float) -> bool:
        """Record that the server responded with 401, and return whether there may be another credential.

        Args:
            credential: The rejected credential.
            found: The tokens in the kubeconfig, which another program may have refreshed.
            now: The wall-clock time. An ID token that is younger than a minute is not refreshed.
        """
        if credential is not self._credential:
            return True
        self._rejected = self.newest.id_token
        self.adopt(found, now)
        if self._is_rejected and (not self.newest.refresh_token or 0 <= now - self._refreshed_at < _YOUNG):
            self._rejected = ""
            return False
        return True

    def why_none(self) -> str:
        """Return why there is no credential, if there is no refresh token either."""
        if not self.newest.id_token:
            return "there is neither an id-token nor a refresh-token"
        if self._credential is None:
            return "the id-token cannot be read, and there is no refresh-token"
        return "the id-token has expired, and there is no refresh-token"

    def failed(self, message: str, now: float) -> None:
        """Record the error of a refresh, which the requests of the next seconds get too."""
        self._failure, self._failed_at = message, now

    def recent_failure(self, now: float) -> str:
        """Return the error of a refresh that failed less than 5 s ago; `""` for none."""
        return self._failure if 0 <= now - self._failed_at < _FAILURE else ""

    def _use(self, id_token: str, expires: float, refresh_token: str) -> Credential:
        if self._credential is None or id_token != self.newest.id_token:
            self._credential = Credential(f"Bearer {id_token}")
        self.newest = Tokens(id_token, refresh_token)
        self._expires = expires
        self._failed_at = NEVER
        return self._credential

    @property
    def _is_rejected(self) -> bool:
        return bool(self._rejected) and self._rejected == self.newest.id_token


def _checked_expiry(id_token: str, now: float) -> float:
    if not id_token:
        raise ValueError(
            "the provider refreshed the tokens without returning an ID token; log in again with the scope openid, or "
            "use an exec plugin if the provider never returns one here"
        )
    if not _visible(id_token):
        raise ValueError("the provider returned an ID token with characters that a header cannot contain")
    try:
        expires = parse_expiry(id_token)
    except ValueError as error:
        raise ValueError(f"the provider returned an ID token that cannot be used: {error}") from None
    if expires <= now:
        raise ValueError(
            f"the provider returned an ID token that expired {now - expires:.0f} s ago; check this computer's clock"
        )
    return expires
