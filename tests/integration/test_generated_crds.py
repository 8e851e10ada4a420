"""The output of `kubeloop generate` for custom resources works against the real server.

The server also checks whether the CRDs of these tests are valid, and the same package is generated from the server.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from kubeloop.cache.factory import SharedInformerFactory
from kubeloop.cli import main
from kubeloop.clients.clientset import Clientset
from kubeloop.errors import Conflict, Invalid, NotFound
from kubeloop.meta import yaml
from kubeloop.meta.gvk import GroupVersionResource
from kubeloop.models import autoscaling_v1, meta_v1
from kubeloop.rest.client import RESTClient
from tests.support.custom_resources import generated, served
from tests.support.held import until_held
from tests.support.real_clientset import config_of

CRDS = sorted((Path(__file__).parents[1] / "support" / "crds").glob("*.yaml"))
GROUPS = ("apps.example.com", "cert-manager.io", "compute.example.com")
PACKAGE = "generated_for_integration"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The generated package, importable as PACKAGE."""
    folder = tmp_path_factory.mktemp("generated")
    with generated(PACKAGE, folder, *CRDS) as path:
        yield path


@pytest.fixture(scope="module")
def server(kubeconfig: Path) -> Iterator[Path]:
    """The kubeconfig of a server that has the custom resources."""
    documents = [document for path in CRDS for document in yaml.load_all(path.read_bytes())]
    with served(kubeconfig, documents):
        yield kubeconfig


def _module(kind: str, name: str) -> ModuleType:
    return import_module(f"{PACKAGE}.{kind}.{name}")


def _certificate(name: str) -> Any:
    cert = _module("models", "cert_manager_io_v1")
    return cert.Certificate(
        metadata=meta_v1.ObjectMeta(name=name, labels={"app": "web"}),
        spec=cert.CertificateSpec(
            secret_name=f"{name}-tls",
            dns_names=["a.example.com", "b.example.com"],
            issuer_ref=cert.IssuerRef(name="ca", kind="ClusterIssuer"),
            private_key=cert.CertificateSpecPrivateKey(size=4096, rotation_policy="Always"),
            usages=["server auth", "digital signature"],
            secret_template=cert.CertificateSpecSecretTemplate(labels={"a": "b"}, annotations={"c": "d"}),
            solver_selectors=[
                cert.CertificateSpecSolverSelectors(
                    dns_zones=["example.com"],
                    match_expressions=[cert.SpecSolverSelectorsMatchExpressions(key="k", operator="In", values=["v"])],
                )
            ],
            keystores=cert.CertificateSpecKeystores(
                pkcs12=cert.CertificateSpecKeystoresPkcs12(create=True, profile="Modern2023")
            ),
        ),
    )


async def test_a_certificate_goes_through_all_verbs(package: Path, server: Path, namespace: str) -> None:
    cert = _module("models", "cert_manager_io_v1")
    async with Clientset(config_of(server)) as clientset:
        certificates = _module("clients", "cert_manager_io_v1").bind(clientset).certificates(namespace)
        sent = _certificate("web")
        created = await certificates.create(sent)

        assert isinstance(created, cert.Certificate)
        assert created.spec.private_key.algorithm == "RSA", "the schema's default"
        assert created.spec.solver_selectors == sent.spec.solver_selectors
        assert created.status is None
        assert await clientset.resource(cert.Certificate, namespace).get("web") == created
        page = await certificates.list(label_selector="app=web")
        assert isinstance(page, cert.CertificateList)
        assert list(page.items) == [created]
        assert [one.metadata.name async for one in certificates.iterate(limit=1)] == ["web"]

        async with certificates.edit("web") as draft:
            draft.spec.private_key.size = 2048
            draft.spec.solver_selectors[0].match_expressions[0].values.append("w")
            draft.spec.secret_template.labels["e"] = "f"
        edited = await certificates.get("web")
        assert edited.spec.private_key == cert.CertificateSpecPrivateKey(
            algorithm="RSA", size=2048, rotation_policy="Always"
        )
        assert edited.spec.solver_selectors[0].match_expressions[0].values == ("v", "w")
        assert edited.spec.secret_template.labels == {"a": "b", "e": "f"}

        with pytest.raises(Conflict):
            await certificates.update(created)
        status = edited.draft()
        status.status.not_after = datetime(2030, 1, 2, tzinfo=UTC)
        status.status.conditions = [cert.CertificateStatusConditions(type="Ready", status="True")]
        after = await certificates.update_status(status.finish().after)
        assert after.status.not_after == datetime(2030, 1, 2, tzinfo=UTC)
        assert after.status.conditions[0].type == "Ready"

        applied = await certificates.apply(
            {"metadata": {"name": "web"}, "spec": {"commonName": "a.example.com"}}, field_manager="test"
        )
        assert applied.spec.common_name == "a.example.com"
        await certificates.delete("web")
        with pytest.raises(NotFound):
            await certificates.get("web")


