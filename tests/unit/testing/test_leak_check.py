"""The leak check of our own tests finds each kind of leak: each case runs a small test suite of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[2] / "conftest.py"

CASES = {
    "task": """
        import asyncio
        async def test_leaks():
            asyncio.create_task(asyncio.Event().wait())
    """,
    "thread": """
        import threading
        def test_leaks():
            threading.Thread(target=threading.Event().wait, name="stray", daemon=True).start()
    """,
    "child process": """
        import subprocess, sys
        KEPT = []
        def test_leaks():
            KEPT.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))
    """,
    "socket:": """
        import socket
        KEPT = []
        def test_leaks():
            KEPT.append(socket.socket())
    """,
    "temporary file": """
        import tempfile
        def test_leaks():
            tempfile.mkdtemp(prefix="stray")
    """,
}

CLEAN = """
    import asyncio, subprocess, sys, tempfile, threading
    async def test_is_clean():
        task = asyncio.create_task(asyncio.to_thread(threading.get_ident))
        await task
        with tempfile.TemporaryDirectory():
            subprocess.run([sys.executable, "-c", ""], check=True)
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    # As in this project: not in the root of the session, whose fixtures the hooks of this file would not see.
    pytester.makepyfile(**{"tests/conftest": CONFTEST.read_text(encoding="utf-8")})
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n")
    return pytester


def test_a_test_that_leaks_fails_and_names_what_it_left(suite: pytest.Pytester) -> None:
    suite.makepyfile(**{f"tests/test_{number}": source for number, source in enumerate(CASES.values())})
    result = suite.runpytest_subprocess()
    result.assert_outcomes(passed=len(CASES), errors=len(CASES))
    assert [what for what in CASES if what not in result.stdout.str()] == []


def test_a_test_that_cleans_up_passes(suite: pytest.Pytester) -> None:
    suite.makepyfile(**{"tests/test_clean": CLEAN})
    suite.runpytest_subprocess().assert_outcomes(passed=1)


RESTARTS = """
    import subprocess, sys
    import pytest

    class Plane:
        # What the check asks of a control plane: the process ids of its servers.
        def start(self):
            self.server = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
        def stop(self):
            self.server.kill()
            self.server.wait()
        def pid(self, name):
            if name != "etcd":
                raise ValueError(name)
            return self.server.pid

    @pytest.fixture(scope="session")
    def control_plane():
        plane = Plane()
        plane.start()
        yield plane
        plane.stop()

    def test_restarts(control_plane):
        control_plane.stop()
        control_plane.start()

    def test_leaks(control_plane):
        other = Plane()
        other.start()
        control_plane.other = other
"""


def test_a_server_of_the_session_that_a_test_restarts_is_no_leak_of_that_test(suite: pytest.Pytester) -> None:
    """(G11)"""
    suite.makepyfile(**{"tests/test_restarts": RESTARTS})
    result = suite.runpytest_subprocess()
    result.assert_outcomes(passed=2, errors=1)
    assert "ERROR at teardown of test_leaks" in result.stdout.str()
