"""Queries, as Go's net/url reads them."""

from __future__ import annotations

from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st

from kubeloop.wire.query_text import first_value, parse_query


def test_parts_that_cannot_be_read_are_left_out() -> None:
    assert parse_query("a=1&b=%zz&c=1;d=2&&e&f=a+b%2B&=x") == {"a": ["1"], "e": [""], "f": ["a b+"], "": ["x"]}


def test_the_first_value_counts() -> None:
    query = parse_query("a=1&a=2")

    assert (first_value(query, "a"), first_value(query, "b")) == ("1", None)


_texts = st.text(st.characters(blacklist_categories=["Cs"]))


@given(st.dictionaries(_texts, st.lists(_texts, min_size=1)))
def test_what_is_written_as_a_query_is_read_back(query: dict[str, list[str]]) -> None:
    assert parse_query(urlencode(query, doseq=True)) == query
