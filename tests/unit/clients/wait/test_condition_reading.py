"""Texts that are equal under simple case folding."""

from __future__ import annotations

import pytest

from kubeloop.clients.wait.condition_reading import same_when_folded


@pytest.mark.parametrize(
    ("one", "other", "are_equal"),
    [
        ("", "", True),
        ("Ready", "READY", True),
        ("Ready", "Read", False),
        ("ß", "ẞ", True),
        ("ß", "ss", False),
        ("ß", "SS", False),
        ("σ", "ς", True),
        ("K", "\N{KELVIN SIGN}", True),
        ("s", "\N{LATIN SMALL LETTER LONG S}", True),
        ("i", "İ", False),
        ("i", "ı", False),
        ("é", "É", True),
        ("ﬁ", "fi", False),
    ],
)
def test_characters_are_folded_one_by_one_as_in_go(one: str, other: str, are_equal: bool) -> None:
    assert same_when_folded(one, other) is are_equal
    assert same_when_folded(other, one) is are_equal
