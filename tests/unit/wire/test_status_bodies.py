"""Statuses that are written and read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop.errors import APIError, StatusCause, StatusDetails
from kubeloop.meta.gvk import GroupResource
from kubeloop.wire import refusals
from kubeloop.wire.redaction import Redaction
from kubeloop.wire.serializers.json_serializer import JSON
from kubeloop.wire.status_bodies import status_document, success_document
from kubeloop.wire.status_errors import error_from_status

_words = st.text("abcdefgh ./-", max_size=20)
_details = st.builds(
    StatusDetails,
    code=st.integers(400, 599),
    reason=st.sampled_from(["", "NotFound", "Conflict", "Expired", "Invalid", "Timeout", "NotImplemented"]),
    message=_words,
    name=_words,
    group=_words,
    kind=_words,
    uid=_words,
    causes=st.lists(st.builds(StatusCause, reason=_words, message=_words, field=_words), max_size=3).map(tuple),
    retry_after=st.one_of(st.none(), st.integers(1, 100).map(float)),
    continue_=_words,
)


@given(_details)
def test_the_client_reads_the_error_that_the_server_writes(details: StatusDetails) -> None:
    body = JSON.encode(status_document(APIError(details)))

    read = error_from_status(JSON.status(body) or {}, Redaction(None))

    assert read.status == details


def test_parts_of_a_second_are_rounded_up() -> None:
    document = status_document(APIError(StatusDetails(code=429, retry_after=0.2)))

    assert document["details"] == {"retryAfterSeconds": 1}


def test_bytes_that_are_not_utf8_are_written_as_go_writes_them() -> None:
    error = refusals.not_found(GroupResource("", "pods"), "a\udced\udc80")

    document = status_document(error)

    assert document["message"] == 'pods "a\\xed\\x80" not found'
    assert document["details"]["name"] == "a\ufffd\ufffd"


def test_a_success_names_what_was_deleted() -> None:
    document = success_document(name="a", group="apps", kind="deployments", uid="u")

    assert document == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {"name": "a", "group": "apps", "kind": "deployments", "uid": "u"},
    }
    assert "details" not in success_document()


@pytest.mark.parametrize("code", [404, 405])
def test_a_path_without_a_route_has_empty_details(code: int) -> None:
    assert status_document(refusals.generic_response(code, "GET"))["details"] == {}


def test_a_bad_request_has_no_details() -> None:
    assert "details" not in status_document(refusals.bad_request("no"))


@pytest.mark.parametrize(
    ("code", "message", "has_details"),
    [
        (404, "404 page not found", True),
        (405, "no", True),
        (422, "no", True),
        (415, "415: Unsupported Media Type", True),
        (415, "the body of the request was in an unknown format", False),
        (406, "406: Not Acceptable", True),
        (400, "no", False),
    ],
)
def test_some_statuses_have_details_that_say_nothing(code: int, message: str, has_details: bool) -> None:
    document = status_document(APIError(StatusDetails(code=code, message=message)))
    assert ("details" in document) == has_details
