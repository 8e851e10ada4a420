"""The pytest plugin in a project of its own, which opts in by name and mixes plain, asyncio and anyio tests."""

from __future__ import annotations

import pytest

from kubeloop.testing.controlplane.binaries import cache_directory
from tests.support.markdown import ROOT, programs

# Looked up before pytester gives the suite a home directory of its own, which contains no builds yet.
CACHE = cache_directory().parent.parent

CONFTEST = """
    import pytest
    pytest_plugins = ["kubeloop.testing.pytest_plugin"]

    @pytest.fixture(scope="session")
    def control_plane_options():
        return {"api_server_args": ["--anonymous-auth=false"]}
"""

SUITE = """
    import asyncio, pytest

    SEEN = []

    def remember(control_plane, namespace, kubeconfig):
        assert kubeconfig.is_file()
        SEEN.append((control_plane.url, namespace))

    def test_plain(control_plane, namespace, kubeconfig):
        remember(control_plane, namespace, kubeconfig)

    @pytest.mark.asyncio
    async def test_asyncio(control_plane, namespace, kubeconfig):
        remember(control_plane, namespace, kubeconfig)
        await control_plane.kill("kube-apiserver")
        await control_plane.restart("kube-apiserver")

    @pytest.mark.anyio
    @pytest.mark.parametrize("anyio_backend", ["asyncio"])
    async def test_anyio(anyio_backend, control_plane, namespace, kubeconfig):
        remember(control_plane, namespace, kubeconfig)

    def test_one_server_and_a_namespace_each():
        assert len({url for url, _ in SEEN}) == 1
        assert len({name for _, name in SEEN}) == 3
"""


def test_one_session_wide_server_and_a_fresh_namespace_a_test_in_every_kind_of_test(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(CACHE))
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(SUITE)
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=4)


def test_the_program_for_a_real_control_plane_on_the_page_on_testing_works(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(CACHE))
    files = programs(ROOT / "docs/how-to/testing.md")
    pytester.makepyfile(conftest=files["conftest.py"], test_settings=files["test_settings.py"])
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_a_test_of_the_tutorial_passes_on_both_servers(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(CACHE))
    for title, code in programs(ROOT / "docs/tutorials/test-your-controller.md").items():
        (pytester.path / title).write_text(code, encoding="utf-8")
    pytester.runpytest_subprocess("-p", "no:cacheprovider", "test_both.py").assert_outcomes(passed=2)
