"""Exec plugins, run as real programs: their input, how long their credential is kept, and the errors of failed runs."""

import asyncio
import os
import signal
import sys
from datetime import timedelta

import pytest

from kubeloop.config import Config
from kubeloop.config.exec_plugin import ExecPlugin
from kubeloop.config.exec_process import PluginTimeout, run_plugin
from kubeloop.errors import CredentialError
from tests.support.exec_plugins import START, V1, plugin_maker
from tests.support.skewed_loop import skewed, skip

CHILD = """
import subprocess
child = subprocess.Popen(['sleep', '600'])
open(here + '/pid', 'w').write(str(child.pid))
"""


# A child, one in a session of its own, one without the environment, two grandchildren whose parent has ended (one in a
# session of its own, and, where the session is ours, one without the environment), and the plugin itself.
FAMILY = """
import subprocess
def start(*command, **settings):
    child = subprocess.Popen(command, **settings)
    open(here + '/pids', 'w').write('%d\\n' % child.pid)
    return child
start('sleep', '600')
start('sleep', '600', start_new_session=True)
start('sleep', '600', env={}, executable='/bin/sleep')
subprocess.run(['sh', '-c', 'setsid sleep 600 & echo $! > ' + here + '/pids'])
if os.getsid(0) == os.getpid():
    subprocess.run(['sh', '-c', 'env -i /bin/sleep 600 & echo $! > ' + here + '/pids'])
open(here + '/pids', 'w').write('%d\\n' % os.getpid())
time.sleep(600)
"""


@pytest.fixture
def make(tmp_path):
    return plugin_maker(tmp_path)


async def test_runs_once_and_keeps_the_credential(make):
    plugin, source = make("give(token='t%d' % n)")
    assert source.cached() is None
    first = await source.fetch()
    assert first.authorization == "Bearer t1"
    assert source.cached() is first
    assert await source.fetch() is first
    assert plugin.runs == 1


async def test_many_that_need_it_wait_for_one_run(make, tmp_path):
    os.mkfifo(tmp_path / "pids")
    os.mkfifo(tmp_path / "go")
    started, go = (os.open(tmp_path / name, os.O_RDWR) for name in ("pids", "go"))
    wait = "open(here + '/pids', 'w').write('%d\\n' % os.getpid()); open(here + '/go').readline()"
    plugin, source = make(f"{wait}\ngive(token='t%d' % n)")
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(source.fetch()) for _ in range(20)]
            await lines(started, 1)
            os.write(go, b"\n")
    finally:
        os.close(started)
        os.close(go)
    assert {task.result().authorization for task in tasks} == {"Bearer t1"}
    assert plugin.runs == 1


async def test_sources_of_the_same_plugin_share_its_credential(make):
    plugin, source = make("give(token='t%d' % n)")
    again = ExecPlugin(source._exec, source._config)
    other = ExecPlugin(source._exec, Config(host="https://another"))
    assert await source.fetch() is await again.fetch()
    assert (await other.fetch()).authorization == "Bearer t2"
    assert plugin.runs == 2


async def test_runs_again_when_the_credential_has_expired(make):
    clock = [START]
    _, source = make("give(token='t%d' % n, expirationTimestamp='2026-01-01T01:00:00Z')", now=lambda: clock[0])
    assert (await source.fetch()).authorization == "Bearer t1"
    clock[0] = START + timedelta(minutes=60)
    assert source.cached() is not None
    clock[0] = START + timedelta(minutes=61)
    assert source.cached() is None
    assert (await source.fetch()).authorization == "Bearer t2"


async def test_runs_again_when_the_server_rejects_its_credential_but_not_for_an_older_one(make):
    plugin, source = make("give(token='t%d' % n)")
    first = await source.fetch()
    assert source.reject(first)
    second = await source.fetch()
    assert second.authorization == "Bearer t2"
    assert source.reject(first)
    assert await source.fetch() is second
    assert plugin.runs == 2


async def test_a_run_that_fails_is_repeated_for_the_next_request(make):
    plugin, source = make("sys.exit(3) if n == 2 else give(token='t%d' % n)")
    source.reject(await source.fetch())
    with pytest.raises(CredentialError, match="failed with code 3"):
        await source.fetch()
    assert source.cached() is None
    assert (await source.fetch()).authorization == "Bearer t3"
    assert plugin.runs == 3


