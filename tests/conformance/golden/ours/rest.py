"""The addresses of requests, and the meaning of responses."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any
from urllib.parse import unquote_plus, urlsplit

from kubeloop import errors as exceptions
from kubeloop.config import Config
from kubeloop.errors import APIError, ConfigError, KubeloopError
from kubeloop.models import core_v1
from kubeloop.rest.client import RESTClient
from kubeloop.testing import virtual_time
from kubeloop.testing.virtual_time import elapsed
from kubeloop.wire.request import Request
from tests.support.scripted_transport import ScriptedResponse, ScriptedTransport

from .refused import REFUSED


def urls(case: dict[str, Any]) -> Any:
    """Build a request and return its URL, or normalize the address of a server."""
    try:
        if "tls" in case:
            return Config(host=case["host"], ca_data=b"authority" if case["tls"] else None).host
        config = Config(host=case["host"])
        sent = virtual_time.run(_sent(config, case))
    except (ConfigError, ValueError):
        return REFUSED
    path, mark, query = sent.target.partition("?")
    # The order of parameters has no meaning; Go sorts parameters by their names.
    parts = sorted(query.split("&"), key=lambda part: unquote_plus(part.partition("=")[0]))
    return f"{urlsplit(config.host).path.rstrip('/')}{path}{mark}{'&'.join(parts)}"


async def _sent(config: Config, case: dict[str, Any]) -> Request:
    transport = ScriptedTransport(ScriptedResponse.of({}), checked=False)
    params: dict[str, list[str]] = {}
    for name, value in case["params"]:
        params.setdefault(name, []).append(value)
    async with RESTClient(config, group_version=case["group_version"], transport=transport) as rest:
        method = getattr(rest, case["verb"].lower())
        body = {"body": b"{}"} if case["verb"] in {"PUT", "PATCH"} else {}
        if "abs_path" in case:
            await method(case["abs_path"], params=params, into=bytes, **body)
        else:
            address = {name: case[name] for name in ("namespace", "name", "subresource") if name in case}
            await method(case["resource"], params=params, into=bytes, **address, **body)
    return transport.requests[0]


_FAILURES: dict[str, Exception] = {
    "reset": exceptions.ConnectionLost("the connection was reset", method="GET", path="/"),
    "refused": exceptions.ConnectError("the connection was refused", method="GET", path="/"),
    "cut": exceptions.ConnectionLost("the connection was cut", method="GET", path="/"),
    "untrusted": exceptions.TLSError("the authority is unknown", method="GET", path="/"),
}


def errors(case: dict[str, Any]) -> Any:
    """Send one request to a server that follows a script; its last reply is repeated."""
    return virtual_time.run(_exchange(case))


async def _exchange(case: dict[str, Any]) -> dict[str, Any]:
    replies = case["replies"]

    def respond(_: Request) -> ScriptedResponse | Exception:
        reply = replies[min(len(transport.requests), len(replies)) - 1]
        if "failure" in reply:
            return _FAILURES[reply["failure"]]
        result = ScriptedResponse(reply["status"], (reply["body"].encode(),), headers=reply["headers"])
        return result.cut(reply["cut"]) if "cut" in reply else result

    transport = ScriptedTransport(respond, checked=False)
    config = Config(host="https://server")
    retries = {"max_retries": case["retries"]} if "retries" in case else {}
    result: dict[str, Any] = {}
    async with RESTClient(config, transport=transport, random=Random(1), **retries) as rest:
        begun = elapsed()
        try:
            await _call(rest, case)
        except APIError as error:
            result = _described(error)
        except KubeloopError:
            result = {"failed": "without a status"}
        return result | {"requests": len(transport.requests), "seconds": round(elapsed() - begun)}


async def _call(rest: RESTClient, case: dict[str, Any]) -> None:
    verb, resource = case["verb"], case["resource"]
    address: dict[str, Any] = {"namespace": "default", "name": case["name"] or None}
    if verb == "WATCH":
        async with rest.watch(resource, into=core_v1.Pod, **address):
            await asyncio.sleep(0)
    elif verb == "STREAM":
        async with rest.stream(resource, **address):
            await asyncio.sleep(0)
    else:
        body = {"body": b"{}"} if verb in {"POST", "PUT", "PATCH"} else {}
        await getattr(rest, verb.lower())(resource, into=core_v1.Pod, **address, **body)


_CLASSES: dict[str, type[APIError]] = {
    "not_found": exceptions.NotFound,
    "already_exists": exceptions.AlreadyExists,
    "conflict": exceptions.Conflict,
    "invalid": exceptions.Invalid,
    "gone": exceptions.Gone,
    "expired": exceptions.Expired,
    "forbidden": exceptions.Forbidden,
    "unauthorized": exceptions.Unauthorized,
    "too_many": exceptions.TooManyRequests,
    "timeout": exceptions.GatewayTimeout,
    "server_timeout": exceptions.ServerTimeout,
    "internal": exceptions.InternalError,
    "unavailable": exceptions.ServiceUnavailable,
    "bad_request": exceptions.BadRequest,
    "too_large": exceptions.RequestEntityTooLarge,
    "bad_method": exceptions.MethodNotAllowed,
    "bad_accept": exceptions.NotAcceptable,
    "bad_media_type": exceptions.UnsupportedMediaType,
}


def _described(error: APIError) -> dict[str, Any]:
    result: dict[str, Any] = {"failed": "by the server", "code": error.code, "reason": error.reason}
    if error.retry_after is not None:
        result["retry_after"] = round(error.retry_after)
    for name, cls in _CLASSES.items():
        if isinstance(error, cls):
            result[f"is_{name}"] = True
    causes = [[cause.reason, cause.field, cause.message] for cause in error.causes]
    if causes and causes[0][0] != "UnexpectedServerResponse":
        result["causes"] = causes
    return result
