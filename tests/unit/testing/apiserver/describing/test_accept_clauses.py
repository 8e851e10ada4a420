"""The order of the clauses of an Accept header, and what they match."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop.testing.apiserver.describing.accept_clauses import accept_clauses


def ranges(header: str) -> list[str]:
    return [f"{clause.type}/{clause.subtype}" for clause in accept_clauses(header)]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", ["*/*"]),
        ("*", ["*/*"]),
        ("application/json", ["application/json"]),
        ("text/plain;q=0.5, application/json", ["application/json", "text/plain"]),
        ("*/*, application/*, application/json", ["application/json", "application/*", "*/*"]),
        ("application/yaml, application/json", ["application/yaml", "application/json"]),
        ("json, application/json/x, application/yaml", ["application/yaml"]),
    ],
)
def test_clauses_are_in_the_order_in_which_the_server_tries_them(header: str, expected: list[str]) -> None:
    assert ranges(header) == expected


def test_parameters_are_kept_except_the_quality() -> None:
    (clause,) = accept_clauses("application/json;g=apidiscovery.k8s.io; v=v2 ;q=0.9;odd;a=b=c")
    assert clause.parameters == {"g": "apidiscovery.k8s.io", "v": "v2"}
    assert clause.quality == 0.9


def test_a_quality_that_is_no_number_is_zero() -> None:
    assert ranges("a/b;q=much, c/d;q=0.1") == ["c/d", "a/b"]


@pytest.mark.parametrize(
    ("accepted", "expected"), [("*/*", True), ("text/*", True), ("text/plain", True), ("text/html", False)]
)
def test_a_range_matches_a_media_type(accepted: str, expected: bool) -> None:
    (clause,) = accept_clauses(accepted)
    assert clause.matches("text/plain") is expected


@given(st.text(max_size=60))
def test_no_header_is_refused(header: str) -> None:
    qualities = [clause.quality for clause in accept_clauses(header)]
    assert all(isinstance(quality, float) for quality in qualities)
