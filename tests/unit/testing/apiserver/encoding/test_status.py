"""Errors as responses."""

from __future__ import annotations

import json

from kubeloop.meta.gvk import GroupResource
from kubeloop.testing.apiserver.encoding.output import Output
from kubeloop.testing.apiserver.encoding.status import status_response
from kubeloop.wire import refusals
from kubeloop.wire.serializers.protobuf_serializer import PROTOBUF

ERROR = refusals.server_timeout(GroupResource("", "pods"), "list", 2)


def test_the_response_has_the_code_and_the_waiting_time_of_the_error() -> None:
    response = status_response(ERROR, Output())

    assert response.status == 500
    assert response.headers["retry-after"] == "2"
    assert response.headers["content-type"] == "application/json"
    assert json.loads(response.body)["reason"] == "ServerTimeout"


def test_an_error_without_a_waiting_time_has_no_such_header() -> None:
    assert "retry-after" not in status_response(refusals.bad_request("no"), Output()).headers


def test_a_status_has_a_protobuf_form() -> None:
    response = status_response(ERROR, Output("protobuf", "application/vnd.kubernetes.protobuf"))

    status = PROTOBUF.status(response.body)
    assert status is not None
    assert (status["code"], status["details"]["retryAfterSeconds"]) == (500, 2)
