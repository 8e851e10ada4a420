"""Reading a server, which may be hostile."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any, cast

import pytest

from kubeloop.codegen.cluster import read_cluster
from kubeloop.codegen.schema import SchemaError
from kubeloop.rest.client import RESTClient
from tests.support.definitions import definition, places, replaced
from tests.unit.codegen.test_openapi import _document  # pyright: ignore[reportPrivateUsage]

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
OPENAPI = "/openapi/v3/apis/x.io/v1"
SERVICE = {"metadata": {"name": "v1.x.io"}, "spec": {"group": "x.io", "version": "v1", "service": {"name": "a"}}}


class _Server:
    """Responds to a GET with the value under its path, and records the paths."""

    def __init__(self, bodies: dict[str, Any]) -> None:
        self.bodies = bodies
        self.asked: list[str] = []

    async def get(self, resource: str, *, into: type[bytes], group_version: str = "") -> bytes:
        # A LIST is requested by its resource: the size of a response to an absolute path is limited.
        path = f"/apis/{group_version}/{resource}" if group_version else resource
        assert bool(group_version) == (path in {DEFINITIONS, SERVICES})
        self.asked.append(path)
        if path not in self.bodies:
            raise SchemaError(f"{path}: not found")
        body = self.bodies[path]
        return body if isinstance(body, bytes) else into(json.dumps(body).encode())


def _server(*definitions: Any, services: list[Any] | None = None, document: Any = None) -> _Server:
    items = [{"metadata": one["metadata"], "spec": one["spec"]} for one in definitions]
    return _Server(
        {
            DEFINITIONS: {"items": items},
            SERVICES: {"items": services or []},
            OPENAPI: document or json.loads(json.dumps(_document())),
        }
    )


async def _read(server: _Server, *groups: str) -> list[str]:
    modules, _ = await read_cluster(cast("RESTClient", server), groups)
    return list(modules)


async def test_definitions_and_aggregated_apis_become_modules() -> None:
    assert await _read(_server(definition(), services=[SERVICE])) == ["example_com_v1", "x_io_v1"]
    assert await _read(_server(definition(), services=[SERVICE]), "x.io") == ["x_io_v1"]


async def test_a_definition_that_serves_nothing_is_passed_over() -> None:
    """(I10) A server may have such a definition; a file that a user names must not contain one."""
    unserved = replaced(definition("b.com"), ("spec", "versions", 0, "served"), False)
    assert await _read(_server(definition(), unserved)) == ["example_com_v1"]
    with pytest.raises(SchemaError, match="no custom resources"):
        await _read(_server(unserved))


@pytest.mark.parametrize("name", ["../../secrets", "v1/../../..", 'v"1', "v1\n", "v1?x=y", ""])
@pytest.mark.parametrize("field", ["group", "version"])
async def test_names_of_a_service_never_lead_to_another_path(field: str, name: str) -> None:
    """(F1)"""
    server = _server(services=[replaced(SERVICE, ("spec", field), name)])
    with pytest.raises(SchemaError):
        await _read(server)
    assert server.asked == [DEFINITIONS, SERVICES]


HOSTILE = 'x"""\nimport os\n"""'


async def test_hostile_names_of_the_servers_documents_are_refused() -> None:
    """(F1) Paths, `$ref`s, subresources and kinds."""
    text = json.dumps(_document(**{HOSTILE: _document()["paths"]["/apis/x.io/v1/namespaces/{namespace}/things"]}))
    for document in (
        json.loads(text),
        json.loads(json.dumps(_document()).replace("namespace}/things", f"namespace}}/{'../' * 3}")),
        json.loads(json.dumps(_document()).replace("x.io", json.dumps(HOSTILE)[1:-1])),
        json.loads(json.dumps(_document()).replace('"Thing"', json.dumps(HOSTILE))),
    ):
        with pytest.raises(SchemaError):
            await _read(_server(services=[SERVICE], document=document))


async def test_two_documents_of_one_group_version_are_refused() -> None:
    """(I10) One would overwrite the other."""
    with pytest.raises(SchemaError, match=r"x\.io/v1 has already come"):
        await _read(_server(definition("x.io"), services=[SERVICE]))


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[" * 20000, b'{"items": 7}', b'{"items": [7]}', b"\xff", b'{"items": [{}]}']
)
@pytest.mark.parametrize("path", [DEFINITIONS, SERVICES, OPENAPI])
async def test_a_body_that_cannot_be_read_is_one_error(path: str, body: bytes) -> None:
    """(F10)"""
    server = _server(definition(), services=[SERVICE])
    server.bodies[path] = body
    with pytest.raises(SchemaError):
        await _read(server)


async def test_every_single_wrong_type_is_one_error_or_read() -> None:
    """(F10)"""
    read = 0
    for part in (DEFINITIONS, SERVICES, OPENAPI):
        good = _server(definition(), services=[SERVICE]).bodies
        for path in places(good[part]):
            for value in (None, 7, "text", [], {}):
                server = _Server({**good, part: replaced(good[part], path, value)})
                with suppress(SchemaError):
                    read += bool(await _read(server))
    assert read > 50
