"""Discovery on servers that fail in part: the result contains what could be read, and reports what could not."""

from __future__ import annotations

from typing import Any

import pytest

import kubeloop
from kubeloop.config.config import Config
from kubeloop.discovery.discovery_client import DiscoveryClient
from kubeloop.meta.gvk import GroupVersion
from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from kubeloop.wire.request import Request
from tests.support.scripted_transport import Hang, ScriptedResponse, ScriptedTransport, error_status

AGGREGATED = {"Content-Type": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}
CORE = {"kind": "APIVersions", "apiVersion": "v1", "versions": ["v1"]}
GROUPS = {
    "kind": "APIGroupList", "apiVersion": "v1",
    "groups": [
        {"name": name, "versions": [{"groupVersion": f"{name}/v1", "version": "v1"}],
         "preferredVersion": {"groupVersion": f"{name}/v1", "version": "v1"}}
        for name in ("apps", "down.io")
    ],
}  # fmt: skip


def resources(group_version: str, name: str) -> dict[str, Any]:
    item = {"name": name, "singularName": "", "namespaced": True, "kind": "K", "verbs": ["get"]}
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": [item]}


LEGACY: dict[str, ScriptedResponse] = {
    "/api": ScriptedResponse.of(CORE),
    "/apis": ScriptedResponse.of(GROUPS),
    "/api/v1": ScriptedResponse.of(resources("v1", "pods")),
    "/apis/apps/v1": ScriptedResponse.of(resources("apps/v1", "deployments")),
    "/apis/down.io/v1": error_status(503, "ServiceUnavailable"),
}


def discovery(answers: dict[str, Any], **settings: Any) -> tuple[DiscoveryClient, ScriptedTransport]:
    def respond(request: Request) -> ScriptedResponse:
        answer: ScriptedResponse = answers[request.path]
        return answer

    transport = ScriptedTransport(respond)
    return DiscoveryClient(Config(host="https://server", **settings), transport=transport), transport


@in_virtual_time
async def test_a_group_that_is_down_does_not_hide_the_others() -> None:
    client, transport = discovery(LEGACY)
    found = await client.server_groups_and_resources(allow_partial=True)
    groups, lists = found
    assert [group.name for group in groups] == ["", "apps", "down.io"]
    assert [one.group_version for one in lists] == ["v1", "apps/v1"]
    assert list(found.failures) == [GroupVersion("down.io", "v1")]
    assert isinstance(found.failures[GroupVersion("down.io", "v1")], kubeloop.ServiceUnavailable)
    # A group that fails is requested a second time.
    assert [request.path for request in transport.requests].count("/apis/down.io/v1") == 2


@in_virtual_time
async def test_partial_discovery_is_an_error_that_names_what_is_missing() -> None:
    client, _ = discovery(LEGACY)
    for call in (client.server_groups_and_resources, client.server_preferred_resources):
        with pytest.raises(
            kubeloop.DiscoveryIncomplete, match=r"^discovery failed for down\.io/v1; .*allow_partial"
        ) as caught:
            await call()
        assert isinstance(caught.value.failures["down.io/v1"], kubeloop.ServiceUnavailable)


@in_virtual_time
async def test_preferred_resources_report_failures_too() -> None:
    client, _ = discovery(LEGACY)
    lists = await client.server_preferred_resources(allow_partial=True)
    assert [one.resources[0].name for one in lists] == ["pods", "deployments"]
    assert list(lists.failures) == [GroupVersion("down.io", "v1")]


@in_virtual_time
async def test_a_server_without_a_core_group_is_tolerated() -> None:
    apps = {**GROUPS, "groups": GROUPS["groups"][:1]}
    client, _ = discovery({**LEGACY, "/api": error_status(404, "NotFound"), "/apis": ScriptedResponse.of(apps)})
    found = await client.server_groups_and_resources(allow_partial=True)
    assert [group.name for group in found.groups] == ["apps"]


@pytest.mark.parametrize("status", [403, 404, 500])
@in_virtual_time
async def test_a_server_without_groups_is_an_error(status: int) -> None:
    client, _ = discovery({**LEGACY, "/apis": error_status(status)})
    with pytest.raises(kubeloop.APIError):
        await client.server_groups_and_resources(allow_partial=True)


