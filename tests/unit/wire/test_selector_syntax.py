"""What an API server says of a selector that it cannot parse; the messages are those of a real server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop.labels import Selector
from kubeloop.wire.selector_syntax import field_selector_message, label_selector_message

REQUIREMENT = "unable to parse requirement: "


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("=red", "found '=', expected: !, identifier, or 'end of string'"),
        (",", "found ',', expected: !, identifier, or 'end of string'"),
        ("a,,b", "found ',', expected: identifier after ','"),
        ("a,", "found '', expected: identifier after ','"),
        ("a=b c", "found 'c', expected: ',' or 'end of string'"),
        ("!a=b", "found '=', expected: ',' or 'end of string'"),
        ("!", REQUIREMENT + "found '', expected: identifier"),
        ("a b", REQUIREMENT + "found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("a=(", REQUIREMENT + "found '(', expected: identifier"),
        ("a in b", REQUIREMENT + "found 'b' expected: '('"),
        ("a in (=", REQUIREMENT + "found '=', expected: ',', ')' or identifier"),
        ("a in (b", REQUIREMENT + "found '', expected: ',' or ')'"),
        ("a in (b,=)", REQUIREMENT + "found '=', expected: ',', or identifier"),
    ],
)
def test_a_label_selector_is_refused_where_it_cannot_go_on(text: str, message: str) -> None:
    assert label_selector_message(text) == message


@pytest.mark.parametrize("text", ["", "a", "!a,b", "a=,b!=c", "a in (),b notin (x,,y),c in (,)", "in in (in)", "a>1"])
def test_a_label_selector_with_a_meaning_has_no_message(text: str) -> None:
    assert label_selector_message(text) is None


@given(st.lists(st.sampled_from(["a", "in", "notin", "=", "==", "!=", "!", "(", ")", ",", "1"]), max_size=9))
def test_there_is_a_message_for_each_selector_that_cannot_be_parsed(tokens: list[str]) -> None:
    text = " ".join(tokens)
    try:
        Selector.parse(text)
    except ValueError:
        assert label_selector_message(text) is not None
    else:
        assert label_selector_message(text) is None


def test_a_field_selector_is_refused_for_its_first_part_without_an_operator() -> None:
    assert field_selector_message("z,a=b,foo") == "invalid selector: 'z,a=b,foo'; can't understand 'foo'"
    assert field_selector_message(r"a=b\,c,,d!=e") is None
