"""Responses: headers, the meaning of an error response, Retry-After, warnings."""

from __future__ import annotations

import json
import pickle
import re
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple

from kubeloop import errors
from kubeloop.wire.redaction import Redaction
from kubeloop.wire.request import Request
from kubeloop.wire.response import (
    Headers,
    Response,
    ServerWarning,
    parse_warnings,
    retry_after,
)
from kubeloop.wire.serializers.json_serializer import JSON
from kubeloop.wire.status_errors import error_from_status
from tests.support.results import error_of

POST = Request("POST", "/api/v1/namespaces/a/pods?dryRun=All")
GET = Request("GET", "/api/v1/namespaces/a/pods/b")


def status(code: int, reason: str = "", **fields: Any) -> bytes:
    return json.dumps({"kind": "Status", "status": "Failure", "code": code, "reason": reason, **fields}).encode()


def answer(code: int, body: bytes = b"", *headers: tuple[str, str]) -> Response:
    return Response(code, Headers(headers), body)


def test_headers_have_no_case_and_keep_repeated_values() -> None:
    headers = Headers([("Content-Type", "a"), ("Warning", "1"), ("warning", "2")])
    assert headers["content-TYPE"] == "a"
    assert headers.get_all("WARNING") == ["1", "2"]
    assert "CONTENT-type" in headers
    assert "content-typo" not in Headers([("Content-Type", "a")])
    assert "content-type" in Headers([("Content-Type", "a")])
    assert headers.get("x") is None
    assert headers.get_all("x") == []
    assert list(headers) == ["content-type", "warning"]


def test_neither_headers_nor_bodies_are_shown() -> None:
    response = answer(200, b"hunter2", ("Authorization", "hunter2"))
    assert "hunter2" not in repr(response)


REASONS = {
    "Unauthorized": errors.Unauthorized,
    "Forbidden": errors.Forbidden,
    "NotFound": errors.NotFound,
    "AlreadyExists": errors.AlreadyExists,
    "Conflict": errors.Conflict,
    "Gone": errors.Gone,
    "Invalid": errors.Invalid,
    "ServerTimeout": errors.ServerTimeout,
    "StorageReadError": errors.StoreReadError,
    "Timeout": errors.GatewayTimeout,
    "TooManyRequests": errors.TooManyRequests,
    "BadRequest": errors.BadRequest,
    "MethodNotAllowed": errors.MethodNotAllowed,
    "NotAcceptable": errors.NotAcceptable,
    "RequestEntityTooLarge": errors.RequestEntityTooLarge,
    "UnsupportedMediaType": errors.UnsupportedMediaType,
    "InternalError": errors.InternalError,
    "Expired": errors.Expired,
    "ServiceUnavailable": errors.ServiceUnavailable,
}


@pytest.mark.parametrize(("reason", "expected"), REASONS.items())
def test_a_known_reason_decides_whatever_the_code(reason: str, expected: type[errors.APIError]) -> None:
    error = error_of(answer(418, status(418, reason)), GET)
    assert type(error) is expected
    assert error.reason == reason


CODES = {
    400: errors.BadRequest,
    401: errors.Unauthorized,
    403: errors.Forbidden,
    404: errors.NotFound,
    405: errors.MethodNotAllowed,
    406: errors.NotAcceptable,
    409: errors.Conflict,
    410: errors.Gone,
    413: errors.RequestEntityTooLarge,
    415: errors.UnsupportedMediaType,
    422: errors.Invalid,
    429: errors.TooManyRequests,
    500: errors.InternalError,
    502: errors.InternalError,
    503: errors.ServiceUnavailable,
    504: errors.GatewayTimeout,
    302: errors.APIError,
    418: errors.APIError,
}


@pytest.mark.parametrize(("code", "expected"), CODES.items())
@pytest.mark.parametrize("reason", ["", "SomethingNew"])
def test_an_unknown_reason_leaves_it_to_the_code(code: int, expected: type[errors.APIError], reason: str) -> None:
    error = error_of(answer(code, status(code, reason)), GET)
    assert type(error) is expected
    assert error.reason == reason
    assert error.code == code


@pytest.mark.parametrize(("code", "expected"), CODES.items())
def test_without_a_status_the_code_alone_decides(code: int, expected: type[errors.APIError]) -> None:
    error = error_of(answer(code, b"<html>oops</html>", ("Content-Type", "text/html; charset=utf-8")), GET)
    assert type(error) is expected
    assert error.code == code
    assert error.has_cause("UnexpectedServerResponse")
    assert "text/html" in str(error)
    assert "/api/v1/namespaces/a/pods/b" in str(error)


