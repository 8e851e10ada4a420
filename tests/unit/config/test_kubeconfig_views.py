"""Minified, flattened and redacted copies of a kubeconfig."""

import base64

import pytest

from kubeloop.config import KubeconfigData, flatten, minify, modify_kubeconfig, read_kubeconfig, redact
from kubeloop.errors import ConfigError
from kubeloop.meta import yaml
from kubeloop.testing import virtual_time


def kubeconfig():
    data = KubeconfigData()
    for name in ("a", "b"):
        data.clusters[name] = {"server": f"https://{name}"}
        data.users[name] = {"token": f"secret-{name}"}
        data.contexts[name] = {"cluster": name, "user": name}
    data.current_context = "b"
    return data


def test_minify_keeps_what_the_current_context_uses():
    data = kubeconfig()
    small = minify(data)
    assert (list(small.clusters), list(small.users), list(small.contexts)) == (["b"], ["b"], ["b"])
    assert len(data.clusters) == len(data.users) == len(data.contexts) == 2


def test_minify_accepts_a_context_without_a_user():
    data = kubeconfig()
    data.contexts["b"] = {"cluster": "b"}
    assert (list(minify(data).clusters), list(minify(data).users)) == (["b"], [])


@pytest.mark.parametrize(
    ("section", "message"),
    [("contexts", 'the context "b"'), ("clusters", 'the cluster "b"'), ("users", 'the user "b"')],
)
def test_minify_refuses_what_is_missing(section, message):
    data = kubeconfig()
    del data.section(section)["b"]
    with pytest.raises(ConfigError, match=message):
        minify(data)


def test_minify_needs_a_current_context():
    data = kubeconfig()
    data.current_context = ""
    with pytest.raises(ConfigError, match="without a current-context"):
        minify(data)


def test_flatten_puts_the_content_of_files_in(tmp_path):
    (tmp_path / "pki").mkdir()
    for name in ("ca", "cert", "key"):
        (tmp_path / "pki" / name).write_text(f"content of {name}")

    def change(data):
        data.clusters["k"] = {"server": "https://k", "certificate-authority": "pki/ca", "proxy-url": ""}
        data.users["u"] = {
            "client-certificate": str(tmp_path / "pki" / "cert"),
            "client-key": "pki/key",
            "tokenFile": "t",
        }

    virtual_time.run(modify_kubeconfig(change, tmp_path / "config"))
    data = read_kubeconfig(tmp_path / "config")
    flat = flatten(data)
    assert list(flat.clusters["k"]) == ["server", "certificate-authority-data", "proxy-url"]
    assert base64.b64decode(flat.clusters["k"]["certificate-authority-data"]) == b"content of ca"
    assert base64.b64decode(flat.users["u"]["client-certificate-data"]) == b"content of cert"
    assert base64.b64decode(flat.users["u"]["client-key-data"]) == b"content of key"
    assert set(flat.users["u"]) == {"client-certificate-data", "client-key-data", "tokenFile"}
    assert "client-key" in data.users["u"]


def test_flatten_names_a_file_that_is_missing():
    data = kubeconfig()
    data.users["a"]["client-key"] = "/missing/key"
    with pytest.raises(ConfigError, match='user "a": cannot read client-key /missing/key'):
        flatten(data)


def test_flatten_refuses_a_file_and_data():
    data = kubeconfig()
    data.clusters["a"] |= {"certificate-authority": "ca", "certificate-authority-data": "YQ=="}
    with pytest.raises(ConfigError, match="got both"):
        flatten(data)


def test_redact_hides_every_secret():
    data = kubeconfig()
    data.clusters["a"] |= {
        "certificate-authority-data": "c2VjcmV0",
        "server": "https://me:secret@a/x",
        "proxy-url": "http://me:secret@p",
    }
    data.users["a"] |= {
        "password": "secret",
        "username": "me",
        "client-key-data": "c2VjcmV0",
        "client-certificate-data": "c2VjcmV0",
        "auth-provider": {
            "name": "oidc",
            "config": {"client-id": "id", "client-secret": "secret", "id-token": "secret", "refresh-token": "secret"},
        },
        "exec": {
            "command": "p",
            "env": [{"name": "AWS_SECRET_ACCESS_KEY", "value": "secret"}, {"name": "P", "value": "q"}],
        },
    }
    text = yaml.dump(redact(data).document())
    # The last are the names of fields and variables.
    shown = text.replace("client-secret:", "").replace("AWS_SECRET_ACCESS_KEY", "")
    assert "secret" not in shown
    assert "c2VjcmV0" not in shown
    assert shown.count("DATA+OMITTED") == 3
    assert "username: me" in shown
    assert "client-id: id" in shown
    assert "value: q" in shown
    assert data.users["a"]["password"] == "secret"


@pytest.mark.parametrize(
    ("args", "shown"),
    [
        (["get-token", "--oidc-client-secret=secret"], ["get-token", "--oidc-client-secret=REDACTED"]),
        (["--password", "secret", "next"], ["--password", "REDACTED", "next"]),
        (["--TOKEN=a=b\nc"], ["--TOKEN=REDACTED"]),
        (["--token", "--verbose", "x"], ["--token", "--verbose", "x"]),
        (["--token-cache-dir=/cache", "token", "--key"], ["--token-cache-dir=/cache", "token", "--key"]),
    ],
)
def test_redact_hides_the_values_of_options_with_a_secret_name(args, shown):
    data = kubeconfig()
    data.users["a"]["exec"] = {"command": "p", "args": args}
    assert redact(data).users["a"]["exec"]["args"] == shown


def test_the_document_is_sorted_and_keeps_other_fields(tmp_path):
    path = tmp_path / "config"
    path.write_text("users: [{name: b}, {name: a, user: {token: t}}]\nextensions: [{name: x, extension: 1}]\n")
    assert read_kubeconfig(path).document() == {
        "apiVersion": "v1",
        "clusters": None,
        "contexts": None,
        "current-context": "",
        "extensions": [{"name": "x", "extension": 1}],
        "kind": "Config",
        "users": [{"name": "a", "user": {"token": "t"}}, {"name": "b", "user": {}}],
    }


@pytest.mark.parametrize(("old", "new"), [("missing", "x"), ("a", "b"), ("a", "")])
def test_a_context_cannot_be_renamed_to_nothing_or_to_another_context(old, new):
    data = kubeconfig()
    with pytest.raises(ConfigError):
        data.rename_context(old, new)
    assert list(data.contexts) == ["a", "b"]
