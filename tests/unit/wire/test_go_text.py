"""Texts as Go writes them."""

from __future__ import annotations

import pytest

from kubeloop.wire.go_text import quoted


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("web", '"web"'),
        ("", '""'),
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("a\n\t\x00\x7f", '"a\\n\\t\\x00\\x7f"'),
        ("é€", '"é€"'),
        (b"a\xed\xff".decode("utf-8", "surrogateescape"), '"a\\xed\\xff"'),
        ("\u200b\U000e0001", '"\\u200b\\U000e0001"'),
    ],
)
def test_a_text_is_quoted_as_go_quotes_it(text: str, expected: str) -> None:
    assert quoted(text) == expected
