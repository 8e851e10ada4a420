"""Kubeconfigs that are broken or lead nowhere: one ConfigError with the cause, the place and the next step, and no
secret.
"""

import os
from pathlib import Path

import pytest

from kubeloop.config import Config, build_config, load_config
from kubeloop.config.credential_sources import credential_source
from kubeloop.errors import ConfigError, CredentialError
from kubeloop.transport import open_transport

GOOD_CLUSTER = 'clusters: [{name: c, cluster: {server: "https://c"}}]'
GOOD_CONTEXT = "contexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x"
V1 = "client.authentication.k8s.io/v1"


def with_old_context(*, cluster="server: 'https://c'", user="token: t"):
    """Return a kubeconfig whose current context can be used, with a context `old` of this cluster and this user."""
    clusters = f"{GOOD_CLUSTER[:-1]}, {{name: old, cluster: {{{cluster}}}}}]"
    users = f"users: [{{name: old, user: {{{user}}}}}, {{name: u, user: {{token: t}}}}]"
    contexts = GOOD_CONTEXT.replace("[{", "[{name: old, context: {cluster: old, user: old}}, {")
    return f"{clusters}\n{users}\n{contexts}"


@pytest.fixture
def load(tmp_path):
    def load(text, **options):
        path = tmp_path / "config"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_config(path, **options)

    load.path = tmp_path / "config"
    return load