async def test_an_expired_credential_is_not_used_when_the_plugin_fails(make):
    clock = [START]
    script = "sys.exit(3) if n == 2 else give(token='t', expirationTimestamp='2026-01-01T01:00:00Z')"
    _, source = make(script, now=lambda: clock[0])
    await source.fetch()
    clock[0] = START + timedelta(hours=2)
    with pytest.raises(CredentialError, match="failed with code 3"):
        await source.fetch()
    assert source.cached() is None


async def test_text_that_is_not_utf_8_in_its_stderr_is_shown_with_marks(make):
    _, source = make(r"sys.stderr.buffer.write(b'caf\xe9 closed'); sys.exit(1)")
    with pytest.raises(CredentialError, match="failed with code 1: caf\ufffd closed"):
        await source.fetch()


async def test_a_program_that_may_not_be_executed_is_named(make):
    plugin, source = make("give(token='t')")
    plugin.path.chmod(0o644)
    with pytest.raises(CredentialError, match=r"cannot run .*/plugin: Permission denied"):
        await source.fetch()


async def test_gets_the_cluster_only_if_the_kubeconfig_says_so(make, tmp_path):
    ca = tmp_path / "ca.crt"
    ca.write_bytes(b"PEM")
    config = Config(host="https://a:6443", ca_file=str(ca), tls_server_name="inner", proxy_url="http://p:1")
    plugin, source = make("give(token='t')", config=config, provide_cluster_info=True, cluster_config={"audience": "x"})
    await source.fetch()
    assert plugin.told == {
        "kind": "ExecCredential",
        "apiVersion": V1,
        "spec": {
            "interactive": False,
            "cluster": {
                "server": "https://a:6443",
                "tls-server-name": "inner",
                "certificate-authority-data": "UEVN",
                "proxy-url": "http://p:1",
                "config": {"audience": "x"},
            },
        },
    }
    plugin, source = make("give(token='t')", config=config)
    await source.fetch()
    assert plugin.told["spec"] == {"interactive": False}


async def test_gets_its_arguments_and_environment(make):
    script = "give(token='-'.join(sys.argv[1:]) + os.environ['EXTRA'] + str('PATH' in os.environ))"
    _, source = make(script, args=("a", "b"), env=(("EXTRA", "!"),))
    assert (await source.fetch()).authorization == "Bearer a-b!True"


@pytest.mark.parametrize(
    ("mode", "terminal", "unavailable", "interactive"),
    [
        ("Never", False, "", False),
        ("Never", True, "", False),
        ("Never", False, "reads manifests", False),
        ("IfAvailable", False, "", False),
        ("IfAvailable", False, "reads manifests", False),
        ("IfAvailable", True, "", True),
        ("IfAvailable", True, "reads manifests", False),
        ("Always", True, "", True),
    ],
)
async def test_may_ask_a_person_only_at_a_terminal_that_is_free(make, mode, terminal, unavailable, interactive):
    """As client-go's exec_test.go, TestRefreshCreds."""
    plugin, source = make("give(token='t')", interactive_mode=mode, terminal=terminal, stdin_unavailable=unavailable)
    await source.fetch()
    assert plugin.told["spec"]["interactive"] is interactive


@pytest.mark.parametrize(
    ("terminal", "unavailable", "complaint"),
    [
        (False, "", "stdin is not a terminal$"),
        (False, "reads manifests", "stdin is not a terminal$"),
        (True, "reads manifests", "stdin is unavailable: reads manifests$"),
    ],
)
async def test_fails_when_it_must_ask_a_person_and_cannot(make, terminal, unavailable, complaint):
    plugin, source = make(
        "give(token='t')", interactive_mode="Always", terminal=terminal, stdin_unavailable=unavailable
    )
    with pytest.raises(CredentialError, match=complaint):
        await source.fetch()
    assert plugin.runs == 0