@in_virtual_time
async def test_one_document_in_the_older_form_has_all_resources_fetched_one_by_one() -> None:
    core = {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": []}
    client, _ = discovery({**LEGACY, "/api": ScriptedResponse.of(core, headers=AGGREGATED)})
    found = await client.server_groups_and_resources(allow_partial=True)
    assert [one.group_version for one in found.resources] == ["apps/v1"]


@in_virtual_time
async def test_the_core_version_may_be_missing_and_others_may_not() -> None:
    client, _ = discovery({"/api/v1": error_status(404), "/apis/x/v1": error_status(404), "/api/v2": error_status(404)})
    assert list((await client.server_resources_for_group_version("v1")).resources) == []
    with pytest.raises(kubeloop.NotFound):
        await client.server_resources_for_group_version("x/v1")


@in_virtual_time
async def test_a_hanging_server_ends_after_32_seconds_unless_the_config_says_otherwise() -> None:
    client, _ = discovery({"/version": ScriptedResponse(chunks=[Hang()])})
    with pytest.raises(kubeloop.RequestTimeout):
        await client.server_version()
    assert elapsed() == 32.0
    client, _ = discovery({"/version": ScriptedResponse(chunks=[Hang()])}, timeout=5.0)
    with pytest.raises(kubeloop.RequestTimeout):
        await client.server_version()
    assert elapsed() == 37.0


@in_virtual_time
async def test_a_version_of_wrong_types_is_empty_and_no_crash() -> None:
    client, _ = discovery({"/version": ScriptedResponse.of({"major": 1, "gitVersion": "v1.37.0"})})
    version = await client.server_version()
    assert (version.major, str(version)) == ("", "v1.37.0")


@pytest.mark.parametrize("body", ["", "<html>", "[]", "5"])
@in_virtual_time
async def test_a_version_that_is_no_version_is_an_error(body: str) -> None:
    client, _ = discovery({"/version": ScriptedResponse.text(body)})
    with pytest.raises(kubeloop.DecodeError):
        await client.server_version()


@in_virtual_time
async def test_a_client_over_a_shared_connection_does_not_close_it() -> None:
    client, transport = discovery(LEGACY)
    async with DiscoveryClient.from_rest(client.rest) as shared:
        assert shared.rest is client.rest
    assert not transport.closed


@pytest.mark.parametrize("bad", ["a/b/c", "../v1", "a?x=/v1", "a b/v1", "./v1", "x/..", "a#/v1"])
@in_virtual_time
async def test_a_group_version_that_leads_to_no_path_does_not_hide_the_others(bad: str) -> None:
    """(B9)"""
    odd = {"name": "odd.io", "versions": [{"groupVersion": bad, "version": "v1"}], "preferredVersion": {}}
    groups = ScriptedResponse.of({**GROUPS, "groups": [odd, *GROUPS["groups"]]})
    client, transport = discovery({**LEGACY, "/apis": groups})
    found = await client.server_groups_and_resources(allow_partial=True)
    assert [one.group_version for one in found.resources] == ["v1", "apps/v1"]
    assert set(found.failures) == {GroupVersion("odd.io", "v1"), GroupVersion("down.io", "v1")}
    assert isinstance(found.failures[GroupVersion("odd.io", "v1")], kubeloop.DecodeError)
    assert all(request.path in LEGACY for request in transport.requests)


@pytest.mark.parametrize("group", ["a/b", "..", "a?x", "a b"])
@in_virtual_time
async def test_an_aggregated_group_that_leads_to_no_path_does_not_hide_the_others(group: str) -> None:
    """(B9)"""

    def document(*names: str) -> ScriptedResponse:
        items = [{"metadata": {"name": name}, "versions": [{"version": "v1"}]} for name in names]
        return ScriptedResponse.of(
            {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": items},
            headers=AGGREGATED,
        )

    client, _ = discovery({"/api": document(""), "/apis": document(group, "apps")})
    found = await client.server_groups_and_resources(allow_partial=True)
    assert [one.group_version for one in found.resources] == ["v1", "apps/v1"]
    assert list(found.failures) == [GroupVersion(group, "v1")]


@in_virtual_time
async def test_a_document_that_never_ends_is_an_error() -> None:
    """(F9) 300 KB of gzip are 300 MiB of blanks."""
    huge = ScriptedResponse(chunks=[b" " * 1024 * 1024] * 33)
    client, _ = discovery(dict.fromkeys(["/api", "/apis", "/version", "/apis/apps/v1"], huge))
    for call in (client.server_version, client.server_groups, client.server_groups_and_resources):
        with pytest.raises(kubeloop.BodyTooLarge, match="more than 33554432 bytes"):
            await call()
    with pytest.raises(kubeloop.BodyTooLarge):
        await client.server_resources_for_group_version("apps/v1")
