"""The way to an OpenID Connect provider of the tests, without sockets, and what its tests share."""

import asyncio
import json
from urllib.parse import urlsplit

from kubeloop.config import read_kubeconfig
from kubeloop.wire.response import Headers, Response
from tests.support.scripted_transport import ScriptedResponse, ScriptedTransport

__all__ = ["DISCOVERY", "ISSUER", "TOKEN", "Network", "bearer", "json_response", "written"]

ISSUER = "https://issuer.example/realm"
DISCOVERY = ("GET", "/.well-known/openid-configuration")
TOKEN = ("POST", "/token")


def json_response(document, status=200, headers=()):
    return Response(status, Headers([("Content-Type", "application/json"), *headers]), json.dumps(document).encode())


class Network:
    """The way to a provider: transports that pass requests to it, late, held, cut or redirected."""

    def __init__(self, provider):
        self.provider = provider
        self.hosts = []
        self.configs = []
        self.transports = []
        self.delay = 0.0
        self.held = {}  # the path, and the event that a response to it waits for
        self.fails = None
        self.answers = {}  # the URL, and a response of another host

    def connect(self, config):
        transport = ScriptedTransport(lambda request: self._respond(config, request), checked=False)
        self.configs.append(config)
        self.transports.append(transport)
        return transport

    async def _respond(self, config, request):
        await asyncio.sleep(self.delay)
        path = urlsplit(request.target).path
        if (held := self.held.get(path.removeprefix("/realm"))) is not None:
            await held.wait()
        if self.fails is not None:
            raise self.fails
        if (found := self.answers.get(f"{config.host}{request.target}")) is None:
            found = self.provider.respond(request.method, request.target, request.headers, request.body)
        return ScriptedResponse(found.status, (found.body,), headers=dict(found.headers))

    @property
    def is_closed(self):
        return all(transport.closed and not transport.open_streams for transport in self.transports)


def written(path):
    config = read_kubeconfig(path).users["jane"]["auth-provider"]["config"]
    return config["id-token"], config["refresh-token"]


def bearer(credential):
    return credential.authorization.removeprefix("Bearer ")
