"""`Config.anonymous` keeps what describes the server and drops what identifies the user."""

from __future__ import annotations

import socket
from typing import Any

import pytest

import kubeloop
from kubeloop.config import AuthProvider, Config, ExecConfig, ExecPolicy, Impersonation, Source
from kubeloop.config.credential import Credential
from kubeloop.config.credential_sources import credential_source
from kubeloop.transport.base import Transport


async def dial(host: str, port: int) -> socket.socket:
    raise ConnectionRefusedError(host, port)


def add_token(transport: Transport) -> Transport:
    return transport


class Tracing:
    def begin(self, method: str, url: str, path: str) -> None: ...


KEPT: dict[str, Any] = {
    "host": "https://cluster:6443/prefix",
    "namespace": "team",
    "ca_data": b"pem",
    "ca_file": "/ca.crt",
    "insecure_skip_tls_verify": True,
    "tls_server_name": "kubernetes",
    "proxy_url": "http://me:pw@proxy:3128",
    "user_agent": "me/1",
    "timeout": 5.0,
    "qps": 7.0,
    "burst": 3,
    "rate_limiter": kubeloop.TokenBucket(7.0, 3),
    "max_connections": 4,
    "disable_compression": True,
    "content_type": "protobuf",
    "exec_policy": ExecPolicy("DenyAll"),
    "dial": dial,
    "warning_handler": print,
    "metrics": kubeloop.Metrics(),
    "tracing": Tracing(),
}
DROPPED: dict[str, Any] = {
    "cert_data": b"pem",
    "cert_file": "/client.crt",
    "key_data": b"pem",
    "key_file": "/client.key",
    "token": "SECRET",
    "token_file": "/token",
    "username": "me",
    "password": "SECRET",
    "exec": ExecConfig(command="login"),
    "auth_provider": AuthProvider(issuer_url="https://issuer", client_id="me", id_token="SECRET"),
    "impersonate": Impersonation(user="jane"),
    "wrap_transport": add_token,
}
# Settings that exclude each other are tested separately.
APART = ({"ca_data", "ca_file"}, {"token", "token_file"})


def configs() -> list[Config]:
    """Return configs which together have all settings."""
    rest = {name: value for name, value in (KEPT | DROPPED).items() if not any(name in pair for pair in APART)}
    ca, token = ({name: (KEPT | DROPPED)[name] for name in pair} for pair in APART)
    login = {"username": rest.pop("username"), "password": rest.pop("password")}
    insecure = {"insecure_skip_tls_verify": rest.pop("insecure_skip_tls_verify")}
    plugin, provider = ({name: rest.pop(name)} for name in ("exec", "auth_provider"))
    return [Config(**rest, **ca, **token, **plugin), Config(**rest, **insecure, **login, **provider)]


def test_each_setting_is_either_kept_or_dropped() -> None:
    """A new setting must be added to one of the two."""
    assert {*KEPT, *DROPPED, "source"} == set(Config.__struct_fields__)
    assert not {*KEPT} & {*DROPPED}
    defaults = dict(zip(Config.__struct_fields__, Config.__struct_defaults__, strict=True))
    assert all(value != defaults[name] for name, value in (KEPT | DROPPED).items())


@pytest.mark.parametrize("config", configs(), ids=["token", "login"])
def test_the_copy_has_the_settings_of_the_server_and_none_of_the_user(config: Config) -> None:
    copy = config.anonymous()
    defaults = dict(zip(Config.__struct_fields__, Config.__struct_defaults__, strict=True))
    assert {name: getattr(copy, name) for name in KEPT} == {name: getattr(config, name) for name in KEPT}
    assert {name: getattr(copy, name) for name in DROPPED} == {name: defaults[name] for name in DROPPED}
    assert credential_source(copy).cached() == Credential()


def test_the_copy_does_not_name_the_user() -> None:
    config = Config(source=Source(file="/config", context="c", cluster="a", user="me", user_file="/other"), token="t")
    assert config.anonymous().source == Source(file="/config", context="c", cluster="a")
    assert "me" not in repr(config.anonymous().source)


def test_an_anonymous_config_stays_as_it_is() -> None:
    [config, _] = configs()
    assert config.anonymous().anonymous() == config.anonymous()