def test_a_conflict_on_post_without_a_status_means_that_it_exists() -> None:
    assert type(error_of(answer(409), POST)) is errors.AlreadyExists
    assert type(error_of(answer(409), GET)) is errors.Conflict


def test_a_status_brings_its_details() -> None:
    details = {
        "name": "web", "group": "apps", "kind": "deployments", "uid": "u", "retryAfterSeconds": 3,
        "causes": [{"reason": "FieldValueInvalid", "message": "no", "field": "spec.replicas"}],
    }  # fmt: skip
    body = status(422, "Invalid", message="bad", details=details, metadata={"continue": "token"})
    error = error_of(answer(422, body, ("Retry-After", "9")), GET)
    assert error.status == errors.StatusDetails(
        422, "Invalid", "bad", "web", "apps", "deployments", "u",
        (errors.StatusCause("FieldValueInvalid", "no", "spec.replicas"),), 3.0, "token",
    )  # fmt: skip
    assert "GET /api/v1/namespaces/a/pods/b: 422 Invalid: bad" in str(error)


def test_the_header_says_when_to_ask_again_if_the_status_does_not() -> None:
    assert error_of(answer(429, status(429, "TooManyRequests"), ("Retry-After", "9")), GET).retry_after == 9.0
    assert error_of(answer(429, b""), GET).retry_after is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"kind":"Pod"}',
        b"[" * 100_000,
        b'{"kind":"Status","status":"Failure","code":"x","reason":5,"details":[],"message":{}}',
        b'{"kind":"Status","status":"Failure","details":{"causes":[1,{"reason":2}],"retryAfterSeconds":"x"}}',
        b'{"kind":"Status","status":"Failure","code":true}',
        b'{"kind":"Status","status":"Failure","code":1e3}',
        b'{"kind":"Status","status":"Failure","code":%d}' % (10**30),
        b'{"kind":"Status","status":"Failure","details":{"retryAfterSeconds":%d}}' % (10**400),
        b'{"kind":"Status","status":"Failure","details":{"retryAfterSeconds":true}}',
    ],
)
def test_a_lying_error_body_is_still_one_exception(body: bytes) -> None:
    error = error_of(answer(404, body), GET)
    assert type(error) is errors.NotFound
    assert error.code == 404
    assert type(error.code) is int
    assert error.retry_after is None


def test_the_text_of_an_error_is_bounded() -> None:
    error = error_of(answer(500, b"x" * 100_000), GET)
    text = error.causes[0].message
    kept = text.count("x")
    assert 1900 < kept < len(text) <= 2048
    assert text.endswith(f"… ({100_000 - kept} characters left out)")
    assert len(str(error)) < 1000


def test_the_texts_of_a_status_are_bounded() -> None:
    causes = [{"reason": "y" * 5000}, {"message": "z" * 5000}, {"field": "f" * 5000}, *[{}] * 997]
    body = status(422, "Invalid", message="x" * 5000, details={"name": "n" * 5000, "causes": causes})
    error = error_of(answer(422, body), GET)
    texts = [error.status.message, error.status.name, *(text for one in error.causes for text in astuple(one))]
    assert max(map(len, texts)) <= 2048
    assert re.search(r"characters left out\)$", error.status.message)
    assert len(error.causes) == 101
    assert error.causes[-1].message == "… and 900 more causes"


def test_a_status_of_success_is_no_failure() -> None:
    success = b'{"kind":"Status","status":"Success","message":"done"}'
    assert error_of(answer(404, success), GET).status.message != "done"
    assert JSON.status(success) == {"kind": "Status", "status": "Success", "message": "done"}
    assert JSON.status(b'{"kind":"Pod","status":"Failure"}') is None


def test_a_status_in_a_watch_is_an_error_too() -> None:
    error = error_from_status({"kind": "Status", "code": 410, "reason": "Expired", "message": "old"}, Redaction(GET))
    assert type(error) is errors.Expired


IDS = (
    ("Audit-Id", "5f8b0f0c-0a0e-4ad4-b4c1-7a2b5a0d3b11"),
    ("X-Kubernetes-Pf-Flowschema-Uid", "flow-1"),
    ("X-Kubernetes-Pf-Prioritylevel-Uid", "level-2"),
)
FAILURE = b'{"kind":"Status","status":"Failure","reason":"%s","message":"no","code":%d}'


def ids_of(error: errors.APIError) -> tuple[str, str, str]:
    return error.audit_id, error.flow_schema_uid, error.priority_level_uid


