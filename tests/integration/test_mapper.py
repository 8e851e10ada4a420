"""The mapper, its caches, the OpenAPI client and api_resources on API servers, compared with kubectl."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import kubeloop
from kubeloop import GroupResource, GroupVersionKind, GroupVersionResource
from kubeloop.discovery import DiskCache, DiskDiscovery, MemoryDiscovery, RESTMapper
from kubeloop.models import apiextensions_v1, apiregistration_v1, apps_v1, meta_v1
from kubeloop.testing import ControlPlane, Kubectl
from kubeloop.unstructured import Unstructured
from kubeloop.wire.request import Request
from tests.support.markdown import ROOT, names_of
from tests.support.real_clientset import config_map, config_of, connect, wait_until_served

PAGE = ROOT / "docs" / "how-to" / "discovery.md"


class Requests:
    """The requests of a clientset and the statuses of their responses, recorded by a wrapper of its transport."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.statuses: list[int] = []

    def wrap(self, transport: Any) -> Any:
        requests = self

        class Recording:
            def __getattr__(self, name: str) -> Any:
                return getattr(transport, name)

            async def request(self, request: Request, **options: Any) -> Any:
                requests.paths.append(request.path)
                response = await transport.request(request, **options)
                requests.statuses.append(response.status)
                return response

        return Recording()


@pytest.mark.parametrize("name", [
    "deploy", "Deployment", "deployment", "deployments", "deployments.apps", "deployments.v1.apps",
    "Deployment.v1.apps", GroupVersionKind("apps", "v1", "Deployment"),
    GroupVersionResource("apps", "v1", "deployments"),
])  # fmt: skip
async def test_every_name_of_a_deployment_is_understood(clientset: kubeloop.Clientset, name: Any) -> None:
    mapping = await clientset.mapper.resolve(name)
    assert mapping.kind == GroupVersionKind("apps", "v1", "Deployment")
    assert mapping.resource == GroupVersionResource("apps", "v1", "deployments")
    assert mapping.namespaced
    assert {"get", "list", "watch", "create"} <= set(mapping.verbs)


async def test_a_resolved_client_writes_and_reads_objects(clientset: kubeloop.Clientset, namespace: str) -> None:
    await clientset.core_v1.config_maps(namespace).create(config_map("web", color="blue"))
    client = await clientset.resolve("cm", namespace)
    found = await client.get("web")
    assert isinstance(found, Unstructured)
    assert found["data"] == {"color": "blue"}
    await client.delete("web")
    assert await client.get_or_none("web") is None
    with pytest.raises(ValueError, match="nodes are not namespaced"):
        await clientset.resolve("nodes", namespace)


async def test_an_informer_of_a_short_name_holds_the_objects(clientset: kubeloop.Clientset, namespace: str) -> None:
    await clientset.core_v1.config_maps(namespace).create(config_map("web", color="blue"))
    factory = kubeloop.SharedInformerFactory(clientset, namespace=namespace)
    informer = factory.informer(Unstructured, "cm")
    async with factory:
        await factory.wait_for_cache_sync(timeout=30)
        assert informer.lister.namespace(namespace).get("web")["data"] == {"color": "blue"}


async def test_every_resource_is_found_by_all_of_its_names(clientset: kubeloop.Clientset) -> None:
    mapper = clientset.mapper
    for row in await clientset.discovery.api_resources():
        expected = row.group_version_resource
        for name in (
            f"{row.name}.{expected.version}.{expected.group}",
            row.group_version_kind,
            expected,
            GroupResource(expected.group, row.name),
        ):
            assert (await mapper.resolve(name)).resource == expected
    assert mapper.discovery.is_fresh  # type: ignore[attr-defined]


async def test_the_category_all_has_what_kubectl_get_all_shows(clientset: kubeloop.Clientset, kubectl: Kubectl) -> None:
    expanded = await clientset.mapper.expand_category("all")
    assert expanded is not None
    shown = await kubectl.run("api-resources", "--categories=all", "-o", "name")
    assert sorted(map(str, expanded)) == sorted(shown.split())


