"""What applying a set sends, in which order, and what it reports, against a server in the test."""

from __future__ import annotations

import json
from typing import Any

import pytest

import kubeloop
from kubeloop.clients.clientset import Clientset
from kubeloop.clients.manifests.apply_run import ApplyRun, ApplySettings
from kubeloop.clients.manifests.manifest_report import ApplyReport, ManifestResult
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing.virtual_time import elapsed
from tests.support.apply_server import ApplyServer
from tests.support.scripted_clientset import clientset
from tests.support.scripted_transport import ScriptedResponse, error_status, list_of, query

pytestmark = pytest.mark.usefixtures("virtual_time")

MAPS = "/api/v1/namespaces/shop/configmaps"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
BACKUPS = "/apis/example.com/v1/namespaces/shop/backups"


def config_map(name: str = "a", **data: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def crd(scope: str = "Namespaced") -> dict[str, Any]:
    names = {"kind": "Backup", "plural": "backups"}
    spec = {"group": "example.com", "scope": scope, "names": names, "versions": [{"name": "v1", "served": True}]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "backups.example.com"},
        "spec": spec,
    }


def backup(name: str = "b") -> dict[str, Any]:
    return {"apiVersion": "example.com/v1", "kind": "Backup", "metadata": {"name": name, "namespace": "shop"}}


def namespace(name: str = "shop") -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


@pytest.fixture
def server() -> ApplyServer:
    return ApplyServer()


@pytest.fixture
def client(server: ApplyServer) -> Clientset:
    return clientset(server.respond)[0]


def outcomes(report: ApplyReport) -> dict[str, str]:
    return {result.resource_name: result.outcome for result in report}


async def test_an_object_is_created_then_unchanged_then_configured(server: ApplyServer, client: Clientset) -> None:
    found = [(await client.apply_manifests([config_map(x=x)], field_manager="me"))[0].outcome for x in ("1", "1", "2")]
    assert found == ["created", "unchanged", "configured"]
    assert server.lines == [f"GET {MAPS}", f"PATCH {MAPS}/a"] * 3


async def test_an_apply_asks_for_strict_validation_and_one_list_per_collection() -> None:
    server = ApplyServer()
    client, transport = clientset(server.respond)
    await client.apply_manifests([config_map("a"), config_map("b")], field_manager="me")
    listed, patched, _ = transport.requests
    assert query(listed) == {}
    assert listed.headers["Accept"].startswith("application/json;as=PartialObjectMetadataList;")
    assert query(patched) == {"fieldManager": "me", "fieldValidation": "Strict"}
    assert patched.headers["Content-Type"] == "application/apply-patch+yaml"
    assert json.loads(patched.body or b"") == config_map("a")


async def test_options_reach_the_server() -> None:
    client, transport = clientset(ApplyServer().respond)
    await client.apply_manifests([config_map()], field_manager="me", force=True, dry_run=True, field_validation="Warn")
    expected = {"fieldManager": "me", "fieldValidation": "Warn", "force": "true", "dryRun": "All"}
    assert query(transport.requests[-1]) == expected
    assert query(transport.requests[0]) == {"fieldSelector": "metadata.name=a"}


async def test_only_fields_that_were_set_are_sent(server: ApplyServer) -> None:
    client, transport = clientset(server.respond)
    typed = core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name="a", namespace="shop"), data={"x": "1"})
    await client.apply_manifests([typed], field_manager="me")
    assert json.loads(transport.requests[-1].body or b"") == config_map(x="1")


async def test_namespaces_and_definitions_come_first_and_objects_of_new_kinds_wait(
    server: ApplyServer, client: Clientset
) -> None:
    seen: list[ManifestResult] = []
    report = await client.apply_manifests(
        [backup(), config_map(), crd(), namespace()], field_manager="me", progress=seen.append
    )
    assert server.writes() == ["/api/v1/namespaces/shop", f"{CRDS}/backups.example.com", f"{MAPS}/a", f"{BACKUPS}/b"]
    assert set(outcomes(report).values()) == {"created"}
    assert seen == list(report)
    # No list of what is in a namespace that is new or of a kind that is new, and no request of discovery.
    lists = [line for line in server.lines if line.startswith("GET")]
    assert lists == ["GET /api/v1/namespaces", f"GET {CRDS}", f"GET {CRDS}"]


