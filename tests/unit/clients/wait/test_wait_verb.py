"""`client.wait` and `clientset.wait` on a server that tells the truth: outcomes, requests and arguments."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from kubeloop import errors, watch_until
from kubeloop.meta.gvk import GroupVersionKind, GroupVersionResource
from kubeloop.models import apps_v1, core_v1, meta_v1
from kubeloop.testing import Action, fake, virtual_time
from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from kubeloop.unstructured import Unstructured
from kubeloop.wire.request import Request
from tests.support.scripted_clientset import clientset
from tests.support.scripted_transport import ScriptedResponse

READY = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
NOT_READY = {"status": {"conditions": [{"type": "Ready", "status": "False", "reason": "Starting", "message": "wait"}]}}


def pod(name: str, **labels: str) -> core_v1.Pod:
    return core_v1.Pod(metadata=meta_v1.ObjectMeta(name=name, namespace="x", labels=labels or None))


def reads(client: fake.Clientset, resource: str = "pods") -> list[str]:
    """Return the lists and watches of a resource so far, with their selectors."""
    return [
        f"{action.verb} {selector_of(action)}".rstrip()
        for action in client.api.actions
        if action.verb in ("list", "watch") and action.resource == resource
    ]


def selector_of(action: Action) -> str:
    options: Any = action.options
    return str(options.get("fieldSelector") or options.get("labelSelector") or "")


async def later(seconds: float, call: Callable[[], Any]) -> None:
    await asyncio.sleep(seconds)
    await call()


@in_virtual_time
async def test_it_returns_with_the_event_that_satisfies() -> None:
    client = fake.Clientset(pod("a"))
    pods = client.core_v1.pods("x")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(later(5, lambda: pods.patch_status("a", READY)))
        ready = await pods.wait("a", condition="Ready", timeout=60)
        assert elapsed() == 5
    assert ready.status.conditions[0].status == "True"
    assert reads(client) == ["list metadata.name=a", "watch metadata.name=a"]


@in_virtual_time
async def test_a_state_that_is_there_needs_no_watch() -> None:
    client = fake.Clientset(pod("a"))
    assert (await client.core_v1.pods("x").wait("a", for_create=True)).metadata.name == "a"
    assert reads(client) == ["list metadata.name=a"]


@in_virtual_time
async def test_several_objects_share_one_watch_and_keep_their_order() -> None:
    client = fake.Clientset(pod("a"), pod("b"), pod("c"))
    pods = client.core_v1.pods("x")
    async with asyncio.TaskGroup() as tasks:
        for at, name in enumerate("abc"):
            tasks.create_task(later(3 - at, lambda name=name: pods.patch_status(name, READY)))  # type: ignore[misc]
        found = await pods.wait(["c", "a", "b", "a"], condition="Ready")
    assert [each.metadata.name for each in found] == ["c", "a", "b", "a"]
    assert reads(client) == ["list", "watch"]


@in_virtual_time
async def test_a_selector_chooses_the_objects_of_the_beginning() -> None:
    client = fake.Clientset(pod("a", app="web"), pod("b", app="web"), pod("c"))
    pods = client.core_v1.pods("x")

    async def change() -> None:
        await pods.create(pod("d", app="web"))
        await pods.patch_status("a", READY)
        await pods.patch_status("b", READY)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(later(1, change))
        found = await pods.wait(label_selector="app=web", condition="Ready")
    assert [each.metadata.name for each in found] == ["a", "b"]
    assert reads(client) == ["list app=web", "watch app=web"]


@in_virtual_time
async def test_an_object_whose_progress_takes_it_out_of_the_selection_is_followed() -> None:
    client = fake.Clientset(pod("a", stage="new"), pod("b", stage="new"))
    pods = client.core_v1.pods("x")

    async def change() -> None:
        await pods.patch_status("b", READY)
        await pods.patch("a", {"metadata": {"labels": {"stage": "old"}}})
        await asyncio.sleep(1)
        await pods.patch_status("a", READY)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(later(1, change))
        found = await pods.wait(label_selector="stage=new", condition="Ready", timeout=10)
    assert [each.metadata.name for each in found] == ["a", "b"]
    assert reads(client) == ["list stage=new", "watch stage=new", "list", "watch"]


@in_virtual_time
async def test_all_objects_are_waited_for() -> None:
    client = fake.Clientset(pod("a"), pod("b"))
    found = await client.core_v1.pods().wait(all=True, until=lambda each: each.metadata.uid)
    assert [each.metadata.name for each in found] == ["a", "b"]


@in_virtual_time
async def test_deletions_return_last_states() -> None:
    client = fake.Clientset(pod("a"), pod("b", app="web"))
    pods = client.core_v1.pods("x")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(later(1, lambda: pods.delete("a")))
        tasks.create_task(later(2, lambda: pods.delete("b")))
        deleted = await pods.wait("a", for_delete=True)
        assert deleted is not None
        assert deleted.metadata.name == "a"
        assert [each.metadata.name for each in await pods.wait(label_selector="app=web", for_delete=True)] == ["b"]
    assert await pods.wait("a", for_delete=True) is None
    assert await pods.wait(["a", "b"], for_delete=True) == []
    assert await pods.wait(all=True, for_delete=True) == []
    assert await pods.wait([], for_delete=True) == []


@in_virtual_time
async def test_a_deletion_is_that_of_a_uid() -> None:
    client = fake.Clientset(pod("a"))
    pods = client.core_v1.pods("x")
    assert (await pods.wait("a", for_delete=True, uid="earlier", timeout=1)) is None
    with pytest.raises(errors.WaitTimeout, match="the object exists, and nobody has deleted it"):
        await pods.wait("a", for_delete=True, uid=(await pods.get("a")).metadata.uid, timeout=1)


@in_virtual_time
async def test_creation_beside_a_condition_waits_for_both() -> None:
    client = fake.Clientset(core_v1.Namespace(metadata=meta_v1.ObjectMeta(name="x")))
    pods = client.core_v1.pods("x")

    async def create() -> None:
        await pods.create(pod("a"))
        await asyncio.sleep(1)
        await pods.patch_status("a", READY)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(later(1, create))
        await pods.wait("a", condition="Ready", for_create=True)
        assert elapsed() == 2


@in_virtual_time
async def test_a_timeout_shows_the_state_and_the_events() -> None:
    client = fake.Clientset(pod("a"))
    pods = client.core_v1.pods("x")
    stored = await pods.patch_status("a", NOT_READY)
    for number, reason in enumerate(["Old", "Pulling", "BackOff", "Failed"]):
        await client.core_v1.events("x").create(
            core_v1.Event(
                metadata=meta_v1.ObjectMeta(name=f"e{number}", namespace="x"),
                involved_object=core_v1.ObjectReference(
                    api_version="v1", kind="Pod", namespace="x", name="a", uid=stored.metadata.uid
                ),
                type="Warning", reason=reason, message=f"no image {number}", count=number,
                last_timestamp=virtual_time.EPOCH.replace(hour=number),
            )
        )  # fmt: skip
    with pytest.raises(TimeoutError) as caught:
        await pods.wait("a", condition="Ready", timeout=60)
    error = caught.value
    assert isinstance(error, errors.WaitTimeout)
    assert elapsed() == 60
    assert str(error) == (
        "timed out after 60 s waiting for condition Ready of pods x/a: Ready is False (Starting: wait); "
        "its newest event: Warning Failed: no image 3 (3 times)"
    )
    [unmet] = error.objects
    assert (unmet.resource, unmet.namespace, unmet.name) == ("pods", "x", "a")
    assert (unmet.status, unmet.reason, unmet.message) == ("False", "Starting", "wait")
    assert [event.reason for event in unmet.events] == ["Pulling", "BackOff", "Failed"]
    assert unmet.events[-1].last_seen == "2000-01-01T03:00:00Z"
    assert (error.awaited, error.timeout) == ("condition Ready", 60)
    assert error.__notes__[-1] == "event of pods x/a: Warning Failed: no image 3 (3 times)"


@in_virtual_time
async def test_a_timeout_of_many_objects_shows_the_first() -> None:
    client = fake.Clientset(*(pod(f"p{number}") for number in range(8)))
    with pytest.raises(errors.WaitTimeout, match=r"x/p4: there is no condition Ready \(.*\); and 3 more$") as caught:
        await client.core_v1.pods("x").wait(all=True, condition="Ready", timeout=1)
    assert [unmet.name for unmet in caught.value.objects] == [f"p{number}" for number in range(8)]
    assert len(event_selectors(client)) == 3


def event_selectors(client: fake.Clientset) -> list[str]:
    """Return the selectors of the requests for events so far."""
    return [selector_of(action) for action in client.api.actions if action.resource == "events"]


@in_virtual_time
async def test_the_timeout_of_an_object_that_was_never_created_names_it() -> None:
    client = fake.Clientset()
    with pytest.raises(errors.WaitTimeout, match="waiting for creation of pods x/a: the object does not exist"):
        await client.core_v1.pods("x").wait("a", for_create=True, timeout=2)
    [selector] = event_selectors(client)
    assert selector == "involvedObject.apiVersion=v1,involvedObject.kind=Pod,involvedObject.name=a"
    with pytest.raises(errors.WaitTimeout, match="waiting for creation of pods x: nothing matches the selectors"):
        await client.core_v1.pods("x").wait(label_selector="app=web", for_create=True, timeout=2)


@in_virtual_time
async def test_zero_seconds_read_once() -> None:
    client = fake.Clientset(pod("a"))
    pods = client.core_v1.pods("x")
    with pytest.raises(errors.WaitTimeout, match=r"^not met: condition Ready of pods x/a: there is no condition Ready"):
        await pods.wait("a", condition="Ready", timeout=0)
    await pods.patch_status("a", READY)
    await pods.wait("a", condition="Ready", timeout=0)
    assert reads(client) == ["list metadata.name=a"] * 2
    assert event_selectors(client) == []
    assert elapsed() == 0


@pytest.mark.parametrize("is_typed", [True, False])
@in_virtual_time
async def test_a_timeout_shows_no_value_of_a_secret(is_typed: bool) -> None:
    client = fake.Clientset(
        core_v1.Secret(metadata=meta_v1.ObjectMeta(name="a", namespace="x"), data={"password": b"geheim"})
    )
    secrets: Any = client.core_v1.secrets("x")
    if not is_typed:
        secrets = client.resource(Unstructured, GroupVersionResource("", "v1", "secrets"), "x")
    with pytest.raises(errors.WaitTimeout) as caught:
        await secrets.wait("a", jsonpath=("{.data.password}", "sesam"), timeout=1)
    assert str(caught.value) == (
        "timed out after 1 s waiting for {.data.password}=<hidden> of secrets x/a: {.data.password} has another value"
    )
    assert caught.value.objects[0].status == ""
    secret = core_v1.Secret(metadata=meta_v1.ObjectMeta(name="a", namespace="x"))
    with pytest.raises(errors.WaitTimeout, match="=<hidden> of secrets x/a"):
        await client.wait([secret], jsonpath="{.data.password}=sesam", timeout=0)


@in_virtual_time
async def test_without_a_timeout_it_waits_for_half_a_minute() -> None:
    client = fake.Clientset(pod("a"))
    with pytest.raises(errors.WaitTimeout, match="timed out after 30 s"):
        await client.core_v1.pods("x").wait("a", condition="Ready")
    assert elapsed() == 30


@pytest.mark.parametrize("timeout", [None, float("inf")])
@in_virtual_time
async def test_no_timeout_is_no_limit(timeout: float | None) -> None:
    client = fake.Clientset(pod("a"))
    pods = client.core_v1.pods("x")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(later(10_000, lambda: pods.patch_status("a", READY)))
        await pods.wait("a", condition="Ready", timeout=timeout)


@in_virtual_time
async def test_an_exception_of_the_function_ends_the_wait() -> None:
    client = fake.Clientset(pod("a"))

    def fail(each: core_v1.Pod) -> bool:
        raise LookupError(each.metadata.name)

    with pytest.raises(LookupError, match="a"):
        await client.core_v1.pods("x").wait("a", until=fail)


@in_virtual_time
async def test_an_async_function_is_refused() -> None:
    client = fake.Clientset(pod("a"))

    async def is_ready(each: core_v1.Pod) -> bool:
        return False

    with pytest.raises(TypeError, match="expected a plain function, got an async one"):
        await client.core_v1.pods("x").wait("a", until=is_ready)
    with pytest.raises(TypeError, match="expected a plain function, got an async one"):
        await watch_until(client.core_v1.pods("x"), is_ready)  # type: ignore[arg-type]


@in_virtual_time
async def test_objects_without_a_class_are_waited_for() -> None:
    client = fake.Clientset(pod("a"))
    pods = client.resource(Unstructured, GroupVersionResource("", "v1", "pods"), "x")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(later(1, lambda: client.core_v1.pods("x").patch_status("a", READY)))
        found = await pods.wait("a", condition="Ready")
    assert found.get_in("status", "conditions", 0, "type") == "Ready"


@in_virtual_time
async def test_objects_of_several_kinds_are_waited_for_together() -> None:
    deployment = apps_v1.Deployment(metadata=meta_v1.ObjectMeta(name="web", namespace="y"))
    namespace = Unstructured({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "y", "namespace": "z"}})
    client = fake.Clientset(pod("a"), pod("b"), deployment, namespace)
    patches = [
        lambda: client.core_v1.pods("x").patch_status("b", READY),
        lambda: client.apps_v1.deployments("y").patch_status("web", READY),
        lambda: client.core_v1.pods("x").patch_status("a", READY),
        lambda: client.core_v1.namespaces().patch_status("y", READY),
    ]
    async with asyncio.TaskGroup() as tasks:
        for at, patch in enumerate(patches, 1):
            tasks.create_task(later(at, patch))
        found = await client.wait([pod("b"), deployment, namespace, pod("a")], condition="Ready")
        assert elapsed() == 4
    assert [type(each).__name__ for each in found] == ["Pod", "Deployment", "Unstructured", "Pod"]
    assert [each.metadata.name for each in found] == ["b", "web", "y", "a"]
    assert reads(client) == ["list", "watch"]
    assert reads(client, "deployments") == ["list metadata.name=web", "watch metadata.name=web"]


@in_virtual_time
async def test_the_timeout_of_several_kinds_shows_all_that_are_missing() -> None:
    deployment = apps_v1.Deployment(metadata=meta_v1.ObjectMeta(name="web", namespace="y"))
    client = fake.Clientset(pod("a"), deployment)
    with pytest.raises(errors.WaitTimeout) as caught:
        await client.wait([pod("a"), deployment], condition="Ready", timeout=1)
    assert [str(unmet) for unmet in caught.value.objects] == ["pods x/a", "deployments y/web"]


@in_virtual_time
async def test_deletions_of_several_kinds_are_by_the_uids_of_the_objects() -> None:
    client = fake.Clientset(pod("a"), pod("b"))
    pods = client.core_v1.pods("x")
    old = await pods.get("a")
    await pods.delete("a")
    await pods.create(pod("a"))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(later(1, lambda: pods.delete("b")))
        found = await client.wait([old, pod("b"), pod("c")], for_delete=True, timeout=2)
    assert found[0] is None
    assert found[1] is not None
    assert found[2] is None


@in_virtual_time
async def test_the_first_failure_of_several_kinds_ends_all_waits() -> None:
    deployment = apps_v1.Deployment(metadata=meta_v1.ObjectMeta(name="web", namespace="y"))
    client = fake.Clientset(pod("a"))
    with pytest.raises(errors.NotFound, match=r'deployments\.apps "web" not found in namespace y') as caught:
        await client.wait([pod("a"), deployment], condition="Ready")
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


@in_virtual_time
async def test_nothing_is_waited_for_without_objects() -> None:
    assert await fake.Clientset().wait([], condition="Ready") == []


@pytest.mark.parametrize(
    ("names", "options", "error", "problem"),
    [
        ("a", {}, TypeError, "expected a state"),
        ("a", {"condition": "Ready", "jsonpath": "{.a}"}, TypeError, "expected one state, got condition and jsonpath"),
        ("a", {"for_delete": True, "until": bool}, TypeError, "expected one state, got until and for_delete"),
        ("a", {"for_delete": True, "for_create": True}, TypeError, "expected one state, got for_delete and for_create"),
        ("a", {"until": 3}, TypeError, "expected a function of the object as until, got int"),
        ("a", {"condition": "Ready", "uid": "u"}, TypeError, "uid is for the deletion of one object"),
        (["a"], {"for_delete": True, "uid": "u"}, TypeError, "uid is for the deletion of one object"),
        (None, {"condition": "Ready"}, TypeError, "expected a name, names, a selector, or all=True"),
        (None, {"condition": "Ready", "label_selector": None}, TypeError, "expected a name, names, a selector"),
        ("a", {"condition": "Ready", "all": True}, TypeError, "expected names or selectors, got both"),
        (["a"], {"condition": "Ready", "label_selector": "a=b"}, TypeError, "expected names or selectors, got both"),
        (None, {"condition": "Ready", "lable_selector": "a"}, TypeError, "unexpected keyword argument 'lable_sel"),
        (None, {"condition": "Ready", "label_selector": 3}, TypeError, "label_selector"),
        ("a", {"condition": "Ready", "timeout": -1}, ValueError, "expected a timeout of 0 or more seconds"),
        ("a", {"condition": "Ready", "timeout": float("nan")}, ValueError, "expected a timeout of 0 or more seconds"),
        ("a", {"condition": "Ready", "timeout": True}, TypeError, "expected a timeout in seconds, got bool"),
        ("x/a", {"condition": "Ready"}, ValueError, "a name has no '/'"),
        ("", {"condition": "Ready"}, ValueError, "name"),
    ],
)  # fmt: skip
async def test_arguments_that_cannot_be_right_are_refused_before_a_request(
    names: Any, options: Any, error: type[Exception], problem: str
) -> None:
    client = fake.Clientset()
    with pytest.raises(error, match=problem):
        await client.core_v1.pods("x").wait(names, **options)
    assert list(client.api.actions) == []


async def test_names_need_a_namespace() -> None:
    with pytest.raises(ValueError, match=r"wait of pods 'a' needs a namespace"):
        await fake.Clientset().core_v1.pods().wait("a", condition="Ready")


def pod_in(namespace: str) -> core_v1.Pod:
    return core_v1.Pod(metadata=meta_v1.ObjectMeta(name="a", namespace=namespace))


async def test_objects_that_name_no_namespace_are_where_an_apply_would_create_them() -> None:
    client = fake.Clientset(pod_in("default"), pod_in("shop"))
    placeless = core_v1.Pod(metadata=meta_v1.ObjectMeta(name="a"))
    [found] = await client.wait([placeless], for_create=True)
    [other] = await client.wait([placeless], for_create=True, namespace="shop")
    [own] = await client.wait([pod_in("shop")], for_create=True, namespace="default")
    assert [each.metadata.namespace for each in (found, other, own)] == ["default", "shop", "shop"]


@in_virtual_time
async def test_models_and_other_objects_of_one_resource_and_namespace_share_a_watch() -> None:
    client = fake.Clientset(pod_in("shop"), core_v1.Pod(metadata=meta_v1.ObjectMeta(name="b", namespace="shop")))
    other = Unstructured({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b", "namespace": "shop"}})
    with pytest.raises(errors.WaitTimeout, match=r"pods shop/a: .*; pods shop/b: "):
        await client.wait([pod_in("shop"), other], condition="Ready", timeout=3)
    assert [action.verb for action in client.api.actions if action.resource == "pods"] == ["list", "watch"]


@pytest.mark.parametrize(
    ("objects", "problem"),
    [
        (core_v1.Pod(), "expected a list of objects, got one Pod"),
        (Unstructured({"apiVersion": "v1", "kind": "Pod"}), "got one Unstructured"),
        ("deployment/web", "expected a list of objects, got one str"),
        (None, "expected a list of objects, got one NoneType"),
        (["deployment/web"], "expected objects with metadata, such as models, got str"),
    ],
)
async def test_what_is_no_collection_of_objects_is_refused(objects: Any, problem: str) -> None:
    with pytest.raises(TypeError, match=problem):
        await fake.Clientset().wait(objects, for_create=True)


@pytest.mark.parametrize(
    ("obj", "problem"),
    [
        (core_v1.Pod(metadata=meta_v1.ObjectMeta(namespace="x")), "Pod has no metadata.name"),
        (core_v1.Pod(metadata=meta_v1.ObjectMeta(name="a/b", namespace="x")), "'/'"),
    ],
)
async def test_objects_without_an_identity_are_refused(obj: core_v1.Pod, problem: str) -> None:
    client = fake.Clientset()
    with pytest.raises(ValueError, match=problem):
        await client.wait([obj], condition="Ready")
    assert list(client.api.actions) == []


@in_virtual_time
async def test_a_value_of_a_secret_is_not_shown_before_its_resource_is_known() -> None:
    async def hang(_: Request) -> ScriptedResponse:
        await asyncio.sleep(3600)
        raise AssertionError("nobody waits that long")

    client, _ = clientset(hang)
    secrets = client.resource(Unstructured, GroupVersionKind("", "v1", "Secret"), "x")
    with pytest.raises(errors.WaitTimeout) as caught:
        await secrets.wait("a", jsonpath=("{.data.key}", "s3same"), timeout=5)
    assert "has not described" in str(caught.value)
    assert "s3same" not in f"{caught.value} {caught.value.awaited}"


@in_virtual_time
async def test_one_object_where_names_or_objects_belong_is_a_clear_error() -> None:
    client, one = fake.Clientset(pod("a")), pod("a")
    pods: Any = client.core_v1.pods("x")
    waits: Any = client
    for wrong in (one, b"a", 3):
        with pytest.raises(TypeError, match=f"^wait: expected a name or names, got one {type(wrong).__name__}$"):
            await pods.wait(wrong, for_create=True)
    for wrong in (one, "a"):
        with pytest.raises(TypeError, match=f"^wait: expected a list of objects, got one {type(wrong).__name__}$"):
            await waits.wait(wrong, for_create=True)
    with pytest.raises(TypeError, match=r"^expected a timeout in seconds, got str$"):
        await pods.wait("a", for_create=True, timeout="5")
