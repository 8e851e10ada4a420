"""Requests with the auth-provider `oidc`, and the requests that it sends to its provider."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kubeloop.config import Config, load_config, read_kubeconfig
from kubeloop.errors import ConfigError, ConnectError, CredentialError
from kubeloop.testing import virtual_time
from kubeloop.testing.virtual_time import elapsed
from kubeloop.transport.authentication import Authenticated
from kubeloop.transport.oidc_source import OIDCSource
from kubeloop.wire.request import Request
from tests.conformance.golden.generators.oidc import START
from tests.support.scripted_transport import ScriptedResponse, ScriptedTransport

from .refused import REFUSED

__all__ = ["oidc"]


class Provider:
    """The network: it records each request to a provider, and sends the replies of a case."""

    def __init__(self, case: Mapping[str, Any]) -> None:
        self.sent: list[list[str]] = []
        self._discovery = case["discovery"]
        self._tokens = list(case["tokens"])

    def connect(self, config: Config) -> ScriptedTransport:
        """Return the transport to a server."""

        def respond(request: Request) -> ScriptedResponse | Exception:
            body = (request.body or b"").decode()
            url = f"{config.host}{request.target}"
            self.sent.append([request.method, url, request.headers.get("Authorization", ""), body])
            found = self._discovery
            if request.method == "POST":
                found = self._tokens.pop(0) if len(self._tokens) > 1 else self._tokens[0]
            if not found["status"]:
                return ConnectError("connection refused")
            headers = {"Content-Type": found["type"], "Location": found["location"]}
            given = {name: value for name, value in headers.items() if value}
            return ScriptedResponse(found["status"], (found["body"].encode(),), headers=given)

        return ScriptedTransport(respond, checked=False)


def oidc(case: dict[str, Any]) -> Any:
    """Send requests some seconds apart, and return the requests to the provider, the credentials and the file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "config")
        provider = {"name": "oidc", "config": case["config"]}
        document = {
            "clusters": [{"name": "c", "cluster": {"server": "https://cluster"}}],
            "users": [{"name": "u", "user": {"auth-provider": provider}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        path.write_text(json.dumps(document))
        try:
            config = load_config(path)
        except ConfigError:
            return REFUSED
        sent, authorization = virtual_time.run(_run(config, case))
        written = read_kubeconfig(path).users["u"]["auth-provider"]["config"]
    return {"sent": sent, "authorization": authorization, "written": written if written != case["config"] else None}


async def _run(config: Config, case: dict[str, Any]) -> tuple[list[list[str]], list[str | None]]:
    assert config.auth_provider is not None
    provider = Provider(case)
    source = OIDCSource(
        config.auth_provider,
        config,
        now=lambda: datetime.fromtimestamp(START + elapsed(), UTC),
        connect=provider.connect,
    )
    server = ScriptedTransport(lambda _: ScriptedResponse(), checked=False)
    transport = Authenticated(server, config, source=source)
    headers = {"Authorization": "Bearer own"} if case["own"] else {}
    authorization: list[str | None] = []
    start = elapsed()
    for pause in case["pauses"]:
        start += pause
        await asyncio.sleep(start - elapsed())
        try:
            await transport.request(Request("GET", "/api", headers))
        except CredentialError:
            authorization.append(None)
        else:
            authorization.append(server.requests[-1].headers.get("Authorization", ""))
    return provider.sent, authorization
