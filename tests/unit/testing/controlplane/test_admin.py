"""The requests of the control plane itself, also to a server whose responses Python cannot read."""

from __future__ import annotations

import asyncio
import json

import pytest

from kubeloop.testing.controlplane.admin import AdminAPI, Namespaces
from tests.support.depth import TOO_DEEP, nested
from tests.support.raw_server import raw_server, reply

RESOURCE = {"resource": "widgets", "scope": "Namespaced", "verbs": ["deletecollection"]}
GROUP = {"metadata": {"name": "acme.test"}, "versions": [{"version": "v1", "resources": [RESOURCE]}]}


@pytest.mark.parametrize("deleted", [nested(TOO_DEEP), b'{"kind":', b"\xff"], ids=["deep", "cut", "binary"])
async def test_a_namespace_is_emptied_and_finalized_although_what_was_in_it_cannot_be_read(deleted: bytes) -> None:
    core, groups = ({"items": items} for items in ([], [GROUP]))
    script = (reply(json.dumps(core)), reply(json.dumps(groups)), reply(deleted), reply(b"{}"))
    async with raw_server(*script) as server:
        namespaces = Namespaces(AdminAPI(server.port, None), with_controllers=False)
        await asyncio.to_thread(namespaces.delete, "n")
    assert [f"{request.method} {request.target}" for request in server.requests] == [
        "GET /api",
        "GET /apis",
        "DELETE /apis/acme.test/v1/namespaces/n/widgets?gracePeriodSeconds=0",
        "DELETE /api/v1/namespaces/n",
        "PUT /api/v1/namespaces/n/finalize",
    ]


async def test_with_controllers_a_namespace_is_just_deleted_since_they_empty_and_finalize_it() -> None:
    async with raw_server(reply(b"{}")) as server:
        namespaces = Namespaces(AdminAPI(server.port, None), with_controllers=True)
        await asyncio.to_thread(namespaces.delete, "n")
    assert [f"{request.method} {request.target}" for request in server.requests] == ["DELETE /api/v1/namespaces/n"]
