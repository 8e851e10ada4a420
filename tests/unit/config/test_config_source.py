"""The `source` of a config, as its `repr` shows it: the file, context, variable or argument of each part."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubeloop.config import Config, Source, build_config, load_config
from kubeloop.config.in_cluster import in_cluster_config

CONTEXT = """
apiVersion: v1
kind: Config
current-context: dev
contexts: [{name: dev, context: {cluster: dev, user: jane, namespace: team}}]
"""
CLUSTER = "clusters: [{name: dev, cluster: {server: 'https://dev:6443'}}]\n"
USER = "users: [{name: jane, user: {token: SECRET}}]\n"


@pytest.fixture
def one(tmp_path: Path) -> Path:
    path = tmp_path / "config"
    path.write_text(CONTEXT + CLUSTER + USER)
    return path


@pytest.fixture
def account(tmp_path: Path) -> Path:
    (tmp_path / "token").write_text("SECRET")
    return tmp_path


def test_a_file_that_was_given(one: Path) -> None:
    shown = f'<{one} (from the argument); context "dev"; cluster "dev"; user "jane"; namespace from the context>'
    assert repr(load_config(one).source) == shown
    assert repr(load_config(one)).endswith(f"source={shown})")


def test_a_file_of_the_environment(one: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(one))
    assert "(from KUBECONFIG)" in repr(load_config())


def test_a_file_of_the_home_directory(one: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (one.parent / ".kube").mkdir()
    one.rename(one.parent / ".kube" / "config")
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(one.parent))
    assert "/.kube/config (from the home directory);" in repr(load_config())


def test_entries_of_several_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [tmp_path / name for name in ("contexts", "clusters", "users")]
    for path, text in zip(files, (CONTEXT, CLUSTER, USER), strict=True):
        path.write_text(text)
    monkeypatch.setenv("KUBECONFIG", ":".join(map(str, files)))
    assert repr(load_config().source) == (
        f'<{files[0]} (from KUBECONFIG); context "dev"; cluster "dev" in {files[1]}; user "jane" in {files[2]}; '
        "namespace from the context>"
    )


def test_a_namespace_that_was_given(one: Path) -> None:
    assert load_config(one, namespace="mine").source.namespace == "the argument"


def test_an_address_that_was_given(one: Path) -> None:
    assert repr(build_config("https://other", one).source).endswith("; namespace from the context; replaced: host>")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"POD_NAMESPACE": "mine"}, "; namespace from POD_NAMESPACE>"),
        ({}, "; namespace from the service account>"),
    ],
)
def test_the_cluster_around(account: Path, environ: dict[str, str], expected: str) -> None:
    (account / "namespace").write_text("team")
    service = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}
    source = in_cluster_config({**service, **environ}, account).source
    assert repr(source) == f"<in-cluster (from KUBERNETES_SERVICE_HOST){expected}"


def test_a_pod_without_a_namespace_file_names_no_source_of_its_namespace(account: Path) -> None:
    service = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}
    assert repr(in_cluster_config(service, account).source) == "<in-cluster (from KUBERNETES_SERVICE_HOST)>"


def test_what_was_replaced_is_named_once(one: Path) -> None:
    config = load_config(one).replace(timeout=5.0).replace(timeout=6.0, qps=1.0)
    assert config.source.replaced == ("timeout", "qps")
    assert repr(config).endswith("; replaced: timeout, qps>)")


def test_a_config_of_arguments_has_no_source() -> None:
    assert Config(host="https://a").replace(timeout=5.0).source == Source()
    assert repr(Config(host="https://a")) == "Config(host='https://a')"
    assert repr(Source()) == "<arguments>"


def test_a_message_names_the_file_and_the_entries_only(one: Path) -> None:
    assert str(load_config(one).source) == f'{one}, context "dev", cluster "dev", user "jane"'


def test_no_secret_is_shown_and_a_hostile_name_does_not_reach_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(CONTEXT.replace("dev", '"d\\e[31m"') + CLUSTER.replace("dev,", '"d\\e[31m",') + USER)
    shown = repr(load_config(path))
    assert "SECRET" not in shown
    assert shown.isprintable()
