"""Continue tokens, as the real server writes and reads them."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeloop.wire.continue_token import ContinueToken, encode_continue_token, parse_continue_token

INVALID = "continue key is not valid"


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def test_a_token_is_json_in_base64_without_padding() -> None:
    assert encode_continue_token("a/b\0", 7) == encoded('{"v":"meta.k8s.io/v1","rv":7,"start":"a/b\\u0000"}')


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        # The table of the real server: continue_test.go.
        ('{"v":"meta.k8s.io/v1","rv":1,"start":"key"}', ContinueToken("key", 1)),
        ('{"v":"meta.k8s.io/v1","rv":1,"start":"/"}', ContinueToken("", 1)),
        ('{"v":"meta.k8s.io/v1","rv":1,"start":"/key"}', ContinueToken("key", 1)),
        ('{"v":"meta.k8s.io/v1","rv":1,"start":"a/b"}', ContinueToken("a/b", 1)),
        ('{"v":"meta.k8s.io/v1","rv":-1,"start":"a"}', ContinueToken("a", -1)),
    ],
)
def test_a_token_is_read(token: str, expected: ContinueToken) -> None:
    assert parse_continue_token(encoded(token)) == expected


@pytest.mark.parametrize(
    ("token", "message"),
    [
        (encoded('{"v":"v1","rv":1,"start":"a"}'), f"{INVALID}: server does not recognize this encoded version v1"),
        (encoded("{}"), f"{INVALID}: server does not recognize this encoded version "),
        (
            encoded('{"v":"meta.k8s.io/v1","rv":0,"start":"a"}'),
            f"{INVALID}: incorrect encoded start resourceVersion (version meta.k8s.io/v1)",
        ),
        (
            encoded('{"v":"meta.k8s.io/v1","rv":1,"start":""}'),
            f"{INVALID}: encoded start key empty (version meta.k8s.io/v1)",
        ),
        (encoded('{"v":"meta.k8s.io/v1","rv":1,"start":"../key"}'), f"{INVALID}: ../key"),
        (encoded('{"v":"meta.k8s.io/v1","rv":1,"start":"/../key"}'), f"{INVALID}: /../key"),
        (encoded('{"v":"meta.k8s.io/v1","rv":1,"start":"a/../key"}'), f"{INVALID}: a/../key"),
        (encoded('{"v":"meta.k8s.io/v1","rv":1,"start":"key/."}'), f"{INVALID}: key/."),
        (encoded('{"v":"meta.k8s.io/v1","rv":1,"start":"key/"}'), f"{INVALID}: key/"),
        (encoded('{"v":"meta.k8s.io/v1","rv":1,"start":"//key"}'), f"{INVALID}: //key"),
        ("%", f"{INVALID}: illegal base64 data at input byte 0"),
        ("a", f"{INVALID}: illegal base64 data at input byte 0"),
        ("e30=", f"{INVALID}: illegal base64 data at input byte 0"),
        ("é", f"{INVALID}: illegal base64 data at input byte 0"),
        (encoded("x"), f"{INVALID}: the token is not JSON"),
    ],
)
def test_what_is_no_token_is_refused_with_the_words_of_the_server(token: str, message: str) -> None:
    with pytest.raises(ValueError, match=INVALID) as caught:
        parse_continue_token(token)

    assert str(caught.value) == message


@pytest.mark.parametrize("body", ["[]", "1", '{"v":1}', '{"rv":"1"}', '{"rv":1e3}', '{"rv":true}', '{"start":[]}'])
def test_members_of_wrong_types_are_refused(body: str) -> None:
    with pytest.raises(ValueError, match="json: cannot unmarshal"):
        parse_continue_token(encoded(body))


_names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/"), min_size=1)
_keys = st.lists(_names.filter(lambda name: name not in (".", "..")), min_size=1, max_size=2).map("/".join)


@given(_keys, st.integers(-1, 2**63 - 1).filter(bool))
def test_a_token_is_read_back(start: str, revision: int) -> None:
    assert parse_continue_token(encode_continue_token(start, revision)) == ContinueToken(start, revision)


@given(st.text(max_size=20))
def test_a_text_that_nobody_encoded_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=INVALID):
        parse_continue_token(text)
