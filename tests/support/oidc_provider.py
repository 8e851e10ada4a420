"""A small OpenID Connect provider with real signatures: discovery, keys, and grants.

The grants are `refresh_token`, `password`, and `client_credentials` with a token that the provider signed (RFC 7523).

    provider = OIDCProvider("https://issuer.example", lifetime=60)
    tokens = provider.login("jane", groups=["dev"])

`respond` returns the response to a request, as a function; `served_provider` runs it behind TLS on the loopback
interface, in a thread, so that a real API server can check the tokens. Refresh tokens are accepted once, as with
rotation.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from kubeloop.config.oidc_protocol import Tokens
from kubeloop.wire.response import Headers, Response
from tests.support.certificates import authority, server_context

__all__ = ["OIDCProvider", "served_provider", "unsigned_token"]

# Tokens of two tests differ, because clients with the same tokens share them.
_serials = count(1)

DISCOVERY = "/.well-known/openid-configuration"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _number(value: int) -> str:
    return _base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _verified(token: str) -> dict[str, Any]:
    """Return the claims of a token that `_key` signed, or raise `ValueError` or `InvalidSignature`."""
    head, claims, signature = (each.encode() for each in token.split("."))

    def decoded(part: bytes) -> bytes:
        return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))

    _key().public_key().verify(decoded(signature), head + b"." + claims, padding.PKCS1v15(), SHA256())
    found: dict[str, Any] = json.loads(decoded(claims))
    return found


def unsigned_token(claims: object) -> str:
    """Return a JSON web token with these claims and a signature that is not one."""
    return f"{_base64url(b'{}')}.{_base64url(json.dumps(claims).encode())}.{_base64url(b'signature')}"


@dataclass
class OIDCProvider:
    """A provider; see the module's documentation.

    Attributes:
        issuer: Its URL; the path of it is a prefix of all paths.
        client_id: The client to which it issues tokens.
        client_secret: The secret of the client; `""` for a public client.
        lifetime: The seconds after which an ID token expires.
        accepts: Where it accepts the client's ID and secret: `header`, `body`, or both.
        rotates: Whether a refresh token is accepted once and replaced, or accepted always and never returned.
        overrides: Responses to a path (without the issuer's prefix) instead of its own.
        now: The clock, in seconds since 1970.
        requests: The method and path of each request, without the prefix.
    """

    issuer: str
    client_id: str = "kubeloop"
    client_secret: str = "client-5ecret"
    lifetime: float = 3600.0
    accepts: tuple[str, ...] = ("header",)
    rotates: bool = True
    overrides: dict[str, Response] = field(default_factory=dict)
    now: Callable[[], float] = lambda: datetime.now(UTC).timestamp()
    requests: list[tuple[str, str]] = field(default_factory=list)
    _users: dict[str, dict[str, Any]] = field(default_factory=dict)
    _passwords: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)

    def login(self, user: str, *, groups: Sequence[str] = (), lifetime: float | None = None) -> Tokens:
        """Return new tokens of a user, as after a login."""
        return self._tokens({"sub": user, "groups": list(groups)}, lifetime)

    def add_password(self, user: str, password: str, *, groups: Sequence[str] = ()) -> None:
        """Add a user who can log in with a password (the grant `password`)."""
        self._passwords[user] = (password, {"sub": user, "groups": list(groups)})

    def revoke(self, refresh_token: str) -> None:
        """Accept a refresh token no longer."""
        self._users.pop(refresh_token, None)

    def respond(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        """Return the response to a request."""
        path = urlsplit(target).path.removeprefix(urlsplit(self.issuer).path.rstrip("/"))
        self.requests.append((method, path))
        if path in self.overrides:
            return self.overrides[path]
        if (method, path.removeprefix("/v2.0")) == ("GET", DISCOVERY):  # Entra ID has a version in the path
            base = self.issuer.rstrip("/")
            document = {
                "issuer": self.issuer,
                "authorization_endpoint": f"{base}/auth",
                "token_endpoint": f"{base}/token",
                "jwks_uri": f"{base}/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
            return _json(document)
        if (method, path) == ("GET", "/keys"):
            public = _key().public_key().public_numbers()
            key = {
                "kty": "RSA",
                "use": "sig",
                "alg": "RS256",
                "kid": "1",
                "n": _number(public.n),
                "e": _number(public.e),
            }
            return _json({"keys": [key]})
        if (method, path) == ("POST", "/token"):
            return self._grant(headers, {name: values[0] for name, values in parse_qs((body or b"").decode()).items()})
        return _json({"error": "not found"}, 404)

    def _grant(self, headers: Mapping[str, str], form: Mapping[str, str]) -> Response:
        if form.get("grant_type") == "client_credentials":
            return self._grant_for_assertion(form)
        if not self._knows_client(headers, form):
            return _json({"error": "invalid_client"}, 401)
        if form.get("grant_type") == "password":
            password, claims = self._passwords.get(form.get("username", ""), ("", {}))
            if not claims or form.get("password") != password:
                return _json({"error": "invalid_grant", "error_description": "wrong user or password"}, 400)
            return self._granted(self._tokens(claims, None), rotated=True)
        used = form.get("refresh_token", "")
        if form.get("grant_type") != "refresh_token" or used not in self._users:
            return _json({"error": "invalid_grant", "error_description": f"no such refresh token: {used}"}, 400)
        claims = self._users.pop(used) if self.rotates else self._users[used]
        return self._granted(self._tokens(claims, None), rotated=self.rotates)

    def _grant_for_assertion(self, form: Mapping[str, str]) -> Response:
        """Return an access token for the user of a token that this provider signed, if it has not expired."""
        try:
            claims = _verified(form.get("client_assertion", ""))
        except (ValueError, InvalidSignature):
            claims = {}
        if form.get("client_assertion_type") != ASSERTION or claims.get("exp", 0) <= self.now():
            return _json({"error": "invalid_client", "error_description": "the assertion was not accepted"}, 401)
        if f"{self.client_id}/.default" not in form.get("scope", "").split():
            return _json({"error": "invalid_scope", "error_description": "no such resource"}, 400)
        user = {"sub": claims["sub"], "groups": claims["groups"]}
        token = self._tokens(user, None).id_token
        return _json({"access_token": token, "token_type": "Bearer", "expires_in": int(self.lifetime)})

    def _knows_client(self, headers: Mapping[str, str], form: Mapping[str, str]) -> bool:
        kind, _, encoded = {name.lower(): value for name, value in headers.items()}.get("authorization", "").partition(
            " "
        )
        if kind == "Basic":
            name, _, secret = base64.b64decode(encoded).decode().partition(":")
            found = "header", unquote_plus(name), unquote_plus(secret)
        else:
            found = "body", form.get("client_id", ""), form.get("client_secret", "")
        return found[0] in self.accepts and found[1:] == (self.client_id, self.client_secret)

    def _granted(self, tokens: Tokens, *, rotated: bool) -> Response:
        found = {"access_token": "access", "token_type": "Bearer", "expires_in": 60, "id_token": tokens.id_token}
        if rotated:
            found["refresh_token"] = tokens.refresh_token
        return _json(found)

    def _tokens(self, claims: dict[str, Any], lifetime: float | None) -> Tokens:
        now = self.now()
        serial = next(_serials)
        expires = int(now + (self.lifetime if lifetime is None else lifetime))
        whole = {"iss": self.issuer, "aud": self.client_id, "iat": int(now), "exp": expires, "jti": str(serial)}
        head = {"alg": "RS256", "typ": "JWT", "kid": "1"}
        signed = ".".join(_base64url(json.dumps(part).encode()) for part in (head, {**whole, **claims}))
        signature = _key().sign(signed.encode(), padding.PKCS1v15(), SHA256())
        refresh_token = f"refresh-{serial}-5ecret"
        self._users[refresh_token] = claims
        return Tokens(f"{signed}.{_base64url(signature)}", refresh_token)


def _json(document: object, status: int = 200) -> Response:
    return Response(status, Headers([("Content-Type", "application/json")]), json.dumps(document).encode())


@contextmanager
def served_provider(directory: Path, **settings: Any) -> Iterator[OIDCProvider]:
    """Run a provider behind TLS on a free port of 127.0.0.1; its certificate is of the authority of the tests."""
    provider = OIDCProvider("", **settings)

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            response = provider.respond(self.command, self.path, dict(self.headers), self.rfile.read(length))
            self.send_response(response.status)
            for name, value in response.headers.pairs:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(response.body)))
            self.end_headers()
            self.wfile.write(response.body)

        do_GET = do_POST = _handle  # noqa: N815, the names that http.server calls

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        context = server_context(authority().sign("provider"), directory)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        provider.issuer = f"https://127.0.0.1:{server.server_address[1]}/realm"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="OIDC provider")
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()
