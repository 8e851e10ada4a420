"""edit(): the smallest patch, guarded by the version that was read, retried after another writer's change."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pytest

import kubeloop
from kubeloop.models import apps_v1, core_v1
from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from kubeloop.wire.request import Request
from tests.support.scripted_clientset import clientset
from tests.support.scripted_transport import ScriptedResponse, error_status


def deployment(version: str = "5", **spec: Any) -> ScriptedResponse:
    return ScriptedResponse.of(
        {
            "kind": "Deployment",
            "apiVersion": "apps/v1",
            "metadata": {"name": "web", "namespace": "x", "resourceVersion": version},
            "spec": {"replicas": 1, **spec},
        }
    )


AnyEdit = kubeloop.Edit[Any, Any]
Leave = Callable[[AnyEdit], Awaitable[None]]
CONFLICT = error_status(409, "Conflict", "the object has been modified")
INVALID = error_status(422, "Invalid", "the server rejected our request")


def sent(request: Request) -> Any:
    return json.loads(request.body or b"null")


def scale_up(draft: apps_v1.Deployment.Draft) -> None:
    draft.spec.replicas = (draft.spec.replicas or 0) + 1


@in_virtual_time
async def test_a_block_reads_changes_and_sends_the_smallest_patch() -> None:
    clients, transport = clientset(deployment(), deployment("6", replicas=3))
    edit = clients.apps_v1.deployments("x").edit("web", field_manager="me")
    async with edit as draft:
        draft.spec.replicas = 3
    read, patch = transport.requests
    assert (read.method, read.target) == ("GET", "/apis/apps/v1/namespaces/x/deployments/web")
    assert (patch.method, patch.target) == ("PATCH", "/apis/apps/v1/namespaces/x/deployments/web?fieldManager=me")
    assert patch.headers["Content-Type"] == "application/merge-patch+json"
    assert sent(patch) == {"metadata": {"resourceVersion": "5"}, "spec": {"replicas": 3}}
    assert edit.result.metadata.resource_version == "6"


@in_virtual_time
async def test_a_function_changes_the_draft_and_the_object_is_returned() -> None:
    clients, _ = clientset(deployment(), deployment("6", replicas=2))
    after = await clients.apps_v1.deployments("x").edit("web", scale_up)
    assert after.spec.replicas == 2


@in_virtual_time
async def test_the_function_may_be_a_coroutine_function() -> None:
    async def change(draft: Any) -> None:
        await asyncio.sleep(1)
        draft.spec.replicas = 2

    clients, transport = clientset(deployment(), deployment("6"))
    await clients.apps_v1.deployments("x").edit("web", change)
    assert sent(transport.requests[1])["spec"] == {"replicas": 2}


@in_virtual_time
async def test_a_conflict_runs_the_body_again_on_a_fresh_read_after_a_pause() -> None:
    clients, transport = clientset(deployment(), CONFLICT, deployment("7", replicas=8), deployment("8", replicas=9))
    after = await clients.apps_v1.deployments("x").edit("web", scale_up)
    assert after.spec.replicas == 9
    assert sent(transport.requests[3]) == {"metadata": {"resourceVersion": "7"}, "spec": {"replicas": 9}}
    assert elapsed() > 0


@in_virtual_time
async def test_conflicts_without_end_are_raised_after_the_last_attempt() -> None:
    clients, transport = clientset(*[deployment(), CONFLICT] * 3)
    with pytest.raises(kubeloop.Conflict) as caught:
        await clients.apps_v1.deployments("x").edit("web", scale_up, attempts=3)
    assert transport.left == 0
    assert caught.value.__notes__ == ["edit gave up after 3 attempts"]


@in_virtual_time
async def test_a_block_that_meets_a_conflict_says_that_nothing_was_changed() -> None:
    clients, transport = clientset(deployment(), CONFLICT)
    edit = clients.apps_v1.deployments("x").edit("web")
    with pytest.raises(kubeloop.Conflict, match=r"modified; nothing was changed\. Use `await edit\(\"web\", change\)`"):
        await leave_by_the_end(edit)
    assert transport.left == 0
    with pytest.raises(RuntimeError, match="not sent"):
        _ = edit.result


async def leave_by_the_end(edit: AnyEdit) -> None:
    async with edit as draft:
        scale_up(draft)


async def leave_by_return(edit: AnyEdit) -> None:
    async with edit as draft:
        scale_up(draft)
        return


async def leave_by_break(edit: AnyEdit) -> None:
    for _ in range(2):
        async with edit as draft:
            scale_up(draft)
            break


async def leave_by_continue(edit: AnyEdit) -> None:
    for _ in range(1):
        async with edit as draft:
            scale_up(draft)
            continue


NORMAL = [leave_by_the_end, leave_by_return, leave_by_break, leave_by_continue]


@pytest.mark.parametrize("leave", NORMAL)
@in_virtual_time
async def test_every_normal_way_out_of_a_block_sends(leave: Leave) -> None:
    clients, transport = clientset(deployment(), deployment("6", replicas=2))
    edit = clients.apps_v1.deployments("x").edit("web")
    await leave(edit)
    assert sent(transport.requests[1]) == {"metadata": {"resourceVersion": "5"}, "spec": {"replicas": 2}}
    assert edit.result.spec.replicas == 2


@pytest.mark.parametrize("leave", NORMAL)
@in_virtual_time
async def test_every_normal_way_out_of_a_block_reports_a_conflict(leave: Leave) -> None:
    clients, _ = clientset(deployment(), CONFLICT)
    with pytest.raises(kubeloop.Conflict, match="nothing was changed"):
        await leave(clients.apps_v1.deployments("x").edit("web"))


@pytest.mark.parametrize("error", [ZeroDivisionError, asyncio.CancelledError, KeyboardInterrupt, GeneratorExit])
@in_virtual_time
async def test_an_exception_in_a_block_sends_nothing(error: type[BaseException]) -> None:
    clients, transport = clientset(deployment())
    edit = clients.apps_v1.deployments("x").edit("web")

    async def fail_in_block() -> None:
        async with edit as draft:
            scale_up(draft)
            raise error

    with pytest.raises(error):
        await fail_in_block()
    assert [request.method for request in transport.requests] == ["GET"]
    with pytest.raises(RuntimeError, match="edit of 'web' has no result: it is not sent"):
        _ = edit.result


@in_virtual_time
async def test_a_block_that_is_cancelled_while_it_waits_sends_nothing() -> None:
    clients, transport = clientset(deployment())
    is_open = asyncio.Event()

    async def wait_in_block() -> None:
        async with clients.apps_v1.deployments("x").edit("web") as draft:
            scale_up(draft)
            is_open.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(wait_in_block())
    await is_open.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert [request.method for request in transport.requests] == ["GET"]


@in_virtual_time
async def test_a_generator_that_is_closed_within_a_block_sends_nothing() -> None:
    clients, transport = clientset(deployment())

    async def drafts() -> AsyncGenerator[Any]:
        async with clients.apps_v1.deployments("x").edit("web") as draft:
            scale_up(draft)
            yield draft

    generator = drafts()
    await anext(generator)
    await generator.aclose()
    assert [request.method for request in transport.requests] == ["GET"]


@in_virtual_time
async def test_a_discarded_block_sends_nothing() -> None:
    clients, transport = clientset(deployment())
    edit = clients.apps_v1.deployments("x").edit("web")
    async with edit as draft:
        scale_up(draft)
        edit.discard()
        edit.discard()
    assert [request.method for request in transport.requests] == ["GET"]
    with pytest.raises(RuntimeError, match="no result: it is discarded"):
        _ = edit.result


@in_virtual_time
async def test_an_edit_is_discarded_only_while_its_block_is_open() -> None:
    clients, _ = clientset(deployment(), deployment("6"))
    edit = clients.apps_v1.deployments("x").edit("web")
    with pytest.raises(RuntimeError, match="cannot be discarded: it is not entered"):
        edit.discard()
    await leave_by_the_end(edit)
    with pytest.raises(RuntimeError, match="cannot be discarded: it is done"):
        edit.discard()


@in_virtual_time
async def test_a_block_is_entered_once() -> None:
    clients, transport = clientset(deployment(), deployment("6"))
    edit = clients.apps_v1.deployments("x").edit("web")
    await leave_by_the_end(edit)
    with pytest.raises(RuntimeError, match=r"was entered before: call edit\(\) again"):
        await leave_by_the_end(edit)
    assert transport.left == 0


@in_virtual_time
async def test_a_block_that_changes_nothing_has_the_object_that_was_read() -> None:
    clients, transport = clientset(deployment())
    edit = clients.apps_v1.deployments("x").edit("web")
    async with edit:
        pass
    assert edit.result.metadata.resource_version == "5"
    assert [request.method for request in transport.requests] == ["GET"]


@in_virtual_time
async def test_a_block_of_edit_status_sends_the_status() -> None:
    clients, transport = clientset(deployment(), deployment("6"))

    async def finish() -> None:
        async with clients.apps_v1.deployments("x").edit_status("web") as draft:
            draft.status.replicas = 3
            return

    await finish()
    assert transport.requests[1].path.endswith("/web/status")
    assert sent(transport.requests[1])["status"] == {"replicas": 3}


@in_virtual_time
async def test_what_is_neither_a_block_nor_a_function_says_so() -> None:
    clients, transport = clientset()
    edit: Any = clients.apps_v1.deployments("x").edit("web")
    with pytest.raises(TypeError, match=r"`await edit\(\"web\", change\)`, or use `async with`"):
        await edit
    with pytest.raises(TypeError, match="use `async with`, not `async for`"):
        async for _ in edit:
            pass
    with pytest.raises(TypeError, match=r"expected a function.*got dict: patch\(\)"):
        clients.apps_v1.deployments("x").edit("web", {"spec": {}})  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="a block cannot run twice"):
        clients.apps_v1.deployments("x").edit("web", attempts=3)  # type: ignore[call-overload]
    assert transport.requests == []


@in_virtual_time
async def test_a_conflict_that_the_function_raises_is_not_repeated() -> None:
    clients, transport = clientset(deployment())
    conflict = kubeloop.Conflict(kubeloop.StatusDetails(code=409, reason="Conflict", message="elsewhere"))

    def change(draft: Any) -> None:
        raise conflict

    with pytest.raises(kubeloop.Conflict, match="elsewhere"):
        await clients.apps_v1.deployments("x").edit("web", change)
    assert [request.method for request in transport.requests] == ["GET"]


@in_virtual_time
async def test_nothing_is_sent_when_nothing_changed() -> None:
    clients, transport = clientset(deployment())
    after = await clients.apps_v1.deployments("x").edit("web", lambda draft: None)
    assert after.metadata.resource_version == "5"
    assert [request.method for request in transport.requests] == ["GET"]


@in_virtual_time
async def test_nothing_is_sent_when_the_function_fails() -> None:
    clients, transport = clientset(deployment())

    def fail(draft: Any) -> None:
        draft.spec.replicas = 1 // 0

    with pytest.raises(ZeroDivisionError):
        await clients.apps_v1.deployments("x").edit("web", fail)
    assert [request.method for request in transport.requests] == ["GET"]


@in_virtual_time
async def test_a_list_of_objects_is_edited_in_place_so_that_unknown_fields_survive() -> None:
    containers = [{"name": "a", "image": "1", "unknown": True}, {"name": "b", "image": "1"}]
    clients, transport = clientset(deployment(template={"spec": {"containers": containers}}), deployment("6"))
    async with clients.apps_v1.deployments("x").edit("web") as draft:
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


@in_virtual_time
async def test_a_json_patch_that_fails_on_a_newer_object_is_a_conflict() -> None:
    clients, transport = clientset(
        deployment(template=TWO), INVALID, deployment("7"), deployment("7", template=TWO), deployment("8")
    )
    await clients.apps_v1.deployments("x").edit("web", edit_second_image)
    assert sent(transport.requests[4])[0]["value"] == "7"
    assert transport.left == 0


@in_virtual_time
async def test_a_json_patch_that_fails_on_the_same_object_is_an_error() -> None:
    clients, _ = clientset(deployment(template=TWO), INVALID, deployment("5", template=TWO))
    with pytest.raises(kubeloop.Invalid):
        await clients.apps_v1.deployments("x").edit("web", edit_second_image)


@in_virtual_time
async def test_a_json_patch_that_never_fits_ends_as_a_conflict() -> None:
    clients, _ = clientset(*[deployment(template=TWO), INVALID, deployment("9", template=TWO)] * 2)
    with pytest.raises(kubeloop.Conflict) as caught:
        await clients.apps_v1.deployments("x").edit("web", edit_second_image, attempts=2)
    assert isinstance(caught.value.__cause__, kubeloop.Invalid)


@in_virtual_time
async def test_a_merge_patch_that_breaks_a_rule_is_an_error_at_once() -> None:
    clients, transport = clientset(deployment(), INVALID)
    with pytest.raises(kubeloop.Invalid):
        await clients.apps_v1.deployments("x").edit("web", scale_up)
    assert transport.left == 0


@in_virtual_time
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


@in_virtual_time
async def test_a_kind_of_which_is_not_known_if_its_status_is_apart_may_change_it() -> None:
    clients, transport = clientset(deployment(), deployment("6"))
    draft_of = clients.dynamic.resource("apps/v1", "deployments").namespace("x")
    async with draft_of.edit("web") as draft:
        draft["status"] = {"replicas": 3}
    assert sent(transport.requests[1])["status"] == {"replicas": 3}


@in_virtual_time
async def test_an_object_without_a_model_is_edited_as_data() -> None:
    clients, transport = clientset(deployment(), deployment("6"))
    async with clients.dynamic.resource("apps/v1", "deployments").namespace("x").edit("web") as draft:
        draft["spec"]["replicas"] = 3
    assert sent(transport.requests[1]) == {"metadata": {"resourceVersion": "5"}, "spec": {"replicas": 3}}


@in_virtual_time
async def test_what_cannot_be_meant_is_refused_before_the_first_turn() -> None:
    clients, transport = clientset()
    with pytest.raises(ValueError, match="namespace"):
        clients.apps_v1.deployments().edit("web")
    with pytest.raises(ValueError, match="attempts"):
        clients.apps_v1.deployments("x").edit("web", scale_up, attempts=0)
    with pytest.raises(ValueError, match="field_validation"):
        clients.apps_v1.deployments("x").edit("web", field_validation="x")  # type: ignore[call-overload]
    assert transport.requests == []


@in_virtual_time
async def test_an_object_that_does_not_exist_is_not_found() -> None:
    clients, _ = clientset(error_status(404, "NotFound"))
    with pytest.raises(kubeloop.NotFound):
        await clients.core_v1.config_maps("x").edit("a", lambda draft: None)


def test_an_edit_says_where_it_is() -> None:
    clients, _ = clientset()
    assert repr(clients.core_v1.config_maps("x").edit("a")) == "<Edit a: not entered>"
    assert core_v1.ConfigMap.kind == "ConfigMap"


@in_virtual_time
async def test_a_response_without_a_resource_version_is_not_an_object_to_edit() -> None:
    clients, transport = clientset(deployment(""))
    path = "/apis/apps/v1/namespaces/x/deployments/web"
    with pytest.raises(kubeloop.DecodeError, match=rf"^GET {path}: the response has no metadata.resourceVersion"):
        await clients.apps_v1.deployments("x").edit("web", scale_up)
    assert len(transport.requests) == 1
