"""What makes an entry of a kubeconfig unusable: one test per rule, and all problems in one error."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubeloop.config import Config, config_from_bytes, load_config, validate_kubeconfig
from kubeloop.errors import ConfigError, ContextNotFound, EmptyConfig, KubeloopError

V1 = "client.authentication.k8s.io/v1"
PLUGIN = f"command: p, apiVersion: {V1}, interactiveMode: Never"


def config(user: str = "", cluster: str = "server: 'https://c'") -> Config:
    return config_from_bytes(
        f"clusters: [{{name: c, cluster: {{{cluster}}}}}]\nusers: [{{name: u, user: {{{user}}}}}]\n"
        "contexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x".encode()
    )


@pytest.mark.parametrize(
    ("cluster", "problem"),
    [
        ("", "the cluster has no server"),
        ("tls-server-name: m", "the cluster has no server"),
        ("server: 'https://c', proxy-url: 'ftp://p'", "unsupported scheme 'ftp'"),
        ("server: 'https://c', certificate-authority: /no/such/ca", "cannot read certificate-authority /no/such/ca"),
    ],
)
def test_a_cluster_that_cannot_be_used(cluster: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config(cluster=cluster)
    assert str(caught.value).endswith(problem) or problem in str(caught.value)


@pytest.mark.parametrize(
    ("user", "problem"),
    [
        ("token: t, username: a", "more than one way to authenticate: basic and token"),
        ("token: t, password: b", "more than one way to authenticate: basic and token"),
        ("client-certificate-data: Yw==", "needs its key: set client-key or client-key-data"),
        ("client-certificate: /no/c, client-key-data: aw==", "cannot read client-certificate /no/c"),
        ("client-certificate-data: Yw==, client-key: /no/k", "cannot read client-key /no/k"),
        ("tokenFile: /no/t", "cannot read tokenFile /no/t"),
        (f"exec: {{{PLUGIN}}}, auth-provider: {{name: gcp}}", 'auth-provider "gcp" and exec; only one is allowed'),
        (f"exec: {{apiVersion: {V1}, interactiveMode: Never}}", "an exec plugin needs a command"),
        ("exec: {command: p, interactiveMode: Never}", "apiVersion '' of the exec plugin"),
        (
            f"exec: {{{PLUGIN}, env: [{{name: '', value: v}}]}}",
            "variable of the exec plugin has no name",
        ),
        (f"exec: {{command: p, apiVersion: {V1}}}", "needs an interactiveMode: Never, IfAvailable, Always"),
        (
            f"exec: {{command: p, apiVersion: {V1}, interactiveMode: Maybe}}",
            "must be one of Never, IfAvailable",
        ),
        ("as-uid: '1'", "need a user to act as"),
        ("as-groups: [g]", "need a user to act as"),
        ("as-user-extra: {k: [v]}", "need a user to act as"),
    ],
)
def test_a_user_that_cannot_be_used(user: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config(user)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    "user",
    [
        "",
        "token: t",
        "client-certificate-data: Yw==, client-key-data: aw==",
        f"exec: {{{PLUGIN}}}",
        f"exec: {{command: p, apiVersion: {V1}beta1}}",
        "as: me",
        "as: me, as-uid: '1', as-groups: [g], as-user-extra: {k: [v]}",
    ],
)
def test_a_user_that_can_be_used(user: str) -> None:
    assert config(user).host == "https://c"


def test_files_that_exist_can_be_used(tmp_path: Path) -> None:
    path = tmp_path / "pem"
    path.write_text("pem")
    used = config(
        f"client-certificate: {path}, client-key: {path}", f"server: 'https://c', certificate-authority: {path}"
    )
    assert (used.ca_file, used.cert_file, used.key_file) == (str(path), str(path), str(path))


def test_one_error_names_all_problems_of_both_entries() -> None:
    with pytest.raises(ConfigError) as caught:
        config("token: t, username: a, as-uid: '1', exec: {}", "proxy-url: 'ftp://p', certificate-authority: /no/ca")
    assert str(caught.value).startswith('kubeconfig in memory, context "x", cluster "c", user "u": the cluster has no')
    for problem in (
        "unsupported scheme 'ftp'",
        "need a user to act as",
        "more than one way to authenticate",
        "an exec plugin needs a command",
        "apiVersion '' of the exec plugin",
        "cannot read certificate-authority /no/ca",
    ):
        assert problem in str(caught.value)


def test_problems_of_other_entries_do_not_matter() -> None:
    text = (
        "clusters: [{name: c, cluster: {server: 'https://c'}}, {name: d, cluster: {}}]\n"
        "users: [{name: v, user: {token: t, username: a}}]\n"
        "contexts: [{name: x, context: {cluster: c}}, {name: z, context: {cluster: d, user: v}}]\ncurrent-context: x"
    )
    assert config_from_bytes(text.encode()).host == "https://c"


def test_a_program_can_tell_an_empty_configuration_and_a_missing_context_from_other_errors(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("")
    with pytest.raises(EmptyConfig):
        load_config(path)
    path.write_text("current-context: x")
    with pytest.raises(ContextNotFound):
        load_config(path)
    with pytest.raises(ConfigError) as caught:
        config(cluster="")
    assert type(caught.value) is ConfigError
    assert issubclass(EmptyConfig, ConfigError)
    assert issubclass(ContextNotFound, ConfigError)
    assert issubclass(ConfigError, KubeloopError)


def problems(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "config"
    path.write_text(text)
    return [problem.removeprefix(f"{path}: ") for problem in validate_kubeconfig(path)]


def test_every_entry_of_a_file_is_validated(tmp_path: Path) -> None:
    text = """
        clusters: [{name: c, cluster: {server: 'https://c'}}, {name: d, cluster: {}}]
        users: [{name: u, user: {token: t}}, {name: v, user: {token: t, username: a, as-uid: '1'}}]
        contexts:
        - {name: good, context: {cluster: c, user: u, namespace: web}}
        - {name: alone, context: {}}
        - {name: lost, context: {cluster: x, user: z}}
        - {name: dotted, context: {cluster: c, user: u, namespace: a.b}}
        - {name: '', context: {cluster: c, user: u}}
        current-context: missing
    """
    assert problems(tmp_path, text) == [
        'current-context "missing" does not exist',
        'context "": the name is empty',
        'context "alone": no user is set',
        'context "alone": no cluster is set',
        'context "dotted": the namespace "a.b" is not a DNS label',
        'context "lost": the user "z" does not exist',
        'context "lost": the cluster "x" does not exist',
        'user "v": more than one way to authenticate: basic and token; only one is allowed',
        'user "v": as-uid, as-groups and as-user-extra need a user to act as: set `as`',
        'cluster "d": the cluster has no server',
    ]


def test_names_from_a_file_do_not_reach_the_terminal_raw(tmp_path: Path) -> None:
    assert problems(tmp_path, 'contexts: [{name: "a\\e[1m", context: {cluster: c, user: u}}]') == [
        'context "a\\x1b[1m": the user "u" does not exist',
        'context "a\\x1b[1m": the cluster "c" does not exist',
    ]


def test_a_valid_file_has_no_problems_and_an_empty_one_is_no_configuration(tmp_path: Path) -> None:
    text = "clusters: [{name: c, cluster: {server: 'https://c'}}]\nusers: [{name: u, user: {token: t}}]"
    assert problems(tmp_path, text) == []
    with pytest.raises(EmptyConfig):
        problems(tmp_path, "")
