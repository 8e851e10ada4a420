"""From files to one config: which file, which context, and the results for each kind of entry."""

import logging

import pytest

from kubeloop.config import ExecPolicy, build_config, load_config
from kubeloop.config.load import choose_config
from kubeloop.errors import ConfigError

TWO = """
current-context: dev
clusters:
- {name: dev, cluster: {server: "https://dev:6443", insecure-skip-tls-verify: true, tls-server-name: inner}}
- {name: plain, cluster: {server: "http://plain:8080"}}
- {name: hollow, cluster: {}}
users:
- {name: dev, user: {token: dev-token, as: jane, as-groups: [ops]}}
- {name: cloud, user: {auth-provider: {name: gcp}}}
contexts:
- {name: dev, context: {cluster: dev, user: dev, namespace: team}}
- {name: plain, context: {cluster: plain, user: dev}}
- {name: anonymous, context: {cluster: dev}}
- {name: lost-cluster, context: {cluster: nowhere, user: dev}}
- {name: lost-user, context: {cluster: dev, user: nobody}}
- {name: hollow, context: {cluster: hollow, user: dev}}
- {name: cloud, context: {cluster: dev, user: cloud}}
"""


HOME = """
current-context: x
clusters: [{name: x, cluster: {server: "https://home"}}]
contexts: [{name: x, context: {cluster: x}}]
"""
BOTH = """
current-context: a
contexts: [{name: a, context: {cluster: a}}]
clusters:
- {name: a, cluster: {server: "https://a", certificate-authority: gone.crt, certificate-authority-data: UEVN}}
"""


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch, tmp_path):
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "POD_NAMESPACE"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))


@pytest.fixture
def two(tmp_path):
    path = tmp_path / "two"
    path.write_text(TWO)
    return path


