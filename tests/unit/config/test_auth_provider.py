"""The settings of an OpenID Connect provider, as a value and in a kubeconfig."""

import base64
import os

import pytest

from kubeloop.config import AuthProvider, Config, ExecConfig, config_from_bytes, load_config
from kubeloop.errors import ConfigError
from tests.support.certificates import authority

ISSUER = {"issuer_url": "https://issuer.example", "client_id": "me"}
KUBECONFIG = """
clusters: [{{name: c, cluster: {{server: "https://c"}}}}]
users: [{{name: u, user: {{auth-provider: {{name: oidc, config: {{{config}}}}}}}}}]
contexts: [{{name: x, context: {{cluster: c, user: u}}}}]
current-context: x
"""
REQUIRED = "idp-issuer-url: 'https://issuer.example', client-id: me"


@pytest.fixture
def load(tmp_path):
    def load(config):
        path = tmp_path / "config"
        path.write_text(KUBECONFIG.format(config=config))
        return load_config(path)

    return load


def test_all_settings_of_a_kubeconfig(load, tmp_path):
    ca = base64.b64encode(authority().certificate).decode()
    config = load(
        f"{REQUIRED}, client-secret: s3, id-token: ' i.d.t ', refresh-token: r1, extra-scopes: 'a,b', "
        f"idp-certificate-authority-data: {ca}, idp-certificate-authority: /not/used"
    )
    assert config.auth_provider == AuthProvider(
        **ISSUER,
        client_secret="s3",
        ca_data=authority().certificate,
        ca_file="/not/used",
        id_token="i.d.t",
        refresh_token="r1",
        file=str(tmp_path / "config"),
        user="u",
    )


def test_the_authority_is_relative_to_the_working_directory(load, tmp_path, monkeypatch):
    work = tmp_path / "work"
    work.mkdir()
    (work / "ca.crt").write_bytes(authority().certificate)
    monkeypatch.chdir(work)
    assert load(f"{REQUIRED}, idp-certificate-authority: ca.crt").auth_provider.ca_file == "ca.crt"
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"cannot read idp-certificate-authority ca.crt: No such file"):
        load(f"{REQUIRED}, idp-certificate-authority: ca.crt")


def test_nothing_is_written_to_a_pipe(tmp_path):
    reader, writer = os.pipe()
    os.write(writer, KUBECONFIG.format(config=REQUIRED).encode())
    os.close(writer)
    try:
        assert load_config(f"/dev/fd/{reader}").auth_provider.file == ""
    finally:
        os.close(reader)


def test_nothing_is_written_for_a_kubeconfig_in_memory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kubeconfig in memory").touch()
    provider = config_from_bytes(KUBECONFIG.format(config=REQUIRED).encode()).auth_provider
    assert provider == AuthProvider(**ISSUER)


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ("client-id: me, client-secret: SECRET", "needs an issuer: set idp-issuer-url"),
        ("idp-issuer-url: 'https://i', id-token: SECRET", "needs a client: set client-id"),
        ("idp-issuer-url: 'http://i', client-id: me", "idp-issuer-url: expected an https URL without a query"),
        ("idp-issuer-url: 'https://i?SECRET', client-id: me", "idp-issuer-url: expected an https URL without a query"),
        ("idp-issuer-url: 'https://i#SECRET', client-id: me", "idp-issuer-url: expected an https URL without a query"),
        ("idp-issuer-url: i, client-id: me", "idp-issuer-url: expected an https URL"),
        ("idp-issuer-url: 'https://me:SECRET@i', client-id: me", "idp-issuer-url: host 'https://***@i'"),
        (f"{REQUIRED}, idp-certificate-authority-data: SECRET%", "idp-certificate-authority-data must be base64"),
        (f"{REQUIRED}, id-token: 5", "auth-provider.config.id-token must be a string"),
        (f"{REQUIRED}, other: [SECRET]", "auth-provider.config.other must be a string"),
    ],
)
def test_settings_that_cannot_work(load, config, complaint):
    with pytest.raises(ConfigError) as caught:
        load(config)
    assert complaint in str(caught.value)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("config", ["[a]", "text", "5"])
def test_settings_that_are_not_a_mapping(tmp_path, config):
    (tmp_path / "config").write_text(KUBECONFIG.format(config="").replace("config: {}", f"config: {config}"))
    with pytest.raises(ConfigError, match=r"users\[0\].user.auth-provider.config: must be a mapping"):
        load_config(tmp_path / "config")


@pytest.mark.parametrize("name", ["client_id", "id_token", "file"])
def test_values_of_a_wrong_type_or_with_a_lone_surrogate(name):
    with pytest.raises(TypeError, match=f"{name} must be str, not int"):
        AuthProvider(**{**ISSUER, name: 5})
    with pytest.raises(ValueError, match=f"{name} contains a lone surrogate"):
        AuthProvider(**{**ISSUER, name: "\ud800"})


def test_the_authority_data_are_bytes():
    with pytest.raises(TypeError, match="ca_data must be bytes, not str"):
        AuthProvider(**ISSUER, ca_data="PEM")


def test_no_secret_is_shown():
    provider = AuthProvider(
        **ISSUER, client_secret="5ecret", id_token="5ecret", refresh_token="5ecret", ca_data=b"5ecret", file="/f"
    )
    shown = repr(Config(host="https://c", auth_provider=provider))
    assert "5ecret" not in shown
    assert "issuer_url='https://issuer.example', client_id='me'" in shown


def test_a_plugin_and_an_auth_provider_exclude_each_other(tmp_path):
    with pytest.raises(ConfigError, match="got an exec plugin and an auth-provider: remove one"):
        Config(host="https://c", exec=ExecConfig(command="x"), auth_provider=AuthProvider(**ISSUER))
    text = KUBECONFIG.format(config=REQUIRED).replace("user: {auth", "user: {exec: {command: x}, auth")
    (tmp_path / "config").write_text(text)
    with pytest.raises(ConfigError, match='more than one way to authenticate: auth-provider "oidc" and exec'):
        load_config(tmp_path / "config")


def test_a_server_without_tls_gets_no_tokens(tmp_path, caplog):
    text = KUBECONFIG.format(config=REQUIRED).replace("https://c", "http://c")
    (tmp_path / "config").write_text(text)
    assert load_config(tmp_path / "config").auth_provider is None
    assert "the server is not https, so the user's credentials are not sent" in caplog.text
