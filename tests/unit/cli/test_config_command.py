"""`kubeloop config`: the names, options and output of `kubectl config`."""

import base64
import json

import pytest

from kubeloop.cli import main
from kubeloop.config import read_kubeconfig
from kubeloop.meta import yaml


@pytest.fixture
def path(tmp_path, monkeypatch):
    path = tmp_path / "config"
    path.write_text(
        "clusters: [{name: k, cluster: {server: https://k, certificate-authority-data: Y2E=}}]\n"
        "users: [{name: u, user: {token: secret}}, {name: v, user: {}}]\n"
        "contexts:\n"
        "- {name: long-name, context: {cluster: k, user: u, namespace: web}}\n"
        "- {name: b, context: {cluster: k}}\n"
        "current-context: b\n"
    )
    monkeypatch.setenv("KUBECONFIG", str(path))
    return path


@pytest.fixture
def run(capsys):
    def run(*words, status=0):
        assert main(["config", *words]) == status
        captured = capsys.readouterr()
        return captured.out if status == 0 else captured.err

    return run


def test_view_redacts(path, run):
    shown = yaml.load(run("view"))
    assert shown["clusters"][0]["cluster"] == {"server": "https://k", "certificate-authority-data": "DATA+OMITTED"}
    assert shown["users"][0]["user"] == {"token": "REDACTED"}
    assert shown["current-context"] == "b"


def test_view_raw_as_json_shows_everything(path, run):
    assert json.loads(run("view", "--raw", "-o", "json")) == read_kubeconfig(path).document()


def test_view_prints_with_a_jsonpath_template_and_redacts(path, run):
    template = '{range .users[*]}{.name}={.user.token}{"\\n"}{end}{.missing}'
    assert run("view", "-o", f"jsonpath={template}") == "u=REDACTED\nv=\n"
    assert run("view", "--raw", "-o", f"jsonpath={template}") == "u=secret\nv=\n"


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("jsonpath={.users", "the braces are not closed; add } (position 0)"),
        ("jsonpath=", "expected yaml, json or jsonpath=TEMPLATE, got 'jsonpath='"),
        ("xml", "expected yaml, json or jsonpath=TEMPLATE, got 'xml'"),
    ],
)
def test_view_refuses_other_formats(path, capsys, output, message):
    with pytest.raises(SystemExit):
        main(["config", "view", "-o", output])
    assert message in capsys.readouterr().err


def test_view_minified_shows_one_context(path, run):
    shown = yaml.load(run("view", "--minify", "--context", "long-name"))
    assert (shown["users"], shown["current-context"]) == ([{"name": "u", "user": {"token": "REDACTED"}}], "long-name")
    assert shown["clusters"][0]["cluster"]["certificate-authority-data"] == "DATA+OMITTED"


def test_view_flattened_is_not_redacted(path, run, tmp_path):
    (tmp_path / "crt").write_text("certificate")
    run("set-credentials", "v", "--client-certificate", str(tmp_path / "crt"))
    shown = yaml.load(run("view", "--flatten"))
    assert shown["users"][1]["user"] == {"client-certificate-data": base64.b64encode(b"certificate").decode()}
    assert shown["users"][0]["user"] == {"token": "secret"}


def test_get_contexts_prints_the_table_of_kubectl(path, run):
    assert run("get-contexts") == (
        "CURRENT   NAME        CLUSTER   AUTHINFO   NAMESPACE\n"
        "*         b           k                    \n"
        "          long-name   k         u          web\n"
    )
    assert run("get-contexts", "-o", "name") == "b\nlong-name\n"
    assert run("get-contexts", "--no-headers", "long-name") == "      long-name   k     u     web\n"


def test_get_contexts_reports_missing_names(path, run):
    assert run("get-contexts", "b", "x", status=1) == "kubeloop: context x not found\n"


def test_names_of_clusters_and_users_are_listed(path, run):
    assert (run("get-clusters"), run("get-users")) == ("NAME\nk\n", "NAME\nu\nv\n")


def test_validate_prints_the_problems_of_all_entries(path, run, capsys):
    assert main(["config", "validate"]) == 1
    assert capsys.readouterr().out == f'{path}: context "b": no user is set\n'
    run("delete-context", "b")
    run("use-context", "long-name")
    assert run("validate") == ""


def test_use_context_sets_the_current_context(path, run):
    assert run("use-context", "long-name") == 'Switched to context "long-name".\n'
    assert run("current-context") == "long-name\n"
    expected = 'kubeloop: no context exists with the name: "x"; there are: b, long-name\n'
    assert run("use-context", "x", status=1) == expected
    assert read_kubeconfig().current_context == "long-name"


def test_without_a_current_context_there_is_nothing_to_print(tmp_path, run):
    assert run("current-context", "--kubeconfig", str(tmp_path / "new"), status=1) == (
        'kubeloop: current-context is not set; choose a context with "kubeloop config use-context"; there are: none\n'
    )


def test_set_context_creates_and_modifies(path, run):
    assert run("set-context", "new", "--cluster=k") == 'Context "new" created.\n'
    assert run("set-context", "--current", "-n", "other") == 'Context "b" modified.\n'
    assert run("set-context", "long-name", "--namespace=") == 'Context "long-name" modified.\n'
    contexts = read_kubeconfig().contexts
    assert contexts["new"] == {"cluster": "k", "user": ""}
    assert contexts["b"] == {"cluster": "k", "namespace": "other"}
    assert contexts["long-name"] == {"cluster": "k", "user": "u"}


