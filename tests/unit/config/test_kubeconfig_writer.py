"""Changing kubeconfig files: which file a change goes to, what is kept, and what leaves the files unchanged."""

import asyncio
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from kubeloop.config import load_config, modify_kubeconfig, read_kubeconfig
from kubeloop.errors import ConfigError
from kubeloop.testing import virtual_time
from tests.support.unprivileged import read_only

PLAIN = """\
kind: Config
x-mine:
  z: 1
  a: '2'
apiVersion: v1
users:
- name: u
  user:
    token: secret-1
    x-unknown: [1]
clusters:
- cluster:
    server: https://one
    extensions:
    - name: minikube
      extension:
        version: v1
  name: one
- null
contexts:
- name: c
  context:
    user: u
    cluster: one
current-context: c
preferences:
  colors: true
"""


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))
    return path


def modify(change, path=None):
    return virtual_time.run(modify_kubeconfig(change, path))


def set_namespace(data):
    data.contexts["c"]["namespace"] = "web"


def test_unknown_fields_and_the_order_are_kept(tmp_path):
    path = write(tmp_path / "config", PLAIN)
    modify(set_namespace, path)
    expected = PLAIN.replace("    cluster: one\ncurrent", "    cluster: one\n    namespace: web\ncurrent")
    assert path.read_text() == expected.replace("    x-unknown: [1]", "    x-unknown:\n    - 1")


def test_nothing_is_written_if_nothing_differs(tmp_path):
    path = write(tmp_path / "config", "# a comment\n" + PLAIN)
    before = path.stat()
    modify(lambda data: data.contexts["c"].update(user="u"), path)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert os.listdir(tmp_path) == ["config"]


def test_each_change_goes_to_the_file_that_the_entry_came_from(tmp_path, monkeypatch):
    first = write(tmp_path / "a", "contexts: [{name: c, context: {cluster: k, user: u}}]")
    second = write(tmp_path / "b", "clusters: [{name: k, cluster: {server: https://k}}]\nusers: [{name: u, user: {}}]")
    third = write(tmp_path / "c", "clusters: [{name: k, cluster: {server: https://hidden}}]")
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, (first, second, third))))
    before = first.read_text(), third.read_text()

    def change(data):
        data.clusters["k"]["server"] = "https://changed"

    modify(change)
    assert (first.read_text(), third.read_text()) == before
    assert read_kubeconfig(second).clusters["k"] == {"server": "https://changed"}


def test_new_entries_and_the_current_context_go_to_the_first_file_that_exists(tmp_path, monkeypatch):
    missing, first, second = tmp_path / "x" / "missing", write(tmp_path / "a", ""), write(tmp_path / "b", PLAIN)
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, (missing, first, second))))
    old = second.read_text()

    def change(data):
        data.contexts["new"] = {"cluster": "one", "user": "u"}
        data.current_context = "new"

    modify(change)
    assert read_kubeconfig(first).contexts == {"new": {"cluster": "one", "user": "u"}}
    assert read_kubeconfig().current_context == "new"
    assert second.read_text() == old
    assert not missing.parent.exists()


def test_the_last_file_is_created_with_its_folder_if_none_exists(tmp_path, monkeypatch):
    last = tmp_path / "y" / "last"
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(["", str(tmp_path / "first"), str(last), ""]))
    modify(lambda data: data.users.update(u={"token": "t"}))
    assert last.stat().st_mode & 0o777 == 0o600
    assert read_kubeconfig().users == {"u": {"token": "t"}}
    assert sorted(os.listdir(tmp_path)) == ["y"]


def test_without_kubeconfig_the_file_in_the_home_directory_is_created(tmp_path, monkeypatch):
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    modify(lambda data: data.users.update(u={}))
    assert list(read_kubeconfig(tmp_path / ".kube" / "config").users) == ["u"]


def test_an_empty_current_context_goes_to_the_first_file_that_has_one(tmp_path, monkeypatch):
    first = write(tmp_path / "a", "users: []")
    second, third = write(tmp_path / "b", "current-context: x"), write(tmp_path / "c", "current-context: other")
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, (first, second, third))))

    def clear(data):
        data.current_context = ""

    modify(clear)
    assert (first.read_text(), second.read_text()) == ("users: []", "current-context: ''\n")
    assert read_kubeconfig().current_context == "other"


