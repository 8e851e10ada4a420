"""The policy for exec plugins: which policies are valid, and which plugins each of them lets run."""

import os
from itertools import product

import pytest

import kubeloop
from kubeloop.config import Config, ExecPolicy
from kubeloop.config.exec_plugin import ExecPlugin
from kubeloop.config.exec_policy import AllowedPlugins
from kubeloop.errors import ConfigError, CredentialError
from tests.support.exec_plugins import MeasuredPlugins, plugin_maker

GIVE = "give(token='t%d' % n)"


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Return a maker of plugins whose folder is the first of `PATH`."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    make = plugin_maker(tmp_path)

    def make_with(policy, command, *, script=GIVE, **settings):
        return make(script, config=Config(host="https://a", exec_policy=policy, **settings), command=command)

    return make_with


@pytest.mark.parametrize(
    ("policy", "allowlist", "complaint"),
    [
        ("AllowAll", ("aws",), "expected no allowlist with AllowAll, got 1 entries"),
        ("", ("aws",), "expected no allowlist with AllowAll"),
        ("AllowAll", (), "expected no allowlist with AllowAll"),
        ("DenyAll", ("aws",), "expected no allowlist with DenyAll"),
        ("DenyAll", (), "expected no allowlist with DenyAll"),
        ("Allowlist", None, "got no allowlist"),
        ("Allowlist", (), "got an empty allowlist; use DenyAll"),
        ("Allowlist", ("aws", ""), "entry 2 of the allowlist is empty"),
        ("Allowlist", ("./aws",), r"expected the clean path 'aws', got './aws': entry 1"),
        ("Allowlist", ("/usr//bin/aws",), "expected the clean path '/usr/bin/aws'"),
        ("Allowlist", ("//usr/bin/aws",), "expected the clean path '/usr/bin/aws'"),
        ("Allowlist", ("/usr/bin/../bin/aws",), "expected the clean path '/usr/bin/aws'"),
        ("Allowlist", ("aws/",), "expected the clean path 'aws'"),
        ("allowlist", ("aws",), "expected one of AllowAll, DenyAll, Allowlist, got 'allowlist'"),
        ("HIGHLYILLEGAL", None, "got 'HIGHLYILLEGAL'"),
    ],
)
def test_a_policy_that_looks_like_a_mistake_is_refused(policy, allowlist, complaint):
    """As client-go's ValidatePluginPolicy."""
    with pytest.raises(ConfigError, match=complaint):
        ExecPolicy(policy, allowlist)


@pytest.mark.parametrize("allowlist", ["aws", ["aws"], (b"aws",), (None,)])
def test_an_allowlist_of_another_type_is_refused(allowlist):
    with pytest.raises(TypeError, match="allowlist must be a tuple of str or None"):
        ExecPolicy("Allowlist", allowlist)


def test_without_a_policy_all_plugins_are_allowed():
    assert Config().exec_policy == ExecPolicy() == ExecPolicy("") == ExecPolicy("AllowAll")
    with pytest.raises(TypeError, match="exec_policy must be ExecPolicy"):
        Config(exec_policy="DenyAll")


def test_the_policy_is_an_argument_of_load_config(tmp_path, monkeypatch):
    path = tmp_path / "config"
    path.write_text(
        "current-context: x\nclusters: [{name: c, cluster: {server: 'https://a'}}]\n"
        "users: [{name: u, user: {exec: {command: evil, apiVersion: client.authentication.k8s.io/v1beta1}}}]\n"
        "contexts: [{name: x, context: {cluster: c, user: u}}]\n"
    )
    policy = ExecPolicy("Allowlist", ("aws",))
    assert kubeloop.load_config(path, exec_policy=policy).exec_policy == policy
    assert kubeloop.load_config(path).exec_policy == ExecPolicy()


@pytest.mark.parametrize(
    ("policy", "plugin_exists", "entry_exists", "plugin_is_path", "entry_is_path", "more"),
    [
        *product(["AllowAll", "DenyAll"], [True, False], [True], [True, False], [True], [False]),
        *product(["Allowlist"], *[[True, False]] * 5),
    ],
)
async def test_what_each_policy_lets_run(
    make, tmp_path, policy, plugin_exists, entry_exists, plugin_is_path, entry_is_path, more
):
    """The matrix of client-go's exec_test.go, TestPluginPolicy."""
    path = str(tmp_path / "plugin")
    command = {
        (True, True): path,
        (True, False): "plugin",
        (False, True): "/this/path/does/not/exist",
        (False, False): "does not exist",
    }
    entries = [command[entry_exists, entry_is_path], *(["foo-1", "foo-2"] if more else [])]
    allowed = ExecPolicy(policy, tuple(reversed(entries)) if policy == "Allowlist" else None)
    plugin, source = make(allowed, command[plugin_exists, plugin_is_path])
    if plugin_exists and (policy == "AllowAll" or (policy == "Allowlist" and entry_exists)):
        assert (await source.fetch()).authorization == "Bearer t1"
        return
    if policy == "DenyAll":
        complaint = "was not run, because the exec policy is DenyAll"
    elif not plugin_exists and (policy == "AllowAll" or (not entry_exists and plugin_is_path == entry_is_path)):
        complaint = "not found"
    elif not plugin_exists and not plugin_is_path:
        complaint = "was not run, because it cannot be found to compare it"
    else:
        complaint = "was not run, because it is not in the allowlist"
    with pytest.raises(CredentialError, match=complaint) as caught:
        await source.fetch()
    assert caught.value.__cause__ is None
    assert plugin.runs == 0


