"""The requests and responses of an OpenID Connect provider, without input and output: discovery and the refresh grant.

Reference: client-go plugin/pkg/client/auth/oidc/oidc.go; golang.org/x/oauth2, internal/token.go; OpenID Connect
Discovery 1.0; RFC 6749, sections 2.3.1, 5 and 6.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, quote_plus, urlencode, urljoin, urlsplit

from kubeloop._kit.text import safe_text
from kubeloop._kit.value import Value
from kubeloop.config.server_url import server_url
from kubeloop.wire.request import Request, absolute_target
from kubeloop.wire.response import REDIRECTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kubeloop.config.auth_provider import AuthProvider
    from kubeloop.wire.response import Response

__all__ = [
    "ACCEPT",
    "MAX_RESPONSE_BYTES",
    "GrantRefused",
    "Tokens",
    "discovery_url",
    "parse_discovery",
    "parse_token_response",
    "redirect_target",
    "refresh_request",
    "split_url",
]

ACCEPT = {"Accept": "application/json"}
"""The header of requests to a provider, whose bodies are those of OpenID Connect and not of the API server."""

MAX_RESPONSE_BYTES = 1 << 20
"""The largest response of a provider, as in golang.org/x/oauth2."""

_FORMS = ("application/x-www-form-urlencoded", "text/plain")
_SHOWN = 200
_MASK = "<hidden>"
_URL = re.compile(r"[!$-\[\]-~]+")  # ASCII except `"`, `#` and the backslash


class Tokens(Value, frozen=True):
    """An ID token and a refresh token; `""` where there is none. The `repr` contains neither."""

    unshown = frozenset({"id_token", "refresh_token"})

    id_token: str = ""
    refresh_token: str = ""


class GrantRefused(ValueError):
    """The provider responded to a refresh with an error.

    Attributes:
        code: The error code of OAuth 2.0, such as `invalid_grant`; `""` for a response without one.
        status: The HTTP status.
    """

    def __init__(self, message: str, code: str, status: int) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


def discovery_url(issuer: str) -> str:
    """Return the URL of a provider's discovery document."""
    return f"{issuer.removesuffix('/')}/.well-known/openid-configuration"


def split_url(url: str) -> tuple[str, str]:
    """Return the address of the server (`https://host:port`) and the target of a request for a URL.

    Raises:
        ValueError: The text is not an https URL. The message contains no query and no password.
    """
    if not _URL.fullmatch(url) or "@" in url:
        raise ValueError("expected a URL without a user, a fragment, and characters that must be escaped")
    address, _, query = url.partition("?")
    shown = safe_text(address, _SHOWN)
    if not address.lower().startswith("https://"):
        raise ValueError(f"expected an https URL, got {shown}")
    try:
        server_url(address, tls=True)
        parts = urlsplit(address)
        target = absolute_target(parts.path or "/")
    except ValueError:
        raise ValueError(f"expected an https URL, got {shown}, whose host, port or path is invalid") from None
    return f"https://{parts.netloc}", f"{target}?{query}" if query else target


def redirect_target(url: str, response: Response) -> str | None:
    """Return the URL to which a response redirects a GET; None if it is not a redirect.

    Raises:
        ValueError: The target is missing, or not an https URL.
    """
    if response.status not in REDIRECTS:
        return None
    location = response.headers.get("location")
    if not location:
        raise ValueError(f"the response {response.status} redirects without a Location header")
    target = urljoin(url, location).partition("#")[0]
    try:
        split_url(target)
    except ValueError as error:
        raise ValueError(f"refused a redirect: {error}") from None
    return target


def parse_discovery(response: Response, issuer: str) -> str:
    """Return the URL of the token endpoint in a discovery document.

    Args:
        response: The response to the GET of `discovery_url`.
        issuer: The issuer of the config. A final slash does not count, and a document need not contain an issuer.

    Raises:
        ValueError: The response is not a discovery document of this issuer, or its token endpoint is not an https URL.
    """
    if response.status != 200:
        raise ValueError(f"the discovery document has the HTTP status {response.status}; check idp-issuer-url")
    document = _json_object(response.body)
    if document is None:
        raise ValueError("the discovery document is not a JSON object; check idp-issuer-url")
    named = document.get("issuer")
    if named is not None and (not isinstance(named, str) or named.removesuffix("/") != issuer.removesuffix("/")):
        shown = safe_text(named, _SHOWN) if isinstance(named, str) else "another value than a text"
        raise ValueError(f"the discovery document is of another issuer, {shown}; correct idp-issuer-url")
    endpoint = document.get("token_endpoint")
    if not isinstance(endpoint, str) or not endpoint:
        raise ValueError("the discovery document contains no token_endpoint; check idp-issuer-url")
    try:
        split_url(endpoint)
    except ValueError as error:
        raise ValueError(f"the token_endpoint in the discovery document cannot be used: {error}") from None
    return endpoint


