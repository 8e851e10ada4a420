"""The auth-provider `oidc`: settings, the responses of a provider, and requests some seconds apart.

The time starts at 2000-01-01. The last response of the token endpoint is repeated; the status 0 is a refused
connection.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from random import Random
from typing import Any

__all__ = ["START", "oidc", "token"]

Case = dict[str, Any]

START = 946_684_800
ISSUER = "https://issuer.example/realm"
ENDPOINT = f"{ISSUER}/token"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def token(claims: str) -> str:
    """Return a token with these claims, which need not be JSON."""
    parts = ("{}", claims, "signature")
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)


def _expiring(seconds: float) -> str:
    return token(json.dumps({"exp": START + seconds}))


_VALID = _expiring(3600)
_EXPIRED = _expiring(-60)
_NEW = _expiring(7200)
_CLAIMS = [
    "1e9", "1.5e9", "946688400", "946688400.7", "9.466884e8", "9.466884e+8", '"946688400"', '"9.466884e8"', "0", "-1",
    '"foobar"', "null", "true", "[]", "{}", '""', '" 1"', '"0x1"', "1e400", "-1e400", "99999999999",
]  # fmt: skip
_ID_TOKENS = [
    "", _VALID, _EXPIRED, *(_expiring(seconds) for seconds in (0, 9, 10, 11, 15, 16, 17)),
    *(token(f'{{"exp": {claim}}}') for claim in _CLAIMS), token("{}"), token('{"sub": "jane"}'), token("[]"), token(""),
    token("{"), token('"x"'), token("null"), "notanidtoken", "a.b", "a.b.c", "a.b.c.d", "..", f"{_VALID}.x",
    _VALID.replace(".", ".%", 1), token('{"exp": 946688400, "exp": 1}'), token('{"exp": 1, "exp": 946688400}'),
]  # fmt: skip


def _reply(body: Any = "", status: int = 200, type: str = JSON, location: str = "") -> Case:
    text = body if isinstance(body, str) else json.dumps(body)
    return {"status": status, "type": type, "location": location, "body": text}


_FOUND = _reply({"issuer": ISSUER, "token_endpoint": ENDPOINT})
_DISCOVERIES = [
    _FOUND,
    _reply({"token_endpoint": ENDPOINT}),
    _reply({"issuer": f"{ISSUER}/", "token_endpoint": ENDPOINT}, type=""),
    _reply({"issuer": ISSUER, "token_endpoint": "https://issuer.example"}),
    _reply({"issuer": ISSUER, "token_endpoint": "https://other.example:8443/a/b?c=d&e=f"}),
    _reply({"issuer": ISSUER, "token_endpoint": "https://issuer.example/a%20b/%C3%BC"}),
    _reply({"issuer": "https://evil.example", "token_endpoint": ENDPOINT}),
    _reply({"issuer": ISSUER, "token_endpoint": "http://issuer.example/token"}),
    _reply({"issuer": ISSUER, "token_endpoint": ""}),
    _reply({"issuer": ISSUER, "token_endpoint": None}),
    _reply({"issuer": ISSUER, "token_endpoint": 5}),
    _reply({"issuer": ISSUER}),
    _reply({}),
    _reply([]),
    _reply("null"),
    _reply('"text"'),
    _reply("<html>", type="text/html"),
    _reply(""),
    _reply("{"),
    _reply({"error": "x"}, 404),
    _reply({"issuer": ISSUER, "token_endpoint": ENDPOINT}, 201),
    _reply({"issuer": ISSUER, "token_endpoint": ENDPOINT}, 500),
    _reply(status=302, location="/.well-known/openid-configuration"),
    _reply(status=0),
]


def _granted(id_token: Any = _NEW, **more: Any) -> Case:
    return _reply({"access_token": "access", "token_type": "bearer", "id_token": id_token, **more})


def _form(text: str, status: int = 200, type: str = FORM) -> Case:
    return _reply(text, status, type)


_REFUSED = _reply({"error": "invalid_client"}, 401)
_TOKENS = [
    [_granted(refresh_token="r2")],
    [_granted()],
    [_granted(refresh_token="")],
    [_granted(refresh_token="r1")],
    [_granted(expires_in=60)],
    [_granted(expires_in="60")],
    [_granted(_expiring(17), refresh_token="r2"), _granted(refresh_token="r3")],
    [_granted(_expiring(12), refresh_token="r2"), _granted(_expiring(20), refresh_token="r3"), _granted()],
    [_REFUSED, _granted(refresh_token="r2")],
    [_reply({"error": "invalid_client"}, 400), _granted()],
    [_reply({"error": "unsupported"}), _granted()],
    [_reply("<html>", 400, "text/html"), _granted()],
    [_reply("", 403, ""), _granted()],
    [_REFUSED],
    [_reply({"error": "invalid_grant", "error_description": "expired"}, 400)],
    [_reply({"error": "invalid_grant"}, 400), _granted()],
    [_form(f"access_token=a&id_token={_NEW}&refresh_token=r2")],
    [_form(f"access_token=a&id_token={_NEW}", type="text/plain; charset=utf-8")],
    [_form("error=invalid_client", 400), _form(f"access_token=a&id_token={_NEW}&refresh_token=r+2%2F")],
    [_form(json.dumps({"access_token": "a", "id_token": _NEW}), type="text/plain")],
    [_reply({"access_token": "a", "id_token": _NEW}, type="text/html")],
    [_reply({"access_token": "a", "id_token": _NEW}, type="")],
    [_reply({"access_token": "a", "id_token": _NEW}, 201)],
    [_reply({"id_token": _NEW, "refresh_token": "r2"})],
    [_reply({"access_token": "a", "refresh_token": "r2"})],
    [_granted(None)],
    [_granted(5)],
    [_granted("")],
    [_granted("notanidtoken", refresh_token="r2")],
    [_granted(_EXPIRED, refresh_token="r2")],
    [_granted(token("{}"))],
    [_reply("<html>", type="text/html")],
    [_reply("")],
    [_reply([])],
    [_reply({}, 500)],
    [_reply({"error": "server_error"}, 500), _granted()],
    [_reply(status=302, location=f"{ISSUER}/moved")],
    [_reply(status=307, location=f"{ISSUER}/moved"), _granted()],
    [_reply(status=0)],
]
_CLIENTS = [
    {"client-id": "me"},
    {"client-id": "me", "client-secret": "s3cret"},
    {"client-id": "me:ü", "client-secret": "a b/c+d%e&f=g"},
    {"client-id": "me", "client-secret": ""},
]
_PAUSES = [[0], [0, 6], [6, 6], [0, 6, 3600]]


def _case(
    config: Case | None = None,
    discovery: Case = _FOUND,
    tokens: list[Case] = _TOKENS[0],
    pauses: list[int] = _PAUSES[0],
    own: bool = False,
) -> Case:
    settings = {"idp-issuer-url": ISSUER, **_CLIENTS[1], "id-token": _EXPIRED, "refresh-token": "r1", **(config or {})}
    return {"config": settings, "discovery": discovery, "tokens": tokens, "pauses": pauses, "own": own}


def oidc(random: Random) -> Iterator[Case]:
    """Yield each setting and each response beside usual ones, and random combinations."""
    for id_token in _ID_TOKENS:
        for refresh_token in ("r1", ""):
            yield _case({"id-token": id_token, "refresh-token": refresh_token})
        yield _case({"id-token": id_token}, pauses=[0, 6])
    for discovery in _DISCOVERIES:
        yield _case(discovery=discovery)
        yield _case(discovery=discovery, pauses=[0, 6])
    for tokens in _TOKENS:
        yield _case(tokens=tokens)
        yield _case(tokens=tokens, pauses=[0, 6, 3600])
    for client in _CLIENTS:
        yield _case(client)
        yield _case(client, tokens=[_REFUSED, _granted()])
    for issuer in (
        "",
        f"{ISSUER}/",
        "https://issuer.example",
        "https://issuer.example:8443/a%20b",
        "http://issuer.example",
    ):
        yield _case({"idp-issuer-url": issuer}, discovery=_reply({"token_endpoint": ENDPOINT}))
    yield _case({"client-id": ""})
    yield _case({"idp-certificate-authority-data": "%"})
    yield _case({"extra-scopes": "a,b", "more": "kept"})
    yield _case({"id-token": _VALID}, own=True)
    for _ in range(200):
        config = {**random.choice(_CLIENTS), "id-token": random.choice((_EXPIRED, random.choice(_ID_TOKENS)))}
        discovery = random.choice((_FOUND, _FOUND, _FOUND, random.choice(_DISCOVERIES)))
        yield _case(config, discovery, random.choice(_TOKENS), random.choice(_PAUSES))