async def test_a_required_field_that_is_missing_is_refused_by_the_server(
    package: Path, server: Path, namespace: str
) -> None:
    fleets = _module("models", "apps_example_com_v1")
    async with Clientset(config_of(server)) as clientset:
        client = clientset.resource(fleets.Fleet, namespace)
        with pytest.raises(Invalid) as caught:
            await client.create(fleets.Fleet(metadata=meta_v1.ObjectMeta(name="a"), spec=fleets.FleetSpec(image="x")))
        assert [cause.field for cause in caught.value.causes] == ["spec.port"]


async def test_everything_that_a_schema_can_say_survives_the_server(
    package: Path, server: Path, namespace: str
) -> None:
    fleets = _module("models", "apps_example_com_v1")
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"nodeName": "n"}}
    spec = fleets.FleetSpec(
        image="web",
        port="http",
        max_surge=3,
        weight=0.5,
        from_="a",
        class_="b",
        draft_=False,
        pod_ips=["::1"],
        resources=fleets.FleetSpecResources(limits={"cpu": 1, "memory": "1Gi"}),
        parameters={"deep": [{"a": None}], "n": 1.5},
        values=["anything", 1],
        template=pod,
        manifests=[pod],
        pools={"small": fleets.FleetSpecPools(size=1, taints=[fleets.FleetSpecPoolsTaints(key="k")], zones=["z"])},
        groups={"a": ["b", "c"], "d": []},
        optional_counts={"one": 1, "none": None},
        optional_groups={"a": ["b"], "none": None},
        optional_points=[None, [None, fleets.FleetSpecOptionalPoints(x=1)]],
        optional_ports=[None, 80, "http"],
        matrix=[[1, 2], [], [3]],
        grid=[[fleets.FleetSpecGrid(x=1), fleets.FleetSpecGrid(y=2)]],
        window=fleets.FleetSpecWindow(start=datetime(2026, 1, 1, tzinfo=UTC)),
        seed=b"\x00\xff",
    )
    async with Clientset(config_of(server)) as clientset:
        client = _module("clients", "apps_example_com_v1").AppsExampleComV1(clientset.rest).fleets(namespace)
        created = await client.create(fleets.Fleet(metadata=meta_v1.ObjectMeta(name="a"), spec=spec))

        changed = spec.draft()
        changed.replicas = 1
        changed.strategy = "Rolling"
        assert created.spec == changed.finish().after, "the request's values, and the schema's defaults"

        scale = await client.scale("a").get()
        assert isinstance(scale, autoscaling_v1.Scale)
        assert (await client.scale("a").patch({"spec": {"replicas": 4}})).spec.replicas == 4
        assert (await client.scale("a", 6, current_replicas=4)).spec.replicas == 6
        assert (await clientset.resource(fleets.Fleet, namespace).scale("a", 7)).spec.replicas == 7
        resource = GroupVersionResource("apps.example.com", "v1", "fleets")
        dynamic = clientset.dynamic.resource(resource).namespace(namespace)
        assert (await dynamic.scale("a", 4, current_replicas=7)).spec.replicas == 4
        metadata = await clientset.metadata.resource(resource, namespace).get("a")
        assert metadata.metadata.uid == created.metadata.uid
        older = _module("models", "apps_example_com_v1alpha1")
        assert (await clientset.resource(older.Fleet, namespace).get("a")).spec.replicas == 4


async def test_fields_that_the_schema_does_not_name_survive_an_edit(
    package: Path, server: Path, namespace: str
) -> None:
    fleets = _module("models", "apps_example_com_v1")
    async with Clientset(config_of(server)) as clientset:
        client = _module("clients", "apps_example_com_v1").AppsExampleComV1(clientset.rest).fleets(namespace)
        spec = fleets.FleetSpec(image="web", port=80)
        await client.create(fleets.Fleet(metadata=meta_v1.ObjectMeta(name="a"), spec=spec))
        await client.patch_status("a", {"status": {"newer": {"x": 1}, "replicas": 1}})

        async with client.edit_status("a") as draft:
            draft.status.ready_replicas = 1

        raw = await clientset.dynamic.resource("apps.example.com/v1", "fleets").namespace(namespace).get("a")
        assert raw["status"] == {"newer": {"x": 1}, "replicas": 1, "readyReplicas": 1}


