"""edit(): the smallest patch, on the version that was read, again when somebody else was faster."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

import kubeloop
from kubeloop.models import apps_v1, core_v1
from kubeloop.wire.request import Request
from tests.support.clock import now, virtual
from tests.support.scripted_clientset import clientset
from tests.support.scripted_transport import Answer, error_status


def deployment(version: str = "5", **spec: Any) -> Answer:
    return Answer.of(
        {
            "kind": "Deployment",
            "apiVersion": "apps/v1",
            "metadata": {"name": "web", "namespace": "x", "resourceVersion": version},
            "spec": {"replicas": 1, **spec},
        }
    )


CONFLICT = error_status(409, "Conflict", "the object has been modified")
INVALID = error_status(422, "Invalid", "the server rejected our request")


def sent(request: Request) -> Any:
    return json.loads(request.body or b"null")


def scale_up(draft: apps_v1.Deployment.Draft) -> None:
    draft.spec.replicas = (draft.spec.replicas or 0) + 1


@virtual
async def test_the_loop_reads_changes_and_sends_the_smallest_patch() -> None:
    clients, transport = clientset(deployment(), deployment("6", replicas=3))
    edit = clients.apps_v1.deployments("x").edit("web", field_manager="me")
    turns = 0
    async for draft in edit:
        turns += 1
        draft.spec.replicas = 3
    assert turns == 1
    read, patch = transport.requests
    assert (read.method, read.target) == ("GET", "/apis/apps/v1/namespaces/x/deployments/web")
    assert (patch.method, patch.target) == ("PATCH", "/apis/apps/v1/namespaces/x/deployments/web?fieldManager=me")
    assert patch.headers["Content-Type"] == "application/merge-patch+json"
    assert sent(patch) == {"metadata": {"resourceVersion": "5"}, "spec": {"replicas": 3}}
    assert edit.result.metadata.resource_version == "6"


@virtual
async def test_a_function_changes_the_draft_and_the_object_is_returned() -> None:
    clients, _ = clientset(deployment(), deployment("6", replicas=2))
    after = await clients.apps_v1.deployments("x").edit("web", scale_up)
    assert after.spec.replicas == 2


@virtual
async def test_the_function_may_be_a_coroutine_function() -> None:
    async def change(draft: Any) -> None:
        await asyncio.sleep(1)
        draft.spec.replicas = 2

    clients, transport = clientset(deployment(), deployment("6"))
    await clients.apps_v1.deployments("x").edit("web", change)
    assert sent(transport.requests[1])["spec"] == {"replicas": 2}


@virtual
async def test_a_conflict_runs_the_body_again_on_a_fresh_read_after_a_pause() -> None:
    clients, transport = clientset(deployment(), CONFLICT, deployment("7", replicas=8), deployment("8", replicas=9))
    after = await clients.apps_v1.deployments("x").edit("web", scale_up)
    assert after.spec.replicas == 9
    assert sent(transport.requests[3]) == {"metadata": {"resourceVersion": "7"}, "spec": {"replicas": 9}}
    assert now() > 0


@virtual
async def test_conflicts_without_end_are_raised_after_the_last_attempt() -> None:
    clients, transport = clientset(*[deployment(), CONFLICT] * 3)
    with pytest.raises(kubeloop.Conflict) as caught:
        await clients.apps_v1.deployments("x").edit("web", scale_up, attempts=3)
    assert transport.left == 0
    assert caught.value.__notes__ == ["edit gave up after 3 attempts"]


@virtual
async def test_the_loop_raises_conflict_too() -> None:
    clients, _ = clientset(*[deployment(), CONFLICT] * 2)
    turns: list[int] = []

    async def run() -> None:
        async for draft in clients.apps_v1.deployments("x").edit("web", attempts=2):
            turns.append(1)
            scale_up(draft)

    with pytest.raises(kubeloop.Conflict):
        await run()
    assert len(turns) == 2


@virtual
async def test_nothing_is_sent_when_nothing_changed() -> None:
    clients, transport = clientset(deployment())
    after = await clients.apps_v1.deployments("x").edit("web", lambda draft: None)
    assert after.metadata.resource_version == "5"
    assert [request.method for request in transport.requests] == ["GET"]


@virtual
async def test_nothing_is_sent_when_the_loop_is_left() -> None:
    clients, transport = clientset(deployment(), deployment())
    edit = clients.apps_v1.deployments("x").edit("web")
    async for draft in edit:
        scale_up(draft)
        break
    with pytest.raises(RuntimeError, match="not done"):
        _ = edit.result

    def fail(draft: Any) -> None:
        draft.spec.replicas = 1 // 0

    with pytest.raises(ZeroDivisionError):
        await clients.apps_v1.deployments("x").edit("web", fail)
    assert [request.method for request in transport.requests] == ["GET", "GET"]


@virtual
async def test_a_list_of_objects_is_edited_in_place_so_that_unknown_fields_survive() -> None:
    containers = [{"name": "a", "image": "1", "unknown": True}, {"name": "b", "image": "1"}]
    clients, transport = clientset(deployment(template={"spec": {"containers": containers}}), deployment("6"))
    async for draft in clients.apps_v1.deployments("x").edit("web"):
        draft.spec.template.spec.containers[0].image = "2"
    patch = transport.requests[1]
    assert patch.headers["Content-Type"] == "application/json-patch+json"
    assert [(op["path"], op["value"]) for op in sent(patch)] == [
        ("/metadata/resourceVersion", "5"),
        ("/spec/template/spec/containers/0/image", "2"),
    ]


def edit_second_image(draft: Any) -> None:
    draft.spec.template.spec.containers[1].image = "2"


TWO = {"spec": {"containers": [{"name": "a"}, {"name": "b"}]}}


@virtual
async def test_a_json_patch_that_fails_on_a_newer_object_is_a_conflict() -> None:
    clients, transport = clientset(
        deployment(template=TWO), INVALID, deployment("7"), deployment("7", template=TWO), deployment("8")
    )
    await clients.apps_v1.deployments("x").edit("web", edit_second_image)
    assert sent(transport.requests[4])[0]["value"] == "7"
    assert transport.left == 0


@virtual
async def test_a_json_patch_that_fails_on_the_same_object_is_an_error() -> None:
    clients, _ = clientset(deployment(template=TWO), INVALID, deployment("5", template=TWO))
    with pytest.raises(kubeloop.Invalid):
        await clients.apps_v1.deployments("x").edit("web", edit_second_image)


@virtual
async def test_a_json_patch_that_never_fits_ends_as_a_conflict() -> None:
    clients, _ = clientset(*[deployment(template=TWO), INVALID, deployment("9", template=TWO)] * 2)
    with pytest.raises(kubeloop.Conflict) as caught:
        await clients.apps_v1.deployments("x").edit("web", edit_second_image, attempts=2)
    assert isinstance(caught.value.__cause__, kubeloop.Invalid)


@virtual
async def test_a_merge_patch_that_breaks_a_rule_is_an_error_at_once() -> None:
    clients, transport = clientset(deployment(), INVALID)
    with pytest.raises(kubeloop.Invalid):
        await clients.apps_v1.deployments("x").edit("web", scale_up)
    assert transport.left == 0


@virtual
async def test_a_change_of_the_status_is_refused_and_the_other_way_round() -> None:
    clients, transport = clientset(deployment(), deployment(), deployment("6"))
    deployments = clients.apps_v1.deployments("x")

    def change_status(draft: Any) -> None:
        draft.status.replicas = 3

    with pytest.raises(ValueError, match="edit_status"):
        await deployments.edit("web", change_status)
    after = await deployments.edit_status("web", change_status)
    assert after.metadata.resource_version == "6"
    assert transport.requests[2].path.endswith("/web/status")
    transport.add(deployment())
    with pytest.raises(ValueError, match="not spec"):
        await deployments.edit_status("web", scale_up)


@virtual
async def test_a_kind_of_which_is_not_known_if_its_status_is_apart_may_change_it() -> None:
    clients, transport = clientset(deployment(), deployment("6"))
    draft_of = clients.dynamic.resource("apps/v1", "deployments").namespace("x")
    async for draft in draft_of.edit("web"):
        draft["status"] = {"replicas": 3}
    assert sent(transport.requests[1])["status"] == {"replicas": 3}


@virtual
async def test_an_object_without_a_model_is_edited_as_data() -> None:
    clients, transport = clientset(deployment(), deployment("6"))
    async for draft in clients.dynamic.resource("apps/v1", "deployments").namespace("x").edit("web"):
        draft["spec"]["replicas"] = 3
    assert sent(transport.requests[1]) == {"metadata": {"resourceVersion": "5"}, "spec": {"replicas": 3}}


@virtual
async def test_what_cannot_be_meant_is_refused_before_the_first_turn() -> None:
    clients, transport = clientset()
    with pytest.raises(ValueError, match="namespace"):
        clients.apps_v1.deployments().edit("web")
    with pytest.raises(ValueError, match="attempts"):
        clients.apps_v1.deployments("x").edit("web", attempts=0)
    with pytest.raises(ValueError, match="field_validation"):
        clients.apps_v1.deployments("x").edit("web", field_validation="x")  # type: ignore[call-overload]
    assert transport.requests == []


@virtual
async def test_an_object_that_does_not_exist_is_not_found() -> None:
    clients, _ = clientset(error_status(404, "NotFound"))
    with pytest.raises(kubeloop.NotFound):
        await clients.core_v1.config_maps("x").edit("a", lambda draft: None)


def test_an_edit_says_where_it_is() -> None:
    clients, _ = clientset()
    assert repr(clients.core_v1.config_maps("x").edit("a")) == "<Edit a: attempt 0 of 20>"
    assert core_v1.ConfigMap.kind == "ConfigMap"


@virtual
async def test_an_answer_without_a_resource_version_is_no_object_to_edit() -> None:
    clients, transport = clientset(deployment(""))
    path = "/apis/apps/v1/namespaces/x/deployments/web"
    with pytest.raises(kubeloop.DecodeError, match=rf"^GET {path}: the answer has no metadata.resourceVersion"):
        await clients.apps_v1.deployments("x").edit("web", scale_up)
    assert len(transport.requests) == 1
