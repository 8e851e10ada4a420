"""The tests on the page on testing pass, without a control plane; tests/integration runs the one that needs it."""

from __future__ import annotations

import pytest

from tests.support.markdown import ROOT, programs

PAGE = ROOT / "docs" / "how-to" / "testing.md"
IN_VIRTUAL_TIME = ("test_counter.py", "test_network.py", "test_patience.py", "test_several.py")
IN_REAL_TIME = ("test_objects.py", "test_port.py", "test_quota.py", "test_restart.py")
NEEDS_A_CONTROL_PLANE = ("test_settings.py",)


def write(pytester: pytest.Pytester, *titles: str) -> None:
    """Write blocks of code of the page into the folder of the tests."""
    for title in titles:
        (pytester.path / title).write_text(programs(PAGE)[title], encoding="utf-8")


def test_the_files_on_the_page_are_those_that_the_tests_run() -> None:
    assert sorted(programs(PAGE)) == sorted(["conftest.py", *IN_VIRTUAL_TIME, *IN_REAL_TIME, *NEEDS_A_CONTROL_PLANE])


@pytest.mark.parametrize("plugins", [(), ("-p", "no:asyncio", "-p", "no:anyio"), ("-o", "asyncio_mode=auto")])
def test_tests_in_virtual_time_pass_with_each_async_plugin(pytester: pytest.Pytester, plugins: tuple[str, ...]) -> None:
    write(pytester, "conftest.py", *IN_VIRTUAL_TIME)
    pytester.runpytest_subprocess("-p", "no:cacheprovider", *plugins).assert_outcomes(passed=5)


def test_tests_in_real_time_pass(pytester: pytest.Pytester) -> None:
    write(pytester, "conftest.py", *IN_REAL_TIME)
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=4)
