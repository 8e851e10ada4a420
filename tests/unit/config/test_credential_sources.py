"""Which credential a config provides, and how long the token of a token file is kept."""

import logging

import pytest

from kubeloop.config import Config, ExecConfig
from kubeloop.config.credential import Credential
from kubeloop.config.credential_sources import TokenFile, credential_source
from kubeloop.config.exec_plugin import ExecPlugin
from kubeloop.errors import CredentialError
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
