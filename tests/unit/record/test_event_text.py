from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop.record.event_text import cleaned, encodable, shortened

# Characters of one to four bytes of UTF-8, and what UTF-8 does not have.
CHARACTERS = st.one_of(st.characters(), st.sampled_from("aé€😀\ud800\udfff\x1b\n"))
TEXTS = st.text(CHARACTERS, max_size=60)


def test_a_short_text_stays() -> None:
    assert shortened("aé€😀", 10) == "aé€😀"


@pytest.mark.parametrize(
    ("limit", "result"), [(9, "aé€"), (6, "aé€"), (5, "aé"), (3, "aé"), (2, "a"), (1, "a"), (0, "")]
)
def test_a_text_is_cut_between_characters(limit: int, result: str) -> None:
    assert shortened("aé€😀", limit) == result


def test_the_mark_is_within_the_limit() -> None:
    assert shortened("x" * 1025, 1024, mark="…") == "x" * 1021 + "…"
    assert shortened("x" * 1024, 1024, mark="…") == "x" * 1024
    assert shortened("é" * 600, 1024, mark="…") == "é" * 510 + "…"


@given(TEXTS, st.integers(3, 80))
def test_a_shortened_text_is_the_longest_beginning_that_fits(text: str, limit: int) -> None:
    text = encodable(text)
    result = shortened(text, limit)
    assert text.startswith(result)
    assert len(result.encode()) <= limit
    if result != text:
        assert len((result + text[len(result)]).encode()) > limit


@given(TEXTS)
def test_a_cleaned_text_has_a_form_in_utf_8_and_no_control_characters(text: str) -> None:
    result = cleaned(text)
    assert result.encode().decode() == result
    assert not [char for char in result if (char < " " or "\x7f" <= char <= "\x9f") and char not in "\t\n"]


def test_control_characters_are_escaped_and_line_breaks_stay() -> None:
    assert cleaned("a\x1b[31m\tb\n\x00\r\x7f\x80\x9f\xa0 é") == "a\\x1b[31m\tb\n\\x00\\x0d\\x7f\\x80\\x9f\xa0 é"


@pytest.mark.parametrize("code", [0xD800, 0xDBFF, 0xDC00, 0xDFFF])
def test_a_lone_surrogate_is_replaced(code: int) -> None:
    char = chr(code)
    assert encodable(f"a{char}b\x1b") == "a\N{REPLACEMENT CHARACTER}b\x1b"
    assert cleaned(f"a{char}b") == "a\N{REPLACEMENT CHARACTER}b"


def test_the_neighbours_of_surrogates_stay() -> None:
    assert encodable("\ud7ff\ue000") == "\ud7ff\ue000"
