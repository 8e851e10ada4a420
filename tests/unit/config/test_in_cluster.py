"""The config of a pod: client-go's decisions about the environment, the token, the authority and the namespace."""

import logging

import pytest

from kubeloop.config.in_cluster import in_cluster_config, in_cluster_namespace, is_in_cluster
from kubeloop.errors import ConfigError

SERVICE = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}


@pytest.fixture
def account(tmp_path):
    (tmp_path / "token").write_text("abc\n")
    (tmp_path / "ca.crt").write_text("-----BEGIN CERTIFICATE-----\n")
    (tmp_path / "namespace").write_text("team-a\n")
    return tmp_path


def test_takes_address_token_authority_and_namespace(account):
    config = in_cluster_config(SERVICE, account)
    assert config.host == "https://10.0.0.1:443"
    assert config.token == "abc"
    assert config.token_file == str(account / "token")
    assert config.ca_file == str(account / "ca.crt")
    assert config.namespace == "team-a"


def test_puts_brackets_round_an_ipv6_address(account):
    assert in_cluster_config({**SERVICE, "KUBERNETES_SERVICE_HOST": "fd00::1"}, account).host == "https://[fd00::1]:443"


@pytest.mark.parametrize("missing", ["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"])
def test_says_that_it_is_not_in_a_cluster(account, missing):
    environ = {name: value for name, value in SERVICE.items() if name != missing}
    assert not is_in_cluster(environ, account)
    with pytest.raises(ConfigError, match="not in a cluster"):
        in_cluster_config(environ, account)


def test_names_the_token_file_that_it_cannot_read(account):
    (account / "token").unlink()
    assert not is_in_cluster(SERVICE, account)
    with pytest.raises(ConfigError, match=r"token: No such file"):
        in_cluster_config(SERVICE, account)


def test_continues_without_an_authority_that_it_cannot_read(account, caplog):
    (account / "ca.crt").write_text("nonsense")
    with caplog.at_level(logging.ERROR):
        assert in_cluster_config(SERVICE, account).ca_file is None
    assert "no certificate in" in caplog.text


def test_pod_namespace_beats_the_service_accounts(account):
    assert in_cluster_namespace({"POD_NAMESPACE": "mine"}, account) == ("mine", "POD_NAMESPACE")
    (account / "namespace").unlink()
    assert in_cluster_namespace({}, account) == ("default", "")
