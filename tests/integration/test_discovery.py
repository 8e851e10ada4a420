"""Discovery on the real API server, aggregated and in the older form."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import kubeloop
from kubeloop.discovery import discovery_client
from kubeloop.discovery.discovery_client import DiscoveryClient, GroupsAndResources
from kubeloop.meta.gvk import GroupVersion
from kubeloop.models import apiregistration_v1, meta_v1
from kubeloop.testing import ControlPlane
from tests.support.real_clientset import config_of, connect


async def test_a_server_reports_its_version_groups_and_resources(kubeconfig: Path) -> None:
    async with DiscoveryClient(config_of(kubeconfig)) as discovery:
        assert str(await discovery.server_version()).startswith("v1.37")
        found = await discovery.server_groups_and_resources()
        groups, resources = found
        assert found.failures == {}
        assert groups[0].name == ""
        apps = next(group for group in groups if group.name == "apps")
        assert apps.preferred_version.group_version == "apps/v1"
        core = next(one for one in resources if one.group_version == "v1")
        pods = next(one for one in core.resources if one.name == "pods")
        assert pods.namespaced
        assert pods.kind == "Pod"
        assert "watch" in pods.verbs
        assert {"pods/log", "pods/eviction", "nodes/status"} <= {one.name for one in core.resources}
        assert await discovery.server_groups() == groups


async def test_the_older_form_says_the_same(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with connect(kubeconfig) as clientset:
        aggregated = await clientset.discovery.server_groups_and_resources()
        monkeypatch.setattr(discovery_client, "AGGREGATED", "")
        legacy = await clientset.discovery.server_groups_and_resources()

    def told(found: GroupsAndResources) -> dict[str, set[tuple[str, str, bool, frozenset[str]]]]:
        return {
            one.group_version: {(r.name, r.kind, r.namespaced, frozenset(r.verbs)) for r in one.resources}
            for one in found.resources
        }

    assert told(aggregated) == told(legacy)
    assert [group.name for group in aggregated.groups] == [group.name for group in legacy.groups]


async def test_one_group_version_is_reported_alone(kubeconfig: Path) -> None:
    async with connect(kubeconfig) as clientset:
        discovery = clientset.discovery
        apps = await discovery.server_resources_for_group_version("apps/v1")
        assert isinstance(apps, meta_v1.APIResourceList)
        assert "deployments" in {one.name for one in apps.resources}
        with pytest.raises(kubeloop.NotFound):
            await discovery.server_resources_for_group_version("nobody.example.com/v1")


async def test_each_resource_comes_once_in_its_preferred_version(kubeconfig: Path) -> None:
    async with connect(kubeconfig) as clientset:
        lists = await clientset.discovery.server_preferred_resources()
    names = [(GroupVersion.parse(one.group_version).group, r.name) for one in lists for r in one.resources]
    assert len(names) == len(set(names))
    assert ("apps", "deployments") in names
    assert not any("/" in name for _, name in names)
    assert lists.failures == {}


async def test_a_server_behind_it_that_is_down_hides_nothing_else() -> None:
    async with ControlPlane() as plane, connect(plane.kubeconfig) as clientset:
        service = apiregistration_v1.APIService(
            metadata=meta_v1.ObjectMeta(name="v1.down.example.com"),
            spec=apiregistration_v1.APIServiceSpec(
                group="down.example.com",
                version="v1",
                group_priority_minimum=1000,
                version_priority=10,
                insecure_skip_tls_verify=True,
                service=apiregistration_v1.ServiceReference(namespace="default", name="nobody"),
            ),
        )
        await clientset.apiregistration_v1.api_services().create(service)
        down = GroupVersion("down.example.com", "v1")
        read = clientset.discovery.server_groups_and_resources
        async with asyncio.timeout(60):
            while down not in (found := await read(allow_partial=True)).failures:
                await asyncio.sleep(0.2)
        assert "stale" in str(found.failures[down])
        assert any(one.group_version == "apps/v1" for one in found.resources)
        preferred = await clientset.discovery.server_preferred_resources(allow_partial=True)
        assert down in preferred.failures
        with pytest.raises(kubeloop.DiscoveryIncomplete, match=r"down\.example\.com/v1"):
            await read()