async def test_names_the_program_that_is_missing_and_how_to_get_it(make):
    _, source = make("", command="no-such-login-program", install_hint="brew install it")
    with pytest.raises(CredentialError) as caught:
        await source.fetch()
    text = str(caught.value)
    assert '/kube/config, context "prod", user "me": exec plugin: executable no-such-login-program not found' in text
    assert "brew install it" in text


async def test_says_how_it_failed_with_the_end_of_its_stderr_and_no_secret(make):
    script = "sys.stderr.write('login refused for account 7, password=hunter2 ' + sys.argv[1]); sys.exit(3)"
    _, source = make(script, args=("--secret-argument",), env=(("PW", "hunter3hunter3"),))
    with pytest.raises(CredentialError) as caught:
        await source.fetch()
    text = str(caught.value)
    assert "failed with code 3: login refused for account 7" in text
    assert "hunter2" not in text
    assert "--secret-argument" not in text


async def test_a_plugin_that_prints_garbage_is_an_error_without_the_garbage(make):
    _, source = make("print('SECRET')")
    with pytest.raises(CredentialError, match="not a JSON or YAML object") as caught:
        await source.fetch()
    assert "SECRET" not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_reads_no_more_of_its_output_than_a_credential_can_have(make):
    _, source = make("sys.stdout.write('x' * (5 << 20))")
    with pytest.raises(CredentialError, match="1048576 bytes that are not a JSON or YAML object"):
        await source.fetch()


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("cut", ["cancelled", "timeout"])
@skewed
async def test_a_run_that_is_cut_short_ends_with_everything_that_it_started_wherever_it_went(
    make, tmp_path, terminal, cut
):
    """(F17) Children that left the session, the parent or the environment, of interactive runs too."""
    os.mkfifo(tmp_path / "pids")
    _, source = make(FAMILY, terminal=terminal, interactive_mode="IfAvailable")
    reader, pids = os.open(tmp_path / "pids", os.O_RDWR), []
    try:
        task = asyncio.create_task(source.fetch())
        pids = await lines(reader, 5 if terminal else 6)
        if cut == "cancelled":
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        else:
            skip(200.0 if terminal else 20.0)
            with pytest.raises(CredentialError, match=r"timed out after 200? s and was killed"):
                await task
        for pid in pids:
            await ended(pid)
    finally:
        os.close(reader)
        for pid in filter(_is_running, pids):
            os.kill(pid, signal.SIGKILL)


async def test_a_plugin_that_may_ask_a_person_stays_in_the_foreground_process_group(make, tmp_path):
    """(F17) Otherwise the terminal would stop the plugin as soon as it asks."""
    _, source = make("give(token=str(os.getpgid(0)))", terminal=True, interactive_mode="Always")
    assert (await source.fetch()).authorization == f"Bearer {os.getpgid(0)}"


@pytest.mark.parametrize("entry", ["", ".", "relative", "./relative"])
async def test_never_runs_a_program_of_the_current_directory(make, tmp_path, monkeypatch, entry):
    """(F17) Go's exec.ErrDot: a program that an empty or relative entry of PATH leads to is refused, and no later entry
    is tried.
    """
    plugin, source = make("give(token='t')", command="plugin")
    (tmp_path / "relative").mkdir()
    (tmp_path / "relative" / "plugin").symlink_to(plugin.path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path / "nowhere"), entry, str(tmp_path)]))
    with pytest.raises(CredentialError, match="cannot run plugin: it was found in the current directory"):
        await source.fetch()
    assert plugin.runs == 0


async def test_an_earlier_absolute_entry_of_path_wins_over_the_current_directory(make, tmp_path, monkeypatch):
    """(F17)"""
    plugin, source = make("give(token='t')", command="plugin", args=("found",))  # its credential is not shared
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), ".", ""]))
    await source.fetch()
    assert plugin.runs == 1


async def test_the_program_is_looked_up_in_our_own_path_not_in_the_one_that_the_plugin_gets(make, tmp_path):
    """(F17) As in Go."""
    _, source = make("give(token='t')", command="plugin", env=(("PATH", str(tmp_path)),))
    with pytest.raises(CredentialError, match="executable plugin not found"):
        await source.fetch()


