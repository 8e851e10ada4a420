"""The config that an exec plugin makes of its input. The scenarios are those of client-go's rest/exec_test.go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kubeloop.config.config import Config
from kubeloop.config.exec_config import ExecConfig
from kubeloop.config.exec_input import load_exec_credential_from_env
from kubeloop.config.exec_request import exec_info
from kubeloop.errors import CredentialError

PLUGIN = ExecConfig(command="plugin", provide_cluster_info=True)
CREDENTIALS = {"token": "t", "cert_data": b"c", "key_data": b"k"}


def cluster_of(config: Config, plugin: ExecConfig = PLUGIN) -> Any:
    info: Any = exec_info(plugin, config, interactive=False)
    return info["spec"]["cluster"]


def told(info: object) -> dict[str, str]:
    return {"KUBERNETES_EXEC_INFO": json.dumps(info)}


@pytest.mark.parametrize(
    "settings",
    [
        {"host": "https://a:6443"},
        {"host": "https://a:6443/prefix", "ca_data": b"some authorities"},
        {"host": "https://a:6443", "tls_server_name": "inner"},
        {"host": "https://a:6443", "insecure_skip_tls_verify": True, "disable_compression": True},
        {"host": "http://a:8080", "proxy_url": "http://user:word@proxy:3128"},
    ],
    ids=lambda settings: ", ".join(settings),
)
def test_what_a_plugin_is_told_is_the_config_without_credentials(settings: dict[str, Any]) -> None:
    asked = Config(**settings, **CREDENTIALS)
    config = load_exec_credential_from_env(told(exec_info(PLUGIN, asked, interactive=False))).config
    assert config.replace(source=asked.source) == Config(**settings)
    assert cluster_of(config.replace(source=asked.source)) == cluster_of(asked)


def test_a_file_of_authorities_is_told_as_its_content(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_bytes(b"some authorities")
    asked = Config(host="https://a", ca_file=str(tmp_path / "ca.crt"))
    config = load_exec_credential_from_env(told(exec_info(PLUGIN, asked, interactive=False))).config
    assert (config.ca_data, config.ca_file) == (b"some authorities", None)


def test_data_of_authorities_are_told_and_their_file_is_not_read() -> None:
    told_cluster = cluster_of(Config(host="https://a", ca_data=b"PEM", ca_file="/nowhere/ca.crt"))
    assert told_cluster["certificate-authority-data"] == "UEVN"


def test_without_authorities_and_proxy_none_are_told() -> None:
    assert cluster_of(Config(host="https://a")) == {"server": "https://a", "config": None}


def test_a_file_of_authorities_that_cannot_be_read_is_an_error_that_names_it() -> None:
    with pytest.raises(CredentialError, match=r"cannot read /nowhere/ca.crt: No such file"):
        cluster_of(Config(host="https://a", ca_file="/nowhere/ca.crt"))


@pytest.mark.parametrize("proxy", [None, ""], ids=["of the environment", "disabled"])
def test_a_proxy_that_the_config_does_not_name_is_not_told(proxy: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://environment:1")
    assert "proxy-url" not in cluster_of(Config(host="https://a", proxy_url=proxy))
