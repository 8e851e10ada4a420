"""Waits on the API server: outcomes beside those of kubectl, faults of connections and servers, events of timeouts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import kubeloop
from kubeloop import errors
from kubeloop.models import authentication_v1, core_v1, meta_v1, rbac_v1
from kubeloop.record import EventRecorder
from tests.support.middle_box import before
from tests.support.real_clientset import config_map, config_of, connect, pod
from tests.support.servers import AnyServer, forgetful_server, new_server
from tests.support.workloads import WORKLOAD_STATES, workload

READY = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}


def conditions(*found: dict[str, Any], **status: Any) -> dict[str, Any]:
    return {"status": {"conditions": list(found), **status}}


@pytest.fixture(params=["typed", "dynamic"])
def pods(request: pytest.FixtureRequest, clientset: kubeloop.Clientset, namespace: str) -> Any:
    """Return the same collection through both clients. Any: their objects have the same structure and two types."""
    if request.param == "typed":
        return clientset.core_v1.pods(namespace)
    return clientset.dynamic.resource("v1", "pods").namespace(namespace)


class WatchOpened(logging.Handler):
    """Sets an event when the log of requests shows that a watch is open."""

    def __init__(self) -> None:
        super().__init__()
        self.event = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if "watch=true" in record.getMessage():
            self.event.set()


async def beside(wait: Awaitable[Any], *calls: Callable[[], Awaitable[Any]]) -> Any:
    """Wait, carry out calls once the wait has opened a watch, and return the result of the wait."""
    log, opened = logging.getLogger("kubeloop.rest.request_log"), WatchOpened()
    level = log.level
    log.addHandler(opened)
    log.setLevel(logging.DEBUG)
    try:
        async with asyncio.timeout(60):
            waiting = asyncio.ensure_future(wait)
            await opened.event.wait()
            for call in calls:
                await call()
            return await waiting
    finally:
        log.setLevel(level)
        log.removeHandler(opened)


async def test_a_condition_is_awaited(pods: Any) -> None:
    await pods.create(pod("a").to_dict())
    found = await beside(
        pods.wait("a", condition="Ready", timeout=30),
        lambda: pods.patch_status("a", conditions({**READY, "status": "False"})),
        lambda: pods.patch_status("a", conditions(READY)),
    )
    assert found.to_dict()["status"]["conditions"][0]["status"] == "True"


async def test_creations_and_deletions_are_awaited(pods: Any) -> None:
    created = await beside(pods.wait("a", for_create=True, timeout=30), lambda: pods.create(pod("a").to_dict()))
    assert created.metadata.name == "a"
    deleted = await beside(
        pods.wait("a", for_delete=True, timeout=30), lambda: pods.delete("a", grace_period_seconds=0)
    )
    assert deleted.metadata.uid == created.metadata.uid
    assert await pods.wait("a", for_delete=True, timeout=30) is None


async def test_an_object_that_is_created_again_was_deleted(pods: Any) -> None:
    old = await pods.create(pod("a").to_dict())

    async def replace() -> None:
        await pods.delete("a", grace_period_seconds=0)
        await pods.create(pod("a").to_dict())

    await beside(pods.wait("a", for_delete=True, timeout=30), replace)
    assert await pods.wait("a", for_delete=True, uid=old.metadata.uid, timeout=0) is None


async def test_objects_of_a_selector_share_a_wait(pods: Any) -> None:
    for name in "abc":
        await pods.create(pod(name, labels={"app": "web"}).to_dict())
    await pods.create(pod("other").to_dict())
    found = await beside(
        pods.wait(label_selector="app=web", jsonpath="{.status.phase}=Running", timeout=30),
        *(lambda name=name: pods.patch_status(name, {"status": {"phase": "Running"}}) for name in "cab"),
    )
    assert [each.metadata.name for each in found] == ["a", "b", "c"]


async def test_an_object_whose_progress_takes_it_out_of_the_selection_is_followed(pods: Any) -> None:
    for name in "ab":
        await pods.create(pod(name).to_dict())
    found = await beside(
        pods.wait(field_selector="status.phase=Pending", until=lambda each: each.metadata.labels, timeout=30),
        lambda: pods.patch_status("a", {"status": {"phase": "Running"}}),
        lambda: pods.patch("a", {"metadata": {"labels": {"app": "web"}}}),
        lambda: pods.patch("b", {"metadata": {"labels": {"app": "web"}}}),
    )
    assert [each.metadata.name for each in found] == ["a", "b"]


async def test_an_object_that_is_deleted_ends_the_wait(pods: Any) -> None:
    await pods.create(pod("a").to_dict())
    with pytest.raises(errors.NotFound, match=r'pods "a" not found in namespace .*: it was deleted while waiting for'):
        await beside(pods.wait("a", condition="Ready", timeout=30), lambda: pods.delete("a", grace_period_seconds=0))


async def test_a_timeout_shows_the_state_and_the_events(clientset: kubeloop.Clientset, namespace: str) -> None:
    pods = clientset.core_v1.pods(namespace)
    created = await pods.create(pod("a"))
    await pods.patch_status("a", conditions({**READY, "status": "False", "reason": "Starting", "message": "wait"}))
    async with EventRecorder(clientset, "test.kubeloop.dev/tester") as recorder:
        recorder.event(created, "Warning", "Failed", "Pulling", "there is no such image")
    with pytest.raises(errors.WaitTimeout) as caught:
        await pods.wait("a", condition="Ready", timeout=0.5)
    assert str(caught.value) == (
        f"timed out after 0.5 s waiting for condition Ready of pods {namespace}/a: Ready is False (Starting: wait); "
        "its newest event: Warning Failed: there is no such image"
    )


async def test_who_may_not_read_events_learns_of_the_timeout(
    clientset: kubeloop.Clientset, namespace: str, control_plane: AnyServer
) -> None:
    await clientset.core_v1.pods(namespace).create(pod("a"))
    await clientset.core_v1.service_accounts(namespace).create(
        core_v1.ServiceAccount(metadata=meta_v1.ObjectMeta(name="reader"))
    )
    rule = rbac_v1.PolicyRule(api_groups=[""], resources=["pods"], verbs=["list", "watch"], resource_names=["a"])
    await clientset.rbac_v1.roles(namespace).create(
        rbac_v1.Role(metadata=meta_v1.ObjectMeta(name="reader"), rules=[rule])
    )
    await clientset.rbac_v1.role_bindings(namespace).create(
        rbac_v1.RoleBinding(
            metadata=meta_v1.ObjectMeta(name="reader"),
            role_ref=rbac_v1.RoleRef(api_group="rbac.authorization.k8s.io", kind="Role", name="reader"),
            subjects=[rbac_v1.Subject(kind="ServiceAccount", name="reader", namespace=namespace)],
        )
    )
    token = await clientset.core_v1.service_accounts(namespace).token("reader").create(authentication_v1.TokenRequest())
    anonymous = config_of(control_plane.kubeconfig).anonymous()
    config = anonymous.replace(token=token.status.token)
    async with kubeloop.Clientset(config) as reader:
        # The user may read this one name only, which a list of the name is enough for.
        with pytest.raises(errors.WaitTimeout, match="there is no condition Ready") as caught:
            await reader.core_v1.pods(namespace).wait("a", condition="Ready", timeout=0.5)
    assert "cannot list resource" in caught.value.objects[0].events_error


async def test_objects_of_several_kinds_are_awaited(clientset: kubeloop.Clientset, namespace: str) -> None:
    text = "\n---\n".join(
        f"{{apiVersion: {version}, kind: {kind}, metadata: {{name: web, namespace: {namespace}}}}}"
        for version, kind in [("v1", "ConfigMap"), ("v1", "ServiceAccount"), ("v1", "Secret")]
    )
    objects = kubeloop.parse_manifests(text)

    async def create() -> None:
        for obj in objects:
            client: Any = clientset.resource(type(obj), namespace)
            await client.create(obj)

    found = await beside(clientset.wait(objects, for_create=True, timeout=30), create)
    assert [(each.kind, each.metadata.name) for each in found] == [
        ("ConfigMap", "web"), ("ServiceAccount", "web"), ("Secret", "web"),
    ]  # fmt: skip


async def test_a_wait_survives_cut_connections(control_plane: AnyServer, namespace: str) -> None:
    async with (
        connect(control_plane.kubeconfig) as direct,
        before(control_plane) as (box, config),
        kubeloop.Clientset(config) as clientset,
    ):
        maps = direct.core_v1.config_maps(namespace)
        await maps.create(config_map("a"))

        async def cut_and_change() -> None:
            for value in "123":
                box.cut(reset=True)
                await maps.patch("a", {"data": {"x": value}})

        found = await beside(
            clientset.core_v1.config_maps(namespace).wait("a", jsonpath="{.data.x}=3", timeout=30), cut_and_change
        )
    assert found.data["x"] == "3"


async def test_a_wait_survives_a_restart_of_the_server() -> None:
    async with new_server() as server, connect(server.kubeconfig) as clientset:
        maps = clientset.core_v1.config_maps("default")
        await maps.create(config_map("a", x="1"))

        async def restart() -> None:
            await server.kill("kube-apiserver")
            await server.restart("kube-apiserver")
            async with connect(server.kubeconfig) as other:
                await other.core_v1.config_maps("default").patch("a", {"data": {"x": "2"}})

        found = await beside(maps.wait("a", jsonpath="{.data.x}=2", timeout=60), restart)
    assert found.data["x"] == "2"


async def test_a_wait_survives_a_history_that_is_forgotten() -> None:
    async with forgetful_server() as kubeconfig, connect(kubeconfig) as clientset:
        maps = clientset.core_v1.config_maps("default")
        await maps.create(config_map("a", x="0"))

        async def change() -> None:
            for value in range(1, 6):
                await maps.patch("a", {"data": {"x": str(value)}})
                await asyncio.sleep(0.5)

        found = await beside(maps.wait("a", jsonpath="{.data.x}=5", timeout=60), change)
    assert found.data["x"] == "5"


async def test_a_rollout_is_followed(clientset: kubeloop.Clientset, namespace: str) -> None:
    deployments = clientset.apps_v1.deployments(namespace)
    created = await deployments.create(workload("deployment"))
    lines: list[str] = []
    await beside(
        clientset.rollout_status(created, timeout=30, progress=lambda progress: lines.append(str(progress))),
        *(
            lambda status=status: deployments.patch_status("web", {"status": status})
            for status in WORKLOAD_STATES["deployment"][1:5]
        ),
    )
    assert lines[-1] == 'deployment "web" successfully rolled out'
    assert len(lines) == 5


async def test_events_are_read_until_conditions_are_satisfied(clientset: kubeloop.Clientset, namespace: str) -> None:
    maps = clientset.core_v1.config_maps(namespace)
    await maps.create(config_map("a", x="0"))
    version = (await maps.list()).metadata.resource_version

    def has(value: str) -> Callable[[Any], bool]:
        return lambda event: event.object.data.get("x") == value

    async def change() -> None:
        for value in "123":
            await maps.patch("a", {"data": {"x": value}})

    last = await beside(kubeloop.watch_until(maps, has("1"), has("3"), resource_version=version, timeout=30), change)
    assert last.object.data["x"] == "3"
    now = await kubeloop.watch_until(maps, has("3"), field_selector="metadata.name=a", timeout=30)
    assert now.type == "ADDED"