async def test_a_definition_that_is_never_established_fails_with_its_objects(
    server: ApplyServer, client: Clientset
) -> None:
    server.establishes = False
    report = await client.apply_manifests([backup(), crd(), config_map()], field_manager="me", timeout=20.0)
    assert elapsed() == pytest.approx(20.0)
    definition, other, custom = report
    assert (definition.outcome, other.outcome, custom.outcome) == ("failed", "created", "failed")
    assert isinstance(definition.error, kubeloop.WaitTimeout)
    assert "backups.example.com was applied, but the server did not establish it within 20 s" in str(definition.error)
    assert "its CustomResourceDefinition backups.example.com" in str(custom.error)
    assert f"{BACKUPS}/b" not in server.writes()


async def test_a_watch_that_expired_lists_the_definitions(server: ApplyServer, client: Clientset) -> None:
    server.responses[f"GET {CRDS}"] = [
        list_of([], "1", kind="CustomResourceDefinitionList", api_version="apiextensions.k8s.io/v1"),
        error_status(410, "Expired", "too old resource version"),
    ]
    report = await client.apply_manifests([crd(), backup()], field_manager="me")
    assert outcomes(report) == {
        "customresourcedefinition.apiextensions.k8s.io/backups.example.com": "created",
        "backup.example.com/b": "created",
    }


async def test_an_object_of_a_new_kind_is_retried_while_its_kind_is_not_served(
    server: ApplyServer, client: Clientset
) -> None:
    unserved = ScriptedResponse.text("404 page not found\n", 404)
    server.responses[f"PATCH {BACKUPS}/b"] = [unserved, unserved]
    report = await client.apply_manifests([crd(), backup()], field_manager="me")
    assert report[1].outcome == "created"
    assert elapsed() == pytest.approx(0.3)


async def test_the_resource_of_a_defined_kind_may_have_no_namespace(server: ApplyServer, client: Clientset) -> None:
    report = await client.apply_manifests([crd("Cluster"), backup()], field_manager="me")
    assert report[1].namespace == ""
    assert server.writes()[-1] == "/apis/example.com/v1/backups/b"
    assert "namespace" not in server.objects["/apis/example.com/v1/backups/b"]["metadata"]


async def test_conflicts_name_managers_and_fields(server: ApplyServer, client: Clientset) -> None:
    causes = [
        {"reason": "FieldManagerConflict", "message": 'conflict with "a \\"b\\"" using v1', "field": ".data.x"},
        {"reason": "FieldManagerConflict", "message": 'conflict with "hpa" using v1', "field": ".data.y"},
    ]
    server.responses[f"PATCH {MAPS}/a"] = [error_status(409, "Conflict", "refused", details={"causes": causes})]
    report = await client.apply_manifests([config_map(x="1"), config_map("b")], field_manager="me")
    assert [each.outcome for each in report] == ["conflict", "created"]
    assert [(each.manager, each.field) for each in report[0].conflicts] == [('a "b"', ".data.x"), ("hpa", ".data.y")]
    assert report[0].detail == 'conflict with "a \\"b\\"" using v1: .data.x; conflict with "hpa" using v1: .data.y'
    assert report.failed == [report[0]]


async def test_a_conflict_of_versions_is_a_failure_and_no_conflict_of_fields(
    server: ApplyServer, client: Clientset
) -> None:
    server.responses[f"PATCH {MAPS}/a"] = [error_status(409, "Conflict", "the object has been modified")]
    [result] = await client.apply_manifests([config_map()], field_manager="me")
    assert (result.outcome, result.conflicts) == ("failed", ())


async def test_stop_skips_what_follows_a_failure(server: ApplyServer, client: Clientset) -> None:
    server.responses[f"PATCH {MAPS}/b"] = [error_status(422, "Invalid", "no")]
    maps = [config_map(name) for name in "abc"]
    report = await client.apply_manifests(maps, field_manager="me", on_error="stop")
    assert [each.outcome for each in report] == ["created", "failed", "skipped"]
    assert server.writes() == [f"{MAPS}/a", f"{MAPS}/b"]
    with pytest.raises(ExceptionGroup, match="1 of 3 objects failed: configmap/b") as caught:
        report.raise_failed()
    assert [type(error) for error in caught.value.exceptions] == [kubeloop.Invalid]


