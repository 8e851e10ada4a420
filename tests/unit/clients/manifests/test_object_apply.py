"""The requests that move an object from client-side to server-side apply, and what follows when they fail."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kubeloop.clients.manifests.managed_fields_upgrade import LAST_APPLIED
from kubeloop.clients.manifests.manifest_report import ManifestResult
from tests.support.local_variables import shown_with_variables
from tests.support.scripted_clientset import clientset
from tests.support.scripted_transport import ScriptedResponse, ScriptedTransport, Step, error_status, list_of, query

pytestmark = pytest.mark.usefixtures("virtual_time")

OWNED = {"f:metadata": {"f:annotations": {f"f:{LAST_APPLIED}": {}}}}
CONFIG_MAP: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "shop"}}
LIST = list_of([], "1", kind="PartialObjectMetadataList", api_version="meta.k8s.io/v1")


def stored(version: int, *managers: tuple[str, str]) -> ScriptedResponse:
    entries = [
        {"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": OWNED}
        for manager, operation in managers
    ]
    annotations = {LAST_APPLIED: "{}"}
    metadata = {**CONFIG_MAP["metadata"], "uid": "u", "resourceVersion": str(version), "managedFields": entries}
    return ScriptedResponse.of({**CONFIG_MAP, "metadata": {**metadata, "annotations": annotations}})


OLD, LAST = ("kubectl-client-side-apply", "Update"), ("kubectl-last-applied", "Apply")


async def apply(manager: str, *script: Step, **options: Any) -> tuple[ManifestResult, ScriptedTransport]:
    client, transport = clientset(LIST, *script)
    [result] = await client.apply_manifests([CONFIG_MAP], field_manager=manager, **options)
    assert transport.left == 0
    return result, transport


def sent(transport: ScriptedTransport) -> list[tuple[str, str, str]]:
    """Return the method, the kind of patch and the field manager of each request after the list."""
    return [
        (
            request.method,
            request.headers.get("Content-Type", "").removeprefix("application/").partition("-")[0],
            query(request).get("fieldManager", ""),
        )
        for request in transport.requests[1:]
    ]


async def test_fields_move_with_a_json_patch_and_the_object_is_applied_again() -> None:
    result, transport = await apply("me", stored(2, OLD), stored(3, ("me", "Apply")), stored(4, ("me", "Apply")))
    assert result.outcome == "configured"
    assert sent(transport) == [("PATCH", "apply", "me"), ("PATCH", "json", "me"), ("PATCH", "apply", "me")]
    patch = json.loads(transport.requests[2].body or b"")
    assert patch[0]["value"] == [
        {"manager": "me", "operation": "Apply", "apiVersion": "v1", "fieldsV1": OWNED},
    ]
    assert patch[1]["value"] == "2"
    assert result.object is not None
    assert result.object.metadata.resource_version == "4"


async def test_the_manager_of_kubectl_keeps_the_annotation_first() -> None:
    result, transport = await apply(
        "kubectl", stored(2, OLD), stored(3, OLD, LAST), stored(4, LAST), stored(5, LAST), dry_run=True
    )
    assert sent(transport) == [
        ("PATCH", "apply", "kubectl"),
        ("PATCH", "apply", "kubectl-last-applied"),
        ("PATCH", "json", "kubectl"),
        ("PATCH", "apply", "kubectl"),
    ]
    assert json.loads(transport.requests[2].body or b"") == {
        **CONFIG_MAP,
        "metadata": {**CONFIG_MAP["metadata"], "annotations": {LAST_APPLIED: "{}"}},
    }
    assert {query(request).get("dryRun") for request in transport.requests[1:]} == {"All"}
    assert {query(request).get("fieldValidation") for request in transport.requests[1:]} == {"Strict"}
    assert result.warnings == ()


async def test_an_object_of_server_side_apply_costs_one_request() -> None:
    result, transport = await apply("kubectl", stored(2, LAST, ("kubectl", "Apply")))
    assert sent(transport) == [("PATCH", "apply", "kubectl")]
    assert result.warnings == ()


async def test_a_conflict_of_the_move_reads_the_object_again() -> None:
    conflict = error_status(409, "Conflict", "modified")
    _, transport = await apply("me", stored(2, OLD), conflict, stored(7, OLD), stored(8), stored(9))
    assert [method for method, _, _ in sent(transport)] == ["PATCH", "PATCH", "GET", "PATCH", "PATCH"]
    assert json.loads(transport.requests[4].body or b"")[1]["value"] == "7"


async def test_a_move_that_somebody_else_has_made_meanwhile_is_none() -> None:
    conflict = error_status(409, "Conflict", "modified")
    result, _ = await apply("me", stored(2, OLD), conflict, stored(7, ("me", "Apply")))
    assert result.warnings == ()


async def test_a_move_that_fails_is_a_warning_and_the_object_stays_applied() -> None:
    conflict = error_status(409, "Conflict", "modified")
    result, _ = await apply("me", stored(2, OLD), *[conflict, stored(7, OLD)] * 4, conflict)
    assert (result.outcome, result.has_failed) == ("configured", False)
    assert "could not be moved from client-side apply" in result.warnings[0]
    refused, _ = await apply("me", stored(2, OLD), error_status(403, "Forbidden", "no"))
    assert "could not be moved from client-side apply" in refused.warnings[0]


async def test_an_annotation_that_cannot_be_kept_is_a_warning_without_a_move() -> None:
    result, transport = await apply("kubectl", stored(2, OLD), error_status(403, "Forbidden", "no"))
    assert "could not be kept for client-side apply" in result.warnings[0]
    assert len(transport.requests) == 3


async def test_a_second_apply_that_fails_is_a_warning() -> None:
    result, _ = await apply("me", stored(2, OLD), stored(3), error_status(403, "Forbidden", "no"))
    assert "could not be applied again" in result.warnings[0]
    assert result.outcome == "configured"


@pytest.mark.parametrize(
    "response",
    [error_status(422, "Invalid", "refused: s3same"), ScriptedResponse.text("s3same", 200)],
    ids=["refused", "garbage"],
)
async def test_the_error_of_a_secret_shows_nothing_of_it_in_its_text_or_its_local_variables(
    response: ScriptedResponse,
) -> None:
    secret = {**CONFIG_MAP, "kind": "Secret", "stringData": {"key": "s3same"}}
    client, _ = clientset(LIST, response)
    report = await client.apply_manifests([secret], field_manager="me")
    [error] = [each.error for each in report.failed]
    assert error is not None
    assert "s3same" not in f"{report} {report[0]!r} {shown_with_variables(error)}"
