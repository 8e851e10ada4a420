"""The headers that describe a user: `Impersonate-*` for the API server, and `X-Remote-*` of an authenticating proxy.

Reference: client-go transport/round_trippers.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from kubeloop.transport.http1.request_head import header_pairs
from kubeloop.wire.response import Headers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractAsyncContextManager

    from kubeloop.config import Impersonation
    from kubeloop.config.hooks import WrapTransport
    from kubeloop.transport.base import ByteStream, Channel, Transport
    from kubeloop.wire.request import Request
    from kubeloop.wire.response import Response

__all__ = ["auth_proxy", "impersonation_headers"]

# The characters of a header name in addition to letters and digits, except `%`.
_NAME_CHARS = "!#$&'*+-.^_`|~"


def impersonation_headers(impersonation: Impersonation) -> tuple[tuple[str, str], ...]:
    """Return the headers for impersonation, one `Impersonate-Group` per group.

    Reference: client-go transport/round_trippers.go, impersonatingRoundTripper, headerKeyEscape.
    """
    return _user_headers(impersonation, "Impersonate")


def auth_proxy(user: Impersonation) -> WrapTransport:
    """Return a wrapper for `Config.wrap_transport` that names the user to an API server, as a proxy does after a login.

    The API server trusts the `X-Remote-*` headers if the config has a client certificate that its option
    `--requestheader-client-ca-file` accepts. Headers of this kind that a request already has are removed.

    Args:
        user: The user whose requests are sent. Keys of `extra` should be in lower case, because servers receive them in
            lower case.

    Reference: client-go transport/round_trippers.go, NewAuthProxyRoundTripper.
    """
    headers = _user_headers(user, "X-Remote")
    return lambda transport: _AuthProxy(transport, headers)


def _user_headers(user: Impersonation, prefix: str) -> tuple[tuple[str, str], ...]:
    pairs = [(f"{prefix}-User", user.user)]
    if user.uid:
        pairs.append((f"{prefix}-Uid", user.uid))
    pairs += [(f"{prefix}-Group", group) for group in user.groups]
    for key, values in user.extra.items():
        name = f"{prefix}-Extra-{quote(key, safe=_NAME_CHARS)}"
        pairs += [(name, value) for value in values]
    return tuple(pairs)


class _AuthProxy:
    def __init__(self, transport: Transport, headers: tuple[tuple[str, str], ...]) -> None:
        self._transport = transport
        self._headers = headers

    def __repr__(self) -> str:
        return f"<auth_proxy {self._transport!r}>"

    async def request(
        self, request: Request, *, timeout: float | None = None, max_bytes: int | None = None
    ) -> Response:
        return await self._transport.request(self._named(request), timeout=timeout, max_bytes=max_bytes)

    def stream(self, request: Request, *, timeout: float | None = None) -> AbstractAsyncContextManager[ByteStream]:
        return self._transport.stream(self._named(request), timeout=timeout)

    def upgrade(
        self, request: Request, *, subprotocols: Sequence[str], timeout: float | None = None
    ) -> AbstractAsyncContextManager[Channel]:
        return self._transport.upgrade(self._named(request), subprotocols=subprotocols, timeout=timeout)

    def _named(self, request: Request) -> Request:
        kept = [pair for pair in header_pairs(request) if not _is_of_user(pair[0].lower())]
        return request.with_headers(Headers([*kept, *self._headers]))


def _is_of_user(name: str) -> bool:
    return name in {"x-remote-user", "x-remote-uid", "x-remote-group"} or name.startswith("x-remote-extra-")