def refresh_request(provider: AuthProvider, refresh_token: str, endpoint: str, *, in_header: bool) -> Request:
    """Return the request that refreshes the tokens.

    Args:
        provider: The settings with the client.
        refresh_token: The refresh token to send.
        endpoint: The URL of the token endpoint.
        in_header: Whether the client's ID and secret are in the header `Authorization`, or else in the body.
    """
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    headers = {"Content-Type": "application/x-www-form-urlencoded", **ACCEPT}
    if in_header:
        headers["Authorization"] = _basic(provider)
    else:
        form["client_id"] = provider.client_id
        if provider.client_secret:
            form["client_secret"] = provider.client_secret
    _, target = split_url(endpoint)
    body = urlencode(sorted(form.items())).encode()
    return Request("POST", target, headers, body, is_confidential=True)


def parse_token_response(response: Response, provider: AuthProvider, refresh_token: str) -> Tokens:
    """Return the tokens of a response to `refresh_request`; `""` for a token that it does not contain.

    Args:
        response: The response: JSON, or a form as some providers send.
        provider: The settings, whose secrets are masked in messages.
        refresh_token: The refresh token that was sent, which is masked too.

    Raises:
        GrantRefused: The provider responded with an error.
        ValueError: The response cannot be read. No message contains a secret.
    """
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    fields = _form(response.body) if media_type in _FORMS else _json_object(response.body)
    failed = not 200 <= response.status < 300
    code = _text(fields, "error")
    if failed or code:
        raise _refusal(response.status, fields, _secrets(provider, refresh_token))
    if fields is None:
        raise ValueError("the response of the token endpoint is neither JSON nor a form")
    if not (_text(fields, "access_token") or _text(fields, "id_token")):
        raise ValueError("the response of the token endpoint contains no token")
    return Tokens(_text(fields, "id_token"), _text(fields, "refresh_token"))


def _refusal(status: int, fields: dict[str, Any] | None, secrets: Iterable[str]) -> GrantRefused:
    code, description = (_masked(_text(fields, name), secrets) for name in ("error", "error_description"))
    if not code:
        return GrantRefused(f"the token endpoint responded with the HTTP status {status}", "", status)
    said = f"{code}: {description}" if description else code
    if code == "invalid_grant":
        return GrantRefused(
            f"the provider refused the refresh token ({said}), which expired, was revoked, or was used by another "
            "program; log in again",
            code,
            status,
        )
    if code in {"invalid_client", "unauthorized_client"}:
        return GrantRefused(
            f"the provider refused the client ({said}); check client-id and client-secret", code, status
        )
    return GrantRefused(f"the provider refused to refresh the token ({said})", code, status)


def _basic(provider: AuthProvider) -> str:
    pair = f"{quote_plus(provider.client_id)}:{quote_plus(provider.client_secret)}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _secrets(provider: AuthProvider, refresh_token: str) -> list[str]:
    """Return the texts that no message may contain, the longest first."""
    plain = {refresh_token, provider.client_secret, provider.id_token, provider.refresh_token}
    sent = {quote_plus(text) for text in plain} | {_basic(provider).removeprefix("Basic ")}
    return sorted((plain | sent) - {""}, key=len, reverse=True)


def _masked(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, _MASK)
    return safe_text(text, _SHOWN)


def _text(fields: dict[str, Any] | None, name: str) -> str:
    value: object = None if fields is None else fields.get(name)
    return value if isinstance(value, str) else ""


def _form(body: bytes) -> dict[str, Any] | None:
    try:
        return dict(parse_qsl(body.decode()))
    except ValueError:
        return None


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        value: object = json.loads(body)
    except (RecursionError, ValueError):
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None