async def test_a_cluster_scoped_kind_has_no_namespace(package: Path, server: Path) -> None:
    pools = _module("models", "compute_example_com_v1beta1")
    async with Clientset(config_of(server)) as clientset:
        client = _module("clients", "compute_example_com_v1beta1").ComputeExampleComV1beta1(clientset.rest).node_pools()
        budget = pools.NodePoolSpecDisruptionBudgets(nodes="10%", reasons=["Empty"])
        spec = pools.NodePoolSpec(
            machine_class="m", disruption=pools.NodePoolSpecDisruption(budgets=[budget]), labels={"a": "b"}
        )
        created = await client.create(pools.NodePool(metadata=meta_v1.ObjectMeta(name="small"), spec=spec))
        assert created.spec.min == 0, "the schema's default"
        assert created.spec.disruption.budgets == (budget,)
        assert not hasattr(client, "update_status")
        await client.delete_collection()
        assert (await client.list()).items == ()


async def test_informers_of_custom_resources_hold_typed_objects(package: Path, server: Path, namespace: str) -> None:
    cert = _module("models", "cert_manager_io_v1")
    informers = _module("informers", "cert_manager_io_v1")
    seen: asyncio.Queue[str] = asyncio.Queue()
    async with Clientset(config_of(server)) as clientset:
        certificates = clientset.resource(cert.Certificate, namespace)
        first = await certificates.create(_certificate("first"))
        factory = SharedInformerFactory(clientset, namespace=namespace)
        informer = informers.bind(factory).certificates()
        assert informer is factory.informer(cert.Certificate)
        informer.add_event_handler(on_add=lambda one: seen.put_nowait(one.spec.secret_name))
        async with factory:
            await factory.wait_for_cache_sync(timeout=30)
            await until_held(informer, f"{namespace}/first")
            assert informer.lister.namespace(namespace).get("first") == first
            await certificates.create(_certificate("second"))
            names = {await asyncio.wait_for(seen.get(), 30), await asyncio.wait_for(seen.get(), 30)}
        assert names == {"first-tls", "second-tls"}


def test_a_cluster_gives_what_its_definitions_give(package: Path, server: Path, tmp_path: Path) -> None:
    groups = [word for group in GROUPS for word in ("--group", group)]
    assert main(["generate", "--cluster", *groups, "--kubeconfig", str(server), "--out", str(tmp_path / "out")]) == 0
    assert _texts(tmp_path / "out") == _texts(package)


def test_the_servers_openapi_gives_what_its_definitions_give(package: Path, server: Path, tmp_path: Path) -> None:
    versions = ["apps.example.com/v1", "apps.example.com/v1alpha1", "cert-manager.io/v1", "compute.example.com/v1beta1"]
    files = [tmp_path / f"{version.replace('/', '_')}.json" for version in versions]
    for file, version in zip(files, versions, strict=True):
        file.write_text(json.dumps(asyncio.run(_openapi(server, version))))
    assert main(["generate", "--openapi", *map(str, files), "--out", str(tmp_path / "out")]) == 0
    assert _texts(tmp_path / "out") == _texts(package)


async def _openapi(kubeconfig: Path, version: str) -> Any:
    """Return the server's document of a group version. It follows the definition a moment later, without any event."""
    async with RESTClient(config_of(kubeconfig)) as rest, asyncio.timeout(30):
        while f"apis/{version}" not in (index := json.loads(await rest.get("/openapi/v3", into=bytes)))["paths"]:
            await asyncio.sleep(0.1)
        path = index["paths"][f"apis/{version}"]["serverRelativeURL"]
        return json.loads(await rest.get(path.partition("?")[0], into=bytes))


def _texts(folder: Path) -> dict[str, str]:
    """Return the generated files without their first line, which names the command."""
    files = (path for path in sorted(folder.rglob("*.py*")) if path.suffix in (".py", ".pyi"))
    return {path.relative_to(folder).as_posix(): path.read_text().partition("\n")[2] for path in files}