def test_takes_the_file_given_before_all_others(two, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", "/nowhere")
    config = load_config(two)
    assert config.host == "https://dev:6443"
    assert config.token == "dev-token"
    assert config.namespace == "team"
    assert config.tls_server_name == "inner"
    assert config.impersonate.groups == ("ops",)
    assert str(config.source) == f'{two}, context "dev", cluster "dev", user "dev"'


def test_takes_the_files_of_the_environment_before_the_home_directory(two, tmp_path, monkeypatch):
    kube = tmp_path / "home" / ".kube"
    kube.mkdir()
    (kube / "config").write_text(HOME)
    assert load_config().host == "https://home"
    monkeypatch.setenv("KUBECONFIG", f"/nowhere:{two}:")
    assert load_config().host == "https://dev:6443"


def test_takes_the_context_cluster_user_and_namespace_asked_for(two):
    assert load_config(two, context="anonymous").token is None
    assert load_config(two, context="anonymous", user="dev").token == "dev-token"
    assert load_config(two, cluster="plain").host == "http://plain:8080"
    assert load_config(two, namespace="other").namespace == "other"
    assert load_config(two, context="plain").namespace == "default"


def test_does_not_send_credentials_in_the_clear(two, caplog):
    with caplog.at_level(logging.WARNING):
        config = load_config(two, context="plain")
    assert config.token is None
    assert config.impersonate.user == "jane"
    assert "not https" in caplog.text


@pytest.mark.parametrize(
    ("context", "complaint"),
    [
        ("missing", 'context "missing" does not exist; there are: "anonymous", "cloud"'),
        ("lost-cluster", 'context "lost-cluster", cluster "nowhere", user "dev": no such cluster; there are: "dev"'),
        ("lost-user", 'user "nobody": no such user; there are: "cloud", "dev"'),
        ("hollow", "the cluster has no server"),
        ("cloud", 'auth-provider "gcp" was removed from Kubernetes: install the exec plugin gke-gcloud-auth-plugin'),
    ],
)
def test_names_file_context_and_user_of_what_cannot_be_used(two, context, complaint):
    """(H8) A typing error never makes a user anonymous."""
    with pytest.raises(ConfigError) as caught:
        load_config(two, context=context)
    assert complaint in str(caught.value)
    assert str(two) in str(caught.value)


def test_lists_the_contexts_when_none_is_chosen(tmp_path):
    path = tmp_path / "config"
    path.write_text("contexts: [{name: a}, {name: b}]")
    with pytest.raises(ConfigError, match=r'no current-context; choose one of: "a", "b"'):
        load_config(path)


def test_says_what_to_do_when_there_is_nothing_at_all():
    with pytest.raises(
        ConfigError, match=r"no kubeconfig found \(.*/\.kube/config\), and this is not a pod: pass the path"
    ):
        load_config()


def test_a_file_given_must_exist(tmp_path):
    with pytest.raises(ConfigError, match="no such kubeconfig"):
        load_config(tmp_path / "none")


@pytest.fixture
def pod(tmp_path):
    """Return the environment and the service account directory of a pod."""
    account = tmp_path / "account"
    account.mkdir()
    (account / "token").write_text("pod-token")
    (account / "namespace").write_text("pod-namespace")
    return {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}, account


def test_takes_the_cluster_around_when_there_is_no_file(pod):
    config = choose_config(None, {}, *pod)
    assert (config.host, config.token, config.namespace) == ("https://10.0.0.1:443", "pod-token", "pod-namespace")
    assert choose_config(None, {"exec_policy": ExecPolicy("DenyAll")}, *pod).exec_policy == ExecPolicy("DenyAll")


def test_a_file_beats_the_cluster_around_and_its_empty_namespace_is_the_pods(two, monkeypatch, pod):
    monkeypatch.setenv("KUBECONFIG", str(two))
    assert choose_config(None, {}, *pod).host == "https://dev:6443"
    assert choose_config(None, {}, *pod).namespace == "team"
    assert choose_config(None, {"context": "anonymous"}, *pod).namespace == "pod-namespace"


def test_build_config_without_options_is_in_cluster(two, monkeypatch, pod):
    monkeypatch.setenv("KUBECONFIG", str(two))
    assert build_config("", "", *pod).host == "https://10.0.0.1:443"


def test_build_config_without_options_outside_of_a_cluster_is_the_default(two, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(two))
    assert build_config("", "").host == "https://dev:6443"


def test_build_config_takes_just_what_it_is_given(two, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(two))
    assert build_config("http://127.0.0.1:8080").host == "http://127.0.0.1:8080"
    assert build_config("https://127.0.0.1:8443").token is None  # https, which tokens need
    both = build_config("https://other:1", two)
    assert (both.host, both.token, both.tls_server_name) == ("https://other:1", "dev-token", None)


def test_an_address_alone_is_verified_and_compressed():
    config = build_config("https://a")
    assert (config.insecure_skip_tls_verify, config.disable_compression) == (False, False)


def test_build_config_wants_a_context_unless_it_has_an_address(tmp_path):
    path = tmp_path / "config"
    path.write_text(TWO.replace("current-context: dev", ""))
    with pytest.raises(ConfigError, match='no current-context; choose one of: "anonymous"'):
        build_config(kubeconfig=path)
    assert build_config("https://a", path).host == "https://a"


def test_an_address_does_not_stand_in_for_a_cluster_that_does_not_exist(two):
    """(H8)"""
    two.write_text(TWO.replace("current-context: dev", "current-context: lost-cluster"))
    with pytest.raises(ConfigError, match="no such cluster"):
        build_config("https://a", two)


@pytest.mark.parametrize(
    ("user", "warns"),
    [
        ("token: a", True),
        ("tokenFile: a", True),
        ("username: a", True),
        ("exec: {command: a}", True),
        ("client-certificate: a", True),
        ("client-certificate-data: UEVN", True),
        ("as: jane", False),
        ("", False),
    ],
)
def test_warns_once_of_credentials_that_a_server_without_tls_does_not_get(tmp_path, caplog, user, warns):
    path = tmp_path / "config"
    clusters = 'clusters: [{name: c, cluster: {server: "http://c"}}]'
    contexts = "contexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x"
    path.write_text(f"{clusters}\nusers: [{{name: u, user: {{{user}}}}}]\n{contexts}")
    with caplog.at_level(logging.WARNING):
        load_config(path)
    assert [record.levelname for record in caplog.records] == ["WARNING"] * warns


def test_without_a_home_directory_the_current_one_does_not_stand_in_for_it(tmp_path, monkeypatch):
    """(F17) A kubeconfig names programs to run."""

    def nobody(_):
        raise KeyError

    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", nobody)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").write_text(HOME)
    with pytest.raises(ConfigError, match=r"no kubeconfig found \(no home directory\)"):
        load_config()


def test_a_client_certificate_comes_with_its_key(tmp_path):
    path = tmp_path / "config"
    user = "users: [{name: u, user: {client-certificate%s: UEVN, client-key%s: UEVN}}]"
    (tmp_path / "UEVN").write_text("PEM")
    for suffix, pair in (("-data", (b"PEM", b"PEM", None, None)), ("", (None, None, *[str(tmp_path / "UEVN")] * 2))):
        path.write_text(HOME.replace("cluster: x}", "cluster: x, user: u}") + user % (suffix, suffix))
        config = load_config(path)
        assert (config.cert_data, config.key_data, config.cert_file, config.key_file) == pair


def test_data_beats_file(tmp_path):
    path = tmp_path / "config"
    path.write_text(BOTH)
    assert load_config(path).ca_data == b"PEM"
