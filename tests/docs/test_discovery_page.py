"""The programs of the page on discovery run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import kubeloop
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing import fake
from kubeloop.testing.virtual_time import in_virtual_time
from tests.support.discovery_server import DiscoveryServer
from tests.support.markdown import ROOT, names_of

PAGE = ROOT / "docs" / "how-to" / "discovery.md"
TEXT = PAGE.read_text(encoding="utf-8")


@in_virtual_time
async def test_objects_of_any_kind_are_read_by_its_name() -> None:
    clientset = fake.Clientset(core_v1.Pod(metadata=meta_v1.ObjectMeta(name="web", namespace="shop")))
    for name in ("po", "Pod", "pods.v1."):
        assert await names_of(PAGE, "names_of")["names_of"](clientset, name, "shop") == ["web"]


@in_virtual_time
async def test_every_name_of_the_table_means_the_same_or_is_an_example_of_another() -> None:
    clientset = fake.Clientset()
    table = TEXT[TEXT.index("| the name |") : TEXT.index("The client has objects")]
    names = re.findall(r'`"([^"`]+)"`', table)
    assert len(names) == 8
    found = {name: str(await clientset.mapper.resolve(name)) for name in names}
    assert found.pop("storageclasses.storage") == "storageclasses.v1.storage.k8s.io"
    assert set(found.values()) == {"deployments.v1.apps"}


@in_virtual_time
async def test_a_name_is_described() -> None:
    describe = names_of(PAGE, "describe")["describe"]
    assert await describe(fake.Clientset(), "deploy") == "apps/v1 Deployment: deployments in namespaces"
    assert await describe(fake.Clientset(), "no") == "v1 Node: nodes of the cluster"


@in_virtual_time
async def test_no_such_kind_and_unknown_are_told_apart() -> None:
    has_certificates = names_of(PAGE, "has_certificates")["has_certificates"]
    server = DiscoveryServer()
    clientset = kubeloop.Clientset(server.config, transport=server.transport)
    assert await has_certificates(clientset) is False
    server.resources["cert-manager.io/v1"] = [
        {"name": "certificates", "kind": "Certificate", "singularName": "certificate", "shortNames": [],
         "verbs": ["list"], "namespaced": True},
    ]  # fmt: skip
    server.stale = ("cert-manager.io/v1",)
    assert await has_certificates(clientset) is None
    server.stale = ()
    assert await has_certificates(clientset) is True


@in_virtual_time
async def test_the_resources_of_a_group_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    await names_of(PAGE, "show")["show"](fake.Clientset())
    header, *rows, cluster_scoped = capsys.readouterr().out.splitlines()
    assert header.split() == ["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"]
    assert "deployments           deploy       apps/v1      true         Deployment" in rows
    assert cluster_scoped == "[]"


@in_virtual_time
async def test_a_disk_cache_is_below_the_cache_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    server = DiscoveryServer()

    names = names_of(PAGE, "meaning", "Clientset(config, ", "Clientset(config, transport=transport, ")
    names["transport"] = server.transport
    for _ in range(2):
        assert await names["meaning"](server.config, "deploy") == "deployments.v1.apps"
    assert server.paths == ["/api", "/apis"]
    assert (tmp_path / "kubeloop" / "discovery").is_dir()


@in_virtual_time
async def test_the_fields_of_a_kind_are_read_from_its_schema() -> None:
    fields_of = names_of(PAGE, "fields_of")["fields_of"]
    kind = kubeloop.GroupVersionKind("apps", "v1", "Deployment")
    assert await fields_of(fake.Clientset(), kind) == ["apiVersion", "kind", "metadata", "spec", "status"]