def test_removing_an_entry_shows_that_of_a_later_file(tmp_path, monkeypatch):
    first, second = write(tmp_path / "a", PLAIN), write(tmp_path / "b", "users: [{name: u, user: {token: t2}}]")
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, (first, second))))

    def remove(data):
        del data.users["u"]

    modify(remove)
    assert read_kubeconfig().users == {"u": {"token": "t2"}}


def test_a_renamed_context_stays_in_its_file(tmp_path, monkeypatch):
    first, second = write(tmp_path / "a", "users: []"), write(tmp_path / "b", PLAIN)
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, (first, second))))
    modify(lambda data: data.rename_context("c", "d"))
    assert read_kubeconfig(second).contexts == {"d": {"cluster": "one", "user": "u"}}
    assert read_kubeconfig().current_context == "d"


def test_absolute_paths_below_the_folder_of_the_file_become_relative(tmp_path):
    path = write(tmp_path / "k" / "config", "")
    (tmp_path / "k" / "plugin").touch()

    def change(data):
        data.clusters["k"] = {"server": "https://k", "certificate-authority": str(tmp_path / "k" / "pki" / "ca.crt")}
        data.users["u"] = {
            "client-certificate": str(tmp_path / "outside.crt"),
            "client-key": "beside.key",
            "tokenFile": str(tmp_path / "k" / "..token"),
            "exec": {"command": str(tmp_path / "k" / "plugin")},
        }

    modify(change, path)
    data = read_kubeconfig(path)
    assert data.clusters["k"]["certificate-authority"] == os.path.join("pki", "ca.crt")
    assert data.users["u"] == {
        "client-certificate": str(tmp_path / "outside.crt"),
        "client-key": "beside.key",
        "tokenFile": "..token",
        "exec": {"command": os.path.join(os.curdir, "plugin")},
    }


def test_empty_paths_and_paths_to_the_folder_above_stay(tmp_path):
    path = write(tmp_path / "k" / "config", "")
    user = {"client-certificate": os.path.join("..", "client.crt"), "client-key": "", "tokenFile": None}

    def change(data):
        data.users["u"] = user

    modify(change, path)
    assert read_kubeconfig(path).users["u"] == user


def test_what_is_written_can_be_loaded(tmp_path):
    path = tmp_path / "config"

    def change(data):
        data.clusters["k"] = {"server": "https://k"}
        data.users["u"] = {"token": "t"}
        data.contexts["c"] = {"cluster": "k", "user": "u", "namespace": "web"}
        data.current_context = "c"

    modify(change, path)
    config = load_config(path)
    assert (config.host, config.token, config.namespace) == ("https://k", "t", "web")


INVALID = {
    "not YAML": "a: [",
    "a list": "[]",
    "another kind": "kind: Pod",
    "an entry twice": "users: [{name: u}, {name: u}]",
    "a wrong type": "users: [{name: u, user: {token: 5}}]",
    "a second document": f"{PLAIN}---\nusers: []\n",
    "text after the end": f"{PLAIN}...\nusers: [\n",
}


@pytest.mark.parametrize(("depth", "is_read"), [(99, True), (100, False), (3000, False)])
def test_a_file_that_is_nested_too_deeply_is_named_and_unchanged(tmp_path, depth, is_read):
    """The extension is a field of the whole file, which is one level."""
    text = f"extension: {'[' * depth}{']' * depth}\n"
    path = write(tmp_path / "config", text)
    if is_read:
        assert modify(lambda data: data.users.update(u={}), path).users == {"u": {}}
        return
    for call in (read_kubeconfig, lambda path: modify(lambda data: data.users.update(u={}), path)):
        with pytest.raises(ConfigError, match="expected at most 100 nested"):
            call(path)
    assert path.read_text() == text


def test_a_change_that_is_nested_too_deeply_is_refused(tmp_path):
    path = write(tmp_path / "config", PLAIN)
    deep = []
    for _ in range(3000):
        deep = [deep]
    with pytest.raises(ConfigError, match="nested too deeply"):
        modify(lambda data: data.users["u"].update(deep=deep), path)
    assert path.read_text() == PLAIN


def test_an_async_function_is_refused(tmp_path):
    """It would change nothing, because nobody awaits it."""
    path = write(tmp_path / "config", PLAIN)

    async def change(data):
        data.current_context = "other"

    with pytest.raises(TypeError, match="expected a plain function"):
        modify(change, path)
    assert os.listdir(tmp_path) == ["config"]


