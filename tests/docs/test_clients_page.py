"""The programs of the page on clients that read, scale and print objects run on the API server in Python."""

from __future__ import annotations

from typing import Any

import pytest

import kubeloop
from kubeloop.models import apps_v1, batch_v1, core_v1, meta_v1
from kubeloop.testing import APIServer
from kubeloop.testing.virtual_time import in_virtual_time
from tests.support.markdown import ROOT, fences

PAGE = ROOT / "docs" / "how-to" / "clients.md"


def main_of(part: str, old: str = "", new: str = "") -> Any:
    """Return the function `main` of the block that contains a text, with `new` in place of `old`."""
    [fence] = [fence for fence in fences(PAGE) if part in fence.code]
    names: dict[str, Any] = {}
    exec(compile(fence.module.replace(old, new) if old else fence.module, PAGE, "exec"), names)
    return names["main"]


def pod(name: str) -> core_v1.Pod:
    return core_v1.Pod(metadata=meta_v1.ObjectMeta(name=name, namespace="default", labels={"app": "web"}))


def web() -> apps_v1.Deployment:
    labels = {"app": "web"}
    spec = apps_v1.DeploymentSpec(
        replicas=1,
        selector=meta_v1.LabelSelector(match_labels=labels),
        template=core_v1.PodTemplateSpec(metadata=meta_v1.ObjectMeta(labels=labels)),
    )
    return apps_v1.Deployment(metadata=meta_v1.ObjectMeta(name="web", namespace="default"), spec=spec)


@in_virtual_time
async def test_tables_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    client = APIServer(pod("web-0"), pod("web-1"), web(), controllers=()).clientset()
    # The Tables of the server in Python have the columns Name and Age only.
    await main_of("table.text(wide=True", '"Status"', '"Name"')(client)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["NAME", "web-0", "web-1"]
    assert lines[3].split() == ["NAME", "AGE", "APP"]
    assert [line.split()[0] for line in lines if line.startswith(("pod/", "deployment."))] == [
        "pod/web-0",
        "pod/web-1",
        "deployment.apps/web",
    ]


@in_virtual_time
async def test_metadata_is_changed_and_objects_are_deleted_by_it() -> None:
    labels = {"app": "web"}
    secret = core_v1.Secret(metadata=meta_v1.ObjectMeta(name="token", namespace="default"), data={"a": b"b"})
    job = batch_v1.Job(metadata=meta_v1.ObjectMeta(name="load", namespace="default", labels=labels))
    client = APIServer(secret, job, controllers=()).clientset()
    await main_of("clientset.metadata.resource")(client)
    found = await client.core_v1.secrets("default").get("token")
    assert found.metadata.annotations == {"example.com/seen": "yes"}
    assert found.data == {"a": b"b"}
    assert list(await client.batch_v1.jobs("default").list()) == []


@in_virtual_time
async def test_a_deployment_is_scaled_and_a_precondition_is_checked(capsys: pytest.CaptureFixture[str]) -> None:
    client = APIServer(web(), controllers=()).clientset()
    with pytest.raises(kubeloop.NotFound):  # a server in Python has no custom resources, of which the page scales one
        await main_of("current_replicas=5")(client)
    assert (await client.apps_v1.deployments("default").get("web")).spec.replicas == 3
    assert capsys.readouterr().out == ""
