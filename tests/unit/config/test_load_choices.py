"""Decisions of loading that no other test covers: which missing file is an error, and when a client key counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kubeloop.config.kubeconfig import read_kubeconfigs
from kubeloop.config.kubeconfig_writer import read_kubeconfig
from kubeloop.config.load import build_config, load_config, validate_kubeconfig
from kubeloop.errors import ConfigError

GOOD = """
clusters: [{name: c, cluster: {server: "https://c"}}]
users: [{name: u, user: {token: t}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
"""


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "config"
    path.write_text(GOOD)
    return path


def test_a_missing_file_among_several_is_skipped(good: Path, tmp_path: Path) -> None:
    assert read_kubeconfigs([str(tmp_path / "missing"), str(good)]).current_context == "x"


def test_a_missing_file_among_several_of_the_environment_is_skipped(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'missing'}:{good}")
    assert load_config().host == "https://c"


@pytest.mark.parametrize(
    "load", [load_config, lambda path: build_config("", path), lambda path: build_config("c", path)]
)
def test_a_missing_file_that_was_asked_for_by_name_is_an_error(load: object, tmp_path: Path) -> None:
    assert callable(load)
    with pytest.raises(ConfigError, match=r"missing: no such kubeconfig"):
        load(str(tmp_path / "missing"))
    with pytest.raises(ConfigError, match="missing"):
        read_kubeconfigs([str(tmp_path / "missing")], must_exist=True)


@pytest.mark.parametrize("key", ["client-key: /no/such/key", "client-key-data: a2V5"])
def test_a_client_key_without_a_certificate_means_nothing(key: str, tmp_path: Path) -> None:
    """As in Go, the key's file is not even read."""
    path = tmp_path / "config"
    path.write_text(GOOD.replace("token: t", f"token: t, {key}"))
    config = load_config(path)
    assert (config.key_file, config.key_data, config.token) == (None, None, "t")


@pytest.mark.parametrize("certificate", ["client-certificate-data: Yw==", "client-certificate: cert.pem"])
def test_a_client_key_that_a_certificate_needs_must_be_readable(certificate: str, tmp_path: Path) -> None:
    path = tmp_path / "config"
    (tmp_path / "cert.pem").write_text("c")
    path.write_text(GOOD.replace("token: t", f"{certificate}, client-key: missing.pem"))
    with pytest.raises(ConfigError, match=r"cannot read client-key .*missing\.pem"):
        load_config(path)
    (tmp_path / "missing.pem").write_text("k")
    config = load_config(path)
    assert config.key_file == str(tmp_path / "missing.pem")
    path.write_text(GOOD.replace("token: t", f"{certificate}, client-key: gone.pem, client-key-data: a2V5"))
    assert load_config(path).key_data == b"key"


@pytest.mark.parametrize("read", [load_config, read_kubeconfig, validate_kubeconfig])
def test_an_empty_path_means_the_files_of_the_environment(
    read: Callable[..., object], good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for kubectl, where a script passes the option with a variable that may be empty: `--kubeconfig="$file"`."""
    monkeypatch.setenv("KUBECONFIG", str(good))
    assert repr(read("")) == repr(read())