@pytest.mark.parametrize("body", [FAILURE % (b"Forbidden", 403), b"<html>no</html>", b""])
def test_an_error_has_the_ids_that_the_server_gave_to_the_request(body: bytes) -> None:
    error = error_of(answer(403, body, *IDS), GET)
    assert ids_of(error) == (IDS[0][1], "flow-1", "level-2")
    assert IDS[0][1] not in str(error)
    assert not getattr(error, "__notes__", [])


def test_an_error_without_the_headers_has_no_ids() -> None:
    assert ids_of(error_of(answer(500, FAILURE % (b"InternalError", 500)), GET)) == ("", "", "")


@pytest.mark.parametrize("code", [429, 500, 503])
def test_a_failure_of_the_server_names_the_audit_id_in_a_note(code: int) -> None:
    error = error_of(answer(code, b"", *IDS), GET)
    assert f"audit ID {IDS[0][1]}: the audit log of the API server records this request under it" in error.__notes__
    limited = "limited by priority level level-2, chosen by flow schema flow-1"
    assert (limited in error.__notes__) is (code == 429)


def test_ids_are_bounded_and_show_no_credential() -> None:
    request = Request("GET", "/api", {"Authorization": "Bearer s3cret-of-mine"})
    headers = ("Audit-Id", "s3cret-of-mine\x1b"), ("X-Kubernetes-Pf-Flowschema-Uid", "u" * 100_000)
    error = error_of(answer(500, b"", *headers), request)
    assert ids_of(error) == ("<hidden>\\x1b", "u" * 64, "")
    assert "s3cret" not in "".join(error.__notes__)


def test_ids_survive_pickling() -> None:
    error = error_of(answer(429, b"", *IDS), GET)
    assert ids_of(pickle.loads(pickle.dumps(error))) == ids_of(error)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1", 1.0), ("120", 120.0), ("0", 0.0), ("-1", None), ("1.5", None), ("", None), ("٣", None), ("9" * 50, None),
     ("Fri, 31 Dec 1999 23:59:59 GMT", None)],
)  # fmt: skip
def test_retry_after_is_whole_seconds_or_nothing(text: str, expected: float | None) -> None:
    assert retry_after(answer(429, b"", ("Retry-After", text))) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('299 - "use apps/v1"', [(299, "-", "use apps/v1")]),
        ('299 - "say \\"hello\\""', [(299, "-", 'say "hello"')]),
        ('299 - "a", 299 proxy "b"', [(299, "-", "a"), (299, "proxy", "b")]),
        ('299 - "a" "Wed, 21 Oct 2015 07:28:00 GMT", 199 - "b"', [(299, "-", "a"), (199, "-", "b")]),
        ("299 - unquoted", []),
        ('29 - "short code"', []),
        ('299 - "unterminated', []),
        ('299 - "a" garbage', []),
        ('299 - "ctrl\x07"', []),
        ("", []),
    ],
)
def test_warnings_are_read_as_client_go_reads_them(header: str, expected: list[tuple[int, str, str]]) -> None:
    assert parse_warnings(Headers([("Warning", header)])) == [ServerWarning(*one) for one in expected]


WRONG = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**400), 10**400) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)
CAUSE = st.fixed_dictionaries({}, optional={"reason": WRONG, "message": WRONG, "field": WRONG}) | WRONG
DETAILS = st.fixed_dictionaries(
    {},
    optional={
        "name": WRONG, "group": WRONG, "kind": WRONG, "uid": WRONG, "causes": st.lists(CAUSE, max_size=3) | WRONG,
        "retryAfterSeconds": st.sampled_from([10**400, -1, True, 1.5, "5", 3]) | WRONG,
    },
)  # fmt: skip
STATUS = st.fixed_dictionaries(
    {"kind": st.just("Status")},
    optional={
        "status": st.sampled_from(["Failure", "", 5]) | WRONG,
        "code": st.sampled_from([True, 404, 10**400, -5]) | WRONG,
        "reason": WRONG, "message": WRONG, "metadata": WRONG, "details": DETAILS | WRONG,
    },
)  # fmt: skip


@given(status=STATUS, code=st.sampled_from([400, 404, 409, 429, 500, 599]), secret=st.booleans())
def test_a_status_of_any_shape_is_one_exception_of_the_tree(status: Any, code: int, secret: bool) -> None:
    """(F10)"""
    path = "/api/v1/namespaces/a/secrets/s" if secret else "/api/v1/pods/a"
    request = Request("PUT", path, body=b'{"data": {"k": 1}}')
    error = error_of(Response(code, body=json.dumps(status).encode()), request)
    assert isinstance(error, errors.APIError)
    assert type(error.code) is int
    assert abs(error.code) < 2**32
    assert error.retry_after is None or 0 < error.retry_after < 2**31
    twin = pickle.loads(pickle.dumps(error))
    assert str(twin) == str(error)
    assert str(error).isprintable()


