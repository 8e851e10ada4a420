"""Files that a config names are read whole, or refused: no endless file, and none that blocks the reader."""

import errno
import os
import threading

import pytest

from kubeloop.config import Config, load_config
from kubeloop.config.credential_sources import credential_source
from kubeloop.config.exec_config import ExecConfig
from kubeloop.config.exec_request import exec_info
from kubeloop.config.files import MAX_FILE_BYTES, read_file
from kubeloop.config.in_cluster import in_cluster_config
from kubeloop.errors import ConfigError, CredentialError

SERVICE = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}
KUBECONFIG = """
clusters: [{name: c, cluster: {server: "https://c", certificate-authority: ca}}]
users: [{name: u, user: {tokenFile: token, client-certificate: cert, client-key: key}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
"""


@pytest.fixture(params=["/dev/zero", "pipe"])
def special(request, tmp_path):
    """Return a path that is not a regular file."""
    if request.param != "pipe":
        return request.param
    os.mkfifo(tmp_path / "pipe")
    return str(tmp_path / "pipe")


def test_refuses_what_is_not_a_regular_file(special):
    """(F21)"""
    with pytest.raises(OSError, match="not a regular file") as caught:
        read_file(special)
    assert caught.value.errno == errno.EINVAL


@pytest.mark.parametrize(("path", "complaint"), [("a\0b", "not a file name"), ("\ud800", "not a file name")])
def test_a_path_that_no_file_can_have_is_an_error_of_the_system(path, complaint):
    """(F10)"""
    for or_pipe in (False, True):
        with pytest.raises(OSError, match=complaint):
            read_file(path, or_pipe=or_pipe)


def test_reads_a_file_to_its_limit_and_no_further(tmp_path):
    """(F21) The file is sparse: only its length is large."""
    path = tmp_path / "large"
    path.touch()
    os.truncate(path, MAX_FILE_BYTES)
    assert len(read_file(path)) == MAX_FILE_BYTES
    os.truncate(path, MAX_FILE_BYTES + 1)
    with pytest.raises(OSError, match="larger than 16 MiB"):
        read_file(path)


async def test_a_token_file_that_is_no_regular_file_stops_nothing(special):
    """(F21)"""
    source = credential_source(Config(host="https://a", token_file=special))
    with pytest.raises(CredentialError, match=f"cannot read the token file {special}: not a regular file"):
        await source.fetch()


async def test_a_token_file_that_became_a_pipe_leaves_the_last_token_in_use(tmp_path, caplog):
    """(F21)"""
    path = tmp_path / "token"
    path.write_text("first")
    source = credential_source(Config(host="https://a", token_file=str(path)))
    assert (await source.fetch()).authorization == "Bearer first"
    path.unlink()
    os.mkfifo(path)
    assert (await source.fetch()).authorization == "Bearer first"
    assert "not a regular file" in caplog.text


def test_a_plugin_gets_nothing_from_a_file_that_is_not_regular(special):
    """(F21, E6) The message begins with the cause."""
    plugin = ExecConfig(command="p", provide_cluster_info=True)
    with pytest.raises(CredentialError, match=f"^cannot read {special}: not a regular file"):
        exec_info(plugin, Config(host="https://a", ca_file=special), interactive=False)


@pytest.mark.parametrize("name", ["ca", "token", "cert", "key"])
def test_a_kubeconfig_may_name_regular_files_only(tmp_path, special, name):
    """(F21)"""
    for other in {"ca", "token", "cert", "key"} - {name}:
        (tmp_path / other).write_text("x")
    (tmp_path / name).symlink_to(special)
    (tmp_path / "config").write_text(KUBECONFIG)
    with pytest.raises(ConfigError, match=f"cannot read .* {tmp_path / name}: not a regular file"):
        load_config(tmp_path / "config")


@pytest.mark.parametrize("name", ["token", "ca.crt", "namespace"])
def test_a_pod_reads_regular_files_only(tmp_path, special, name, caplog):
    """(F21)"""
    for other in {"token", "ca.crt", "namespace"} - {name}:
        (tmp_path / other).write_text("-----BEGIN CERTIFICATE-----")
    (tmp_path / name).symlink_to(special)
    if name == "token":
        with pytest.raises(ConfigError, match="not a regular file"):
            in_cluster_config(SERVICE, tmp_path)
        return
    config = in_cluster_config(SERVICE, tmp_path)
    assert (config.ca_file is None, config.namespace == "default") == (name == "ca.crt", name == "namespace")


def test_a_kubeconfig_may_be_a_pipe_as_a_shell_makes_one(tmp_path):
    """(F21) `kubectl --kubeconfig <(...)` works too."""
    os.mkfifo(tmp_path / "pipe")
    text = KUBECONFIG.replace(", certificate-authority: ca", "").replace("tokenFile: token, client", "token: t}}]\n#")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=(text,))
    writer.start()
    try:
        assert load_config(tmp_path / "pipe").token == "t"
    finally:
        writer.join()


def test_an_endless_kubeconfig_is_refused():
    """(F21)"""
    with pytest.raises(ConfigError, match="/dev/zero: cannot read this kubeconfig: not a regular file"):
        load_config("/dev/zero")


def test_an_endless_pipe_is_refused(tmp_path):
    """(F21)"""
    os.mkfifo(tmp_path / "pipe")

    def write():
        descriptor = os.open(tmp_path / "pipe", os.O_WRONLY)
        try:
            while True:
                os.write(descriptor, b"#" * 65536)
        except BrokenPipeError:
            pass
        finally:
            os.close(descriptor)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with pytest.raises(ConfigError, match="larger than 16 MiB"):
            load_config(tmp_path / "pipe")
    finally:
        writer.join()
