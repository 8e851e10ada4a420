"""Which ID token is used, and when it is refreshed: decisions about times and texts."""

import pytest

from kubeloop.config.oidc_protocol import Tokens
from kubeloop.config.oidc_tokens import OIDCTokens
from tests.support.oidc_provider import unsigned_token

NONE = Tokens()


def token(expires, name="t"):
    return unsigned_token({"exp": expires, "jti": name})


def with_tokens(id_token, refresh_token=""):
    tokens = OIDCTokens()
    tokens.adopt(Tokens(id_token, refresh_token), 0)
    return tokens


def sent(tokens, now):
    credential = tokens.credential(now)
    return credential and credential.authorization


def test_a_token_is_used_until_10_seconds_before_it_expires():
    tokens = with_tokens(token(100))
    assert sent(tokens, 89.9) == f"Bearer {token(100)}"
    assert tokens.credential(90) is None
    assert tokens.credential(1000) is None


@pytest.mark.parametrize(
    ("id_token", "why"),
    [
        ("", "there is neither an id-token nor a refresh-token"),
        ("notanidtoken", "the id-token cannot be read, and there is no refresh-token"),
        (unsigned_token({"sub": "jane"}), "the id-token cannot be read"),
        (unsigned_token({"exp": "foobar"}), "the id-token cannot be read"),
        (token(100) + "\n", "the id-token cannot be read"),
        (token(100), "the id-token has expired, and there is no refresh-token"),
    ],
)
def test_there_is_no_credential_and_the_reason_is_known(id_token, why):
    tokens = with_tokens(id_token)
    assert tokens.credential(95) is None
    assert why in tokens.why_none()


def test_a_newer_token_of_a_kubeconfig_is_used_and_an_older_one_is_not():
    tokens = with_tokens(token(100), "r100")
    tokens.adopt(Tokens(token(200), "r200"), 0)
    assert tokens.newest == Tokens(token(200), "r200")
    tokens.adopt(Tokens(token(150), "r150"), 0)
    tokens.adopt(Tokens("nonsense", "r0"), 0)
    tokens.adopt(NONE, 0)
    assert tokens.newest == Tokens(token(200), "r200")
    tokens.adopt(Tokens(token(300)), 0)
    assert tokens.newest == Tokens(token(300), "r200")


def test_a_refresh_token_of_a_kubeconfig_is_used_where_there_is_none():
    tokens = with_tokens(token(100))
    tokens.adopt(Tokens(token(50), "r50"), 0)
    assert tokens.newest == Tokens(token(100), "r50")


def test_the_same_token_stays_the_same_credential():
    tokens = with_tokens(token(100))
    before = tokens.credential(0)
    tokens.adopt(Tokens(token(100), "r"), 0)
    assert tokens.refreshed(Tokens(token(100)), 0) is before


def test_a_refresh_without_a_refresh_token_keeps_the_old_one():
    tokens = with_tokens(token(100), "r1")
    credential = tokens.refreshed(Tokens(token(500)), 100)
    assert credential is tokens.credential(100)
    assert tokens.newest == Tokens(token(500), "r1")


def test_a_token_that_expires_at_once_is_used_once():
    tokens = with_tokens(token(100), "r1")
    assert tokens.refreshed(Tokens(token(105), "r2"), 100).authorization == f"Bearer {token(105)}"
    assert tokens.credential(100) is None


@pytest.mark.parametrize(
    ("id_token", "complaint"),
    [
        ("", "without returning an ID token; log in again with the scope openid"),
        ("notanidtoken", "cannot be used: expected a JSON web token"),
        (unsigned_token({"sub": "SECRET"}), "cannot be used: the token does not state when it expires"),
        (token(100) + " SECRET", "with characters that a header cannot contain"),
        (token(40), "expired 60 s ago; check this computer's clock"),
        (token(100), "expired 0 s ago"),
    ],
)
def test_a_refresh_that_returns_no_valid_token_keeps_its_refresh_token(id_token, complaint):
    tokens = with_tokens(token(90), "r1")
    with pytest.raises(ValueError, match=complaint) as caught:
        tokens.refreshed(Tokens(id_token, "r2"), 100)
    assert "SECRET" not in str(caught.value)
    assert tokens.newest == Tokens(token(90), "r2")


def test_a_rejected_token_is_not_used_again():
    tokens = with_tokens(token(1000), "r1")
    assert tokens.reject(tokens.credential(0), NONE, 0) is True
    assert tokens.credential(0) is None
    tokens.adopt(Tokens(token(1000), "r1"), 0)
    assert tokens.credential(0) is None
    tokens.refreshed(Tokens(token(900, "other"), "r2"), 0)
    assert sent(tokens, 0) == f"Bearer {token(900, 'other')}"
    tokens.adopt(Tokens(token(1000), "r1"), 0)  # as another program may write it back
    assert sent(tokens, 0) == f"Bearer {token(900, 'other')}"


def test_a_credential_that_was_replaced_meanwhile_is_no_reason_to_refresh():
    tokens = with_tokens(token(1000), "r1")
    old = tokens.credential(0)
    tokens.refreshed(Tokens(token(2000), "r2"), 500)
    assert tokens.reject(old, NONE, 500) is True
    assert sent(tokens, 500) == f"Bearer {token(2000)}"


@pytest.mark.parametrize(("age", "refreshes"), [(0, False), (59, False), (60, True), (-1, True)])
def test_a_rejected_token_that_is_younger_than_a_minute_stays(age, refreshes):
    tokens = with_tokens(token(100), "r1")
    credential = tokens.refreshed(Tokens(token(9000), "r2"), 1000)
    assert tokens.reject(credential, NONE, 1000 + age) is refreshes
    assert (tokens.credential(1000 + age) is None) is refreshes


def test_a_rejected_token_without_a_refresh_token_stays_unless_the_kubeconfig_has_another():
    tokens = with_tokens(token(1000))
    first = tokens.credential(0)
    assert tokens.reject(first, Tokens(token(1000)), 0) is False
    assert tokens.reject(first, Tokens(token(10, "expires too soon")), 0) is False
    assert tokens.credential(0) is first
    assert tokens.reject(first, Tokens(token(900, "other")), 0) is True
    assert sent(tokens, 0) == f"Bearer {token(900, 'other')}"


def test_the_same_token_after_a_rejection_is_used():
    tokens = with_tokens(token(1000), "r1")
    credential = tokens.credential(0)
    tokens.reject(credential, NONE, 0)
    assert tokens.refreshed(Tokens(token(1000), "r2"), 0) is credential is tokens.credential(0)


def test_a_failure_is_remembered_for_5_seconds():
    tokens = with_tokens(token(100), "r1")
    assert tokens.recent_failure(100) == ""
    tokens.failed("why", 100)
    assert [tokens.recent_failure(now) for now in (99, 100, 104.9, 105)] == ["", "why", "why", ""]
    tokens.refreshed(Tokens(token(500)), 101)
    assert tokens.recent_failure(101) == ""


def test_no_token_is_shown():
    tokens = with_tokens(token(100), "r-5ecret")
    assert repr(tokens) == "<OIDCTokens expires at 100>"
    tokens.reject(tokens.credential(0), NONE, 0)
    assert repr(tokens) == "<OIDCTokens rejected>"
    assert repr(OIDCTokens()) == "<OIDCTokens without an ID token>"
