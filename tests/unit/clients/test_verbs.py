"""The verbs: the request of each, and the calls that are refused."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

import kubeloop
from kubeloop.clients.clientset import Clientset
from kubeloop.errors import EncodeError
from kubeloop.models import apps_v1, autoscaling_v1, batch_v1, core_v1, meta_v1, policy_v1, rbac_v1
from kubeloop.objects.model import Kind
from kubeloop.testing import virtual_time
from kubeloop.testing.virtual_time import in_virtual_time
from kubeloop.unstructured import Unstructured
from kubeloop.wire.serializers import json_objects
from tests.support.scripted_clientset import clientset
from tests.support.scripted_transport import ScriptedResponse, error_status, list_of

META = {"name": "a", "namespace": "x", "resourceVersion": "5", "uid": "u"}
CM: dict[str, Any] = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": META}
SUCCESS = {"kind": "Status", "apiVersion": "v1", "status": "Success", "metadata": {}}
ConfigMap, ObjectMeta = core_v1.ConfigMap, meta_v1.ObjectMeta


Call = Callable[[Clientset], Awaitable[Any]]
OBJ = ConfigMap(metadata=ObjectMeta(name="a", namespace="x", resource_version="5"), data={"k": "v"})
OBJ_BODY = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "a", "namespace": "x", "resourceVersion": "5"},
    "data": {"k": "v"},
}
CASES: list[tuple[str, Call, str, str, Any, str | None]] = [
    ("get", lambda c: c.core_v1.config_maps("x").get("a"), "GET", "/api/v1/namespaces/x/configmaps/a", None, None),
    (
        "get from the cache",
        lambda c: c.core_v1.config_maps("x").get("a", resource_version="0"),
        "GET", "/api/v1/namespaces/x/configmaps/a?resourceVersion=0", None, None,
    ),
    (
        "create",
        lambda c: c.core_v1.config_maps("x").create(OBJ, dry_run=True, field_manager="me", field_validation="Strict"),
        "POST", "/api/v1/namespaces/x/configmaps?dryRun=All&fieldManager=me&fieldValidation=Strict", OBJ_BODY,
        "application/json",
    ),
    (
        "create takes the namespace from the object",
        lambda c: c.core_v1.config_maps().create(OBJ),
        "POST", "/api/v1/namespaces/x/configmaps", OBJ_BODY, "application/json",
    ),
    (
        "create takes data with field names and adds its kind",
        lambda c: c.core_v1.config_maps("x").create({"metadata": {"generateName": "a-"}}),
        "POST", "/api/v1/namespaces/x/configmaps",
        {"metadata": {"generateName": "a-"}, "apiVersion": "v1", "kind": "ConfigMap"}, "application/json",
    ),
    (
        "update takes the name from the object",
        lambda c: c.core_v1.config_maps("x").update(OBJ),
        "PUT", "/api/v1/namespaces/x/configmaps/a", OBJ_BODY, "application/json",
    ),
    (
        "merge patch",
        lambda c: c.core_v1.config_maps("x").patch("a", {"data": {"k": None}}, field_manager="me"),
        "PATCH", "/api/v1/namespaces/x/configmaps/a?fieldManager=me", {"data": {"k": None}},
        "application/merge-patch+json",
    ),
    (
        "JSON patch",
        lambda c: c.core_v1.config_maps("x").patch("a", [{"op": "remove", "path": "/data/k"}]),
        "PATCH", "/api/v1/namespaces/x/configmaps/a", [{"op": "remove", "path": "/data/k"}],
        "application/json-patch+json",
    ),
    (
        "strategic merge patch",
        lambda c: c.core_v1.config_maps("x").patch("a", {}, type="strategic"),
        "PATCH", "/api/v1/namespaces/x/configmaps/a", {}, "application/strategic-merge-patch+json",
    ),
    (
        "apply",
        lambda c: c.core_v1.config_maps("x").apply({"metadata": {"name": "a"}}, field_manager="me", force=True),
        "PATCH", "/api/v1/namespaces/x/configmaps/a?fieldManager=me&force=true",
        {"metadata": {"name": "a"}, "apiVersion": "v1", "kind": "ConfigMap"}, "application/apply-patch+yaml",
    ),
    (
        "delete",
        lambda c: c.core_v1.config_maps("x").delete("a"),
        "DELETE", "/api/v1/namespaces/x/configmaps/a", None, None,
    ),
    (
        "resource",
        lambda c: c.resource(apps_v1.Deployment, "x").delete("a"),
        "DELETE", "/apis/apps/v1/namespaces/x/deployments/a", None, None,
    ),
    ("a resource of the cluster", lambda c: c.core_v1.nodes().delete("a"), "DELETE", "/api/v1/nodes/a", None, None),
    (
        "dynamic",
        lambda c: c.dynamic.resource("v1", "configmaps").namespace("x").get("a"),
        "GET", "/api/v1/namespaces/x/configmaps/a", None, None,
    ),
    (
        "dynamic create of a resource of the cluster with a stray namespace (H2)",
        lambda c: c.dynamic.resource("g.io/v1", "things").create({"kind": "Thing", "metadata": {"namespace": "x"}}),
        "POST", "/apis/g.io/v1/things",
        {"kind": "Thing", "metadata": {"namespace": "x"}, "apiVersion": "g.io/v1"}, "application/json",
    ),
    (
        "dynamic update of a resource of the cluster with a stray namespace (H2)",
        lambda c: c.dynamic.resource("g.io/v1", "things").update(
            {"kind": "Thing", "apiVersion": "g.io/v1", "metadata": {"name": "t", "namespace": "x"}}
        ),
        "PUT", "/apis/g.io/v1/things/t",
        {"kind": "Thing", "metadata": {"name": "t", "namespace": "x"}, "apiVersion": "g.io/v1"}, "application/json",
    ),
    (
        "typed create of a resource of the cluster with a stray namespace (H2)",
        lambda c: c.core_v1.nodes().create({"metadata": {"name": "a", "namespace": "x"}}),
        "POST", "/api/v1/nodes",
        {"kind": "Node", "apiVersion": "v1", "metadata": {"name": "a", "namespace": "x"}}, "application/json",
    ),
    (
        "dynamic subresource",
        lambda c: c.dynamic.resource("v1", "configmaps").namespace("x").subresource("a", "scale").patch({"a": 1}),
        "PATCH", "/api/v1/namespaces/x/configmaps/a/scale", {"a": 1}, "application/merge-patch+json",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("call", "method", "target", "body", "content_type"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_verb_sends(call: Call, method: str, target: str, body: Any, content_type: str | None) -> None:
    def respond(request: Any) -> ScriptedResponse:
        kind = {"/apis/apps": "Deployment", "/api/v1/nodes": "Node"}
        found = next((name for prefix, name in kind.items() if request.path.startswith(prefix)), "ConfigMap")
        version = "apps/v1" if found == "Deployment" else "v1"
        return ScriptedResponse.of({**CM, "kind": found, "apiVersion": version})

    clients, transport = clientset(respond)
    virtual_time.run(call(clients))  # type: ignore[arg-type]
    (request,) = transport.requests
    assert (request.method, request.target) == (method, target)
    assert (None if request.body is None else json.loads(request.body)) == body
    assert request.headers.get("Content-Type") == content_type


@in_virtual_time
async def test_status_verbs_go_to_the_status() -> None:
    pod = {"kind": "Pod", "apiVersion": "v1", "metadata": META}
    clients, transport = clientset(*[ScriptedResponse.of(pod)] * 3)
    pods = clients.core_v1.pods("x")
    await pods.update_status(core_v1.Pod(metadata=ObjectMeta(name="a")))
    await pods.patch_status("a", {"status": {"phase": "Failed"}})
    await pods.apply_status({"metadata": {"name": "a"}, "status": {}}, field_manager="me")
    assert [(one.method, one.path) for one in transport.requests] == [
        ("PUT", "/api/v1/namespaces/x/pods/a/status"),
        ("PATCH", "/api/v1/namespaces/x/pods/a/status"),
        ("PATCH", "/api/v1/namespaces/x/pods/a/status"),
    ]


@in_virtual_time
async def test_delete_returns_the_object_or_none() -> None:
    clients, _ = clientset(ScriptedResponse.of(CM), ScriptedResponse.of(SUCCESS))
    config_maps = clients.core_v1.config_maps("x")
    assert isinstance(await config_maps.delete("a"), ConfigMap)
    assert await config_maps.delete("a") is None


@in_virtual_time
async def test_delete_collection_sends_selectors_as_a_query_and_options_as_a_body() -> None:
    clients, transport = clientset(ScriptedResponse.of(SUCCESS))
    await clients.core_v1.config_maps("x").delete_collection(label_selector="a=b", propagation_policy="Orphan")
    (request,) = transport.requests
    assert (request.method, request.target) == ("DELETE", "/api/v1/namespaces/x/configmaps?labelSelector=a%3Db")
    assert request.body is not None
    assert json.loads(request.body)["propagationPolicy"] == "Orphan"


@in_virtual_time
async def test_the_client_of_a_class_has_the_scale_of_its_objects() -> None:
    response = {"apiVersion": "autoscaling/v1", "kind": "Scale", "spec": {"replicas": 2}}
    clients, transport = clientset(ScriptedResponse.of(response), ScriptedResponse.of(response))
    scale = clients.resource(apps_v1.Deployment, "x").scale("a")
    assert (await scale.get()).spec.replicas == 2
    await scale.patch({"spec": {"replicas": 2}})
    assert [(one.method, one.target) for one in transport.requests] == [
        ("GET", "/apis/apps/v1/namespaces/x/deployments/a/scale"),
        ("PATCH", "/apis/apps/v1/namespaces/x/deployments/a/scale"),
    ]


@in_virtual_time
async def test_a_mapping_for_a_subresource_gets_its_version_and_kind() -> None:
    scale = {"apiVersion": "autoscaling/v1", "kind": "Scale"}
    clients, transport = clientset(ScriptedResponse.of(scale), ScriptedResponse.of(scale))
    client = clients.apps_v1.deployments("x").scale("a")
    await client.apply({"spec": {"replicas": 2}}, field_manager="me")
    await client.update({"spec": {"replicas": 2}})
    for request in transport.requests:
        sent = json.loads(request.body or b"")
        assert (sent["apiVersion"], sent["kind"], sent["spec"]) == ("autoscaling/v1", "Scale", {"replicas": 2})


@in_virtual_time
async def test_a_subresource_fills_in_which_object_it_is_for() -> None:
    clients, transport = clientset(ScriptedResponse.of(SUCCESS), ScriptedResponse.of(SUCCESS))
    pods = clients.core_v1.pods("x")
    await pods.eviction("a").create(policy_v1.Eviction())
    await pods.eviction("a").create({"metadata": {"labels": {"b": "c"}}})
    sent = [json.loads(request.body or b"") for request in transport.requests]
    assert sent[0]["metadata"] == {"name": "a", "namespace": "x"}
    assert sent[0]["kind"] == "Eviction"
    assert sent[1]["metadata"] == {"labels": {"b": "c"}, "name": "a", "namespace": "x"}
    with pytest.raises(ValueError, match=r"'a'.*'b'"):
        await pods.eviction("a").create({"metadata": {"name": "b"}})


@in_virtual_time
async def test_a_log_is_text_whole_or_line_by_line() -> None:
    clients, transport = clientset(
        ScriptedResponse.text("1\n2\n"), ScriptedResponse(chunks=[b"one\n\ntw", b"o\n last "], headers={})
    )
    pods = clients.core_v1.pods("x")
    assert await pods.log("a", container="c", tail_lines=5) == "1\n2\n"
    async with pods.log_lines("a", follow=True) as lines:
        assert [line async for line in lines] == ["one", "", "two", " last "]
    assert [request.target for request in transport.requests] == [
        "/api/v1/namespaces/x/pods/a/log?container=c&tailLines=5",
        "/api/v1/namespaces/x/pods/a/log?follow=true",
    ]
    assert transport.open_streams == 0


# An object from a server: it is unknown which of its fields were set.
READ: Any = json_objects.decode_into(
    b'{"metadata": {"name": "a", "namespace": "x"}, "spec": {"suspend": true}}', batch_v1.CronJob
)
JOB = batch_v1.CronJob(
    metadata=ObjectMeta(name="a", namespace="x"), spec=batch_v1.CronJobSpec(suspend=True, concurrency_policy="")
)
JOB_BODY = {"metadata": {"name": "a", "namespace": "x"}, "spec": {"suspend": True, "concurrencyPolicy": ""}}
JOB_HEAD = {"apiVersion": "batch/v1", "kind": "CronJob"}
WIDGET_BODY = JOB_HEAD | {"metadata": {"name": "a"}, "spec": {"suspend": False, "items": [{"size": 0}]}}
WIDGET = Unstructured(WIDGET_BODY)
NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001
SCALE = autoscaling_v1.Scale(spec=autoscaling_v1.ScaleSpec(replicas=0))


@in_virtual_time
@pytest.mark.parametrize(
    ("call", "body"),
    [
        (lambda c: c.batch_v1.cron_jobs().apply(JOB, field_manager="me"), JOB_HEAD | JOB_BODY),
        (lambda c: c.batch_v1.cron_jobs().apply_status(JOB, field_manager="me"), JOB_HEAD | JOB_BODY),
        (lambda c: c.batch_v1.cron_jobs().apply(JOB.draft(), field_manager="me"), JOB_HEAD | JOB_BODY),
        (lambda c: c.batch_v1.cron_jobs().apply(JOB.to_dict(), field_manager="me"), JOB_HEAD | JOB_BODY),
        (
            lambda c: c.dynamic.resource("batch/v1", "cronjobs").namespace("x").apply(WIDGET, field_manager="me"),
            WIDGET_BODY,
        ),
        (
            lambda c: (
                c.dynamic.resource("batch/v1", "cronjobs").namespace("x").apply(WIDGET.draft(), field_manager="me")
            ),
            WIDGET_BODY,
        ),
        (lambda c: c.batch_v1.cron_jobs("x").patch("a", JOB), JOB_BODY),
        (lambda c: c.batch_v1.cron_jobs("x").patch_status("a", JOB), JOB_BODY),
        (lambda c: c.batch_v1.cron_jobs("x").patch("a", JOB.draft(), type="strategic"), JOB_BODY),
        (lambda c: c.batch_v1.cron_jobs("x").patch("a", JOB.to_dict()), JOB_HEAD | JOB_BODY),
        (lambda c: c.batch_v1.cron_jobs("x").patch("a", {"spec": JOB.spec}), {"spec": JOB_BODY["spec"]}),
        (lambda c: c.batch_v1.cron_jobs("x").patch("a", {"spec": JOB.spec.draft()}), {"spec": JOB_BODY["spec"]}),
        (lambda c: c.apps_v1.deployments("x").scale("a").patch(SCALE), {"spec": {"replicas": 0}}),
        (
            lambda c: c.apps_v1.deployments("x").scale("a").apply(SCALE, field_manager="me"),
            {
                "apiVersion": "autoscaling/v1",
                "kind": "Scale",
                "metadata": {"name": "a", "namespace": "x"},
                "spec": {"replicas": 0},
            },
        ),
    ],
)
async def test_apply_and_patch_send_only_what_was_set(call: Call, body: dict[str, Any]) -> None:
    """(H1) A CronJob has a required schedule, which none of these set."""
    clients, transport = clientset(ScriptedResponse.of({"metadata": {"name": "a"}}))
    await call(clients)
    assert json.loads(transport.requests[0].body or b"") == body


READ_JOB = json_objects.decode_into(
    b'{"metadata":{"name":"a"},"spec":{"schedule":"x","jobTemplate":{"spec":{}}},"status":{"active":[]}}',
    batch_v1.CronJob,
)


@in_virtual_time
@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.batch_v1.cron_jobs("x").apply(
            {"metadata": {"name": "a"}, "spec": READ_JOB.spec}, field_manager="me"
        ),
        lambda c: c.batch_v1.cron_jobs("x").patch("a", {"spec": READ_JOB.spec}),
        lambda c: c.batch_v1.cron_jobs("x").patch("a", {"spec": {"jobTemplate": READ_JOB.spec.job_template.draft()}}),
        lambda c: c.batch_v1.cron_jobs("x").patch_status("a", {"a": [READ_JOB.status]}),
    ],
)
async def test_what_was_read_is_refused_within_a_mapping_as_well(call: Call) -> None:
    """(H1) At every depth; the operations of a JSON patch state themselves what they set."""
    clients, transport = clientset(ScriptedResponse.of({"metadata": {"name": "a"}}))
    with pytest.raises(ValueError, match="was read from a server"):
        await call(clients)
    assert not transport.requests
    await clients.batch_v1.cron_jobs("x").patch("a", [{"op": "add", "path": "/spec", "value": READ_JOB.spec}])


@in_virtual_time
async def test_create_and_update_send_whole_objects() -> None:
    """(H1) As Go does: a required zero is a value."""
    clients, transport = clientset(
        ScriptedResponse.of({"metadata": {"name": "a"}}), ScriptedResponse.of({"metadata": {"name": "a"}})
    )
    await clients.batch_v1.cron_jobs().create(JOB)
    await clients.batch_v1.cron_jobs().update(JOB)
    for request in transport.requests:
        assert json.loads(request.body or b"")["spec"] == {"schedule": "", "suspend": True}


REFUSED: list[tuple[str, Call, type[Exception], str]] = [
    ("get without a namespace", lambda c: c.core_v1.config_maps().get("a"), ValueError, "needs a namespace"),
    ("delete without a namespace", lambda c: c.core_v1.config_maps().delete("a"), ValueError, "needs a namespace"),
    ("patch without a namespace", lambda c: c.core_v1.config_maps().patch("a", {}), ValueError, "needs a namespace"),
    ("delete_collection everywhere", lambda c: c.core_v1.config_maps().delete_collection(), ValueError, "namespace"),
    ("create without a namespace", lambda c: c.core_v1.config_maps().create(ConfigMap()), ValueError, "namespace: set"),
    ("another namespace", lambda c: c.core_v1.config_maps("y").create(OBJ), ValueError, r"'x'.*'y'"),
    ("update without a name", lambda c: c.core_v1.config_maps("x").update(ConfigMap()), ValueError, "metadata.name"),
    ("another kind", lambda c: c.core_v1.config_maps("x").create({"kind": "Pod"}), ValueError, "got the Pod"),
    ("another model", lambda c: c.core_v1.config_maps("x").create(core_v1.Pod()), ValueError, "got the Pod"),  # type: ignore[arg-type]
    ("another version", lambda c: c.core_v1.config_maps("x").create({"apiVersion": "v2"}), ValueError, "v2.*v1"),
    ("no object", lambda c: c.core_v1.config_maps("x").create("a"), TypeError, "ConfigMap"),  # type: ignore[arg-type]
    ("metadata of a wrong type", lambda c: c.core_v1.config_maps("x").create({"metadata": 5}), TypeError, "metadata"),
    ("name of a wrong type", lambda c: c.core_v1.config_maps("x").update({"metadata": {"name": 5}}), TypeError, "name"),
    ("a name that breaks the path", lambda c: c.core_v1.config_maps("x").get("../b"), ValueError, "name"),
    ("an empty name", lambda c: c.core_v1.config_maps("x").delete(""), ValueError, "name"),
    (
        "apply without a manager",
        lambda c: c.core_v1.config_maps("x").apply(OBJ, field_manager=""),
        ValueError, "field_manager",
    ),
    (
        "apply of what was read",
        lambda c: c.core_v1.config_maps("x").apply(
            {"metadata": {"name": "a", "managedFields": [{}]}}, field_manager="me"
        ),
        ValueError, "managedFields",
    ),
    ("apply of a model that was read", lambda c: c.batch_v1.cron_jobs().apply(READ, field_manager="me"),
     ValueError, r"read from a server.*edit\(\)"),
    ("apply of a draft of what was read", lambda c: c.batch_v1.cron_jobs().apply(READ.draft(), field_manager="me"),
     ValueError, "read from a server"),
    ("apply of a status that was read", lambda c: c.batch_v1.cron_jobs().apply_status(READ, field_manager="me"),
     ValueError, "read from a server"),
    ("patch with what was read", lambda c: c.batch_v1.cron_jobs("x").patch("a", READ),
     ValueError, "read from a server"),
    ("a JSON patch from a model", lambda c: c.batch_v1.cron_jobs("x").patch("a", JOB, type="json"), TypeError, "list"),
    ("a patch with a Decimal", lambda c: c.core_v1.config_maps("x").patch("a", {"data": {"a": Decimal(1)}}),
     EncodeError, r"data\.a: expected a JSON value, got Decimal"),
    ("a patch with a naive time", lambda c: c.core_v1.config_maps("x").patch("a", {"data": {"a": NAIVE}}),
     EncodeError, r"data\.a: .*time zone"),
    ("an object in place of a name", lambda c: c.core_v1.config_maps("x").get(OBJ), TypeError,  # type: ignore[arg-type]
     "^get: expected the name of a ConfigMap, got ConfigMap: pass its metadata.name$"),
    ("None in place of a name", lambda c: c.core_v1.config_maps("x").delete(None), TypeError,  # type: ignore[arg-type]
     "^delete: expected the name of a ConfigMap, got NoneType$"),
    ("text as a patch", lambda c: c.core_v1.config_maps("x").patch("a", "data"), TypeError,  # type: ignore[arg-type]
     "^expected a mapping, a list of operations, .* got str$"),
    ("a number as a label", lambda c: c.core_v1.config_maps("x").list(label_selector={"a": 1}), TypeError,  # type: ignore[dict-item]
     "^label_selector: expected text as the value of the label 'a', got int: write '1'$"),
    ("a number as a field", lambda c: c.core_v1.config_maps("x").list(field_selector={"a": 1}), TypeError,  # type: ignore[dict-item]
     "^field_selector: expected text as the value of the field 'a', got int: write '1'$"),
    ("a list as a selector", lambda c: c.core_v1.config_maps("x").list(label_selector=["a"]), TypeError,  # type: ignore[arg-type]
     "^expected a str, a mapping or a selector for label_selector, got list$"),
    ("a plural as a class", lambda c: c.resource("pods", "x").list(), TypeError,  # type: ignore[call-overload]
     "^expected the class of a kind, got the str 'pods': pass for instance core_v1.Pod$"),
    ("an object as a class", lambda c: c.resource(OBJ, "x").list(), TypeError,  # type: ignore[call-overload]
     "^expected the class of a kind, got an object of the class ConfigMap"),
    ("a kind as a plural", lambda c: c.dynamic.resource("apps/v1", "Deployment").list(), ValueError,
     r"^expected the plural of a resource in lower case, got 'Deployment'.*clientset\.resource"),
    ("an unknown option", lambda c: c.core_v1.config_maps("x").list(label="a"), TypeError, "label"),  # type: ignore[call-arg]
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "text"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_cannot_be_meant_is_refused_before_anything_is_sent(call: Call, error: type[Exception], text: str) -> None:
    clients, transport = clientset()
    with pytest.raises(error, match=text):
        virtual_time.run(call(clients))  # type: ignore[arg-type]
    assert transport.requests == []


NOWHERE = core_v1.Pod(metadata=ObjectMeta(name="a"))


@pytest.mark.parametrize(
    ("verb", "call"),
    [
        ("get", lambda c: c.core_v1.pods().get("a")),
        ("create", lambda c: c.core_v1.pods().create(NOWHERE)),
        ("update", lambda c: c.core_v1.pods().update(NOWHERE)),
        ("update_status", lambda c: c.core_v1.pods().update_status(NOWHERE)),
        ("patch", lambda c: c.core_v1.pods().patch("a", {})),
        ("patch_status", lambda c: c.core_v1.pods().patch_status("a", {})),
        ("apply", lambda c: c.core_v1.pods().apply(NOWHERE, field_manager="me")),
        ("apply_status", lambda c: c.core_v1.pods().apply_status(NOWHERE, field_manager="me")),
        ("delete", lambda c: c.core_v1.pods().delete("a")),
    ],
)
def test_an_object_in_no_namespace_is_refused_with_the_name_of_the_verb(verb: str, call: Call) -> None:
    clients, _ = clientset()
    with pytest.raises(ValueError, match=rf"^{verb}\b.*'a'.*namespace") as caught:
        virtual_time.run(call(clients))  # type: ignore[arg-type]
    assert 'pods("the-namespace")' in str(caught.value)
    assert "pods(kubeloop.DEFAULT)" in str(caught.value)


def test_a_namespace_that_cannot_be_is_refused_at_once() -> None:
    clients, _ = clientset()
    with pytest.raises(ValueError, match="namespace"):
        clients.core_v1.pods("a/b")
    with pytest.raises(ValueError, match="not namespaced"):
        clients.resource(core_v1.Node, "x")
    with pytest.raises(TypeError, match="class of a kind with a resource, got Status"):
        clients.resource(meta_v1.Status)
    with pytest.raises(ValueError, match="namespace"):
        clients.core_v1.pods().eviction("a")
    with pytest.raises(ValueError, match="resource"):
        clients.dynamic.resource("v1", "a/b")


@in_virtual_time
async def test_errors_are_the_same_for_every_client() -> None:
    clients, _ = clientset(*[error_status(404, "NotFound")] * 3)
    with pytest.raises(kubeloop.NotFound):
        await clients.core_v1.pods("x").get("a")
    with pytest.raises(kubeloop.NotFound):
        await clients.dynamic.resource("v1", "pods").namespace("x").get("a")
    with pytest.raises(kubeloop.NotFound):
        await clients.rest.get("pods", namespace="x", name="a")


@in_virtual_time
async def test_a_list_says_which_version_and_page_it_is() -> None:
    clients, transport = clientset(
        list_of([CM], "7", kind="ConfigMapList", continue_="t"), list_of([CM], "7", kind="ConfigMapList")
    )
    page = await clients.core_v1.config_maps("x").list(limit=1, label_selector="a=b")
    assert isinstance(page, core_v1.ConfigMapList)
    assert (page.metadata.resource_version, page.metadata.continue_) == ("7", "t")
    assert transport.requests[0].target == "/api/v1/namespaces/x/configmaps?limit=1&labelSelector=a%3Db"
    items = (await clients.dynamic.resource("v1", "configmaps").list()).items
    assert isinstance(items[0], Unstructured)


def test_clients_say_what_they_are_for() -> None:
    clients, _ = clientset()
    assert "configmaps in x" in repr(clients.core_v1.config_maps("x"))
    assert "in all namespaces" in repr(clients.core_v1.config_maps())
    assert repr(clients.rbac_v1.cluster_roles()) == (
        "<ClusterRoles rbac.authorization.k8s.io/v1 clusterroles: add_finalizer, apply, as_table, create, "
        "create_or_update, delete, delete_collection, edit, ensure_absent, exists, get, get_or_none, iterate, list, "
        "patch, remove_finalizer, set_annotations, set_labels, update, wait, watch>"
    )
    assert repr(clients.apps_v1.deployments("x").scale("web")) == (
        "<DeploymentScale scale of web of apps/v1 deployments in x: apply, edit, get, patch, update>"
    )
    assert rbac_v1.ClusterRole.resource == "clusterroles"


class Lonely(Kind, api_version="test.kubeloop.dev/v1", kind="Lonely", resource="lonelies", namespaced=True):
    """A kind without a list class."""

    metadata: meta_v1.ObjectMeta = meta_v1.ObjectMeta()


@in_virtual_time
async def test_a_kind_without_a_list_class_can_be_read_but_not_listed() -> None:
    lonely = {"kind": "Lonely", "apiVersion": "test.kubeloop.dev/v1", "metadata": META}
    clients, transport = clientset(ScriptedResponse.of(lonely))
    assert (await clients.resource(Lonely, "x").get("a")).metadata.name == "a"
    with pytest.raises(TypeError, match="Lonely has no list class"):
        await clients.resource(Lonely, "x").list()
    assert len(transport.requests) == 1


def test_a_verb_that_a_subresource_does_not_have_is_refused_with_those_that_it_has() -> None:
    clients, _ = clientset()
    scale: Any = clients.apps_v1.deployments("x").scale("a")
    with pytest.raises(
        AttributeError, match=r"DeploymentScale has no 'list' \(available: apply, edit, get, patch, update\)"
    ):
        _ = scale.list
    with pytest.raises(AttributeError, match="no 'pach'; did you mean 'patch'"):
        _ = scale.pach