async def test_stop_sends_nothing_if_an_object_is_known_to_be_wrong(server: ApplyServer, client: Clientset) -> None:
    report = await client.apply_manifests(
        [config_map(), {"kind": "ConfigMap", "apiVersion": "v1"}], field_manager="me", on_error="stop"
    )
    assert [each.outcome for each in report] == ["skipped", "failed"]
    assert server.lines == []


async def test_continue_applies_the_objects_beside_wrong_ones(server: ApplyServer, client: Clientset) -> None:
    wrong: list[Any] = [
        config_map("b"),
        config_map("b", x="twice"),
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "c-"}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "../x"}},
        {"apiVersion": "v1", "metadata": {"name": "d"}},
        {"kind": "ConfigMap", "metadata": {"name": "d"}},
        {"apiVersion": "a/b/c", "kind": "ConfigMap", "metadata": {"name": "d"}},
        {"apiVersion": "v1", "kind": "Status", "metadata": {"name": "d"}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": ["d"]},
        7,
        None,
    ]
    report = await client.apply_manifests([*wrong, config_map("z")], field_manager="me")
    assert sorted(server.writes()) == [f"{MAPS}/b", f"{MAPS}/z"]
    assert len(report.failed) == len(wrong) - 1
    assert [each.outcome for each in report if each.outcome != "failed"] == ["created", "created"]
    texts = "\n".join(str(each.error) for each in report.failed)
    for part in ("got it twice", "generateName 'c-'", "without name", "without kind", "without apiVersion", "got int"):
        assert part in texts


async def test_where_lists_are_forbidden_an_object_is_applied_all_the_same(
    server: ApplyServer, client: Clientset
) -> None:
    for expected in ("created", "applied"):
        server.responses[f"GET {MAPS}"] = [error_status(403, "Forbidden", "no")]
        [result] = await client.apply_manifests([config_map()], field_manager="me")
        assert result.outcome == expected


async def test_a_server_without_apply_is_reported(server: ApplyServer, client: Clientset) -> None:
    server.responses[f"PATCH {MAPS}/a"] = [error_status(415, "UnsupportedMediaType", "no")]
    [result] = await client.apply_manifests([config_map()], field_manager="me")
    assert result.error is not None
    assert result.error.__notes__ == ["the server does not support server-side apply"]


async def test_a_server_without_the_group_is_reported(server: ApplyServer, client: Clientset) -> None:
    server.responses[f"PATCH {MAPS}/a"] = [ScriptedResponse.text("404 page not found\n", 404)]
    [result] = await client.apply_manifests([config_map()], field_manager="me")
    assert "the server does not serve v1 configmaps" in (result.error or Exception()).__notes__[0]


async def test_an_object_in_another_namespace_than_that_of_the_set_fails(
    server: ApplyServer, client: Clientset
) -> None:
    nowhere: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}}
    report = await client.apply_manifests([config_map(), nowhere], field_manager="me", namespace="store")
    assert [each.outcome for each in report] == ["failed", "created"]
    assert server.writes() == ["/api/v1/namespaces/store/configmaps/b"]


async def test_a_dry_run_skips_what_only_the_set_would_create(server: ApplyServer, client: Clientset) -> None:
    report = await client.apply_manifests(
        [namespace(), crd(), config_map(), backup()], field_manager="me", dry_run=True
    )
    assert [each.outcome for each in report] == ["created", "created", "skipped", "skipped"]
    assert "only the set creates the namespace shop" in report[2].reason
    assert server.objects == {}


async def test_an_object_that_is_being_deleted_is_a_warning(server: ApplyServer, client: Clientset) -> None:
    gone = config_map()
    gone["metadata"] |= {"uid": "u", "resourceVersion": "1", "deletionTimestamp": "2026-01-01T00:00:00Z"}
    server.responses[f"PATCH {MAPS}/a"] = [ScriptedResponse.of(gone)]
    [result] = await client.apply_manifests([config_map()], field_manager="me")
    assert result.warnings == ("ConfigMap shop/a is being deleted, so that the change does not last",)