async def test_without_a_path_no_program_is_found(make, tmp_path, monkeypatch):
    """(F17) An empty PATH has no entries, rather than one entry that is the current directory."""
    plugin, source = make("give(token='t')", command="plugin")
    monkeypatch.chdir(tmp_path)
    for change in (lambda: monkeypatch.setenv("PATH", ""), lambda: monkeypatch.delenv("PATH")):
        change()
        with pytest.raises(CredentialError, match="executable plugin not found"):
            await source.fetch()
    assert plugin.runs == 0


async def test_a_missing_interpreter_is_distinguished_from_a_missing_program(make):
    """(E6)"""
    plugin, source = make("")
    plugin.path.write_text("#!/no/such/interpreter\n")
    with pytest.raises(CredentialError, match=r"cannot run .*plugin: the interpreter that its first line names"):
        await source.fetch()


async def test_does_not_wait_for_what_a_plugin_leaves_in_the_background(make, tmp_path):
    script = f"{CHILD}give(token='t')"
    _, source = make(script)
    try:
        assert (await source.fetch()).authorization == "Bearer t"
        assert _is_running(int((tmp_path / "pid").read_text()))
    finally:
        os.kill(int((tmp_path / "pid").read_text()), 9)


async def test_cancelling_kills_the_plugin_and_lets_the_next_one_run(make, tmp_path):
    plugin, source = make(
        "if n == 1: open(here + '/pid', 'w').write('%d\\n' % os.getpid()); time.sleep(600)\ngive(token='t%d' % n)"
    )
    os.mkfifo(tmp_path / "pid")
    reader = os.open(tmp_path / "pid", os.O_RDWR)
    try:
        task = asyncio.create_task(source.fetch())
        (pid,) = await lines(reader, 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not _is_running(pid)
    finally:
        os.close(reader)
    assert (await source.fetch()).authorization == "Bearer t2"
    assert plugin.runs == 2


async def test_cancelling_while_the_plugin_is_being_started_is_a_cancellation(make):
    _, source = make("time.sleep(600)")
    task = asyncio.create_task(source.fetch())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_end_of_a_killed_program_is_awaited_before_its_transport_is_closed(monkeypatch):
    """Otherwise asyncio sometimes logs a warning about an unknown child process."""
    loop, codes = asyncio.get_running_loop(), []
    start = loop.subprocess_exec

    async def recorded_start(*args, **settings):
        transport, protocol = await start(*args, **settings)
        close = transport.close

        def recorded_close():
            codes.append(transport.get_returncode())
            close()

        monkeypatch.setattr(transport, "close", recorded_close)
        return transport, protocol

    monkeypatch.setattr(loop, "subprocess_exec", recorded_start)
    with pytest.raises(PluginTimeout):
        await run_plugin("/bin/sleep", ["sleep", "600"], {}, interactive=False, timeout=0.01)
    assert codes == [-signal.SIGKILL]


async def test_only_the_end_of_what_a_program_writes_to_stderr_is_kept():
    program = "import sys; sys.stderr.write('x' * (1 << 20) + 'the end')"
    result = await run_plugin(sys.executable, ["python", "-c", program], {}, interactive=False, timeout=20.0)
    assert result.stderr_tail.endswith("xthe end")
    assert len(result.stderr_tail) <= 16 * 1024


def test_repr_has_no_secret(make):
    _, source = make("", args=("SECRET",))
    assert "SECRET" not in repr(source)


async def lines(descriptor, count):
    """Wait for this many numbers, one per line, without blocking the loop."""
    loop, text = asyncio.get_running_loop(), b""
    while text.count(b"\n") < count:
        ready = asyncio.Event()
        loop.add_reader(descriptor, ready.set)
        await ready.wait()
        loop.remove_reader(descriptor)
        text += os.read(descriptor, 1024)
    return [int(line) for line in text.split()]


async def ended(pid):
    """Wait until a process that is not our child is dead: the signal has been sent, but the kernel needs a moment."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        dead = asyncio.Event()
        asyncio.get_running_loop().add_reader(descriptor, dead.set)
        async with asyncio.timeout(10):
            await dead.wait()
    finally:
        asyncio.get_running_loop().remove_reader(descriptor)
        os.close(descriptor)


def _is_running(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