@pytest.mark.parametrize(("words", "got"), [([], "neither"), (["a", "--current"], "both")])
def test_set_context_needs_a_name_or_the_current_context(path, run, words, got):
    assert f"got {got}" in run("set-context", *words, status=1)


def test_set_cluster_changes_only_what_is_named(path, run, tmp_path):
    (tmp_path / "ca.crt").write_text("authority")
    assert run("set-cluster", "k", "--tls-server-name=n", "--proxy-url=http://p") == 'Cluster "k" set.\n'
    expected = {
        "server": "https://k",
        "certificate-authority-data": "Y2E=",
        "tls-server-name": "n",
        "proxy-url": "http://p",
    }
    assert read_kubeconfig().clusters["k"] == expected
    run("set-cluster", "k", "--server=https://other", "--insecure-skip-tls-verify=true", "--proxy-url=")
    assert read_kubeconfig().clusters["k"] == {"server": "https://other", "insecure-skip-tls-verify": True}
    run("set-cluster", "k", "--certificate-authority", str(tmp_path / "ca.crt"))
    assert read_kubeconfig().clusters["k"] == {"server": "https://other", "certificate-authority": "ca.crt"}
    run("set-cluster", "k", "--embed-certs", "--certificate-authority", str(tmp_path / "ca.crt"))
    data = base64.b64encode(b"authority").decode()
    assert read_kubeconfig().clusters["k"] == {"server": "https://other", "certificate-authority-data": data}


@pytest.mark.parametrize(
    "words",
    [
        ["set-cluster", "k", "--insecure-skip-tls-verify", "--certificate-authority=x"],
        ["set-cluster", "k", "--embed-certs"],
        ["set-cluster", "k", "--embed-certs", "--certificate-authority=/missing"],
        ["set-cluster", ""],
        ["set-credentials", ""],
        ["set-credentials", "u", "--token=secret-1", "--username=u"],
        ["set-credentials", "u", "--embed-certs=true"],
        ["set-credentials", "u", "--exec-env", "secret-1"],
        ["delete-user", "x"],
        ["delete-cluster", "x"],
        ["delete-context", "x"],
        ["rename-context", "b", "long-name"],
        ["view", "--minify", "--context=x"],
    ],
)
def test_what_cannot_be_done_is_one_line_and_changes_nothing(path, run, words):
    before = path.read_text()
    text = run(*words, status=1)
    assert text.startswith("kubeloop: ")
    assert text.count("\n") == 1
    assert "secret-1" not in text
    assert path.read_text() == before


def test_set_credentials_knows_one_way_at_a_time(path, run):
    assert run("set-credentials", "u", "--username=a", "--password=b") == 'User "u" set.\n'
    assert read_kubeconfig().users["u"] == {"username": "a", "password": "b"}
    run("set-credentials", "u", "--token=t")
    assert read_kubeconfig().users["u"] == {"token": "t"}


def test_set_credentials_changes_the_auth_provider(path, run):
    run("set-credentials", "v", "--auth-provider=oidc", "--auth-provider-arg=client-id=a=b", "--auth-provider-arg=x=y")
    run("set-credentials", "v", "--auth-provider=oidc", "--auth-provider-arg=x-")
    assert read_kubeconfig().users["v"] == {"auth-provider": {"config": {"client-id": "a=b"}, "name": "oidc"}}


def test_set_credentials_changes_the_exec_plugin(path, run):
    version = "client.authentication.k8s.io/v1"
    run("set-credentials", "v", "--exec-command=p", f"--exec-api-version={version}", "--exec-arg=a,b", "--exec-env=A=1")
    run("set-credentials", "v", "--exec-env=A=2", "--exec-env=B=3", "--exec-interactive-mode=Never")
    expected = {
        "command": "p",
        "args": ["a", "b"],
        "env": [{"name": "A", "value": "2"}, {"name": "B", "value": "3"}],
        "provideClusterInfo": False,
        "apiVersion": version,
        "interactiveMode": "Never",
    }
    assert read_kubeconfig().users["v"]["exec"] == expected
    run("set-credentials", "v", "--exec-command=q", "--exec-env=A-", "--exec-provide-cluster-info")
    expected |= {"command": "q", "args": None, "env": [{"name": "B", "value": "3"}], "provideClusterInfo": True}
    assert read_kubeconfig().users["v"]["exec"] == expected


def test_options_of_the_exec_plugin_are_ignored_without_one(path, run):
    run("set-credentials", "v", "--exec-arg=a")
    assert read_kubeconfig().users["v"] == {}


def test_a_value_that_is_not_a_boolean_is_refused(path, capsys):
    with pytest.raises(SystemExit):
        main(["config", "set-cluster", "--embed-certs", "k"])
    assert "expected true or false, got 'k'" in capsys.readouterr().err


def test_entries_are_deleted(path, run):
    assert run("delete-user", "u") == f"deleted user u from {path}\n"
    assert run("delete-cluster", "k") == f"deleted cluster k from {path}\n"
    assert run("delete-context", "long-name") == f"deleted context long-name from {path}\n"
    data = read_kubeconfig()
    assert (list(data.users), list(data.clusters), list(data.contexts)) == (["v"], [], ["b"])


def test_deleting_the_current_context_is_reported(path, capsys):
    assert main(["config", "delete-context", "b"]) == 0
    assert capsys.readouterr().err.startswith("warning: this removed the current context")


def test_rename_context_keeps_it_current(path, run):
    assert run("rename-context", "b", "c") == 'Context "b" renamed to "c".\n'
    assert run("current-context") == "c\n"


def test_names_are_printed_without_control_characters(path, run):
    run("rename-context", "b", "a\x1b[1m")
    assert run("current-context") == "a\\x1b[1m\n"
