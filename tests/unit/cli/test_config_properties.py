"""`kubeloop config set` and `unset`: one field, named as kubectl names it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from kubeloop.cli import main
from kubeloop.config import read_kubeconfig

Run = Callable[..., str]


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config"
    path.write_text(
        "clusters: [{name: 10.10.12.56, cluster: {server: https://k, disable-compression: true}}]\n"
        "users: [{name: u, user: {token: old, as-groups: [g], auth-provider: {name: oidc, config: {a.b: c, d: e}}}}]\n"
        "contexts: [{name: c, context: {cluster: k, user: u, namespace: web}}]\n"
        "current-context: c\n"
    )
    monkeypatch.setenv("KUBECONFIG", str(path))
    return path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*words: str, status: int = 0) -> str:
        assert main(["config", *words]) == status
        captured = capsys.readouterr()
        return captured.out if status == 0 else captured.err

    return run


def test_texts_and_booleans_are_set(run: Run) -> None:
    assert run("set", "clusters.10.10.12.56.server", "https://l") == 'Property "clusters.10.10.12.56.server" set.\n'
    run("set", "clusters.10.10.12.56.insecure-skip-tls-verify", "T")
    run("set", "clusters.10.10.12.56.disable-compression", "false")
    run("set", "contexts.new.namespace", "web")
    run("set", "current-context", "new")
    data = read_kubeconfig()
    assert data.clusters["10.10.12.56"] == {
        "server": "https://l",
        "disable-compression": False,
        "insecure-skip-tls-verify": True,
    }
    assert data.contexts["new"] == {"namespace": "web"}
    assert data.current_context == "new"


def test_certificates_are_set_in_base64_or_as_text(run: Run) -> None:
    encoded = base64.b64encode(b"certificate").decode()
    run("set", "users.u.client-certificate-data", encoded)
    run("set", "users.u.client-key-data", "key", "--set-raw-bytes")
    user = read_kubeconfig().users["u"]
    assert user["client-certificate-data"] == encoded
    assert base64.b64decode(user["client-key-data"]) == b"key"


def test_fields_of_the_plugin_and_of_the_provider_are_set(run: Run) -> None:
    run("set", "users.v.exec.command", "plugin")
    run("set", "users.v.exec.provideClusterInfo", "true")
    run("set", "users.u.auth-provider.config.id.token", "t")
    users = read_kubeconfig().users
    assert users["v"] == {"exec": {"command": "plugin", "provideClusterInfo": True}}
    assert users["u"]["auth-provider"] == {"name": "oidc", "config": {"a.b": "c", "d": "e", "id.token": "t"}}


def test_fields_and_entries_are_unset(run: Run) -> None:
    assert run("unset", "contexts.c.namespace") == 'Property "contexts.c.namespace" unset.\n'
    run("unset", "users.u.as-groups")
    run("unset", "users.u.auth-provider.config.a.b")
    run("unset", "users.u.exec.command")
    run("unset", "clusters.10.10.12.56")
    run("unset", "current-context")
    data = read_kubeconfig()
    assert data.contexts == {"c": {"cluster": "k", "user": "u"}}
    assert data.users == {"u": {"token": "old", "auth-provider": {"name": "oidc", "config": {"d": "e"}}}}
    assert (data.clusters, data.current_context) == ({}, "")


def test_a_whole_list_is_unset_and_what_is_missing_is_no_error(run: Run) -> None:
    run("unset", "users")
    run("unset", "users.x")
    assert read_kubeconfig().users == {}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["set", "clusters.k.server", ""], 'got an empty text: "kubeloop config unset" removes a property'),
        (["set", "", "x"], 'unknown field ""; there are: current-context, clusters, users, contexts'),
        (["set", "cluster.k.server", "x"], "unknown field \"cluster\"; did you mean 'clusters'"),
        (["set", "users.u.tokn", "x"], "cannot set users.u.tokn: expected a path to one value"),
        (["set", "users.u.exec.comand", "x"], "unknown field \"comand\"; did you mean 'command'"),
        (["set", "users.u.token.x", "x"], 'unknown field "x"; there are: none'),
        (["set", "users.u", "x"], "expected a path to one value"),
        (["set", "users.u.exec", "x"], "expected a path to one value"),
        (["set", "users.u.as-groups", "x"], "expected a path to one value"),
        (["set", "clusters.k.disable-compression", "maybe"], "expected true or false, got 'maybe'"),
        (["set", "users.u.client-key-data", "secret-1"], "expected base64; --set-raw-bytes accepts other text"),
        (["set", "current-context.x", "x"], 'unknown field "current-context"'),
        (["unset", "contexts.x.namespace"], 'there is no "x"'),
        (["unset", "preferences"], 'unknown field "preferences"'),
    ],
)
def test_what_cannot_be_set_is_one_line_and_changes_nothing(
    path: Path, run: Run, words: list[str], message: str
) -> None:
    before = path.read_text()
    text = run(*words, status=1)
    assert message in text
    assert text.count("\n") == 1
    assert "secret-1" not in text
    assert path.read_text() == before
