"""The warnings of responses."""

from __future__ import annotations

from kubeloop.testing.apiserver.writing.reply import warning_headers
from kubeloop.wire.response import Headers, parse_warnings


def test_a_warning_is_sent_once_and_can_be_parsed() -> None:
    text = 'a "quoted" text with a \\'

    headers = warning_headers([text, "other", text, ""])

    assert [each.text for each in parse_warnings(Headers(headers))] == [text, "other"]


def test_a_warning_with_control_characters_is_left_out() -> None:
    assert warning_headers(["a\nb"]) == []


def test_too_many_warnings_are_cut() -> None:
    texts = [each.text for each in parse_warnings(Headers(warning_headers([f"{n}" + "x" * 999 for n in range(30)])))]

    assert {len(text) for text in texts} == {256}
    assert len(texts) == 16
