"""The headers that a config adds to a request."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NoReturn

from kubeloop.config import Config, Impersonation
from kubeloop.errors import ConfigError
from kubeloop.testing import virtual_time
from kubeloop.transport import auth_proxy
from kubeloop.transport.authentication import Authenticated
from kubeloop.transport.http1.request_head import header_pairs
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers

from .refused import REFUSED


class _SentError(Exception):
    """The request has reached the transport."""


class _Recorder:
    request_sent: Request

    async def request(
        self, request: Request, *, timeout: float | None = None, max_bytes: int | None = None
    ) -> NoReturn:
        self.request_sent = request
        raise _SentError

    stream = upgrade = request


def headers(case: dict[str, Any]) -> Any:
    """Send a request, and return its headers with lower-case names."""
    login = {name: case[name] for name in ("token", "username", "password") if name in case}
    try:
        users = {name: _user(case[name]) for name in ("impersonate", "auth_proxy") if name in case}
        wrapper = auth_proxy(users["auth_proxy"]) if "auth_proxy" in users else None
        config = Config(host="https://server", impersonate=users.get("impersonate"), wrap_transport=wrapper, **login)
    except ConfigError:
        return REFUSED
    recorder = _Recorder()
    with suppress(_SentError):
        virtual_time.run(Authenticated(recorder, config).request(Request("GET", "/api", Headers(case["headers"]))))
    found: dict[str, list[str]] = {}
    for name, value in header_pairs(recorder.request_sent):
        found.setdefault(name.lower(), []).append(value)
    return found


def _user(user: dict[str, Any]) -> Impersonation:
    extra = {key: tuple(values) for key, values in user.get("extra", {}).items()}
    groups = tuple(user.get("groups", ()))
    return Impersonation(user=user["name"], uid=user.get("uid", ""), groups=groups, extra=extra)
