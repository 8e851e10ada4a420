"""`rollout_progress` and `clientset.rollout_status`: kubectl's messages and rules."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import kubeloop
from kubeloop import errors, rollout_progress
from kubeloop.models import apps_v1, core_v1, meta_v1
from kubeloop.testing import fake
from kubeloop.testing.virtual_time import elapsed, in_virtual_time

Case = tuple[dict[str, Any], str, bool]


def build(kind: Any, data: dict[str, Any]) -> Any:
    """Build an object of generation 1 with a rolling update; `data` has spec, status and other metadata."""
    metadata = {"name": "web", "namespace": "x", "generation": 1, **data.get("metadata", {})}
    spec = {"updateStrategy": {"type": "RollingUpdate"}, **data.get("spec", {})}
    if kind is apps_v1.Deployment:
        del spec["updateStrategy"]
    return kind.from_dict({"metadata": metadata, "spec": spec, "status": data.get("status", {})})


DEPLOYMENTS: list[Case] = [
    ({"metadata": {"generation": 2}, "status": {"observedGeneration": 1}},
     "Waiting for deployment spec update to be observed...", False),
    ({"spec": {"replicas": 1}, "status": {"observedGeneration": 1, "replicas": 1}},
     'Waiting for deployment "web" rollout to finish: 0 out of 1 new replicas have been updated...', False),
    ({"spec": {"replicas": 1}, "status": {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 1}},
     'Waiting for deployment "web" rollout to finish: 1 old replicas are pending termination...', False),
    ({"spec": {"replicas": 2}, "status": {
        "observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 1}},
     'Waiting for deployment "web" rollout to finish: 1 of 2 updated replicas are available...', False),
    ({"spec": {"replicas": 2}, "status": {
        "observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}},
     'deployment "web" successfully rolled out', True),
    ({"spec": {"replicas": 0}, "status": {"observedGeneration": 1}}, 'deployment "web" successfully rolled out', True),
    ({"status": {"observedGeneration": 1}}, 'deployment "web" successfully rolled out', True),
    ({"metadata": {"generation": 2}, "status": {"observedGeneration": 1, "conditions": [
        {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]}},
     "Waiting for deployment spec update to be observed...", False),
    ({"spec": {"replicas": 1}, "status": {"observedGeneration": 1, "conditions": [
        {"type": "Available", "status": "False", "reason": "ProgressDeadlineExceeded"},
        {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}]}},
     'Waiting for deployment "web" rollout to finish: 0 out of 1 new replicas have been updated...', False),
]  # fmt: skip
DAEMON_SETS: list[Case] = [
    ({"metadata": {"generation": 2}, "status": {"observedGeneration": 1}},
     "Waiting for daemon set spec update to be observed...", False),
    ({"status": {"observedGeneration": 1, "desiredNumberScheduled": 2, "updatedNumberScheduled": 1}},
     'Waiting for daemon set "web" rollout to finish: 1 out of 2 new pods have been updated...', False),
    ({"status": {
        "observedGeneration": 1, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1}},
     'Waiting for daemon set "web" rollout to finish: 1 of 2 updated pods are available...', False),
    ({"status": {
        "observedGeneration": 1, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2}},
     'daemon set "web" successfully rolled out', True),
]  # fmt: skip
PARTITIONED = {"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}}
UNPARTITIONED = {"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {}}}
STATEFUL_SETS: list[Case] = [
    ({"metadata": {"generation": 2}, "status": {"observedGeneration": 1}},
     "Waiting for statefulset spec update to be observed...", False),
    ({"metadata": {"generation": 0}}, "Waiting for statefulset spec update to be observed...", False),
    ({"spec": {"replicas": 3}, "status": {"observedGeneration": 1, "readyReplicas": 1}},
     "Waiting for 2 pods to be ready...", False),
    ({"spec": PARTITIONED, "status": {"observedGeneration": 1, "readyReplicas": 3, "updatedReplicas": 1}},
     "Waiting for partitioned roll out to finish: 1 out of 2 new pods have been updated...", False),
    ({"spec": PARTITIONED, "status": {"observedGeneration": 1, "readyReplicas": 3, "updatedReplicas": 2}},
     "partitioned roll out complete: 2 new pods have been updated...", True),
    ({"spec": UNPARTITIONED, "status": {"observedGeneration": 1, "readyReplicas": 3, "updatedReplicas": 1}},
     "partitioned roll out complete: 1 new pods have been updated...", True),
    ({"spec": {"replicas": 3}, "status": {"observedGeneration": 1, "readyReplicas": 3, "updatedReplicas": 1,
                                          "updateRevision": "web-2", "currentRevision": "web-1"}},
     "waiting for statefulset rolling update to complete 1 pods at revision web-2...", False),
    ({"spec": {"replicas": 3}, "status": {"observedGeneration": 1, "readyReplicas": 3, "currentReplicas": 3,
                                          "updateRevision": "web-2", "currentRevision": "web-2"}},
     "statefulset rolling update complete 3 pods at revision web-2...", True),
]  # fmt: skip
CASES = [
    *((apps_v1.Deployment, *case) for case in DEPLOYMENTS),
    *((apps_v1.DaemonSet, *case) for case in DAEMON_SETS),
    *((apps_v1.StatefulSet, *case) for case in STATEFUL_SETS),
]


@pytest.mark.parametrize(("kind", "data", "message", "is_done"), CASES)
def test_the_messages_are_those_of_kubectl(kind: Any, data: dict[str, Any], message: str, is_done: bool) -> None:
    progress = rollout_progress(build(kind, data))
    assert (progress.message, progress.is_done, str(progress)) == (message, is_done, message)


def test_a_deadline_that_was_exceeded_is_a_failure() -> None:
    condition = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    data = {"spec": {"replicas": 1}, "status": {"observedGeneration": 1, "conditions": [condition]}}
    with pytest.raises(errors.RolloutFailed, match='deployment "web" exceeded its progress deadline'):
        rollout_progress(build(apps_v1.Deployment, data))


@pytest.mark.parametrize("kind", [apps_v1.DaemonSet, apps_v1.StatefulSet])
def test_a_strategy_without_rollouts_is_a_failure(kind: Any) -> None:
    with pytest.raises(errors.RolloutFailed, match="only available for RollingUpdate strategy type, got OnDelete"):
        rollout_progress(build(kind, {"spec": {"updateStrategy": {"type": "OnDelete"}}}))


@pytest.mark.parametrize(("current", "text"), [("3", "expected revision 2, got 3"), (None, "got none yet")])
def test_another_revision_is_a_failure(current: str | None, text: str) -> None:
    annotations = {} if current is None else {"deployment.kubernetes.io/revision": current}
    deployment = build(apps_v1.Deployment, {"metadata": {"annotations": annotations}})
    with pytest.raises(errors.RolloutFailed, match=text):
        rollout_progress(deployment, revision=2)
    if current is not None:
        assert not rollout_progress(deployment, revision=int(current)).is_done


def test_what_has_no_rollouts_is_refused() -> None:
    pod: Any = core_v1.Pod()
    with pytest.raises(TypeError, match="expected a Deployment, a StatefulSet or a DaemonSet of apps/v1, got Pod"):
        rollout_progress(pod)
    with pytest.raises(ValueError, match="expected a revision of 1 or more"):
        rollout_progress(apps_v1.Deployment(), revision=0)


# rollout_status


def deployment(name: str = "web", replicas: int = 2) -> apps_v1.Deployment:
    metadata = meta_v1.ObjectMeta(name=name, namespace="x")
    return apps_v1.Deployment(metadata=metadata, spec=apps_v1.DeploymentSpec(replicas=replicas))


async def roll_out(client: fake.Clientset, *statuses: dict[str, Any]) -> None:
    """Write one status per second."""
    for status in statuses:
        await asyncio.sleep(1)
        await client.apps_v1.deployments("x").patch_status("web", {"status": {"observedGeneration": 1, **status}})


@in_virtual_time
async def test_each_new_message_is_reported_until_the_rollout_is_done() -> None:
    client = fake.Clientset(deployment())
    said: list[str] = []
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(
            roll_out(client, {"replicas": 2}, {"replicas": 2, "readyReplicas": 1}, {"updatedReplicas": 2},
                     {"availableReplicas": 2})
        )  # fmt: skip
        found = await client.rollout_status(deployment(), progress=lambda progress: said.append(progress.message))
        assert elapsed() == 4
    assert found.status.available_replicas == 2
    begin = 'Waiting for deployment "web" rollout to finish:'
    assert said == [
        f"{begin} 0 out of 2 new replicas have been updated...",
        f"{begin} 0 of 2 updated replicas are available...",
        'deployment "web" successfully rolled out',
    ]


@pytest.mark.parametrize("name", ["deployment/web", "deploy/web", "Deployments/web", "deployments.apps/web"])
@in_virtual_time
async def test_a_name_is_enough(name: str) -> None:
    client = fake.Clientset(deployment(replicas=0))
    assert (await client.rollout_status(name, "x")).metadata.name == "web"


@in_virtual_time
async def test_other_kinds_have_names_too() -> None:
    status = {"observedGeneration": 1, "currentRevision": "a", "updateRevision": "a"}
    client = fake.Clientset(
        build(apps_v1.StatefulSet, {"status": status}), build(apps_v1.DaemonSet, {"status": status})
    )
    assert isinstance(await client.rollout_status("sts/web", "x"), apps_v1.StatefulSet)
    assert isinstance(await client.rollout_status("ds/web", "x", timeout=0), apps_v1.DaemonSet)


@in_virtual_time
async def test_a_timeout_has_the_last_message() -> None:
    client = fake.Clientset(deployment())
    with pytest.raises(errors.WaitTimeout, match=r"of deployments x/web: .* 0 out of 2 new replicas") as caught:
        await client.rollout_status(deployment(), timeout=5)
    assert caught.value.awaited == "the rollout"
    with pytest.raises(errors.WaitTimeout, match=r"^not met: the rollout of deployments x/web"):
        await client.rollout_status(deployment(), timeout=0)


@in_virtual_time
async def test_a_rollout_that_fails_ends_the_wait() -> None:
    client = fake.Clientset(deployment())
    condition = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(roll_out(client, {"conditions": [condition]}))
        with pytest.raises(errors.RolloutFailed, match="exceeded its progress deadline"):
            await client.rollout_status("deploy/web", "x")


@in_virtual_time
async def test_an_object_that_is_deleted_ends_the_wait() -> None:
    client = fake.Clientset(deployment())

    async def delete() -> None:
        await asyncio.sleep(1)
        await client.apps_v1.deployments("x").delete("web")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(delete())
        with pytest.raises(errors.NotFound, match="it was deleted while waiting for the rollout"):
            await client.rollout_status("deploy/web", "x")
    with pytest.raises(errors.NotFound):
        await client.rollout_status("deploy/web", "x")


@pytest.mark.parametrize(
    ("workload", "namespace", "error", "problem"),
    [
        ("web", "x", ValueError, 'expected "deployment/NAME"'),
        ("pod/web", "x", ValueError, 'expected "deployment/NAME"'),
        ("deployment/", "x", ValueError, 'expected "deployment/NAME"'),
        ("deployment/web/a", "x", ValueError, 'expected "deployment/NAME"'),
        ("deployment/web", None, ValueError, "needs a namespace, or kubeloop.DEFAULT"),
        (deployment(), "x", TypeError, "a namespace is for a name"),
        (core_v1.Pod(), None, TypeError, "expected a Deployment, a StatefulSet or a DaemonSet"),
        (apps_v1.Deployment(), None, ValueError, "has no metadata.name"),
    ],
)
async def test_arguments_that_cannot_be_right_are_refused(
    workload: Any, namespace: str | None, error: type[Exception], problem: str
) -> None:
    unchecked: Any = fake.Clientset()
    with pytest.raises(error, match=problem):
        await unchecked.rollout_status(workload, namespace)


@in_virtual_time
async def test_the_namespace_of_the_context_can_be_meant() -> None:
    client = fake.Clientset()
    with pytest.raises(errors.NotFound, match=r'deployments\.apps "web" not found in namespace default'):
        await client.rollout_status("deployment/web", kubeloop.DEFAULT)