@pytest.mark.parametrize(("arguments", "filters", "wide"), [
    ((), {}, False),
    (("-o", "wide"), {}, True),
    (("--namespaced=true",), {"namespaced": True}, False),
    (("--namespaced=false", "-o", "wide"), {"namespaced": False}, True),
    (("--api-group=apps",), {"api_group": "apps"}, False),
    (("--api-group=",), {"api_group": ""}, False),
    (("--verbs=list,get",), {"verbs": ["list", "get"]}, False),
    (("--categories=all",), {"categories": ["all"]}, False),
    (("--sort-by=name",), {"sort_by": "name"}, False),
    (("--sort-by=kind",), {"sort_by": "kind"}, False),
])  # fmt: skip
async def test_the_table_of_resources_is_that_of_kubectl(
    clientset: kubeloop.Clientset, kubectl: Kubectl, arguments: tuple[str, ...], filters: dict[str, Any], wide: bool
) -> None:
    expected = await kubectl.run("api-resources", *arguments)
    rows = await clientset.discovery.api_resources(**filters)
    assert rows.table(wide=wide).splitlines() == expected.splitlines()


async def test_a_second_look_is_only_confirmed_by_the_server(kubeconfig: Path) -> None:
    requests = Requests()
    async with kubeloop.Clientset(config_of(kubeconfig).replace(wrap_transport=requests.wrap)) as clientset:
        cache = MemoryDiscovery(clientset.discovery)
        first = await cache.server_groups_and_resources()
        cache.invalidate()
        assert await cache.server_groups_and_resources() == first
    assert requests.statuses == [200, 200, 304, 304]


async def test_a_program_after_another_one_needs_no_request(kubeconfig: Path, tmp_path: Path) -> None:
    paths: list[list[str]] = []
    for _ in range(2):
        requests = Requests()
        config = config_of(kubeconfig).replace(wrap_transport=requests.wrap)
        async with kubeloop.Clientset(config, discovery_cache=DiskCache(tmp_path / "cache")) as clientset:
            assert str(await clientset.mapper.resolve("deploy")) == "deployments.v1.apps"
        paths.append(requests.paths)
    assert paths == [["/api", "/apis"], []]


async def test_the_files_of_kubectl_are_read_on_request(kubeconfig: Path, tmp_path: Path, kubectl: Kubectl) -> None:
    await kubectl.run("get", "namespaces", f"--cache-dir={tmp_path / 'kube'}")
    requests = Requests()
    config = config_of(kubeconfig).replace(wrap_transport=requests.wrap)
    cache = DiskCache(tmp_path / "own", kubectl_directory=tmp_path / "kube")
    async with kubeloop.Clientset(config, discovery_cache=cache) as clientset:
        assert str(await clientset.mapper.resolve("deploy")) == "deployments.v1.apps"
    assert requests.paths == []


async def test_kubectl_could_read_our_files(kubeconfig: Path, tmp_path: Path, kubectl: Kubectl) -> None:
    async with connect(kubeconfig, discovery_cache=DiskCache(tmp_path / "own")) as clientset:
        rows = await DiskDiscovery(clientset.discovery, DiskCache(tmp_path / "own")).api_resources(api_group="apps")
    (folder,) = (tmp_path / "own" / "discovery").iterdir()
    folder.rename(folder.with_name(folder.name.rpartition("-")[0]))
    shown = await kubectl.run("api-resources", "--cached", "--api-group=apps", f"--cache-dir={tmp_path / 'own'}")
    assert rows.table().splitlines() == shown.splitlines()


async def test_schemas_are_read_by_their_hashes(clientset: kubeloop.Clientset) -> None:
    openapi = clientset.openapi
    assert kubeloop.GroupVersion("apps", "v1") in await openapi.group_versions()
    document = await openapi.schema("apps/v1")
    assert document["openapi"].startswith("3.")
    schema = await openapi.schema_of(GroupVersionKind("apps", "v1", "Deployment"))
    assert {"spec", "status", "metadata"} <= set(schema["properties"])
    openapi.invalidate()
    assert await openapi.schema("apps/v1") is document
    with pytest.raises(kubeloop.NoMatch):
        await openapi.schema("nobody.example.com/v1")


