"""The parts of a server's text that exceptions contain: no credential, no secret's contents, and no endless text."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest

from kubeloop.wire.redaction import MAX_TEXT, Redaction, is_confidential
from kubeloop.wire.request import Request

SECRET = "/api/v1/namespaces/a/secrets/s"
POD = "/api/v1/namespaces/a/pods/p"


def told(text: str, body: Any = None, path: str = SECRET) -> str:
    return Redaction(Request("PATCH", path, body=None if body is None else json.dumps(body).encode()))(text)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/secrets",
        "/api/v1/namespaces/a/secrets",
        "/api/v1/namespaces/a/secrets/s",
        "/api/v1/namespaces/a/%73ecrets/s",
        "/api/v1/namespaces/a/serviceaccounts/default/token",
        "/apis/authentication.k8s.io/v1/tokenreviews",
        "/apis/authentication.k8s.io/v1beta1/tokenreviews",
    ],
)
def test_paths_of_objects_that_hold_secrets_are_confidential(path: str) -> None:
    assert is_confidential(path)


@pytest.mark.parametrize("path", ["/", POD, "/api/v1/namespaces/a/serviceaccounts/token", "/api/v1/configmaps"])
def test_other_paths_are_not_confidential(path: str) -> None:
    assert not is_confidential(path)


STORED = json.dumps(json.dumps({"kind": "Secret", "data": {"k": "dG9w"}}))


def test_a_quoted_object_is_cut_and_the_servers_own_words_stay() -> None:
    text = f' "" is invalid: patch: Invalid value: {STORED}: json: cannot unmarshal string into Go struct field S.a'
    expected = f' "" is invalid: patch: Invalid value: <{len(STORED) - 2} bytes>: json: cannot unmarshal string into '
    assert told(text) == f"{expected}Go struct field S.a"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (".data: expected map, got &{[topsecret]}", ".data: expected map, got <14 bytes>"),
        (".data.k: expected string, got &value.valueUnstructured{Value:7777777}", ".data.k: expected string, got <"),
        ("cannot use topsecret here", "cannot use <9 bytes> here"),
        ("cannot use dG9wc2VjcmV0 here", "cannot use <12 bytes> here"),
        ("cannot use open sesame here", "cannot use <11 bytes> here"),
        ("short a1 but not a1b", "short <2 bytes> but not a1b"),
        ("xyeightlenxy but not xysevenltxy", "xy<8 bytes>xy but not xysevenltxy"),
        ('he said "topsecret12" there', "he said <11 bytes> there"),
        ("cannot use größe\\nzwei here", "cannot use <13 bytes> here"),
    ],
)
def test_values_that_were_sent_are_cut_wherever_they_stand(text: str, expected: str) -> None:
    encoded = base64.b64encode(b"open sesame").decode()
    words = ["topsecret", "topsecret12", "größe\nzwei"]
    body = {"data": {"a": words, "b": encoded, "c": "a1", "d": 7777777, "e": "eightlen", "f": "sevenlt"}}
    assert told(text, body).startswith(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('data[k]: Invalid value: "hunter2": bad', "data[k]: Invalid value: <7 bytes>: bad"),
        ('data[k]: Invalid value: "hunter2', "data[k]: Invalid value: <7 bytes>"),
        ("data[k]: Invalid value: `hunter2`", "data[k]: Invalid value: <7 bytes>"),
        ("spec: Invalid value: core.S{A:map[string]string{}, B:1}: bad", "spec: Invalid value: <34 bytes>: bad"),
        ("spec: Invalid value: hunter2: bad", "spec: Invalid value: <7 bytes>: bad"),
        ("data is map[k:hunter2]", "data is <14 bytes>"),
        ('it holds "hunter2" now', "it holds <7 bytes> now"),
    ],
)
def test_values_that_were_not_sent_are_cut_where_servers_quote_values(text: str, expected: str) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        'secrets "s" is forbidden: User "jane" cannot patch resource "secrets" in API group "" in the namespace "a"',
        'secrets "s" not found',
        'Operation cannot be fulfilled on secrets "s": the object has been modified; please apply your changes to it',
        'Apply failed with 1 conflict: conflict with "kubectl" using v1: .data.k',
        'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 9',
        'admission webhook "deny.example.com" denied the request: not on Sundays',
        "spec.expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes",
        "json: cannot unmarshal string into Go struct field Secret.data of type map[string][]uint8",
    ],
)
def test_sentences_without_contents_stay_as_they_are(text: str) -> None:
    assert told(text, {"metadata": {"name": "s", "namespace": "a"}, "kind": "Secret", "data": {"k": "x7"}}) == text


def test_values_of_other_objects_stay() -> None:
    text = 'spec.nodeName: Invalid value: "n{1}": field is immutable'
    assert told(text, {"spec": {"nodeName": "n{1}"}}, POD) == text


@pytest.mark.parametrize("header", ["Bearer hunter2-hunter2", "Basic dXNlcjpodW50ZXIyLWh1bnRlcjI=", "hunter2-hunter2"])
@pytest.mark.parametrize("by_transport", [True, False])
def test_a_known_credential_is_masked_in_each_of_its_parts(header: str, by_transport: bool) -> None:
    request = Request("GET", POD, {} if by_transport else {"authorization": header})
    redaction = Redaction(request, [header] if by_transport else ())
    shown = redaction(f"you sent Authorization: {header}; that is {header.rpartition(' ')[2]}, or hunter2-hunter2")
    if header.startswith("Basic"):
        assert "dXNlcjpod" not in shown
    assert "hunter2" not in shown
    assert shown.startswith("you sent Authorization: <hidden>")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("authorization: bearer AbC.123-x", "authorization: bearer <hidden>"),
        ("Basic dXNlcjpwYXNz!", "Basic <hidden>!"),
        ("Bearer%20abc123", "Bearer <hidden>"),
        ("the token eyJhbGciOi.eyJpc3MiOi.c2lnbmF0dXJl is bad", "the token <hidden> is bad"),
        ("Basic authentication failed, no bearer token", "Basic authentication failed, no bearer token"),
    ],
)
def test_what_looks_like_a_credential_is_masked(text: str, expected: str) -> None:
    assert Redaction(None)(text) == expected


@pytest.mark.parametrize("size", [MAX_TEXT - 5, 65_530, 100_000])
def test_no_cut_shows_a_part_of_a_credential(size: int) -> None:
    token = "x1" * 600
    filler = f"Bearer {token} " * (size // 1200 + 1)
    assert "x1x1" not in Redaction(None, [f"Bearer {token}"])(filler[:size])


WINDOW = 64 * 1024
OPAQUE = "".join(f"{number:04x}" for number in range(1500))


@pytest.mark.parametrize("shown_of_credential", [0, 10, 1000, 5990])
def test_no_cut_shows_a_part_of_a_credential_behind_one_that_was_masked(shown_of_credential: int) -> None:
    """Masking moves the position of the cut inside the text that is shown."""
    text = "Bearer " + "a" * (WINDOW - shown_of_credential - 8) + " " + OPAQUE
    redaction = Redaction(None, [f"Bearer {OPAQUE}"])
    for shown in (redaction(text), redaction.name(text)):
        assert OPAQUE[:4] not in shown
        assert "left out" in shown


def test_a_credential_is_masked_however_little_may_still_be_looked_at() -> None:
    redaction = Redaction(None, [f"Bearer {OPAQUE}"])
    redaction("x" * (WINDOW - 10))
    assert redaction(f"a {OPAQUE} b") == "a <hidden> b"
    assert redaction(f"a {OPAQUE} b") == f"<{len(OPAQUE) + 4} bytes>"
    assert redaction("") == ""


def test_texts_that_come_to_exactly_the_bound_are_shown_and_the_next_one_is_not() -> None:
    redaction = Redaction(None)
    redaction("x" * (WINDOW - 3))
    assert [redaction("one"), redaction("two")] == ["one", "<3 bytes>"]


@pytest.mark.parametrize(
    ("size", "shown"), [(WINDOW, "yyy"), (WINDOW + 1, "<65537 bytes>"), (1_000_000, "<1000000 bytes>")]
)
def test_a_confidential_text_is_described_by_its_size_only_beyond_the_bound(size: int, shown: str) -> None:
    assert told("y" * size).startswith(shown)


def test_a_name_that_is_a_long_credential_is_masked() -> None:
    assert Redaction(None, [f"Bearer {OPAQUE}"]).name(OPAQUE) == "<hidden>… (3952 characters left out)"


@pytest.mark.parametrize("size", [MAX_TEXT + 1, WINDOW, WINDOW + 1, 1_000_000])
def test_a_text_is_bounded_and_says_how_much_is_left_out(size: int) -> None:
    shown = Redaction(None)("y" * size)
    assert len(shown) <= MAX_TEXT
    assert shown.endswith(f"… ({size - shown.count('y')} characters left out)")


def test_a_text_within_the_bound_is_shown_whole() -> None:
    assert Redaction(None)("y" * MAX_TEXT) == "y" * MAX_TEXT


@pytest.mark.parametrize(
    "piece", ['"', "\\", "{", "map[", "map[a:", "Bearer ", "eyJaaaaa.", "value: ", "got ", "a.", "`", "[]"]
)
def test_no_text_takes_long(piece: str) -> None:
    text = (piece * 65_536)[:65_536]
    before = time.process_time()
    told(text, {"data": {"k": "v"}})
    assert time.process_time() - before < 2.0
