"""Reports of errors that contain all local variables, as many services collect them, contain no secret."""

import pytest

from kubeloop import Clientset, Config, ConfigError, CredentialError, ExecConfig
from kubeloop.certificates import FileStore, parse_pair, parse_private_key, read_private_key, self_signed_pair
from kubeloop.config import modify_kubeconfig, read_kubeconfig
from tests.support.local_variables import shown_with_variables

SECRET = "s3same-open"
BAD_TOKEN = f"{SECRET}\x01"
PAIR = '"clientCertificateData": "\'$0\'", "clientKeyData": "\'$0\'"'
CREDENTIAL = "client.authentication.k8s.io/v1"
KUBECONFIG = f"users: [{{name: u, user: {{token: {SECRET}}}}}]\n"


def shell(script, **settings):
    return ExecConfig(
        command="/bin/sh", args=("-c", script, SECRET), env=(("X", SECRET),), interactive_mode="Never", **settings
    )


def credential(status):
    return shell(f"""echo '{{"apiVersion": "{CREDENTIAL}", "kind": "ExecCredential", "status": {{{status}}}}}'""")


@pytest.mark.parametrize(
    "plugin",
    [
        shell("exit 3"),
        shell("echo $0"),
        shell("sleep 60", timeout=0.05),
        shell("exit").replace(command="no-such-login-program"),
        shell("exit").replace(command="/"),
        credential('"token": "\'$0\'\\u0001"'),
        credential(PAIR),
    ],
    ids=["fails", "prints garbage", "hangs", "is missing", "cannot run", "bad token", "bad certificate"],
)
async def test_of_an_exec_plugin(plugin, monkeypatch):
    monkeypatch.setenv("OTHER_SECRET", SECRET)
    async with Clientset(Config(host="https://127.0.0.1:1", exec=plugin)) as clientset:
        with pytest.raises(CredentialError) as caught:
            await clientset.core_v1.pods("default").list()
    assert SECRET not in shown_with_variables(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"token": BAD_TOKEN},
        {"username": "u\ud800", "password": SECRET},
        {"cert_data": SECRET.encode(), "key_data": SECRET.encode()},
    ],
    ids=["token", "password", "certificate"],
)
def test_of_a_client_that_cannot_be_created(settings):
    """The report also needs the `repr` of objects whose constructor failed."""
    with pytest.raises(CredentialError) as caught:
        Clientset(Config(host="https://127.0.0.1:1", **settings))
    assert SECRET not in shown_with_variables(caught.value)


@pytest.mark.parametrize(
    "text", [KUBECONFIG.replace("user: {", "user: {username: [1], "), f"{KUBECONFIG}: :"], ids=["field", "syntax"]
)
async def test_of_a_kubeconfig_that_cannot_be_read(tmp_path, text):
    (tmp_path / "config").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_kubeconfig(tmp_path / "config")
    assert SECRET not in shown_with_variables(caught.value)


def refuse(data):
    raise ConfigError("no")


def put_a_list(data):
    data.users["u"]["username"] = [1]


def put_an_object(data):
    data.users["u"]["x"] = object()


@pytest.mark.parametrize("change", [refuse, put_a_list, put_an_object])
async def test_of_a_change_that_is_refused(tmp_path, change):
    (tmp_path / "config").write_text(KUBECONFIG)
    with pytest.raises((ConfigError, TypeError)) as caught:
        await modify_kubeconfig(change, tmp_path / "config")
    assert SECRET not in shown_with_variables(caught.value)


async def test_of_a_kubeconfig_that_cannot_be_written(tmp_path):
    (tmp_path / "config").symlink_to(tmp_path / "no-such-folder" / "config")
    with pytest.raises(ConfigError, match="cannot write this kubeconfig") as caught:
        await modify_kubeconfig(lambda data: data.users.update(u={"token": SECRET}), tmp_path / "config")
    assert SECRET not in shown_with_variables(caught.value)


PEM = f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n".encode()


def store_of(folder):
    store = FileStore(folder, "a")
    (folder / "a.pem").write_bytes(PEM)
    store.current_path.symlink_to("a.pem")
    return store


@pytest.mark.parametrize(
    "read",
    [
        lambda _: parse_private_key(PEM),
        lambda folder: read_private_key(folder / "key"),
        lambda _: parse_pair(self_signed_pair("a")[0], PEM),
        lambda folder: store_of(folder).current(),
        lambda folder: FileStore(folder, "a").update(b"no certificate", PEM),
        lambda folder: FileStore(folder, "a").update(self_signed_pair("a")[0], PEM),
    ],
    ids=["parse", "read", "pair", "store", "no certificate", "no key"],
)
def test_of_a_private_key_that_cannot_be_used(tmp_path, read):
    (tmp_path / "key").write_bytes(PEM)
    with pytest.raises(CredentialError) as caught:
        read(tmp_path)
    assert SECRET not in shown_with_variables(caught.value)


def test_of_a_store_that_cannot_be_written(tmp_path):
    certificate, key = self_signed_pair("a")
    (tmp_path / "file").write_text("")
    with pytest.raises(CredentialError, match="cannot write") as caught:
        FileStore(tmp_path / "file", "a").update(certificate, key)
    assert key.decode().splitlines()[1] not in shown_with_variables(caught.value)
