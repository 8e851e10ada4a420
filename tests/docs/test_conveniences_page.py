"""The code of the guide to everyday changes does what the page says."""

from __future__ import annotations

from typing import Any

import pytest

import kubeloop
from kubeloop.models import apps_v1, core_v1, meta_v1
from kubeloop.testing import fake
from kubeloop.testing.virtual_time import in_virtual_time
from tests.support.markdown import ROOT, names_of

PAGE = ROOT / "docs" / "how-to" / "conveniences.md"
DEFAULT = core_v1.Namespace(metadata=meta_v1.ObjectMeta(name="default"))


def of_page(name: str) -> Any:
    return names_of(PAGE, name)[name]


def metadata(name: str, **fields: Any) -> meta_v1.ObjectMeta:
    return meta_v1.ObjectMeta(name=name, namespace="default", **fields)


def pod(name: str, restarts: int = 0, node: str = "n1", **labels: str) -> core_v1.Pod:
    statuses = [core_v1.ContainerStatus(name="main", restart_count=restarts)]
    return core_v1.Pod(
        metadata=metadata(name, labels=labels, uid=f"uid-{name}"),
        spec=core_v1.PodSpec(node_name=node, containers=[core_v1.Container(name="main", image="x/y:1")]),
        status=core_v1.PodStatus(container_statuses=statuses),
    )


def deployment() -> apps_v1.Deployment:
    selector = meta_v1.LabelSelector(match_labels={"app": "web"})
    return apps_v1.Deployment(metadata=metadata("web"), spec=apps_v1.DeploymentSpec(replicas=1, selector=selector))


@in_virtual_time
async def test_an_object_is_created_left_alone_and_deleted(capsys: pytest.CaptureFixture[str]) -> None:
    clientset = fake.Clientset(DEFAULT)
    for name in ("ensure_paint", "ensure_paint", "ensure_no_paint", "ensure_no_paint"):
        await of_page(name)(clientset)
    assert capsys.readouterr().out.split("\n")[:-1] == ["created green", "unchanged green", "deleted", "was absent"]


@in_virtual_time
async def test_own_steps_are_repeated_after_a_conflict() -> None:
    clientset = fake.Clientset(core_v1.ConfigMap(metadata=metadata("paint")))
    clientset.api.on("update", "configmaps", nth=1).fail(kubeloop.Conflict)
    assert (await of_page("replace_color")(clientset, "red")).data == {"color": "red"}


@in_virtual_time
async def test_a_finalizer_holds_a_service_until_its_address_is_released(capsys: pytest.CaptureFixture[str]) -> None:
    clientset = fake.Clientset(
        core_v1.Service(metadata=metadata("web", annotations={"example.com/address": "10.0.0.7"}))
    )
    services, reconcile = clientset.core_v1.services("default"), of_page("reconcile")
    await reconcile(clientset, "web")
    await services.delete("web")
    held = await services.get("web")
    assert (held.metadata.labels, capsys.readouterr().out) == ({"example.com/managed": "yes"}, "")
    await reconcile(clientset, "web")
    assert (await services.exists("web"), capsys.readouterr().out) == (False, "released 10.0.0.7\n")


@in_virtual_time
async def test_mappings_and_structured_selectors_select() -> None:
    clientset = fake.Clientset(deployment(), pod("a", app="web"), pod("b", node="n2", app="web"), pod("c"))
    assert await of_page("names_of_web")(clientset, "n1") == ["a"]
    assert await of_page("pods_of")(clientset, "web") == ["a", "b"]


@in_virtual_time
async def test_all_pages_are_counted() -> None:
    clientset = fake.Clientset(*[pod(f"p{number}", restarts=2) for number in range(450)])
    assert await of_page("count_restarts")(clientset) == 900
    assert len([action for action in clientset.api.actions if action.verb == "list"]) == 3


@in_virtual_time
async def test_the_scale_grows(capsys: pytest.CaptureFixture[str]) -> None:
    await of_page("grow")(fake.Clientset(deployment()))
    assert capsys.readouterr().out == "2\n"


@in_virtual_time
async def test_a_condition_is_reported_once(capsys: pytest.CaptureFixture[str]) -> None:
    clientset, report = fake.Clientset(pod("web")), of_page("report")
    for ready, reason in ((False, "Starting"), (False, "Starting"), (True, "Up")):
        await report(clientset, "web", ready, reason)
    assert capsys.readouterr().out == "False\nFalse\nTrue\n"
    assert len(clientset.api.actions.writes) == 2


@in_virtual_time
async def test_the_difference_is_the_one_on_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    clientset = fake.Clientset(DEFAULT)
    await clientset.apps_v1.deployments("default").create(deployment())
    await of_page("show_change")(clientset)
    shown = [line.strip().removeprefix("# ") for line in PAGE.read_text().splitlines() if "# spec." in line]
    assert capsys.readouterr().out.split("\n")[:-1] == shown


@in_virtual_time
async def test_permissions_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    clientset = fake.Clientset(DEFAULT)
    reviews = clientset.api.on("create", "selfsubjectaccessreviews")
    reviews.respond(lambda action: {**action.object, "status": {"allowed": True}})
    await of_page("check")(clientset)
    assert capsys.readouterr().out == "list deployments.apps in all namespaces: yes\n"
    reviews.respond(lambda action: {**action.object, "status": {"allowed": False}})
    with pytest.raises(SystemExit, match="needs the permission"):
        await of_page("check")(clientset)


@in_virtual_time
async def test_the_events_of_a_pod_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    about = core_v1.ObjectReference(api_version="v1", kind="Pod", namespace="default", name="web", uid="uid-web")
    event = core_v1.Event(
        metadata=metadata("e"), involved_object=about, type="Normal", reason="Pulled", message="it is here"
    )
    await of_page("explain")(fake.Clientset(pod("web"), event), "web")
    assert capsys.readouterr().out == "Normal Pulled it is here\n"
