"""The pytest plugin: virtual time with each async plugin, the API server's fixtures, and reports of failures."""

from __future__ import annotations

import pytest

CONFTEST = 'pytest_plugins = ["kubeloop.testing.pytest_plugin"]\n'
PLAIN = ("-p", "no:asyncio", "-p", "no:anyio")
ASYNCIO = ("-p", "no:anyio", "-o", "asyncio_default_fixture_loop_scope=function")
ANYIO = ("-p", "no:asyncio")


def run(
    pytester: pytest.Pytester, source: str, *arguments: str, conftest: str = CONFTEST, is_apart: bool = False
) -> pytest.RunResult:
    """Run a module of tests. PyYAML needs a process of its own: its C code does not survive a second import."""
    pytester.makeconftest(conftest)
    pytester.makepyfile(source)
    start = pytester.runpytest_subprocess if is_apart else pytester.runpytest_inprocess
    return start("-q", "-p", "no:cacheprovider", "-W", "error", *arguments)


def test_an_async_test_without_a_plugin_runs_in_virtual_time(pytester: pytest.Pytester) -> None:
    source = """
        import asyncio, pytest

        @pytest.mark.parametrize("seconds", [1, 3600])
        async def test_waits(virtual_time, seconds):
            await asyncio.sleep(seconds)
            assert virtual_time.elapsed() == seconds

        def test_runs_what_it_wants(virtual_time):
            virtual_time.run(asyncio.sleep(3600))

        class TestIt:
            async def test_method(self, virtual_time):
                await asyncio.sleep(5)

        async def test_leaves_a_task(virtual_time):
            asyncio.get_running_loop().stray = asyncio.create_task(asyncio.Event().wait(), name="stray")

        async def test_is_stuck(virtual_time):
            await asyncio.Event().wait()
    """
    result = run(pytester, source, *PLAIN)
    result.assert_outcomes(passed=4, failed=2)
    result.stdout.fnmatch_lines(["*expected no tasks at the end of the run*", "*no callback is ready*at 0.0 s*"])


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_a_test_of_pytest_asyncio_and_its_fixtures_run_in_virtual_time(pytester: pytest.Pytester, mode: str) -> None:
    source = """
        import asyncio, pytest, pytest_asyncio

        @pytest_asyncio.fixture
        async def ready():
            await asyncio.sleep(100)
            yield asyncio.get_running_loop()
            await asyncio.sleep(100)

        @pytest.mark.asyncio
        async def test_virtual(virtual_time, ready):
            assert ready is asyncio.get_running_loop()
            await asyncio.sleep(3600)
            assert virtual_time.elapsed() == 3700.0

        @pytest.mark.asyncio
        @pytest.mark.usefixtures("virtual_time")
        async def test_stuck():
            await asyncio.Event().wait()

        @pytest.mark.asyncio
        async def test_real():
            assert type(asyncio.get_running_loop()).__name__ != "VirtualTimeLoop"
    """
    result = run(pytester, source, *ASYNCIO, "-o", f"asyncio_mode={mode}", "-vv")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*::test_virtual PASSED*", "*::test_real PASSED*", "*Stuck: no callback is ready*"])


def test_a_hook_of_the_project_chooses_loops_before_the_plugin_does(pytester: pytest.Pytester) -> None:
    hook = """
import asyncio

class OwnLoop(asyncio.SelectorEventLoop):
    pass

def pytest_asyncio_loop_factories(config, item):
    return {"own": OwnLoop}
"""
    source = """
        import asyncio

        async def test_own():
            assert type(asyncio.get_running_loop()).__name__ == "OwnLoop"

        async def test_virtual(virtual_time):
            virtual_time.elapsed()
    """
    result = run(pytester, source, *ASYNCIO, "-o", "asyncio_mode=auto", conftest=CONFTEST + hook)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*expected a VirtualTimeLoop, got OwnLoop*"])


@pytest.mark.parametrize("scope", ["function", "module"])
def test_a_test_of_anyio_and_its_fixtures_run_in_virtual_time(pytester: pytest.Pytester, scope: str) -> None:
    source = f"""
        import asyncio, anyio, pytest

        pytestmark = pytest.mark.anyio

        @pytest.fixture(scope="{scope}")
        async def ready(anyio_backend):
            await anyio.sleep(100)
            yield asyncio.get_running_loop()
            await anyio.sleep(100)

        async def test_virtual(virtual_time, ready):
            assert ready is asyncio.get_running_loop()
            await anyio.sleep(3600)
            assert virtual_time.elapsed() == 3700.0
    """
    result = run(pytester, source, *ANYIO, "-vv")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*::test_virtual?virtual? PASSED*"])


def test_other_tests_of_anyio_keep_their_backend_and_a_stuck_one_ends(pytester: pytest.Pytester) -> None:
    source = """
        import asyncio, anyio, pytest

        pytestmark = pytest.mark.anyio

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        async def test_real():
            assert type(asyncio.get_running_loop()).__name__ != "VirtualTimeLoop"

        async def test_virtual(virtual_time):
            await anyio.sleep(3600)

        async def test_stuck(virtual_time):
            await anyio.Event().wait()
    """
    result = run(pytester, source, *ANYIO)
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*Stuck: no callback is ready*"])


def test_the_fixtures_of_the_api_server_need_the_packages_of_the_run_time_only(pytester: pytest.Pytester) -> None:
    blocked = "import sys\nsys.modules['cryptography'] = None\n"
    source = """
        def test_it(clientset, namespace, virtual_time):
            pass

        def test_real(kubeconfig):
            pass
    """
    result = run(pytester, source, *PLAIN, conftest=blocked + CONFTEST, is_apart=True)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*needs the package 'cryptography': pip install 'kubeloop?testing?'*"])


