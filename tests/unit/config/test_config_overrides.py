"""Overrides of a kubeconfig: what each replaces, what it leaves, and what contradicts it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kubeloop.config import Config, config_from_bytes, load_config
from kubeloop.errors import ConfigError, ContextNotFound, EmptyConfig

CONFIG = """
current-context: x
clusters: [{name: c, cluster: {server: "https://c", tls-server-name: inner%s}}]
users: [{name: u, user: {%s}}]
contexts: [{name: x, context: {cluster: c, user: u, namespace: team}}]
"""


def config(cluster: str = "", user: str = "", **overrides: Any) -> Config:
    return config_from_bytes((CONFIG % (cluster and f", {cluster}", user)).encode(), **overrides)


def test_an_insecure_connection_clears_the_authority_of_the_file() -> None:
    changed = config("certificate-authority-data: Y2E=", insecure_skip_tls_verify=True)
    assert (changed.insecure_skip_tls_verify, changed.ca_data, changed.ca_file) == (True, None, None)


def test_an_authority_file_clears_data_and_the_insecure_setting(tmp_path: Path) -> None:
    (tmp_path / "ca").write_text("ca")
    for cluster in ("certificate-authority-data: Y2E=", "insecure-skip-tls-verify: true"):
        changed = config(cluster, ca_file=str(tmp_path / "ca"))
        assert (changed.ca_file, changed.ca_data) == (str(tmp_path / "ca"), None)
        assert not changed.insecure_skip_tls_verify


def test_authority_data_clear_the_file() -> None:
    changed = config("certificate-authority: /no/such/file", ca_data=b"ca")
    assert (changed.ca_file, changed.ca_data) == (None, b"ca")


def test_false_verifies_the_certificate_and_keeps_the_authority() -> None:
    assert not config("insecure-skip-tls-verify: true", insecure_skip_tls_verify=False).insecure_skip_tls_verify
    assert config("certificate-authority-data: Y2E=", insecure_skip_tls_verify=False).ca_data == b"ca"


def test_an_authority_and_an_insecure_connection_together_are_refused() -> None:
    with pytest.raises(ConfigError, match="exclude each other"):
        config(insecure_skip_tls_verify=True, ca_data=b"ca")


def test_the_tls_server_name_is_replaced_and_a_server_clears_it() -> None:
    assert config(tls_server_name="outer").tls_server_name == "outer"
    assert config(server="https://d").tls_server_name is None
    both = config(server="https://d", tls_server_name="outer")
    assert (both.host, both.tls_server_name) == ("https://d", "outer")


def test_compression_is_disabled_by_the_file_or_the_override_and_enabled_by_false() -> None:
    assert not config().disable_compression
    assert config("disable-compression: true").disable_compression
    assert config(disable_compression=True).disable_compression
    assert not config("disable-compression: true", disable_compression=False).disable_compression


@pytest.mark.parametrize("proxy", ["http://p:1", "https://p:1", "socks5://p:1"])
def test_a_proxy_replaces_that_of_the_file(proxy: str) -> None:
    assert config("proxy-url: 'http://q:1'", proxy_url=proxy).proxy_url == proxy


@pytest.mark.parametrize("proxy", ["ftp://p", "p:1", "not a url"])
def test_a_proxy_that_is_no_url_or_has_another_scheme_is_refused(proxy: str) -> None:
    with pytest.raises(ConfigError, match="proxy-url"):
        config(proxy_url=proxy)


def test_certificate_and_key_files_clear_the_data_and_the_reverse(tmp_path: Path) -> None:
    (tmp_path / "c").write_text("c")
    path = str(tmp_path / "c")
    data, files = (
        "client-certificate-data: Yw==, client-key-data: aw==",
        f"client-certificate: {path}, client-key: {path}",
    )
    changed = config(user=data, cert_file=path, key_file=path)
    assert (changed.cert_file, changed.cert_data, changed.key_file, changed.key_data) == (path, None, path, None)
    changed = config(user=files, cert_data=b"x", key_data=b"y")
    assert (changed.cert_file, changed.cert_data, changed.key_file, changed.key_data) == (None, b"x", None, b"y")


def test_a_token_replaces_token_and_token_file_and_the_reverse(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("from-file")
    for user in ("token: old", f"tokenFile: {path}"):
        changed = config(user=user, token="new")
        assert (changed.token, changed.token_file) == ("new", None)
    changed = config(user="token: old", token_file=str(path))
    assert (changed.token, changed.token_file) == (None, str(path))


def test_a_token_beside_basic_authentication_is_two_ways_to_authenticate() -> None:
    with pytest.raises(ConfigError, match="more than one way to authenticate"):
        config(user="username: a, password: b", token="t")
    changed = config(user="username: a, password: b", username="c", password="d")
    assert (changed.username, changed.password) == ("c", "d")


def test_a_token_precedes_an_exec_plugin() -> None:
    plugin = "exec: {command: p, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}"
    changed = config(user=plugin, token="t")
    assert changed.token == "t"
    assert changed.exec is not None


def test_the_user_to_act_as_is_merged_field_by_field() -> None:
    user = "as: a, as-uid: '1', as-groups: [g], as-user-extra: {k: [v], l: [w]}"
    whole = config(user=user).impersonate
    assert whole is not None
    assert (whole.user, whole.uid, whole.groups, whole.extra) == ("a", "1", ("g",), {"k": ("v",), "l": ("w",)})
    changed = config(user=user, as_user="b", as_groups=["h", "i"], as_extra={"k": ["x"]}).impersonate
    assert changed is not None
    assert (changed.user, changed.uid, changed.groups) == ("b", "1", ("h", "i"))
    assert changed.extra == {"k": ("x",), "l": ("w",)}
    alone = config(as_user="b", as_uid="2").impersonate
    assert alone is not None
    assert (alone.user, alone.uid) == ("b", "2")


def test_groups_without_a_user_to_act_as_are_refused() -> None:
    with pytest.raises(ConfigError, match="need a user to act as"):
        config(as_groups=["g"])


def test_one_text_instead_of_several_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="as_groups must be a sequence of str"):
        config(as_groups="admins")
    with pytest.raises(TypeError, match="as_extra must be a sequence of str"):
        config(as_extra={"k": "v"})


def test_a_namespace_replaces_that_of_the_context() -> None:
    assert config().namespace == "team"
    changed = config(namespace="other")
    assert (changed.namespace, changed.source.namespace) == ("other", "the argument")


def test_a_timeout_of_zero_is_none() -> None:
    assert config(timeout=0).timeout is None
    assert config(timeout=2.5).timeout == 2.5


def test_empty_values_are_not_given() -> None:
    unchanged = config(
        user="token: t", server="", token="", tls_server_name=None, as_groups=[], namespace="", timeout=None
    )
    assert unchanged == config(user="token: t")
    assert unchanged.source.replaced == ()


def test_an_unknown_override_is_a_type_error_with_the_near_name(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="no argument 'contxt'; did you mean 'context'"):
        config(contxt="x")
    with pytest.raises(TypeError, match="no argument 'contxt'"):
        load_config(tmp_path / "missing", contxt="x")  # type: ignore[call-arg]


def test_the_source_names_what_was_replaced_and_no_value() -> None:
    changed = config(server="https://d", token="secret", as_user="b", as_uid="1", namespace="n")
    assert changed.source.replaced == ("host", "token", "impersonate")
    assert "secret" not in repr(changed)


def test_a_server_alone_needs_no_kubeconfig_and_gets_no_credentials() -> None:
    alone = config_from_bytes(b"", server="https://d")
    assert (alone.host, alone.token) == ("https://d", None)
    assert config_from_bytes(b"", server="https://d", token="t").token == "t"


def test_without_a_context_a_cluster_or_a_server_the_configuration_is_empty() -> None:
    with pytest.raises(EmptyConfig, match="nothing in kubeconfig in memory"):
        config_from_bytes(b"", token="t")


def test_a_context_cluster_or_user_that_does_not_exist_is_named() -> None:
    with pytest.raises(ContextNotFound, match='context "y" does not exist; there are: "x"'):
        config(context="y")
    text = (CONFIG % ("", "")).encode()
    with pytest.raises(ConfigError, match=r'cluster "d".*no such cluster; there are: "c"'):
        config_from_bytes(text, cluster="d")
    with pytest.raises(ConfigError, match='user "v": no such user; there are: "u"'):
        config_from_bytes(text, user="v")


def test_paths_of_a_kubeconfig_in_memory_are_relative_to_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ca").write_text("ca")
    loaded = config("certificate-authority: ca")
    assert loaded.ca_file == str(tmp_path / "ca")
    assert (loaded.source.user_file, loaded.source.file) == ("", "kubeconfig in memory")
