"""`OIDCSource`: a source of ID tokens, which an OpenID Connect provider refreshes over HTTPS.

Reference: client-go plugin/pkg/client/auth/oidc/oidc.go, oidcAuthProvider.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

from kubeloop._kit import waiting
from kubeloop._kit.raising import raise_alone
from kubeloop.config.config import Config
from kubeloop.config.oidc_protocol import (
    ACCEPT,
    MAX_RESPONSE_BYTES,
    GrantRefused,
    Tokens,
    discovery_url,
    parse_discovery,
    parse_token_response,
    redirect_target,
    refresh_request,
    split_url,
)
from kubeloop.config.oidc_tokens import OIDCTokens
from kubeloop.config.refreshed_tokens import persist_tokens, stored_settings
from kubeloop.errors import ConfigError, CredentialError, KubeloopError, TLSError
from kubeloop.transport.http import HTTPTransport
from kubeloop.wire.request import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kubeloop.config.auth_provider import AuthProvider
    from kubeloop.config.credential import Credential
    from kubeloop.transport.base import ClosableTransport
    from kubeloop.wire.response import Response

__all__ = ["OIDCSource"]

logger = logging.getLogger(__name__)

_TIMEOUT: Final = 10.0
_MAX_REDIRECTS: Final = 9
"""As Go's http.Client, which sends ten requests."""
_OTHER_PROGRAM: Final = 1.0
"""The time in which another program that used the refresh token writes the new one to the kubeconfig."""


class _Shared:
    """The tokens of one user at one provider, which exist while a source uses them."""

    __slots__ = ("__weakref__", "in_header", "lock", "tokens")

    def __init__(self) -> None:
        self.tokens = OIDCTokens()
        self.lock = waiting.Lock()
        self.in_header: bool | None = None  # how the provider accepts the client's ID and secret; None for unknown


_shared: WeakValueDictionary[tuple[object, ...], _Shared] = WeakValueDictionary()