SERVER = """
    import asyncio, pytest
    from kubeloop.models import core_v1, meta_v1

    def settings(name, **data):
        return core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name=name), data=data)

    async def scenario(clientset, namespace):
        await clientset.core_v1.config_maps(namespace).create(settings("a", count="1"))
        return await clientset.core_v1.config_maps(namespace).list()
"""


@pytest.mark.parametrize(
    ("mark", "call", "arguments"),
    [
        (
            "",
            "def test_it(api_server, clientset, namespace):\n    found = asyncio.run(scenario(clientset, namespace))",
            PLAIN,
        ),
        (
            "@pytest.mark.asyncio",
            "async def test_it(api_server, clientset, namespace):\n    found = await scenario(clientset, namespace)",
            ASYNCIO,
        ),
        (
            "@pytest.mark.anyio",
            "async def test_it(api_server, clientset, namespace):\n    found = await scenario(clientset, namespace)",
            (*ANYIO, "-k", "not trio"),
        ),
        (
            "",
            "async def test_it(api_server, clientset, namespace, virtual_time):\n"
            "    found = await scenario(clientset, namespace)\n"
            "    assert found.items[0].metadata.creation_timestamp.year == 2000",
            PLAIN,
        ),
    ],
    ids=["plain", "asyncio", "anyio", "virtual"],
)
def test_an_api_server_of_its_own_for_each_test(
    pytester: pytest.Pytester, mark: str, call: str, arguments: tuple[str, ...]
) -> None:
    check = (
        "    assert [each.metadata.name for each in found.items] == ['a']\n    assert len(api_server.actions) == 2\n"
    )
    test = f"{mark}\n{call}\n{check}"
    source = _dedented(SERVER) + test + test.replace("test_it", "test_again")
    run(pytester, source, *arguments).assert_outcomes(passed=2)


def test_the_report_of_a_failure_shows_requests_events_and_changed_objects(pytester: pytest.Pytester) -> None:
    source = _dedented(SERVER) + _dedented("""
    def test_it(api_server, clientset, namespace):
        api_server.put(
            {"kind": "Event", "apiVersion": "v1", "metadata": {"name": "e", "namespace": namespace},
             "type": "Warning", "reason": "Failed", "message": "no luck",
             "involvedObject": {"kind": "Pod", "name": "p", "namespace": "x"}},
            {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "s", "namespace": namespace},
             "data": {"password": "aGlk" + "ZGVu"}},
        )
        api_server.on("list", "configmaps").delay(0.001)
        api_server.on("update", "configmaps").fail(409)
        asyncio.run(scenario(clientset, namespace))
        assert False

    def test_that_passes(api_server, clientset, namespace):
        asyncio.run(scenario(clientset, namespace))
    """)
    result = run(pytester, source, *PLAIN, is_apart=True)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*api_server: last requests*",
            "201 POST /api/v1/namespaces/test/configmaps",
            "200 GET /api/v1/namespaces/test/configmaps",
            "*api_server: reactions*",
            "<Reaction list configmaps: delay, 1 matched>",
            "<Reaction update configmaps: fail, 0 matched>",
            "*api_server: events*",
            "Warning Failed Pod/x/p: no luck",
            "*api_server: changed objects*",
            "namespaces test: created",
            "secrets test/s: created",
            "configmaps test/a: created",
            "# configmaps test/a",
            "data:",
            "*count: '1'",
        ]
    )
    result.stdout.no_fnmatch_line("*aGlkZGVu*")


def test_the_report_of_a_failure_shows_what_changed_hours_ago(pytester: pytest.Pytester) -> None:
    source = _dedented(SERVER) + _dedented("""
    async def test_it(api_server, clientset, namespace, virtual_time):
        await scenario(clientset, namespace)
        await asyncio.sleep(7200)
        await clientset.core_v1.config_maps(namespace).delete("a")
        assert api_server.storage.compacted_revision > 1
        assert False
    """)
    result = run(pytester, source, *PLAIN)
    result.assert_outcomes(failed=1)
    changed = ["namespaces test: created", "configmaps test/a: created, deleted"]
    result.stdout.fnmatch_lines(["*api_server: changed objects*", *changed])


def test_a_report_that_cannot_be_written_does_not_hide_the_failure(pytester: pytest.Pytester) -> None:
    source = """
        def test_it(api_server):
            api_server.actions = None
            assert "the reason" == ""
    """
    result = run(pytester, source, *PLAIN)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*the reason*", "*api_server*", "no report: AttributeError*"])


def test_a_comparison_of_actions_prints_the_difference(pytester: pytest.Pytester) -> None:
    source = """
        from kubeloop.testing import Action
        from kubeloop.testing.action_list import ActionList

        ACTIONS = ActionList([Action("create", "pods", "a", namespace="x")])

        def test_left():
            assert ACTIONS == [Action("delete", "pods", "a", namespace="x")]

        def test_right():
            assert [Action("delete", "pods", "b", namespace="x")] == ACTIONS

        def test_other():
            assert ACTIONS == 3
    """
    result = run(pytester, source, *PLAIN)
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(
        [
            "E*the actions are those that the test expects*",
            "E*expected 1 action, got 1 action:",
            "E*- delete pods x/a",
            "E*+ create pods x/a",
            "E*- delete pods x/b",
            "E*+ create pods x/a",
        ]
    )


def _dedented(text: str) -> str:
    return "\n".join(line.removeprefix("    ") for line in text.splitlines()) + "\n"