async def test_the_error_names_the_plugin_its_path_and_what_to_do(make, tmp_path):
    _, source = make(ExecPolicy("Allowlist", ("aws",)), "plugin")
    with pytest.raises(CredentialError) as caught:
        await source.fetch()
    assert str(caught.value) == (
        f"exec plugin: plugin (found as {tmp_path}/plugin) was not run, because it is not in the allowlist of the exec "
        "policy; add this name or path to the allowlist to allow it"
    )


async def test_the_name_in_the_error_cannot_play_with_the_terminal(make):
    _, source = make(ExecPolicy("DenyAll"), "a\x1b[1m\nb")
    with pytest.raises(CredentialError, match=r"exec plugin: a\\x1b\[1m\\nb was not run"):
        await source.fetch()


async def test_a_program_of_the_same_name_in_another_folder_is_not_the_listed_one(make, tmp_path):
    (tmp_path / "other").mkdir()
    policy = ExecPolicy("Allowlist", ("plugin",))
    plugin, source = make(policy, str(tmp_path / "other" / "plugin"))
    (tmp_path / "other" / "plugin").symlink_to(plugin.path)
    with pytest.raises(CredentialError, match="is not in the allowlist"):
        await source.fetch()
    assert plugin.runs == 0


async def test_a_program_of_the_current_directory_is_not_the_listed_name(make, tmp_path, monkeypatch):
    """The clean form of `./plugin` is the name `plugin`, which means another program."""
    plugin, source = make(ExecPolicy("Allowlist", ("plugin",)), "./plugin")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CredentialError, match="is not in the allowlist"):
        await source.fetch()
    assert plugin.runs == 0


async def test_a_relative_path_equals_its_clean_entry(make, tmp_path, monkeypatch):
    """As client-go's metrics_test.go, TestPolicyCallsMetric."""
    _, source = make(ExecPolicy("Allowlist", (f"{tmp_path.name}/plugin",)), f"./{tmp_path.name}/plugin")
    monkeypatch.chdir(tmp_path.parent)
    assert (await source.fetch()).authorization == "Bearer t1"


async def test_the_file_that_runs_is_the_file_that_was_allowed(make, tmp_path, monkeypatch):
    """The path of an entry is remembered, so that it counts when `PATH` has changed."""
    plugin, source = make(ExecPolicy("Allowlist", ("plugin",)), str(tmp_path / "plugin"))
    first = await source.fetch()
    monkeypatch.setenv("PATH", "/nowhere")
    source.reject(first)
    assert (await source.fetch()).authorization == "Bearer t2"
    assert plugin.runs == 2


@pytest.mark.parametrize("command", ["{0}/link/../plugin", "{0}//plugin", "{0}/./plugin"])
async def test_the_clean_path_of_a_command_is_compared_and_runs(make, tmp_path, command):
    """As in Go. Otherwise `link/..`, which leads elsewhere if `link` is a symbolic link, would be a listed path."""
    (tmp_path / "elsewhere" / "inner").mkdir(parents=True)
    (tmp_path / "elsewhere" / "plugin").write_text("#!/bin/sh\nexit 9\n")
    (tmp_path / "elsewhere" / "plugin").chmod(0o755)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "inner")
    _, source = make(ExecPolicy("Allowlist", (f"{tmp_path}/plugin",)), command.format(tmp_path))
    assert (await source.fetch()).authorization == "Bearer t1"


def test_an_entry_is_looked_up_once_a_plugin_needs_it_and_only_if_it_has_its_name():
    looked = []

    def find(name):
        looked.append(name)
        if name == "other/plugin":
            raise FileNotFoundError
        return f"/bin/{name}"

    allowed = AllowedPlugins(ExecPolicy("Allowlist", ("aws", "other/plugin", "plugin")), find)
    assert allowed.refusal("plugin", "/bin/plugin") is None
    assert looked == [], "a name that is listed needs no path"
    assert allowed.refusal("/bin/plugin", "/bin/plugin") is None
    assert looked == ["other/plugin", "plugin"]
    assert allowed.refusal("/bin/plugin", "/bin/plugin") is None
    assert looked == ["other/plugin", "plugin"], "remembered"


async def test_a_config_with_another_policy_does_not_get_the_credential(make, tmp_path):
    plugin, source = make(ExecPolicy(), str(tmp_path / "plugin"))
    await source.fetch()
    denied = ExecPlugin(source._exec, Config(host="https://a", exec_policy=ExecPolicy("DenyAll")))
    assert denied.cached() is None
    with pytest.raises(CredentialError, match="DenyAll"):
        await denied.fetch()
    assert plugin.runs == 1


@pytest.mark.parametrize(
    ("policy", "status"),
    [
        (ExecPolicy(), "allowed"),
        (ExecPolicy("DenyAll"), "denied"),
        (ExecPolicy("Allowlist", ("foobar", "plugin")), "allowed"),
        (ExecPolicy("Allowlist", ("foobar", "baz")), "denied"),
    ],
)
async def test_each_check_is_counted(make, policy, status):
    """As client-go's metrics_test.go, TestPolicyCallsMetric. A plugin that did not run is not counted as a run."""
    metrics = MeasuredPlugins()
    _, source = make(policy, "plugin", metrics=metrics)
    for _ in range(2):
        try:
            source.reject(await source.fetch())
        except CredentialError:
            assert status == "denied"
    assert metrics.policy_checks == [status, status]
    assert metrics.runs == ([(0, "no_error")] * 2 if status == "allowed" else [])
