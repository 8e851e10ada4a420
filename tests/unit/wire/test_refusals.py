"""The errors of an API server, and the Status that each is."""

from __future__ import annotations

from typing import Any

import pytest

from kubeloop.errors import APIError
from kubeloop.meta.gvk import GroupKind, GroupResource
from kubeloop.wire import field_faults, refusals
from kubeloop.wire.status_bodies import status_document

PODS = GroupResource("", "pods")
DEPLOYMENTS = GroupResource("apps", "deployments")


@pytest.mark.parametrize(
    ("error", "code", "reason", "message", "details"),
    [
        (refusals.not_found(PODS, "a"), 404, "NotFound", 'pods "a" not found', {"name": "a", "kind": "pods"}),
        (
            refusals.already_exists(DEPLOYMENTS, "web"),
            409,
            "AlreadyExists",
            'deployments.apps "web" already exists',
            {"name": "web", "group": "apps", "kind": "deployments"},
        ),
        (
            refusals.generate_name_conflict(PODS, "a-x"),
            409,
            "AlreadyExists",
            'pods "a-x" already exists, the server was not able to generate a unique name for the object',
            {"name": "a-x", "kind": "pods", "retryAfterSeconds": 1},
        ),
        (
            refusals.conflict(PODS, "a", "the object has been modified"),
            409,
            "Conflict",
            'Operation cannot be fulfilled on pods "a": the object has been modified',
            {"name": "a", "kind": "pods"},
        ),
        (refusals.forbidden(PODS, "", "no"), 403, "Forbidden", "pods is forbidden: no", {"kind": "pods"}),
        (refusals.bad_request("no"), 400, "BadRequest", "no", None),
        (refusals.expired("too old"), 410, "Expired", "too old", None),
        (
            refusals.method_not_supported(PODS, "patch"),
            405,
            "MethodNotAllowed",
            'patch is not supported on resources of kind "pods"',
            {"kind": "pods"},
        ),
        (
            refusals.server_timeout(PODS, "list", 2),
            500,
            "ServerTimeout",
            "The list operation against pods could not be completed at this time, please try again.",
            {"name": "list", "kind": "pods", "retryAfterSeconds": 2},
        ),
        (
            refusals.too_large_resource_version(7, 3),
            504,
            "Timeout",
            "Timeout: Too large resource version: 7, current: 3",
            {
                "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
                "retryAfterSeconds": 1,
            },
        ),
        (
            refusals.internal_error("boom"),
            500,
            "InternalError",
            "Internal error occurred: boom",
            {"causes": [{"message": "boom"}]},
        ),
        (
            refusals.request_too_large("limit is 3145728"),
            413,
            "RequestEntityTooLarge",
            "Request entity too large: limit is 3145728",
            None,
        ),
        (
            refusals.not_acceptable(["application/json"]),
            406,
            "NotAcceptable",
            "only the following media types are accepted: application/json",
            None,
        ),
        (
            refusals.unsupported_media_type(["a", "b"]),
            415,
            "UnsupportedMediaType",
            "the body of the request was in an unknown format - accepted media types include: a, b",
            None,
        ),
        (
            refusals.generic_response(404, "GET", PODS, "a"),
            404,
            "NotFound",
            "the server could not find the requested resource (get pods a)",
            {"name": "a", "kind": "pods"},
        ),
        (
            refusals.generic_response(500, "GET", message="b"),
            500,
            "InternalError",
            'an error on the server ("b") has prevented the request from succeeding',
            None,
        ),
        (
            refusals.not_implemented("server-side apply"),
            501,
            "NotImplemented",
            "server-side apply is not implemented by this server",
            None,
        ),
    ],
)
def test_an_error_is_the_status_of_the_real_server(
    error: APIError, code: int, reason: str, message: str, details: dict[str, Any] | None
) -> None:
    document = status_document(error)

    expected: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    expected |= {"message": message}
    expected |= {"reason": reason} | ({"details": details} if details else {}) | {"code": code}
    assert document == expected
    assert list(document) == list(expected)


def test_invalid_fields_are_causes_and_are_named_in_the_message() -> None:
    faults = [
        field_faults.required("spec.selector"),
        field_faults.invalid_value("spec.replicas", -1, "must be greater than or equal to 0"),
        field_faults.invalid_value("spec.replicas", -1, "must be greater than or equal to 0"),
        field_faults.not_supported("spec.type", "x", ["A", "B"]),
        field_faults.duplicate("spec.ports[1]", {"name": "a"}),
        field_faults.forbidden_field("spec", "no"),
        field_faults.too_long("metadata.name", 1),
        field_faults.invalid_value("spec.paused", True, ""),
        field_faults.not_found_value("x", "y"),
    ]

    error = refusals.invalid(GroupKind("apps", "Deployment"), "web", faults)

    texts = [
        "spec.selector: Required value",
        "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
        'spec.type: Unsupported value: "x": supported values: "A", "B"',
        'spec.ports[1]: Duplicate value: {"name":"a"}',
        "spec: Forbidden: no",
        "metadata.name: Too long: may not be more than 1 byte",
        "spec.paused: Invalid value: true",
        'x: Not found: "y"',
    ]
    assert error.status.message == f'Deployment.apps "web" is invalid: [{", ".join(texts)}]'
    assert [cause.reason for cause in error.causes[:2]] == ["FieldValueRequired", "FieldValueInvalid"]
    assert len(error.causes) == len(faults)


def test_one_invalid_field_has_no_brackets() -> None:
    error = refusals.invalid(GroupKind("", "Pod"), "a", [field_faults.required("spec", "x")])

    assert error.status.message == 'Pod "a" is invalid: spec: Required value: x'
    assert refusals.invalid(GroupKind("", "Pod"), "a", []).status.message == 'Pod "a" is invalid'
