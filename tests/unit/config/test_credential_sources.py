"""Which credential a config provides, and how long the token of a token file is kept."""

import asyncio
import logging

import pytest

from kubeloop.config import Config, ExecConfig
from kubeloop.config.credential import Credential
from kubeloop.config.credential_sources import TokenFile, credential_source
from kubeloop.config.exec_plugin import ExecPlugin
from kubeloop.errors import CredentialError
from kubeloop.transport.authentication import Authenticated
from kubeloop.wire.request import Request
from kubeloop.wire.response import Response
from tests.support.skewed_loop import skewed, skip

LOGIN = ExecConfig(command="login")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, None),
        ({"token": " abc\n"}, "Bearer abc"),
        ({"username": "joe", "password": "pw:1"}, "Basic am9lOnB3OjE="),
        ({"username": "joe"}, "Basic am9lOg=="),
        ({"password": "pw"}, None),
        ({"password": "pw", "token": "abc"}, "Bearer abc"),
        ({"username": "", "password": "pw", "token": "abc"}, "Bearer abc"),
        ({"token": "abc", "exec": LOGIN}, "Bearer abc"),
        ({"cert_file": "/c", "key_file": "/k", "exec": LOGIN}, None),
    ],
)
def test_what_is_in_the_config_itself_beats_a_plugin(arguments, expected):
    """(E9) A password without a user name has no effect."""
    source = credential_source(Config(host="https://a", **arguments))
    assert source.cached().authorization == expected


async def test_what_never_changes_has_no_other_to_give():
    source = credential_source(Config(host="https://a", token="t"))
    credential = await source.fetch()
    assert not source.reject(credential)


def test_a_plugin_is_used_when_there_is_nothing_else():
    assert isinstance(credential_source(Config(host="https://a", exec=LOGIN)), ExecPlugin)


@pytest.mark.parametrize("token", ["a b", "a\r\nX-Evil: 1", "a\0", "ü", " "])
def test_refuses_a_token_that_cannot_stand_in_a_header_and_does_not_show_it(token):
    with pytest.raises(CredentialError, match="a header cannot contain") as caught:
        credential_source(Config(host="https://a", token=f"SECRET{token}SECRET"))
    assert "SECRET" not in str(caught.value)


def test_a_message_without_a_source_begins_with_what_is_wrong(tmp_path):
    with pytest.raises(CredentialError, match=r"^the token contains characters"):
        credential_source(Config(host="https://a", token="a\nb"))
    with pytest.raises(CredentialError, match=r"^cannot read the token file"):
        TokenFile(str(tmp_path / "none"), None, Config(host="https://a"))._read()


@pytest.mark.parametrize("login", [{"username": "SECRET\ud800"}, {"username": "a", "password": "SECRET\ud800"}])
def test_refuses_a_login_that_is_not_text_and_does_not_show_it(login):
    """(F10)"""
    with pytest.raises(CredentialError, match=r"^the user or password is not Unicode text") as caught:
        credential_source(Config(host="https://a", **login))
    assert "SECRET" not in str(caught.value)


def test_a_credential_does_not_show_itself():
    assert "SECRET" not in repr(Credential("Bearer SECRET"))


@skewed
async def test_reads_a_token_file_again_after_fifty_seconds(tmp_path):
    path = tmp_path / "token"
    path.write_text("one\n")
    source = credential_source(Config(host="https://a", token="stale", token_file=str(path)))
    first = source.cached()
    assert first.authorization == "Bearer one"
    path.write_text("two")
    skip(49)
    assert source.cached() is first
    skip(1)
    assert source.cached().authorization == "Bearer two"


@skewed
async def test_reads_a_token_file_at_once_when_the_server_rejects_its_token(tmp_path):
    path = tmp_path / "token"
    path.write_text("one")
    source = TokenFile(str(path), None, Config(host="https://a"))
    first = source.cached()
    assert not source.reject(first)
    path.write_text("two")
    assert source.reject(first)
    assert source.cached().authorization == "Bearer two"
    assert source.reject(first)


@skewed
async def test_keeps_the_last_token_while_the_file_cannot_be_read(tmp_path, caplog):
    path = tmp_path / "token"
    path.write_text("SECRET-one")
    source = TokenFile(str(path), None, Config(host="https://a"))
    first = source.cached()
    for broken in (b"", b"\xff\xff", None):
        path.unlink() if broken is None else path.write_bytes(broken)
        skip(61)
        with caplog.at_level(logging.WARNING):
            assert source.cached() is first
    assert "the last one stays in use" in caplog.text
    assert "SECRET" not in caplog.text


@skewed
async def test_names_the_token_file_when_there_never_was_a_token(tmp_path):
    path = tmp_path / "token"
    source = TokenFile(str(path), None, Config(host="https://a"))
    with pytest.raises(CredentialError, match=f"cannot read the token file {path}: No such file"):
        source.cached()
    path.write_text("\n")
    with pytest.raises(CredentialError, match="is empty"):
        await source.fetch()
    assert "SECRET" not in repr(source)


@skewed
async def test_a_token_that_is_fetched_once_serves_a_hundred_requests(tmp_path):
    """As client-go's TestCachingTokenSourceRace."""
    path = tmp_path / "token"
    path.write_text("one")
    transport = Recording(lambda: path.write_text("two"))
    authenticated = Authenticated(transport, Config(host="https://a", token_file=str(path)))
    await asyncio.gather(*(authenticated.request(Request("GET", "/")) for _ in range(100)))
    assert transport.authorizations == ["Bearer one"] * 100


@skewed
@pytest.mark.parametrize(
    ("cached", "in_file", "sent"),
    [
        ("bad", "good", ["bad", "good"]),
        ("bad", "bad", ["bad"]),
        ("bad", "worse", ["bad", "worse"]),
        (None, "good", ["good"]),
        (None, "bad", ["bad"]),
        ("good", "other", ["good"]),
    ],
)
async def test_a_401_costs_a_token_that_is_not_the_newest(tmp_path, cached, in_file, sent):
    """As client-go's TestTokenSourceTransportRoundTrip, which sends the second request only if its caller does."""
    path = tmp_path / "token"
    transport = Recording(lambda: None, accepted="Bearer good")
    path.write_text(cached or in_file)
    authenticated = Authenticated(transport, Config(host="https://a", token_file=str(path)))
    if cached is not None:
        transport.accepted = f"Bearer {cached}"
        await authenticated.request(Request("GET", "/"))
        transport.accepted = "Bearer good"
        transport.authorizations.clear()
    path.write_text(in_file)
    response = await authenticated.request(Request("GET", "/"))
    assert transport.authorizations == [f"Bearer {each}" for each in sent]
    assert response.status == (200 if sent[-1] == "good" else 401)


@skewed
async def test_a_401_of_a_request_that_began_before_the_token_was_renewed_costs_no_token(tmp_path):
    path = tmp_path / "token"
    path.write_text("one")
    source = TokenFile(str(path), None, Config(host="https://a"))
    began_with = source.cached()
    path.write_text("two")
    skip(50)
    renewed = source.cached()
    path.write_text("three")
    assert source.reject(began_with)
    assert source.cached() is renewed, "the file was not read again"


class Recording:
    """A transport that records the credentials, and responds with 401 if another one is accepted."""

    def __init__(self, on_request, accepted=None):
        self.on_request = on_request
        self.accepted = accepted
        self.authorizations = []

    async def request(self, request, *, timeout=None, max_bytes=None):
        self.authorizations.append(request.headers["Authorization"])
        self.on_request()
        return Response(200 if self.accepted in (None, request.headers["Authorization"]) else 401)

    stream = upgrade = None
