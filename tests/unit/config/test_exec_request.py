"""The key by which sources share a plugin's credential: client-go's exec_test.go, TestCacheKey."""

import pytest

from kubeloop.config import Config, ExecConfig, ExecPolicy
from kubeloop.config.exec_request import exec_info, plugin_key
from kubeloop.errors import CredentialError

PLUGIN = ExecConfig(
    command="foo-bar",
    args=("1", "2"),
    env=(("3", "4"), ("5", "6")),
    api_version="client.authentication.k8s.io/v1beta1",
    install_hint="get it",
    provide_cluster_info=True,
    interactive_mode="Never",
    cluster_config={"audience": "x"},
    stdin_unavailable="reads manifests",
)
CONFIG = Config(
    host="https://a",
    tls_server_name="inner",
    ca_data=b"PEM",
    proxy_url="http://p:1",
    exec_policy=ExecPolicy("Allowlist", ("foo-bar",)),
)
OTHER_PLUGIN = {
    "command": "foo-baz",
    "args": ("1", "2", "3"),
    "env": (("3", "4"),),
    "api_version": "client.authentication.k8s.io/v1",
    "install_hint": "",
    "provide_cluster_info": False,
    "interactive_mode": "Always",
    "cluster_config": {"audience": "y"},
    "stdin_unavailable": "",
}
OTHER_CONFIG = {
    "host": "https://b",
    "tls_server_name": None,
    "ca_data": b"other",
    "ca_file": "ca.crt",
    "proxy_url": None,
    "disable_compression": True,
    "exec_policy": ExecPolicy("Allowlist", ("foo-bar", "other")),
}


def test_equal_settings_have_one_key():
    assert plugin_key(PLUGIN, CONFIG) == plugin_key(PLUGIN.replace(), CONFIG.replace())


@pytest.mark.parametrize("name", OTHER_PLUGIN)
def test_each_setting_of_the_plugin_changes_the_key(name):
    assert plugin_key(PLUGIN.replace(**{name: OTHER_PLUGIN[name]}), CONFIG) != plugin_key(PLUGIN, CONFIG)


def test_only_the_timeout_of_the_plugin_does_not_count():
    assert set(ExecConfig.__struct_fields__) - set(OTHER_PLUGIN) == {"timeout"}
    assert plugin_key(PLUGIN.replace(timeout=1.0), CONFIG) == plugin_key(PLUGIN, CONFIG)


@pytest.mark.parametrize("name", OTHER_CONFIG)
def test_each_setting_of_the_cluster_and_the_policy_changes_the_key(name):
    assert plugin_key(PLUGIN, CONFIG.replace(**{name: OTHER_CONFIG[name]})) != plugin_key(PLUGIN, CONFIG)


def test_verification_changes_the_key():
    config = CONFIG.replace(ca_data=None)
    assert plugin_key(PLUGIN, config.replace(insecure_skip_tls_verify=True)) != plugin_key(PLUGIN, config)


def test_settings_that_the_plugin_does_not_get_leave_the_key():
    changed = CONFIG.replace(namespace="other", timeout=3.0, user_agent="me", qps=1.0)
    assert plugin_key(PLUGIN, changed) == plugin_key(PLUGIN, CONFIG)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"args": ("a b",)}, {"args": ("a", "b")}),
        ({"args": ("a",), "env": ()}, {"args": (), "env": (("a", ""),)}),
        ({"command": "a", "args": ("b",)}, {"command": "b", "args": ("a",)}),
        ({"cluster_config": "null"}, {"cluster_config": None}),
    ],
)
def test_settings_that_look_alike_have_two_keys(one, other):
    assert plugin_key(PLUGIN.replace(**one), CONFIG) != plugin_key(PLUGIN.replace(**other), CONFIG)


def test_the_key_contains_no_secret():
    assert plugin_key(PLUGIN, CONFIG).isalnum()


def test_an_authority_that_cannot_be_read_is_named(tmp_path):
    config = Config(host="https://a", ca_file=str(tmp_path / "none.crt"))
    with pytest.raises(CredentialError, match=r"cannot read .*none\.crt: No such file"):
        exec_info(PLUGIN, config, interactive=False)


def test_empty_settings_of_the_cluster_are_omitted_and_its_extension_is_null():
    """As Go encodes the fields, of which only `config` has no omitempty."""
    plugin = ExecConfig(command="a", provide_cluster_info=True)
    spec = exec_info(plugin, Config(host="https://a"), interactive=False)["spec"]
    assert spec == {"interactive": False, "cluster": {"server": "https://a", "config": None}}