class OIDCSource:
    """A source of credentials that sends ID tokens and refreshes them.

    - Requests that need a new token wait for one refresh, whether it succeeds or fails, and all sources of the same
      user and provider share its result.
    - Before a refresh, the kubeconfig is read again, because another program may have refreshed the tokens. New tokens
      are written to it; if that fails, they stay in use and a warning is logged.
    - A cancelled `fetch` does not stop the exchange of a refresh token, because some providers accept a refresh token
      only once. The cancellation is raised when the exchange has ended; each of its requests times out after 10 s.

    Args:
        provider: The provider and the tokens.
        config: The config of the cluster, for messages.
        now: The wall clock, for the expiry of tokens.
        connect: Creates the transport to a server of the provider.

    Intended differences: client-go neither limits the time nor reads the kubeconfig again, and fails if the tokens
        cannot be written. It shares tokens per cluster, issuer and client, also between users.
    """

    __slots__ = ("_config", "_connect", "_now", "_provider", "_shared")

    def __init__(
        self,
        provider: AuthProvider,
        config: Config,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        connect: Callable[[Config], ClosableTransport] = HTTPTransport,
    ) -> None:
        self._provider = provider
        self._config = config
        self._now = now
        self._connect = connect
        self._shared = _shared.setdefault(_key(provider), _Shared())
        self._shared.tokens.adopt(Tokens(provider.id_token, provider.refresh_token), self._time())

    def __repr__(self) -> str:
        return f"<OIDCSource {self._provider.issuer_url!r}, {self._shared.tokens!r}>"

    def cached(self) -> Credential | None:
        """Return the credential of the ID token, unless it expires within 10 s or the server rejected it."""
        return self._shared.tokens.credential(self._time())

    async def fetch(self) -> Credential:
        """Refresh the tokens, or wait for the current refresh, and return the credential.

        Raises:
            CredentialError: There is no valid ID token and no refresh token, the provider did not respond, or it did
                not return an ID token. The message names the issuer and contains no token.
        """
        tokens = self._shared.tokens
        async with self._shared.lock:
            if (credential := self.cached()) is not None:
                return credential
            tokens.adopt(self._stored(), self._time())
            if (credential := self.cached()) is not None:
                return credential
            if not tokens.newest.refresh_token:
                raise self._error(f"{tokens.why_none()}; log in again")
            if failure := tokens.recent_failure(self._time()):
                raise self._error(failure)
            try:
                return await self._refresh()
            except (KubeloopError, ValueError) as error:
                message = str(error)
                if isinstance(error, (ConfigError, TLSError)):
                    message += "; the authority of the provider is in idp-certificate-authority(-data)"
                tokens.failed(message, self._time())
                raise_alone(self._error(message))

    def reject(self, credential: Credential) -> bool:
        """Return whether the kubeconfig contains another ID token, or a refresh may return another."""
        return self._shared.tokens.reject(credential, self._stored(), self._time())

    async def _refresh(self) -> Credential:
        """Return the credential of refreshed tokens.

        Raises:
            KubeloopError: The provider does not respond.
            ValueError: The response is an error, or contains no valid ID token.
        """
        endpoint = await self._token_endpoint()
        used = self._shared.tokens.newest.refresh_token
        try:
            return await waiting.to_the_end(self._exchange(endpoint, used))
        except GrantRefused as refusal:
            if refusal.code != "invalid_grant":
                raise
            other = await self._of_another_program(used)
            if (credential := self.cached()) is not None:
                return credential
            if other in {"", used}:
                raise
        return await waiting.to_the_end(self._exchange(endpoint, other))

    async def _of_another_program(self, used: str) -> str:
        """Read the tokens in the kubeconfig, which another program may be writing, and return the refresh token."""
        if not self._provider.file:
            return ""
        stored = self._stored()
        if stored.refresh_token in {"", used}:
            await waiting.sleep(_OTHER_PROGRAM)
            stored = self._stored()
        self._shared.tokens.adopt(stored, self._time())
        return stored.refresh_token

    async def _token_endpoint(self) -> str:
        url = discovery_url(self._provider.issuer_url)
        for _ in range(_MAX_REDIRECTS + 1):
            _, target = split_url(url)
            response = await self._send(url, Request("GET", target, ACCEPT))
            if (moved := redirect_target(url, response)) is None:
                return parse_discovery(response, self._provider.issuer_url)
            url = moved
        raise ValueError(f"the discovery document is behind more than {_MAX_REDIRECTS} redirects; check idp-issuer-url")

    async def _exchange(self, endpoint: str, refresh_token: str) -> Credential:
        """Send a refresh token, use the tokens of the response, and write them to the kubeconfig."""
        found = await self._grant(endpoint, refresh_token)
        tokens = self._shared.tokens
        replaced = tokens.newest.id_token
        try:
            credential = tokens.refreshed(found, self._time())
        except ValueError:
            if found.refresh_token not in {"", refresh_token}:  # the one in the kubeconfig may be invalid by now
                await self._persist({"refresh-token": found.refresh_token}, replaced)
            raise
        logger.debug("%s", self._located("refreshed the ID token"))
        changed = {"id-token": found.id_token}
        if found.refresh_token:
            changed["refresh-token"] = found.refresh_token
        await self._persist(changed, replaced)
        return credential

    async def _grant(self, endpoint: str, refresh_token: str) -> Tokens:
        """Send a refresh token, with the client's ID and secret in the header and, if that is refused, in the body.

        Reference: golang.org/x/oauth2, RetrieveToken. Intended differences: the second request is sent only after a
            response of the provider that is not a failure of the server (500 and above), and an error `invalid_grant`
            of the first request is kept.
        """
        known = self._shared.in_header
        failure = ValueError()
        for in_header in (True, False) if known is None else (known,):
            request = refresh_request(self._provider, refresh_token, endpoint, in_header=in_header)
            response = await self._send(endpoint, request)
            try:
                found = parse_token_response(response, self._provider, refresh_token)
            except ValueError as error:
                if not (isinstance(failure, GrantRefused) and failure.code == "invalid_grant"):
                    failure = error
                if response.status >= 500:
                    break
            else:
                self._shared.in_header = in_header
                return found
        raise failure

    async def _send(self, url: str, request: Request) -> Response:
        host, _ = split_url(url)
        provider = self._provider
        ca_file = None if provider.ca_data else provider.ca_file
        transport = self._connect(Config(host=host, ca_data=provider.ca_data, ca_file=ca_file))
        try:
            return await transport.request(request, timeout=_TIMEOUT, max_bytes=MAX_RESPONSE_BYTES)
        finally:
            await transport.close()

    def _stored(self) -> Tokens:
        """Return the tokens in the kubeconfig; without tokens if it contains another provider or cannot be read."""
        if not self._provider.file:
            return Tokens()
        with suppress(ConfigError):
            settings = stored_settings(self._provider.file, self._provider.user)
            if all(settings.get(name) == value for name, value in self._identity().items()):
                return _tokens_of(settings)
        return Tokens()

    async def _persist(self, changed: Mapping[str, str], replaced: str) -> None:
        provider = self._provider
        if not provider.file:
            return
        try:
            settings = await persist_tokens(
                provider.file, provider.user, changed, replaces=replaced, expected=self._identity()
            )
        except ConfigError as error:
            logger.warning("%s", self._located(f"the refreshed tokens stay in memory only: {error}"))
        else:
            self._shared.tokens.adopt(_tokens_of(settings), self._time())

    def _identity(self) -> dict[str, str]:
        return {"idp-issuer-url": self._provider.issuer_url, "client-id": self._provider.client_id}

    def _time(self) -> float:
        return self._now().timestamp()

    def _located(self, message: str) -> str:
        return self._config.located(f"OIDC provider {self._provider.issuer_url}: {message}")

    def _error(self, message: str) -> CredentialError:
        return CredentialError(self._located(message))


def _key(provider: AuthProvider) -> tuple[object, ...]:
    """Return what sources have in common that share tokens: the settings, and the entry in the kubeconfig if any."""
    if provider.file:
        provider = provider.replace(id_token="", refresh_token="")
    return tuple(getattr(provider, name) for name in provider.__struct_fields__)


def _tokens_of(settings: Mapping[str, str]) -> Tokens:
    return Tokens(settings.get("id-token") or "", settings.get("refresh-token") or "")