async def test_an_unknown_name_is_told_with_the_address_of_the_server(clientset: kubeloop.Clientset) -> None:
    with pytest.raises(kubeloop.NoMatch, match=r"https://.* has no resource or kind 'deploymnet'; did you mean"):
        await clientset.resolve("deploymnet")


async def test_a_definition_that_was_created_after_the_cache_was_filled_is_found() -> None:
    async with ControlPlane() as plane, connect(plane.kubeconfig) as clientset:
        with pytest.raises(kubeloop.NoMatch):
            await clientset.resolve("things")
        await wait_until_served(clientset)
        async with asyncio.timeout(30):  # aggregated discovery follows within a second
            found = await _eventually(clientset.mapper, "Thing.test.kubeloop.dev")
        assert str(found) == "things.v1.test.kubeloop.dev"
        things = await clientset.resolve("things", "default")
        await things.create({
            "apiVersion": "test.kubeloop.dev/v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": {"size": 3},
        })  # fmt: skip
        assert (await things.get("a"))["spec"] == {"size": 3}
        crds = clientset.apiextensions_v1.custom_resource_definitions()
        assert isinstance(await crds.get("things.test.kubeloop.dev"), apiextensions_v1.CustomResourceDefinition)
        async with asyncio.timeout(30):
            schema = await _schema_of(clientset, GroupVersionKind("test.kubeloop.dev", "v1", "Thing"))
        assert "spec" in schema["properties"]


async def _eventually(mapper: RESTMapper, name: str) -> Any:
    while True:
        try:
            return await mapper.resolve(name)
        except kubeloop.NoMatch:
            await asyncio.sleep(0.2)


async def _schema_of(clientset: kubeloop.Clientset, kind: GroupVersionKind) -> Any:
    while True:
        try:
            return await clientset.openapi.schema_of(kind)
        except kubeloop.NoMatch:
            await asyncio.sleep(0.2)


async def test_a_group_whose_server_is_down_is_named_and_hides_nothing_else() -> None:
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
        async with asyncio.timeout(60):
            while isinstance(error := await _error_of(clientset, "foos.down.example.com"), kubeloop.NoMatch):
                await asyncio.sleep(0.2)
        assert isinstance(error, kubeloop.DiscoveryIncomplete)
        assert list(error.failures) == ["down.example.com/v1"]
        with pytest.raises(kubeloop.NoMatch):
            await clientset.resolve("foos.apps")
        with pytest.raises(kubeloop.DiscoveryIncomplete):
            await clientset.discovery.api_resources()
        rows = await clientset.discovery.api_resources(allow_partial=True)
        assert [str(name) for name in rows.failures] == ["down.example.com/v1"]
        assert apps_v1.Deployment.kind in {row.kind for row in rows}


async def _error_of(clientset: kubeloop.Clientset, name: str) -> kubeloop.KubeloopError:
    with pytest.raises(kubeloop.KubeloopError) as caught:
        await clientset.resolve(name)
    return caught.value


async def test_the_functions_of_the_page_run(
    clientset: kubeloop.Clientset,
    kubeconfig: Path,
    namespace: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    await clientset.core_v1.config_maps(namespace).create(config_map("web"))
    assert "web" in await names_of(PAGE, "names_of")["names_of"](clientset, "cm", namespace)
    described = await names_of(PAGE, "describe")["describe"](clientset, "deploy")
    assert described == "apps/v1 Deployment: deployments in namespaces"
    assert await names_of(PAGE, "has_certificates")["has_certificates"](clientset) is False
    await names_of(PAGE, "show")["show"](clientset)
    assert "deployments" in capsys.readouterr().out
    meaning = names_of(PAGE, "meaning")["meaning"]
    for _ in range(2):
        assert await meaning(config_of(kubeconfig), "deploy") == "deployments.v1.apps"
    fields = await names_of(PAGE, "fields_of")["fields_of"](clientset, GroupVersionKind("apps", "v1", "Deployment"))
    assert {"metadata", "spec", "status"} <= set(fields)
