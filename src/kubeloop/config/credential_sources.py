"""The sources of credentials: none, a token, a token file, or a user name with a password; see also `exec_plugin`.

Reference: client-go transport/token_source.go, transport/round_trippers.go.
"""

from __future__ import annotations

import base64
import logging
import re
from typing import TYPE_CHECKING

from kubeloop._kit import waiting
from kubeloop._kit.raising import raise_alone
from kubeloop.config.credential import Credential
from kubeloop.config.files import read_file
from kubeloop.errors import CredentialError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubeloop.config.config import Config
    from kubeloop.config.credential import CredentialSource

__all__ = ["TokenFile", "credential_source"]

logger = logging.getLogger(__name__)

# As client-go: a minute, which is half of the time between kubelet's renewal of a token and its expiry, less 10 s.
_TOKEN_PERIOD = 50.0
_visible = re.compile(r"[\x21-\x7e]+").fullmatch


def credential_source(config: Config) -> CredentialSource:
    """Return the source of credentials for a config. A token, user name or certificate precedes an exec plugin.

    Raises:
        CredentialError: The token or password contains characters that a header cannot contain.
    """
    if config.token_file:
        return TokenFile(config.token_file, config.token, config)
    if config.token:
        return FixedCredential(Credential(_bearer(config.token, config.located)))
    if config.username:
        try:
            pair = f"{config.username}:{config.password or ''}".encode()
        except UnicodeEncodeError:
            raise_alone(CredentialError(config.located("the user or password is not Unicode text")))
        return FixedCredential(Credential(f"Basic {base64.b64encode(pair).decode()}"))
    if config.exec and not (config.cert_data or config.cert_file):
        from kubeloop.config.exec_plugin import ExecPlugin

        return ExecPlugin(config.exec, config)
    return FixedCredential(Credential())


class FixedCredential:
    """A credential that never changes."""

    __slots__ = ("_credential",)

    def __init__(self, credential: Credential) -> None:
        self._credential = credential

    def cached(self) -> Credential | None:
        """Return the credential."""
        return self._credential

    async def fetch(self) -> Credential:
        """Return the credential."""
        return self._credential

    def reject(self, credential: Credential) -> bool:  # noqa: ARG002
        """Return False, because there is no other credential."""
        return False


class TokenFile:
    """A bearer token in a file that another program renews.

    The file is read again every 50 seconds, and after the server has rejected the token. If it cannot be read, the last
    token stays in use.

    Reference: client-go transport/token_source.go, fileTokenSource, cachingTokenSource. Intended difference: after a
        401, the file is read at once, where client-go drops the token and reads the file for the next request.

    Concurrency: One event loop. Reading the small regular file does not block (`files`).
    """

    __slots__ = ("_credential", "_located", "_path", "_read_at")

    def __init__(self, path: str, token: str | None, config: Config) -> None:
        self._path = path
        self._located = config.located
        self._credential = Credential(_bearer(token, config.located)) if token else None
        self._read_at: float | None = None

    def __repr__(self) -> str:
        return f"<TokenFile {self._path!r}>"

    def cached(self) -> Credential | None:
        """Return the token, after reading the file if the last time is 50 seconds ago.

        Raises:
            CredentialError: The file cannot be read or contains no token, and no earlier token is known.
        """
        now = waiting.now()
        if self._read_at is None or now - self._read_at >= _TOKEN_PERIOD:
            self._read_at = now
            self._read()
        return self._credential

    async def fetch(self) -> Credential:
        """Read the file and return the token."""
        self._read_at = waiting.now()
        return self._read()

    def reject(self, credential: Credential) -> bool:
        """Read the file again, and return whether it contains another token."""
        if credential is not self._credential:
            return True
        before = credential.authorization
        return self._read().authorization != before

    def _read(self) -> Credential:
        try:
            text = read_file(self._path).decode().strip()
            if not text:
                raise CredentialError(self._located(f"the token file {self._path} is empty"))
            authorization = _bearer(text, lambda message: self._located(f"{self._path}: {message}"))
        except (OSError, UnicodeDecodeError, CredentialError) as error:
            why = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
            why = "not text" if isinstance(error, UnicodeDecodeError) else why
            if self._credential is None:
                if isinstance(error, CredentialError):
                    raise
                raise_alone(CredentialError(self._located(f"cannot read the token file {self._path}: {why}")))
            what = f"cannot renew the token from {self._path}, the last one stays in use: {why}"
            logger.warning("%s", self._located(what))
            return self._credential
        if self._credential is None or self._credential.authorization != authorization:
            self._credential = Credential(authorization)
        return self._credential


def _bearer(token: str, located: Callable[[str], str]) -> str:
    text = token.strip()
    if not _visible(text):
        del token, text  # reports of errors may contain local variables
        raise CredentialError(located("the token contains characters that a header cannot contain"))
    return f"Bearer {text}"
