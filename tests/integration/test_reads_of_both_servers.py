"""Gets, lists and watches of the API server in Python beside those of the real server, after the same writes.

Compared are the objects, the types and order of events, where pages end, and the Status of errors.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest_asyncio

import kubeloop
from kubeloop.testing import APIServer, ControlPlane
from kubeloop.transport import Transport, open_transport
from kubeloop.wire.continue_token import encode_continue_token, parse_continue_token
from kubeloop.wire.request import Request

MAPS = "/api/v1/namespaces/reads/configmaps"
OTHER = "/api/v1/namespaces/reads-2/configmaps"
OURS = "&".join(f"metadata.namespace!={each}" for each in ("default", "kube-system", "kube-public", "kube-node-lease"))
IN_ALL = f"/api/v1/configmaps?fieldSelector={OURS.replace('&', ',').replace('!=', '!%3D')}"
BY_PATH = "/api/v1/watch/namespaces/reads"
NEWER = "resourceVersionMatch=NotOlderThan"
INITIAL = f"sendInitialEvents=true&{NEWER}"
GOES_ON = f"continue={encode_continue_token('y', -1)}"
X, WEB = "fieldSelector=metadata.name%3Dx", "labelSelector=app%3Dweb"

GETS = [
    f"{MAPS}/x{query}" for query in (
        "", "?resourceVersion=0", "?resourceVersion={last}", "?resourceVersion=abc", "?resourceVersion=-1",
        "?resourceVersion=9999999", "?resourceVersion=99999999999999999999", "?export=true", "?watch=1",
    )
] + [f"{MAPS}/missing", f"{MAPS}/missing?resourceVersion=0", "/api/v1/namespaces/reads?watch=1"]  # fmt: skip

LISTS = [
    f"{MAPS}?{query}" for query in (
        "", "limit=1", "limit=2", "limit=-1", "resourceVersion=0", "resourceVersion=0&limit=1",
        "resourceVersion={first}", "resourceVersion={first}&limit=1", "resourceVersion={updated}&limit=1",
        "resourceVersion={first}&resourceVersionMatch=Exact", "resourceVersion={updated}&resourceVersionMatch=Exact",
        f"resourceVersion={{last}}&{NEWER}&limit=1", "resourceVersion=abc", "resourceVersion=abc&limit=1",
        "resourceVersionMatch=Exact", "resourceVersionMatch=Foo&resourceVersion=5",
        "resourceVersionMatch=Exact&resourceVersion=0", "sendInitialEvents=true", "resourceVersion=9999999",
        "resourceVersion=9999999&resourceVersionMatch=Exact", "resourceVersion=9999999&limit=1",
        WEB, f"{WEB}&limit=1", X, f"{X}&limit=1", f"{X}&resourceVersion={{first}}&limit=1",
        f"{X}&resourceVersion=9999999&resourceVersionMatch=Exact", f"{X}&resourceVersion=9999999",
        f"{X}&resourceVersion={{first}}&resourceVersionMatch=Exact", "fieldSelector=foo%3Dbar",
        "limit=abc", "timeoutSeconds=abc", "continue=%3D%3D", f"continue={encode_continue_token('x', 0)}",
        f"continue={encode_continue_token('', 5)}", f"continue={encode_continue_token('../x', 5)}", GOES_ON,
        f"{GOES_ON}&resourceVersion=5", f"{GOES_ON}&resourceVersion=0&limit=1",
        f"{GOES_ON}&resourceVersion=5&resourceVersionMatch=Exact",
    )
] + [f"{IN_ALL}{query}" for query in ("", "&limit=2", "&resourceVersion=0", f"&limit=1&{WEB}")] + [
    "/api/v1/configmaps?fieldSelector=metadata.name%3Dx&limit=1",
    "/api/v1/configmaps?fieldSelector=metadata.namespace%3Dreads&limit=1",
    "/api/v1/configmaps?fieldSelector=metadata.namespace%3Dreads,metadata.name%3Dx",
    "/api/v1/pods?fieldSelector=spec.nodeName%3Dn&limit=1",
    "/api/v1/pods?fieldSelector=spec.bad%3Dn",
]  # fmt: skip

BOOKMARKS = "allowWatchBookmarks=true"
WATCHES = [
    f"{MAPS}?watch=1&timeoutSeconds=3&{query}" for query in (
        "", BOOKMARKS, "resourceVersion={first}", "resourceVersion=0", f"resourceVersion=0&{BOOKMARKS}",
        "resourceVersion=9999999", "resourceVersion=abc", "sendInitialEvents=true", INITIAL, f"{INITIAL}&{BOOKMARKS}",
        f"{INITIAL}&{BOOKMARKS}&resourceVersion={{first}}", f"{INITIAL}&resourceVersion=9999999",
        f"sendInitialEvents=false&{NEWER}", f"sendInitialEvents=false&{NEWER}&resourceVersion=0",
        f"{NEWER}&resourceVersion=5", "sendInitialEvents=true&resourceVersionMatch=Exact&continue=x",
        f"resourceVersion={{first}}&{WEB}", f"resourceVersion={{first}}&{X}", f"{X}&{BOOKMARKS}",
        "resourceVersion={first}&fieldSelector=foo%3Dbar",
    )
] + [
    f"{BY_PATH}/configmaps?timeoutSeconds=1", f"{BY_PATH}/configmaps/x?timeoutSeconds=1&{BOOKMARKS}",
    f"{BY_PATH}/configmaps/x?timeoutSeconds=1&fieldSelector=metadata.name%3Dy",
    f"{BY_PATH}/configmaps?timeoutSeconds=1&{INITIAL}&resourceVersion={{first}}", f"{BY_PATH}?timeoutSeconds=1",
]  # fmt: skip

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"


@dataclass
class Server:
    """A server, and the revisions of the first write, the update and the last one."""

    transport: Transport
    revisions: Mapping[str, str]

    async def read(self, target: str, accept: str) -> object:
        """Send a GET and return what both servers must have in common."""
        request = Request("GET", target.format(**self.revisions), {"Accept": accept})
        async with self.transport.stream(request, timeout=30) as stream:
            body = await stream.read()
            if stream.status != 200:
                return stream.status, _without_numbers(json.loads(body))
            documents = [json.loads(line) for line in body.splitlines() if line]
            return [_essence(each) for each in documents if not _is_progress(each)]


def _is_progress(document: dict[str, Any]) -> bool:
    """Return whether a document is a bookmark that tells of other changes, which depend on what else a server does."""
    return document.get("type") == "BOOKMARK" and "initial-events-end" not in json.dumps(document)


def _without_numbers(status: dict[str, Any]) -> str:
    return re.sub(r"\d{1,7}", "N", json.dumps(status, sort_keys=True))


def _essence(document: dict[str, Any]) -> object:
    if "type" in document:
        found = document["object"]
        return document["type"], _without_numbers(found) if found["kind"] == "Status" else _essence(found)
    metadata = document.get("metadata", {})
    shown = [document["kind"], metadata.get("namespace"), metadata.get("name"), metadata.get("labels")]
    shown += [metadata.get("annotations"), metadata.get("remainingItemCount"), bool(document.get("columnDefinitions"))]
    if token := metadata.get("continue"):
        shown.append(parse_continue_token(token).start)
    shown += [_essence(item | {"kind": ""}) for item in document.get("items") or ()]
    return shown + [_essence(row["object"]) for row in document.get("rows", ())]


async def _write(transport: Transport) -> Server:
    async def send(method: str, path: str, body: dict[str, Any] | None = None) -> str:
        content = None if body is None else json.dumps(body).encode()
        response = await transport.request(
            Request(method, path, {"Accept": "application/json", "Content-Type": "application/json"}, content),
            timeout=30,
        )
        assert response.ok, response.body
        return str(json.loads(response.body).get("metadata", {}).get("resourceVersion", ""))

    def config_map(name: str, app: str = "") -> dict[str, Any]:
        labels = {"labels": {"app": app}} if app else {}
        return {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": name, **labels}}

    for namespace in ("reads", "reads-2"):
        await send("POST", "/api/v1/namespaces", {"kind": "Namespace", "metadata": {"name": namespace}})
    first = await send("POST", MAPS, config_map("x", "web"))
    await send("POST", MAPS, config_map("y"))
    await send("POST", OTHER, config_map("x", "web"))
    await send("POST", MAPS, config_map("z"))
    updated = await send("PUT", f"{MAPS}/x", config_map("x", "db"))
    await send("DELETE", f"{MAPS}/z")
    last = await send("POST", MAPS, config_map("w", "web"))
    await send("GET", MAPS)  # the watch cache has seen all of it
    return Server(transport, {"first": first, "updated": updated, "last": last})


@pytest_asyncio.fixture
async def servers(control_plane: ControlPlane) -> AsyncIterator[tuple[Server, Server]]:
    """The real server and ours, with the same ConfigMaps."""
    async with AsyncExitStack() as stack:
        real = open_transport(kubeloop.load_config(control_plane.kubeconfig))
        stack.push_async_callback(real.close)
        api = APIServer(controllers=())
        stack.callback(api.close)
        yield await _write(real), await _write(api.transport())
        for namespace in ("reads", "reads-2"):
            await real.request(Request("DELETE", f"/api/v1/namespaces/{namespace}"), timeout=30)


async def test_reads_have_the_results_of_the_real_server(servers: tuple[Server, Server]) -> None:
    requests = [(target, "application/json") for target in (*GETS, *LISTS, *WATCHES)]
    requests += [
        (WATCHES[1], TABLE),
        (WATCHES[1], METADATA),
        (LISTS[0], METADATA.replace("Metadata;", "MetadataList;")),
    ]
    real, ours = [
        await asyncio.gather(*(server.read(target, accept) for target, accept in requests)) for server in servers
    ]
    different = {request: pair for request, *pair in zip(requests, real, ours, strict=True) if pair[0] != pair[1]}
    assert different == {}
    assert len(requests) > 85
