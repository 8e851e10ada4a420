"""When an ID token expires: the formats of the claim `exp`, and texts that are no tokens."""

import base64
import json
import math

import pytest

from kubeloop.config.id_token import NEVER, id_token_expiry, parse_expiry


def token(claims):
    text = claims if isinstance(claims, str) else json.dumps(claims)
    return f"h.{base64.urlsafe_b64encode(text.encode()).decode().rstrip('=')}.s"


@pytest.mark.parametrize(
    ("claim", "seconds"),
    [
        ("1493851263", 1493851263.0),
        ("1.493851263e9", 1493851263.0),
        ("1493851263.5", 1493851263.5),
        ('"1493851263"', 1493851263.0),
        ('"1.493851263e9"', 1493851263.0),
        ("0", 0.0),
        ("-5", -5.0),
    ],
)
def test_the_time_is_an_integer_a_number_or_a_text_with_a_number(claim, seconds):
    assert parse_expiry(token(f'{{"exp": {claim}}}')) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "notanidtoken",
        token({"exp": 5}).replace(".", ".%", 1),
        "a.b",
        "a.b.c.d",
        "a.%.c",
        "a.é.c",
        token("[]"),
        token("{"),
    ],
)
def test_a_text_that_is_not_a_token(text):
    with pytest.raises(ValueError, match="expected a JSON web token, got another text"):
        parse_expiry(text)
    assert id_token_expiry(text) == NEVER == -math.inf


def test_a_token_without_an_expiry():
    with pytest.raises(ValueError, match="does not state when it expires"):
        parse_expiry(token({"sub": "jane"}))
    assert id_token_expiry(token({"sub": "jane"})) == NEVER


@pytest.mark.parametrize("claim", ['"foobar"', "null", "true", "{}", '"0x10"', '" 1"', '"1_0"', '"NaN"'])
def test_an_expiry_that_is_not_a_number(claim):
    with pytest.raises(ValueError, match="is not a number"):
        parse_expiry(token(f'{{"exp": {claim}}}'))


@pytest.mark.parametrize("claim", ["1e999", '"1e999"', "1" + "0" * 400])
def test_an_expiry_that_is_not_a_possible_time(claim):
    with pytest.raises(ValueError, match="not a possible time"):
        parse_expiry(token(f'{{"exp": {claim}}}'))


@pytest.mark.parametrize("claims", ['{"exp": NaN}', '{"exp": Infinity}', "[" * 100_000, '{"exp": ' + "1" * 5000 + "}"])
def test_claims_that_no_parser_should_read(claims):
    assert id_token_expiry(token(claims)) == NEVER
