"""Refusals and their plain form."""

from __future__ import annotations

from kubeloop.serving import plain_refusal
from kubeloop.serving.refusal import Refusal


def test_a_refusal_has_a_status_and_a_message() -> None:
    refusal = Refusal(431, "too long")
    assert (refusal.status, refusal.message, str(refusal)) == (431, "too long", "too long")


def test_the_plain_form() -> None:
    response = plain_refusal(400, "malformed")
    assert (response.status, response.body) == (400, b"malformed\n")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