HOSTILE = {
    "causes": (b'{"kind":"Status","code":503,"message":"no","details":{"causes":[', b"{},", b"{}]}}"),
    "numbers as causes": (b'{"kind":"Status","code":503,"message":"no","details":{"causes":[', b"0,", b"0]}}"),
    "a list beside": (b'{"kind":"Status","code":503,"message":"no","x":[', b"[],", b"0]}"),
    "a list as a message": (b'{"kind":"Status","code":503,"reason":"no","message":[', b"{},", b"0]}"),
    "many keys": (b'{"kind":"Status","code":503,"message":"no"', b',"a":{}', b"}"),
    "many keys of details": (b'{"kind":"Status","code":503,"message":"no","details":{"a":1', b',"a":{}', b"}}"),
    "one text": (b'{"kind":"Status","code":503,"message":"no', b"xxxx", b'"}'),
    "no Status": (b'{"kind":"Pod","x":[', b"[],", b"0]}"),
    "no object": (b"[", b"[],", b"0]"),
    "too deep": (b"", b"[", b""),
    "not JSON": (b"<html>", b"<p>", b""),
}


@pytest.mark.parametrize("shape", HOSTILE)
def test_an_error_costs_a_few_times_its_body_whatever_that_is(shape: str) -> None:
    """(F9) A 503 of 32 KB gzip took 936 MB."""
    before, piece, after = HOSTILE[shape]
    body = before + piece * (2 * 1024 * 1024 // len(piece)) + after
    error_of(answer(503, body), GET)
    tracemalloc.start()
    try:
        error = error_of(answer(503, body), GET)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert type(error) is errors.ServiceUnavailable
    assert error.code == 503
    assert ("no" in error.status.message + error.reason) or "response is not a Status" in error.status.message
    assert peak < 8 * len(body)


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 5000])
def test_the_first_hundred_causes_are_reported_and_the_others_counted(count: int) -> None:
    """(F9)"""
    causes: list[Any] = [{"reason": "R", "message": str(number), "field": "f"} for number in range(count)]
    body = status(422, "Invalid", details={"causes": causes})
    told = error_of(answer(422, body), GET).causes
    assert told[:100] == tuple(errors.StatusCause("R", str(number), "f") for number in range(min(count, 100)))
    assert [one.message for one in told[100:]] == [f"… and {count - 100} more causes"] * (count > 100)


def test_of_very_many_causes_the_size_is_reported() -> None:
    """(F9) Each cause, however short, would create an object of its own."""
    causes = b'{"kind":"Status","details":{"name":"n","causes":[' + b"{}," * 200_000 + b"{}]}}"
    error = error_of(answer(422, causes), GET)
    assert error.status.name == "n"
    assert [one.message for one in error.causes] == ["600004 bytes of causes"]


@given(body=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_a_body_of_any_bytes_is_one_exception_of_the_tree(body: bytes) -> None:
    """(F10)"""
    error = error_of(Response(500, body=body), GET)
    assert isinstance(error, errors.APIError)
    assert str(error).isprintable()


@pytest.mark.parametrize(
    ("field", "value"), [("retryAfterSeconds", 10**400), ("retryAfterSeconds", True), ("retryAfterSeconds", -3)]
)
def test_a_wait_that_is_none_is_left_out(field: str, value: Any) -> None:
    """(F10)"""
    assert (
        error_from_status(
            {"kind": "Status", "code": 429, "details": {field: value}}, Redaction(None), wait=4.0
        ).retry_after
        == 4.0
    )


@pytest.mark.parametrize("code", [True, 10**400, 2**31, 0, 404.0, "404"])
def test_a_code_that_is_none_is_that_of_the_response(code: Any) -> None:
    """(F10)"""
    error = error_from_status({"kind": "Status", "code": code}, Redaction(None), code=409)
    assert type(error) is errors.Conflict
    assert error.code == 409


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"kind": "Status", "code": ' + b"9" * 5000 + b"}", b"\xff\xfe{"])
def test_a_body_that_no_reader_accepts_is_described_by_the_code(body: bytes) -> None:
    """(F10)"""
    assert type(error_of(Response(404, body=body), GET)) is errors.NotFound
