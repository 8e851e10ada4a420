"""`Authenticated`: adds credentials and impersonation to the requests of any transport, and handles a 401.

Reference: client-go transport/round_trippers.go; plugin/pkg/client/auth/exec/exec.go, roundTripper.
"""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from kubeloop._kit.raising import raise_alone
from kubeloop.config.credential_sources import credential_source
from kubeloop.errors import CredentialError
from kubeloop.transport.base import ClientCertificateTransport, UpgradeRefused
from kubeloop.transport.http1.request_head import header_pairs
from kubeloop.transport.user_headers import impersonation_headers
from kubeloop.transport.wrapping import wrap_transport
from kubeloop.wire.response import Headers

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from kubeloop.config import Config
    from kubeloop.config.credential import ClientCertificate, Credential, CredentialSource
    from kubeloop.transport.base import ByteStream, Channel, ClosableTransport, Transport
    from kubeloop.wire.request import Request
    from kubeloop.wire.response import Response

__all__ = ["Authenticated", "OpenedTransport", "open_transport"]

_UNAUTHORIZED = 401


class Authenticated:
    """A transport whose requests carry the credentials and the impersonation of a config, around its wrappers.

    A request that sets `Authorization` itself is sent unchanged. If the server responds with 401 and the source has
    another credential, the request is sent a second time with it, because a server that responds with 401 has not
    acted.
    Intended difference: client-go renews the credential too, but does not retry.

    Args:
        transport: Any transport.
        config: The config with the credentials.
        source: The source of credentials; None for the source that the config describes.

    Raises:
        CredentialError: A token or password contains characters that a header cannot contain.
        TypeError: The result of `Config.wrap_transport` is not a transport.

    Concurrency: That of the transport. Requests that need a new credential at the same time wait for one renewal.
    """

    def __init__(self, transport: Transport, config: Config, *, source: CredentialSource | None = None) -> None:
        self._presenter = self._transport = transport
        self._transport = wrap_transport(transport, config)
        self._source = source or _source_of(config)
        self._impersonation = impersonation_headers(config.impersonate) if config.impersonate else ()
        self._located = config.located
        self._shown: Credential | None = None
        self._sent: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Authenticated {self._transport!r}>"

    async def request(
        self, request: Request, *, timeout: float | None = None, max_bytes: int | None = None
    ) -> Response:
        """Send a request with credentials; see `Transport.request`.

        Raises:
            CredentialError: No credential is available.
        """
        credential = await self._credential(request)
        dressed = self._dress(request, credential)
        response = await self._transport.request(dressed, timeout=timeout, max_bytes=max_bytes)
        if response.status == _UNAUTHORIZED and self._may_repeat(credential):
            credential = await self._source.fetch()
            dressed = self._dress(request, credential)
            response = await self._transport.request(dressed, timeout=timeout, max_bytes=max_bytes)
        return response

    @asynccontextmanager
    async def stream(self, request: Request, *, timeout: float | None = None) -> AsyncGenerator[ByteStream]:
        """Send a request with credentials and stream the response; see `Transport.stream`."""
        async with AsyncExitStack() as stack:
            credential = await self._credential(request)
            dressed = self._dress(request, credential)
            stream = await stack.enter_async_context(self._transport.stream(dressed, timeout=timeout))
            if stream.status == _UNAUTHORIZED and self._may_repeat(credential):
                await stack.aclose()
                dressed = self._dress(request, await self._source.fetch())
                stream = await stack.enter_async_context(self._transport.stream(dressed, timeout=timeout))
            yield stream

    @asynccontextmanager
    async def upgrade(
        self, request: Request, *, subprotocols: Sequence[str], timeout: float | None = None
    ) -> AsyncGenerator[Channel]:
        """Open a WebSocket with credentials; see `Transport.upgrade`."""
        upgrade = self._transport.upgrade
        async with AsyncExitStack() as stack:
            credential = await self._credential(request)
            dressed = self._dress(request, credential)
            try:
                channel = await stack.enter_async_context(upgrade(dressed, subprotocols=subprotocols, timeout=timeout))
            except UpgradeRefused as error:
                if error.response.status != _UNAUTHORIZED or not self._may_repeat(credential):
                    raise
                dressed = self._dress(request, await self._source.fetch())
                channel = await stack.enter_async_context(upgrade(dressed, subprotocols=subprotocols, timeout=timeout))
            yield channel

    def sent_credentials(self) -> tuple[str, ...]:
        """Return the last few `Authorization` values, to mask them in texts of the server. Never show them."""
        return self._sent

    async def _credential(self, request: Request) -> Credential | None:
        """Return the credential for a request; None if the request has its own, so that no plugin runs for it."""
        if _has(request, "authorization"):
            return None
        return self._source.cached() or await self._source.fetch()

    def _may_repeat(self, credential: Credential | None) -> bool:
        return credential is not None and self._source.reject(credential)

    def _dress(self, request: Request, credential: Credential | None) -> Request:
        """Add the headers that the request does not set itself, directly before it is sent."""
        if request.before_send is not None:
            request.before_send()
        if credential is not None and credential is not self._shown:
            self._show(credential)
        authorization = None if credential is None else credential.authorization
        if self._impersonation and not _has(request, "impersonate-user"):
            pairs = [*header_pairs(request), *self._impersonation]
            if authorization is not None:
                pairs.append(("Authorization", authorization))
            return request.with_headers(Headers(pairs))
        if authorization is None:
            return request
        if isinstance(request.headers, Headers):
            headers: Headers | dict[str, str] = Headers([*header_pairs(request), ("Authorization", authorization)])
        else:
            headers = {**request.headers, "Authorization": authorization}
        return request.with_headers(headers)

    def _show(self, credential: Credential) -> None:
        """Record a new credential, and pass the client certificate of a plugin to the transport."""
        if credential.authorization is not None:
            self._sent = (credential.authorization, *self._sent[:3])
        before = None if self._shown is None else self._shown.certificate
        if credential.certificate != before:
            try:
                self._replace_certificate(credential.certificate)
            except CredentialError as error:
                self._source.reject(credential)  # so that the next request gets another credential
                raise_alone(error.with_traceback(None))  # its frames contain the key
        self._shown = credential

    def _replace_certificate(self, pair: ClientCertificate | None) -> None:
        if not isinstance(self._presenter, ClientCertificateTransport):
            raise CredentialError(
                self._located(
                    f"the exec plugin returned a client certificate, which {self._presenter!r} does not support"
                )
            )
        if pair is None:
            self._presenter.use_client_certificate(None, None)
        else:
            self._presenter.use_client_certificate(pair.certificate, pair.key)


def _source_of(config: Config) -> CredentialSource:
    """Return the source of credentials for a config. A token or a user name precedes an auth-provider, as in Go."""
    if config.auth_provider is None or config.token or config.token_file or config.username:
        return credential_source(config)
    from kubeloop.transport.oidc_source import OIDCSource

    return OIDCSource(config.auth_provider, config)


def _has(request: Request, header: str) -> bool:
    return any(name.lower() == header for name in request.headers)


class OpenedTransport(Authenticated):
    """The result of `open_transport`: an authenticated transport that owns the transport which it wraps."""

    def __init__(self, owned: ClosableTransport, config: Config) -> None:
        self._owned = owned
        super().__init__(owned, config)

    async def close(self) -> None:
        """Close all connections; see `ClosableTransport`."""
        await self._owned.close()


def open_transport(config: Config) -> OpenedTransport:
    """Create an authenticated transport for a config. It connects when the first request is sent.

    Returns:
        A transport that the caller closes.

    Raises:
        ConfigError: The config's proxy or certificate authority cannot be used.
        CredentialError: The config's client certificate, token or password cannot be used.
    """
    from kubeloop.transport.http import HTTPTransport

    return OpenedTransport(HTTPTransport(config), config)
