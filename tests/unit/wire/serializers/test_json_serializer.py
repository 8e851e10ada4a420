"""The JSON serializer: bodies as plain data."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop.errors import DecodeError
from kubeloop.wire.serializers.json_serializer import JSON

_values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(_values, st.booleans())
def test_a_body_is_read_as_its_value(value: Any, ascii_only: bool) -> None:
    assert JSON.plain_data(json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")) == value


def test_half_of_a_surrogate_pair_and_numbers_that_json_has_not_are_read() -> None:
    assert JSON.plain_data(b'"\\ud800"') == "\ud800"
    assert math.isnan(JSON.plain_data(b"NaN"))


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"\xff"])
def test_what_is_not_json_is_refused_without_its_content(body: bytes) -> None:
    with pytest.raises(DecodeError) as caught:
        JSON.plain_data(body)

    assert caught.value.__context__ is None