@pytest.mark.parametrize("text", INVALID.values(), ids=INVALID)
def test_an_invalid_file_is_named_and_unchanged(tmp_path, text):
    path = write(tmp_path / "config", text)
    with pytest.raises(ConfigError, match=str(path)) as caught:
        modify(lambda data: data.users.update(new={"token": "secret-2"}), path)
    assert path.read_text() == text
    assert "secret" not in str(caught.value)
    assert os.listdir(tmp_path) == ["config"]


def test_a_second_document_that_is_empty_or_a_comment_is_no_obstacle(tmp_path):
    path = write(tmp_path / "config", f"{PLAIN}---\n# the end\n")
    modify(set_namespace, path)
    assert read_kubeconfig(path).contexts["c"]["namespace"] == "web"


@pytest.mark.parametrize(
    ("stanza", "error"),
    [
        ({"token": 5}, ConfigError),
        ("text", ConfigError),
        ({"client-key-data": "%"}, ConfigError),
        ({"x": {1}}, TypeError),
        ({"x": "\ud800"}, ConfigError),
        ({"\ud800": 1}, ConfigError),
    ],
)
def test_an_invalid_change_leaves_every_file_unchanged(tmp_path, monkeypatch, stanza, error):
    first, second = write(tmp_path / "a", "users: []\n"), write(tmp_path / "b", PLAIN)
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, (first, second))))

    def change(data):
        set_namespace(data)
        data.users["new"] = stanza

    with pytest.raises(error):
        modify(change)
    assert (first.read_text(), second.read_text()) == ("users: []\n", PLAIN)
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


def test_an_error_of_the_change_leaves_the_file_unchanged(tmp_path):
    path = write(tmp_path / "config", PLAIN)

    def change(data):
        data.users.clear()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        modify(change, path)
    assert path.read_text() == PLAIN
    assert os.listdir(tmp_path) == ["config"]


def test_a_file_in_a_folder_that_cannot_be_written_is_changed_in_place(tmp_path):
    path = write(tmp_path / "folder" / "config", PLAIN)
    with read_only(path.parent):
        modify(set_namespace, path)
    assert read_kubeconfig(path).contexts["c"]["namespace"] == "web"


def test_a_folder_that_cannot_be_created_is_an_error(tmp_path):
    write(tmp_path / "file", "")
    with pytest.raises(ConfigError, match="cannot create the folder"):
        modify(lambda data: data.users.update(u={}), tmp_path / "file" / "config")


def test_a_lock_that_was_left_behind_leaves_the_file_unchanged(tmp_path):
    path = write(tmp_path / "config", PLAIN)
    (tmp_path / "config.lock").touch()
    with pytest.raises(ConfigError, match=r"config\.lock: timed out"):
        modify(set_namespace, path)
    assert path.read_text() == PLAIN
    assert sorted(os.listdir(tmp_path)) == ["config", "config.lock"]


def test_a_symbolic_link_stays(tmp_path):
    target = write(tmp_path / "real" / "config", PLAIN)
    link = tmp_path / "config"
    link.symlink_to(Path("real", "config"))
    modify(set_namespace, link)
    assert link.is_symlink()
    assert read_kubeconfig(target).contexts["c"]["namespace"] == "web"


WRITER = """
import asyncio, sys
from kubeloop.config import modify_kubeconfig
for number in range(5):
    def change(data):
        data.users[f"{sys.argv[2]}-{number}"] = {"token": "t"}
    asyncio.run(modify_kubeconfig(change, sys.argv[1]))
"""


def test_processes_that_write_at_the_same_time_lose_nothing(tmp_path):
    path = str(tmp_path / "config")
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, path, str(number)]) for number in range(4)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0, 0]
    assert set(read_kubeconfig(path).users) == {f"{writer}-{number}" for writer in range(4) for number in range(5)}
    assert os.listdir(tmp_path) == ["config"]


def test_tasks_that_write_at_the_same_time_lose_nothing(tmp_path):
    async def write_all():
        calls = [
            modify_kubeconfig(lambda data, n=n: data.users.update({f"u{n}": {}}), tmp_path / "c") for n in range(9)
        ]
        await asyncio.gather(*calls)

    virtual_time.run(write_all())
    assert len(read_kubeconfig(tmp_path / "c").users) == 9


def test_without_a_home_directory_there_is_nothing_to_change(monkeypatch, tmp_path):
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError))
    with pytest.raises(ConfigError, match="no kubeconfig to change"):
        modify(lambda data: data.users.clear())


def test_the_repr_shows_names_and_no_secret(tmp_path):
    data = read_kubeconfig(write(tmp_path / "config", PLAIN))
    assert "secret" not in repr(data)
    assert "users=['u']" in repr(data)
