"""The tests of the tutorial pass, and fail where it says so; tests/integration runs the one for a real server."""

from __future__ import annotations

import pytest

from tests.support.markdown import ROOT, programs

PAGE = ROOT / "docs" / "tutorials" / "test-your-controller.md"
QUIETLY = ("-p", "no:cacheprovider", "-k", "not on_a_real_server")


@pytest.mark.parametrize("plugins", [(), ("-p", "no:asyncio", "-p", "no:anyio")])
def test_the_tests_on_the_page_pass(pytester: pytest.Pytester, plugins: tuple[str, ...]) -> None:
    write(pytester, programs(PAGE))
    pytester.runpytest_subprocess(*QUIETLY, *plugins).assert_outcomes(passed=6, deselected=1)


def test_a_deletion_without_a_resource_version_fails_a_test(pytester: pytest.Pytester) -> None:
    files = programs(PAGE)
    assert " resource_version=version," in files["expiry.py"]
    write(pytester, {**files, "expiry.py": files["expiry.py"].replace(" resource_version=version,", "")})
    outcome = pytester.runpytest_subprocess(*QUIETLY, "test_faults.py")
    outcome.assert_outcomes(passed=3, failed=1)
    outcome.stdout.fnmatch_lines(["FAILED *::test_a_config_map_whose_life_was_just_prolonged_is_kept*"])


def test_a_controller_that_is_not_stopped_fails_its_test(pytester: pytest.Pytester) -> None:
    files = programs(PAGE)
    ending = "    expiry.queue.shut_down()\n    await running\n"
    assert ending in files["test_first.py"]
    write(pytester, {**files, "test_first.py": files["test_first.py"].replace(ending, "")})
    outcome = pytester.runpytest_subprocess(*QUIETLY, "test_first.py")
    outcome.assert_outcomes(failed=1)
    outcome.stdout.fnmatch_lines(["*expected no tasks at the end of the run*"])


def write(pytester: pytest.Pytester, files: dict[str, str]) -> None:
    """Write the files into the folder of the tests."""
    for title, code in files.items():
        (pytester.path / title).write_text(code, encoding="utf-8")
