"""Texts of resourceVersions, and the server's messages about texts that are none."""

from __future__ import annotations

import pytest

from kubeloop.errors import APIError, BadRequest
from kubeloop.testing.apiserver.reading.revision_text import parse_revision, revision_of_list, revision_of_read


@pytest.mark.parametrize(("text", "revision"), [
    ("", 0), ("0", 0), ("00", 0), ("7", 7), ("007", 7), ("18446744073709551615", 2**64 - 1),
])  # fmt: skip
def test_reads_a_number_of_64_bits(text: str, revision: int) -> None:
    assert parse_revision(text) == revision


@pytest.mark.parametrize(("text", "fault"), [
    ("abc", "invalid syntax"),
    ("-1", "invalid syntax"),
    ("+1", "invalid syntax"),
    (" 1", "invalid syntax"),
    ("1x", "invalid syntax"),
    ("1_000", "invalid syntax"),
    ("\u0663", "invalid syntax"),
    ("18446744073709551616", "value out of range"),
    ("9" * 5000, "value out of range"),
    ("99999999999999999999x", "value out of range"),
])  # fmt: skip
def test_refuses_what_gos_parser_refuses(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=f": {fault}$"):
        parse_revision(text)


def test_a_list_with_a_bad_text_is_a_bad_request() -> None:
    with pytest.raises(BadRequest) as caught:
        revision_of_list("abc")
    assert caught.value.status.message == (
        'invalid resource version: resourceVersion: Invalid value: "abc": '
        'strconv.ParseUint: parsing "abc": invalid syntax'
    )


def test_a_get_or_watch_with_a_bad_text_is_an_error_without_a_reason() -> None:
    with pytest.raises(APIError) as caught:
        revision_of_read("abc")
    status = caught.value.status
    assert (status.code, status.reason) == (500, "")
    assert status.message == ('resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax')