async def test_warnings_of_the_server_are_in_the_result(server: ApplyServer, client: Clientset) -> None:
    stored = {**config_map(), "metadata": {"name": "a", "uid": "u", "resourceVersion": "1"}}
    headers = {"Warning": '299 - "v1 is old"'}
    server.responses[f"PATCH {MAPS}/a"] = [ScriptedResponse.of(stored, 201, headers=headers)]
    [result] = await client.apply_manifests([config_map()], field_manager="me")
    assert (result.outcome, result.warnings) == ("created", ("v1 is old",))


class Steps:
    """The steps of a set, which record their calls."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    async def before_apply(self, objects: Any, *, dry_run: bool) -> dict[str, str]:
        self.calls.append(("before", [str(obj) for obj in objects], dry_run))
        return {"part-of": "set"}

    def refusal(self, obj: Any, before: Any) -> Exception | None:
        self.calls.append(("refusal", str(obj), before))
        return None

    async def after_apply(self, results: Any, report: Any) -> None:
        self.calls.append(("after", [result.outcome for result in results]))
        report(ManifestResult("pruned", "v1", "ConfigMap", "shop", "old"))


async def test_the_steps_of_a_set_enclose_its_objects(server: ApplyServer, client: Clientset) -> None:
    steps = Steps()
    settings = ApplySettings(field_manager="me", steps=steps)
    report = await ApplyRun(client.rest, client.mapper, settings).run([config_map()])
    assert steps.calls == [
        ("before", ["ConfigMap shop/a"], False),
        ("refusal", "ConfigMap shop/a", None),
        ("after", ["created"]),
    ]
    assert server.objects[f"{MAPS}/a"]["metadata"]["labels"] == {"part-of": "set"}
    assert [each.outcome for each in report] == ["created", "pruned"]


@pytest.mark.parametrize("wrong", [{"metadata": {}}, {"labels": True}], ids=["refused", "labelled"])
async def test_nothing_is_pruned_after_a_failure(server: ApplyServer, client: Clientset, wrong: Any) -> None:
    steps = Steps()
    broken = config_map("b")
    if "labels" in wrong:
        broken["metadata"]["labels"] = {"part-of": "another"}
    else:
        server.responses[f"PATCH {MAPS}/b"] = [error_status(422, "Invalid", "no")]
    settings = ApplySettings(field_manager="me", steps=steps)
    report = await ApplyRun(client.rest, client.mapper, settings).run([config_map(), broken])
    assert [each.outcome for each in report] == ["created", "failed"]
    assert "after" not in [call[0] for call in steps.calls]


@pytest.mark.parametrize(
    "wrong", ["deploy.yaml", b"a", config_map(), core_v1.ConfigMap(), kubeloop.Unstructured({}), 7, None]
)
async def test_what_is_no_list_of_objects_is_refused(client: Clientset, wrong: Any) -> None:
    with pytest.raises(TypeError, match="expected a list of objects"):
        await client.apply_manifests(wrong, field_manager="me")


async def test_options_are_checked(client: Clientset) -> None:
    with pytest.raises(ValueError, match="field_manager"):
        await client.apply_manifests([], field_manager="")
    with pytest.raises(ValueError, match="on_error"):
        await client.apply_manifests([], field_manager="me", on_error="raise")  # type: ignore[arg-type]
    assert list(await client.apply_manifests([], field_manager="me")) == []


async def test_where_a_definition_may_not_be_changed_the_one_on_the_server_counts(server: ApplyServer) -> None:
    served = {"name": "backups", "kind": "Backup", "namespaced": True, "singularName": "backup", "verbs": ["patch"]}
    groups = {"name": "example.com", "versions": [{"groupVersion": "example.com/v1", "version": "v1"}]}
    server.responses = {
        f"PATCH {CRDS}/backups.example.com": [error_status(403, "Forbidden", "no")] * 2,
        "GET /api": [ScriptedResponse.of({"kind": "APIVersions", "versions": []})] * 3,
        "GET /apis": [ScriptedResponse.of({"kind": "APIGroupList", "apiVersion": "v1", "groups": [groups]})] * 3,
        "GET /apis/example.com/v1": [
            ScriptedResponse.of({"kind": "APIResourceList", "groupVersion": "example.com/v1", "resources": [served]})
        ],
    }
    client, _ = clientset(server.respond)
    report = await client.apply_manifests([crd(), backup()], field_manager="me")
    assert [each.outcome for each in report] == ["failed", "created"]

    unserved = clientset(server.respond)[0]
    server.responses["GET /apis/example.com/v1"] = [error_status(404, "NotFound")] * 2
    report = await unserved.apply_manifests([crd(), backup("c")], field_manager="me")
    assert [each.outcome for each in report] == ["failed", "failed"]


async def test_a_definition_that_is_in_the_set_twice_serves_its_objects(server: ApplyServer, client: Clientset) -> None:
    report = await client.apply_manifests([crd(), crd(), backup()], field_manager="me")
    assert [each.outcome for each in report] == ["created", "failed", "created"]


async def test_unknown_kinds_make_the_mapper_ask_once_more_and_have_an_error_per_object(
    server: ApplyServer, client: Clientset
) -> None:
    server.responses = {
        "GET /api": [ScriptedResponse.of({"kind": "APIVersions", "versions": []})] * 2,
        "GET /apis": [ScriptedResponse.of({"kind": "APIGroupList", "apiVersion": "v1", "groups": []})] * 2,
    }
    unknown = [
        {"apiVersion": f"{group}.io/v1", "kind": kind, "metadata": {"name": name}}
        for group in "xy"
        for kind in ("Foo", "Bar")
        for name in "ab"
    ]
    report = await client.apply_manifests([*unknown, config_map()], field_manager="me")
    assert len(report.failed) == 8
    assert all(isinstance(each.error, kubeloop.NoMatch) for each in report.failed)
    notes = [(each.error or Exception()).__notes__ for each in report.failed]
    assert sorted(notes)[:2] == [["it is the kind of Bar a"], ["it is the kind of Bar a"]]
    assert all(len(each) == 1 for each in notes)
    assert [line for line in server.lines if line.startswith("GET /api")].count("GET /apis") == 2
    assert report[0].outcome == "created"


async def test_objects_without_a_name_are_named_by_their_place_in_the_set(client: Clientset) -> None:
    nameless: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}
    generated: dict[str, Any] = {**nameless, "metadata": {"generateName": "a-"}}
    report = await client.apply_manifests([nameless, generated, {"kind": "ConfigMap"}], field_manager="me")
    assert sorted(str(each.error) for each in report) == [
        "ConfigMap: expected an object with apiVersion and kind, got one without apiVersion: item 2",
        "ConfigMap: expected metadata.name, got an object without name: item 0",
        "ConfigMap: expected metadata.name, got metadata.generateName 'a-': item 1; the name must be known: use "
        "create() for generated names",
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param({"x": object()}, "data.x: expected a JSON value, got object", id="no JSON"),
        pytest.param({1: "x"}, "data: expected keys of str, got int", id="keys"),
        pytest.param("itself", "nested too deeply", id="a cycle"),
    ],
)
async def test_an_object_without_a_json_form_fails_alone(
    server: ApplyServer, client: Clientset, data: Any, message: str
) -> None:
    bad = {**config_map("bad"), "data": data}
    if data == "itself":
        bad["data"] = bad
    report = await client.apply_manifests([config_map("a"), bad, config_map("b")], field_manager="me")
    assert [each.outcome for each in report] == ["created", "failed", "created"]
    assert message in str(report[1].error)


async def test_a_list_that_contains_itself_fails_alone(server: ApplyServer, client: Clientset) -> None:
    cyclic: dict[str, Any] = {"apiVersion": "v1", "kind": "List", "items": []}
    cyclic["items"] += [cyclic, cyclic]
    report = await client.apply_manifests([cyclic, config_map()], field_manager="me")
    assert [each.outcome for each in report] == ["created", "failed"]
    assert "does the list contain itself?" in str(report[1].error)


@pytest.mark.parametrize("kind", ["Status", "Table"])
async def test_a_kind_that_is_not_stored_fails_alone(server: ApplyServer, client: Clientset, kind: str) -> None:
    version = "v1" if kind == "Status" else "meta.k8s.io/v1"
    text = f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: a}}\n"
    report = await client.apply_manifests([*kubeloop.parse_manifests(text), config_map()], field_manager="me")
    assert sorted(each.outcome for each in report) == ["created", "failed"]
    assert "expected a kind with a resource" in str(report.failed[0].error)


async def test_expired_versions_do_not_end_the_wait_for_a_definition(server: ApplyServer, client: Clientset) -> None:
    expired = error_status(410, "Expired", "too old resource version")
    stored = {**crd(), "metadata": {"name": "backups.example.com", "resourceVersion": "101"}}
    established = {**stored, "status": {"conditions": [{"type": "Established", "status": "True"}]}}
    definitions = {"kind": "CustomResourceDefinitionList", "api_version": "apiextensions.k8s.io/v1"}
    server.responses[f"GET {CRDS}"] = [
        list_of([], "100"),
        expired,
        list_of([stored], "102", **definitions),
        expired,
        expired,
        list_of([stored], "103", **definitions),
        expired,
        list_of([established], "104", **definitions),
    ]
    report = await client.apply_manifests([crd(), backup()], field_manager="me")
    assert [each.outcome for each in report] == ["created", "created"]
    assert 0 < elapsed() < 60


@pytest.mark.parametrize(
    "metadata",
    [
        [],
        "x",
        {"annotations": 5},
        {"managedFields": 5},
        {"managedFields": [5, {"operation": "Update"}]},
        {"labels": []},
    ],
)
async def test_metadata_of_wrong_types_in_responses_do_not_end_a_run(
    server: ApplyServer, client: Clientset, metadata: Any
) -> None:
    server.responses[f"PATCH {MAPS}/a"] = [ScriptedResponse.of({**config_map(), "metadata": metadata})] * 2
    for manager in ("me", "kubectl"):
        report = await client.apply_manifests([config_map("a"), config_map("b")], field_manager=manager)
        assert len(report) == 2
        assert report[1].outcome in ("created", "unchanged")


async def test_items_of_a_list_that_cannot_be_read_fail_alone(server: ApplyServer, client: Clientset) -> None:
    plain = {"apiVersion": "v1", "kind": "List", "items": [5, config_map("a"), None]}
    text = {"apiVersion": "v1", "kind": "ConfigMapList", "items": [config_map("b"), {**config_map("c"), "data": 5}]}
    report = await client.apply_manifests(
        [plain, *kubeloop.parse_manifests(json.dumps(text)), config_map("d")], field_manager="me"
    )
    assert [each.name for each in report if each.outcome == "created"] == ["a", "b", "d"]
    assert [str(each.error) for each in report.failed] == [
        "item 0 of List: expected an object, got int",
        "item 2 of List: expected an object, got NoneType",
        "ConfigMapList: item 1 of ConfigMapList: ConfigMap shop/c: data: expected object, got int",
    ]


async def test_an_object_is_retried_too_if_an_unchanged_definition_was_established_in_this_run(
    server: ApplyServer, client: Clientset
) -> None:
    server.establishes = False
    await client.apply_manifests([crd()], field_manager="me", timeout=1)
    server.establishes = True
    server.responses[f"PATCH {BACKUPS}/b"] = [ScriptedResponse.text("404 page not found\n", 404)]
    report = await client.apply_manifests([crd(), backup()], field_manager="me")
    assert [each.outcome for each in report] == ["unchanged", "created"]


@pytest.mark.parametrize(("timeout", "outcome"), [(0, "failed"), (float("inf"), "created")])
async def test_a_timeout_may_be_nothing_or_have_no_end(client: Clientset, timeout: float, outcome: str) -> None:
    report = await client.apply_manifests([crd(), backup(), config_map()], field_manager="me", timeout=timeout)
    assert [each.outcome for each in report] == [outcome, "created", outcome]
