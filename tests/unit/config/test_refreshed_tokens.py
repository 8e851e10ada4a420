"""Refreshed tokens are written to the kubeconfig, and the newest remain."""

import base64
import json
import os
import subprocess
import sys

import pytest

from kubeloop.config import modify_kubeconfig, read_kubeconfig
from kubeloop.config.id_token import id_token_expiry
from kubeloop.config.refreshed_tokens import persist_tokens, stored_settings
from kubeloop.errors import ConfigError
from kubeloop.testing import virtual_time


def token(expiry):
    claims = base64.urlsafe_b64encode(json.dumps({"exp": expiry}).encode()).decode().rstrip("=")
    return f"h.{claims}.s"


@pytest.fixture
def path(tmp_path):
    def change(data):
        config = {"client-id": "me", "id-token": token(100), "refresh-token": "r-100"}
        data.users["u"] = {"auth-provider": {"name": "oidc", "config": config}}
        data.users["other"] = {"token": "t"}

    virtual_time.run(modify_kubeconfig(change, tmp_path / "config"))
    return str(tmp_path / "config")


def settings(path):
    return read_kubeconfig(path).users["u"]["auth-provider"]["config"]


def test_newer_tokens_are_written_and_the_other_settings_stay(path):
    new = {"id-token": token(200), "refresh-token": "r-200"}
    assert virtual_time.run(persist_tokens(path, "u", new)) == settings(path) == {"client-id": "me", **new}


def test_older_tokens_are_not_written_and_the_newer_ones_are_returned(path):
    virtual_time.run(persist_tokens(path, "u", {"id-token": token(300), "refresh-token": "r-300"}))
    result = virtual_time.run(persist_tokens(path, "u", {"id-token": token(200), "refresh-token": "r-200"}))
    assert result == settings(path) == {"client-id": "me", "id-token": token(300), "refresh-token": "r-300"}


def test_a_token_replaces_one_that_cannot_be_read(path):
    virtual_time.run(modify_kubeconfig(lambda data: data.users["u"]["auth-provider"].update(config=None), path))
    result = virtual_time.run(persist_tokens(path, "u", {"id-token": token(1)}))
    assert result == settings(path) == {"id-token": token(1)}


@pytest.mark.parametrize("user", ["other", "missing"])
def test_a_user_without_an_auth_provider_is_an_error_without_the_token(path, user):
    with pytest.raises(ConfigError, match=f'user "{user}"') as caught:
        virtual_time.run(persist_tokens(path, user, {"id-token": "secret"}))
    assert "secret" not in str(caught.value)


REFRESH = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
from test_refreshed_tokens import token
from kubeloop.config.refreshed_tokens import persist_tokens
for expiry in map(int, sys.argv[3:]):
    asyncio.run(persist_tokens(sys.argv[2], "u", {"id-token": token(expiry), "refresh-token": f"r-{expiry}"}))
"""


def test_two_processes_that_refresh_one_token_end_with_the_newest(path):
    here = os.path.dirname(__file__)
    orders = (["400", "900", "500"], ["800", "300", "950"])
    commands = [[sys.executable, "-c", REFRESH, here, path, *order] for order in orders]
    processes = [subprocess.Popen(command) for command in commands]
    assert [process.wait(60) for process in processes] == [0, 0]
    assert settings(path) == {"client-id": "me", "id-token": token(950), "refresh-token": "r-950"}


@pytest.mark.parametrize(
    "text",
    ["", "a.b", "a.b.c.d", "a.%.c", f"a.{base64.b64encode(b'[]').decode()}.c", token("x"), token(None), token(True)],
)
def test_the_expiry_of_what_is_not_a_token_is_before_all_others(text):
    assert id_token_expiry(text) == -float("inf")


def test_the_expiry_of_a_token_is_that_of_its_claims():
    assert id_token_expiry(token(12.5)) == 12.5


def test_a_refresh_token_alone_is_written(path):
    virtual_time.run(persist_tokens(path, "u", {"refresh-token": "r-2"}))
    assert settings(path) == {"client-id": "me", "id-token": token(100), "refresh-token": "r-2"}


def test_the_replaced_token_is_replaced_even_by_one_that_expires_sooner(path):
    new = {"id-token": token(50), "refresh-token": "r-50"}
    virtual_time.run(persist_tokens(path, "u", new, replaces=token(99)))
    assert settings(path)["id-token"] == token(100)
    virtual_time.run(persist_tokens(path, "u", new, replaces=token(100)))
    assert settings(path) == {"client-id": "me", **new}


def test_tokens_are_not_written_to_the_settings_of_another_provider(path):
    with pytest.raises(ConfigError, match='user "u": the auth-provider was changed meanwhile') as caught:
        virtual_time.run(persist_tokens(path, "u", {"id-token": token(500)}, expected={"client-id": "you"}))
    assert token(500) not in str(caught.value)
    assert settings(path)["id-token"] == token(100)
    virtual_time.run(persist_tokens(path, "u", {"id-token": token(500)}, expected={"client-id": "me"}))
    assert settings(path)["id-token"] == token(500)


def test_the_stored_settings_are_those_of_the_file(path):
    assert stored_settings(path, "u") == settings(path)
    with pytest.raises(ConfigError, match='user "other"'):
        stored_settings(path, "other")
    with pytest.raises(ConfigError, match='user "u"'):
        stored_settings(f"{path}-missing", "u")
