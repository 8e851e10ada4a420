"""The programs of the page on waiting run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import kubeloop
from kubeloop.models import apps_v1, core_v1, meta_v1
from kubeloop.testing import fake, virtual_time
from kubeloop.testing.virtual_time import in_virtual_time
from tests.support.markdown import ROOT, names_of

PAGE = ROOT / "docs" / "how-to" / "waiting.md"
READY = {"type": "Ready", "status": "True"}
RUNNING = {"phase": "Running", "podIP": "10.0.0.1", "conditions": [READY]}


def pod(name: str, **labels: str) -> core_v1.Pod:
    return core_v1.Pod(metadata=meta_v1.ObjectMeta(name=name, namespace="default", labels=labels or None))


async def beside(wait: Awaitable[Any], *calls: Callable[[], Awaitable[Any]]) -> Any:
    """Wait, and carry out one call per second; return the result of the wait."""
    waiting = asyncio.ensure_future(wait)
    for call in calls:
        await asyncio.sleep(1)
        await call()
    return await waiting


@in_virtual_time
async def test_one_object_is_waited_for() -> None:
    client = fake.Clientset()
    pods = client.core_v1.pods("default")
    ip = await beside(
        names_of(PAGE, "wait_for_pod")["wait_for_pod"](pods),
        lambda: pods.create(pod("web-0")),
        lambda: pods.patch_status("web-0", {"status": RUNNING}),
    )
    assert ip == "10.0.0.1"


@in_virtual_time
async def test_several_objects_are_waited_for() -> None:
    client = fake.Clientset(pod("web-0"), pod("web-1"), pod("web-2", app="web"))
    pods = client.core_v1.pods("default")
    names = await beside(
        names_of(PAGE, "wait_for_pods")["wait_for_pods"](pods),
        *(lambda name=name: pods.patch_status(name, {"status": RUNNING}) for name in ("web-1", "web-0", "web-2")),
    )
    assert names == ["web-0", "web-1", "web-2"]


@in_virtual_time
async def test_the_objects_of_a_manifest_are_waited_for() -> None:
    client = fake.Clientset()
    functions = names_of(PAGE, "wait_for_manifest")
    web = pod("web-0")
    await beside(functions["wait_for_manifest"](client, web.to_yaml()), lambda: client.core_v1.pods().create(web))
    await beside(functions["wait_until_deleted"](client, [web]), lambda: client.core_v1.pods("default").delete("web-0"))


@in_virtual_time
async def test_a_deletion_is_waited_for_by_its_uid() -> None:
    client = fake.Clientset(pod("web-0"))
    pods = client.core_v1.pods("default")
    stored = await pods.patch("web-0", {"metadata": {"finalizers": ["example.com/hold"]}})
    delete_and_wait = names_of(PAGE.with_name("clients.md"), "delete_and_wait")["delete_and_wait"]
    await beside(
        delete_and_wait(client, stored),
        lambda: pods.patch("web-0", {"metadata": {"labels": {"still": "there"}}}),
        lambda: pods.patch("web-0", {"metadata": {"finalizers": None}}),
    )
    assert not await pods.exists("web-0")


@in_virtual_time
async def test_a_timeout_shows_the_reasons_that_the_page_shows(capsys: pytest.CaptureFixture[str]) -> None:
    client = fake.Clientset(pod("web-0"))
    pods = client.core_v1.pods("default")
    unready = {
        "type": "Ready", "status": "False", "reason": "ContainersNotReady",
        "message": "containers with unready status: [web]",
    }  # fmt: skip
    stored = await pods.patch_status("web-0", {"status": {"conditions": [unready]}})
    reference = core_v1.ObjectReference(
        api_version="v1", kind="Pod", namespace="default", name="web-0", uid=stored.metadata.uid
    )
    event = core_v1.Event(
        metadata=meta_v1.ObjectMeta(name="e", namespace="default"), involved_object=reference, type="Warning",
        reason="Failed", message="no such image", last_timestamp=virtual_time.now(),
    )  # fmt: skip
    await client.core_v1.events("default").create(event)
    assert await names_of(PAGE, "reasons")["reasons"](pods) == ["Failed: no such image"]
    assert capsys.readouterr().out in PAGE.read_text(encoding="utf-8")


@in_virtual_time
async def test_a_rollout_is_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    metadata = meta_v1.ObjectMeta(name="web", namespace="default")
    client = fake.Clientset(apps_v1.Deployment(metadata=metadata, spec=apps_v1.DeploymentSpec(replicas=2)))
    deployments = client.apps_v1.deployments("default")
    partly = {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 1}
    await beside(
        names_of(PAGE, "wait_for_rollout")["wait_for_rollout"](client),
        lambda: deployments.patch_status("web", {"status": partly}),
        lambda: deployments.patch_status("web", {"status": {**partly, "availableReplicas": 2}}),
    )
    lines = capsys.readouterr().out.splitlines()
    assert f"`{lines[-2]}`" in PAGE.read_text(encoding="utf-8")
    assert lines[-1] == 'deployment "web" successfully rolled out'


@in_virtual_time
async def test_events_are_waited_for() -> None:
    client = fake.Clientset(pod("web-0"))
    pods = client.core_v1.pods("default")
    await beside(
        names_of(PAGE, "wait_for_one_run")["wait_for_one_run"](pods),
        lambda: pods.patch_status("web-0", {"status": RUNNING}),
        lambda: pods.delete("web-0"),
    )
    with pytest.raises(kubeloop.WaitTimeout):
        await names_of(PAGE, "wait_for_one_run")["wait_for_one_run"](pods)