def said_by(error):
    """Return everything that a traceback would show of this error."""
    said = []
    while error is not None:
        said.append(f"{error} {error!r}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return " ".join(said)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("users: [{name: u, user: {token: SECRET", "not YAML: line 1, column "),
        ("token: *SECRET", "not YAML"),
        ("a: [\nSECRET: ]: }", "not YAML: line 2"),
        (b"\xff\xfe\xff", "not YAML"),
        (b"token: \x00SECRET", "not YAML"),
        ("- SECRET", "must be a mapping"),
        ("SECRET", "must be a mapping"),
        ("---\na: [\n---\nb: SECRET", "not YAML"),
        ("apiVersion: v2", "not a kubeconfig: apiVersion 'v2'"),
        ("kind: Secret", "kind 'Secret'"),
        ("clusters: {c: SECRET}", "clusters must be a list"),
        ("clusters: [SECRET]", "clusters[0]: must be a mapping"),
        ("clusters: [{name: c, cluster: SECRET}]", "clusters[0].cluster: must be a mapping"),
        ("users: [{name: u, user: {token: 12345678}}]", "users[0].user.token must be a string (quote it)"),
        ("users: [{name: 5}]", "users[0].name must be a string"),
        ("users: [{name: u, user: {client-key-data: SECRET!}}]", "users[0].user.client-key-data must be base64"),
        ("users: [{name: u, user: {as-groups: [1]}}]", "as-groups must be a list of strings"),
        ("users: [{name: u, user: {as-user-extra: [SECRET]}}]", "as-user-extra: must be a mapping"),
        ("clusters: [{name: c, cluster: {insecure-skip-tls-verify: 'yes'}}]", "must be true or false"),
    ],
)
def test_names_the_file_and_the_field_and_no_value(load, text, complaint):
    with pytest.raises(ConfigError) as caught:
        load(text)
    assert complaint in str(caught.value)
    assert str(load.path) in str(caught.value)
    assert "SECRET" not in said_by(caught.value)
    assert "12345678" not in said_by(caught.value)


@pytest.mark.parametrize(
    ("cluster", "complaint"),
    [
        ("server: ''", "the cluster has no server"),
        ("server: 'https://a..b'", "must have 1 to 63 characters"),
        ("server: 'https://c', tls-server-name: a..b", "must have 1 to 63 characters"),
        ("server: 'https://c', proxy-url: 'http://a..b'", "must have 1 to 63 characters"),
        ("server: 'https://c', proxy-url: 'http://me:12/SECRET@proxy:1'", "write / as %2F"),
        ("server: 'https://'", "not a URL"),
        ("server: 'ftp://c'", "http or https"),
        ("server: 'https://me:SECRET@c'", "user entry"),
        ("server: 'https://c', certificate-authority: gone.crt", "cannot read certificate-authority"),
        ("server: 'https://c', insecure-skip-tls-verify: true, certificate-authority-data: UEVN", "remove one"),
        ("server: 'https://c', proxy-url: 'me:SECRET@proxy:1'", "needs a scheme"),
        ("server: 'https://c', proxy-url: 'socks4://me:SECRET@proxy:1'", "unsupported scheme 'socks4'"),
    ],
)
def test_names_file_context_cluster_and_user_of_a_cluster_that_cannot_be_used(load, cluster, complaint):
    text = f"clusters: [{{name: c, cluster: {{{cluster}}}}}]\nusers: [{{name: u, user: {{}}}}]\n{GOOD_CONTEXT}"
    with pytest.raises(ConfigError) as caught:
        load(text)
    assert complaint in str(caught.value)
    assert f'{load.path}, context "x", cluster "c", user "u"' in str(caught.value)
    assert "SECRET" not in said_by(caught.value)


@pytest.mark.parametrize(
    ("user", "complaint"),
    [
        ("token: SECRET, username: joe", "only one is allowed"),
        ("token: SECRET, password: SECRET", "only one is allowed"),
        ("as-groups: [a]", "need a user to act as"),
        ("as-uid: SECRET", "need a user to act as"),
        ("as-user-extra: {SECRET: [a]}", "need a user to act as"),
        ("client-certificate-data: UEVN, client-key: gone.key", "cannot read client-key"),
        ("client-certificate: config, client-key: gone.key", "cannot read client-key"),
        ("auth-provider: {}", 'auth-provider "unnamed" is not supported, only oidc is'),
        ("exec: {}", "an exec plugin needs a command"),
        (
            'exec: {command: "a\\0SECRET", apiVersion: V1, interactiveMode: Never}',
            "the command of the exec plugin contains a",
        ),
        ('exec: {command: a, args: ["SECRET\\0"], apiVersion: V1, interactiveMode: Never}', "an argument of the exec"),
        (
            'exec: {command: a, env: [{name: "A=SECRET", value: b}], apiVersion: V1, interactiveMode: Never}',
            "has no name, or a name with =",
        ),
        (
            'exec: {command: a, env: [{name: A, value: "SECRET\\0"}], apiVersion: V1, interactiveMode: Never}',
            "an env variable of the exec",
        ),
        ("client-certificate-data: UEVN", "a client certificate needs its key"),
        ("client-certificate: gone.crt, client-key: gone.key", "cannot read client-certificate"),
        ("tokenFile: gone", "cannot read tokenFile"),
        (
            "auth-provider: {name: gcp}",
            'auth-provider "gcp" was removed from Kubernetes: install the exec plugin gke-gcloud-auth-plugin',
        ),
        (
            "auth-provider: {name: azure, config: {x: SECRET}}",
            "install the exec plugin kubelogin (https://github.com/Azure/kubelogin) and run `kubelogin convert",
        ),
        ("auth-provider: {name: openstack}", "use the exec plugin client-keystone-auth"),
        ("auth-provider: {name: oidc, config: {client-secret: SECRET}}", "needs an issuer: set idp-issuer-url"),
        ("auth-provider: {name: mine}", 'auth-provider "mine" is not supported, only oidc is: use an exec plugin'),
        (
            f"auth-provider: {{name: gcp}}, exec: {{command: a, apiVersion: {V1}, interactiveMode: Never}}",
            'more than one way to authenticate: auth-provider "gcp" and exec',
        ),
        ("exec: {args: [SECRET]}", "an exec plugin needs a command"),
        ("exec: {command: a}", "apiVersion ''"),
        ("exec: {command: a, apiVersion: client.authentication.k8s.io/v1alpha1}", "supported are client.auth"),
        (f"exec: {{command: a, apiVersion: {V1}}}", "needs an interactiveMode: Never, IfAvailable, Always"),
        (f"exec: {{command: a, apiVersion: {V1}, interactiveMode: Sometimes}}", "must be one of Never"),
        (f"exec: {{command: a, apiVersion: {V1}, interactiveMode: Never, env: [{{value: SECRET}}]}}", "has no name"),
    ],
)
def test_names_the_user_that_cannot_be_used(load, user, complaint):
    with pytest.raises(ConfigError) as caught:
        load(f"{GOOD_CLUSTER}\nusers: [{{name: u, user: {{{user.replace(': V1', f': {V1}')}}}}}]\n{GOOD_CONTEXT}")
    assert complaint in str(caught.value)
    assert str(load.path) in str(caught.value)
    assert "SECRET" not in said_by(caught.value)


@pytest.mark.parametrize(
    "user",
    [
        "exec: {command: a, apiVersion: client.authentication.k8s.io/v1alpha1}",
        "exec: {}",
        f"exec: {{command: a, apiVersion: {V1}}}",
        f'exec: {{command: "a\\0", apiVersion: {V1}, interactiveMode: Sometimes, env: [{{value: b}}]}}',
        "auth-provider: {name: gcp, config: {x: z}}",
        "auth-provider: {name: gcp}, exec: {command: a}",
        "client-certificate: gone.crt, client-key: gone.key",
        "client-certificate-data: UEVN",
        "tokenFile: gone",
        "token: a, username: b",
        "as-groups: [a]",
    ],
)
def test_another_user_that_cannot_be_used_does_not_matter(load, user):
    """(B4) Many kubeconfigs still contain contexts of years ago; client-go's ConfirmUsable."""
    text = with_old_context(user=user)
    assert load(text).token == "t"
    with pytest.raises(ConfigError, match='context "old"'):
        load(text, context="old")


@pytest.mark.parametrize(
    "cluster",
    [
        "server: ''",
        "server: 'ftp://c'",
        "server: 'https://c', certificate-authority: gone",
        "server: 'https://c', proxy-url: 'socks4://p'",
        "server: 'https://c', insecure-skip-tls-verify: true, certificate-authority-data: UEVN",
    ],
)
def test_another_cluster_that_cannot_be_used_does_not_matter(load, cluster):
    """(B4)"""
    text = with_old_context(cluster=cluster)
    assert load(text).token == "t"
    with pytest.raises(ConfigError, match='cluster "old"'):
        load(text, context="old")


def test_the_extension_for_a_plugin_may_be_json_of_any_shape(load):
    """(B4) Only the plugin reads it."""
    extension = "extensions: [{name: client.authentication.k8s.io/exec, extension: [1, a]}]"
    clusters = GOOD_CLUSTER.replace("}}]", f", {extension}}}}}]")
    user = f"exec: {{command: a, apiVersion: {V1}, interactiveMode: Never}}"
    config = load(f"{clusters}\nusers: [{{name: u, user: {{{user}}}}}]\n{GOOD_CONTEXT}")
    assert config.exec.cluster_config == [1, "a"]


@pytest.mark.parametrize(
    ("user", "authorization"),
    [
        ("password: pw", None),
        ("username: '', password: pw", None),
        ("password: pw, tokenFile: config", "Bearer t"),
        ("username: joe", "Basic am9lOg=="),
    ],
)
async def test_without_a_user_name_there_is_no_basic_authentication(load, tmp_path, user, authorization):
    """(E9) As in Go. (Go refuses a token beside a password, with or without a name, and so does kubeloop.)"""
    (tmp_path / "token").write_text("t")
    user = user.replace("tokenFile: config", "tokenFile: token")
    config = load(f"{GOOD_CLUSTER}\nusers: [{{name: u, user: {{{user}}}}}]\n{GOOD_CONTEXT}")
    assert (await credential_source(config).fetch()).authorization == authorization


@pytest.mark.parametrize(
    ("cluster", "user"),
    [
        ("certificate-authority: gone, certificate-authority-data: UEVN", ""),
        ("", "client-certificate: gone, client-certificate-data: UEVN, client-key-data: UEVN"),
        ("", "client-certificate-data: UEVN, client-key: gone, client-key-data: UEVN"),
        ("", "token: t, tokenFile: gone"),
    ],
)
def test_a_file_that_data_stand_beside_need_not_be_there(load, cluster, user):
    """(B4) The file is not used."""
    clusters = GOOD_CLUSTER.replace("}}]", f", {cluster}}}}}]")
    load(f"{clusters}\nusers: [{{name: u, user: {{{user}}}}}]\n{GOOD_CONTEXT}")


def test_a_key_without_a_certificate_is_of_no_meaning(load):
    """(B4) As in Go, in a kubeconfig."""
    config = load(f"{GOOD_CLUSTER}\nusers: [{{name: u, user: {{client-key: gone.key}}}}]\n{GOOD_CONTEXT}")
    assert (config.key_file, config.key_data) == (None, None)


@pytest.mark.parametrize("use", [load_config, lambda path: build_config(kubeconfig=path)])
def test_a_tilde_is_the_home_directory(load, tmp_path, monkeypatch, use):
    """(E8)"""
    load(f"{GOOD_CLUSTER}\nusers: [{{name: u, user: {{token: t}}}}]\n{GOOD_CONTEXT}")
    monkeypatch.setenv("HOME", str(tmp_path))
    for path in ("~/config", Path("~/config")):
        assert use(path).token == "t"
    with pytest.raises(ConfigError, match=f"^{tmp_path}/none: no such kubeconfig"):
        use("~/none")


def test_names_a_file_that_cannot_be_read(load):
    # Not because of the file's mode: root reads everything.
    load.path.symlink_to(load.path)
    with pytest.raises(ConfigError, match=f"^{load.path}: cannot read this kubeconfig: Too many levels of symbolic"):
        load_config(load.path)


def test_names_a_directory_in_place_of_a_file(tmp_path):
    with pytest.raises(ConfigError, match="cannot read this kubeconfig: Is a directory"):
        load_config(tmp_path)


def test_a_broken_file_is_not_passed_over_for_a_good_one(load, tmp_path, monkeypatch):
    load.path.write_text("{")
    good = tmp_path / "good"
    good.write_text(f"{GOOD_CLUSTER}\nusers: [{{name: u}}]\n{GOOD_CONTEXT}")
    monkeypatch.setenv("KUBECONFIG", f"{load.path}{os.pathsep}{good}")
    with pytest.raises(ConfigError, match=f"{load.path}: not YAML"):
        load_config()


def test_a_document_that_is_mostly_aliases_does_not_eat_the_memory(load):
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 12))
    with pytest.raises(ConfigError, match="not YAML"):
        load(f"l0: &l0 [a, a, a, a, a, a, a, a, a]\n{levels}")


@pytest.mark.parametrize(
    ("settings", "kind", "complaint"),
    [
        ({"ca_data": b"SECRET"}, ConfigError, "contains no PEM certificate"),
        (
            {"cert_data": b"SECRET", "key_data": b"SECRET", "insecure_skip_tls_verify": True},
            CredentialError,
            "together",
        ),
        ({"token": "SECRET\n\nSECRET"}, CredentialError, "a header cannot contain"),
        ({"proxy_url": "socks4://me:SECRET@p"}, ConfigError, "unsupported scheme 'socks4'"),
    ],
)
def test_what_no_transport_can_use_fails_when_it_is_opened(settings, kind, complaint):
    with pytest.raises(kind, match=complaint) as caught:
        open_transport(Config(host="https://c", **settings))
    assert "SECRET" not in said_by(caught.value)


def test_names_the_environment_when_its_proxy_cannot_be_used(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "socks4://me:SECRET@p:1")
    with pytest.raises(ConfigError, match=r"from the environment: HTTPS_PROXY or HTTP_PROXY") as caught:
        open_transport(Config(host="https://c.example", insecure_skip_tls_verify=True))
    assert "SECRET" not in said_by(caught.value)
