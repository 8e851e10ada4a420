"""The tests on the page on testing pass, without a control plane; tests/integration runs the one that needs it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "testing.md"


@pytest.mark.parametrize("plugins", [(), ("-p", "no:asyncio", "-p", "no:anyio"), ("-o", "asyncio_mode=auto")])
def test_the_tests_on_the_page_pass_with_each_async_plugin(pytester: pytest.Pytester, plugins: tuple[str, ...]) -> None:
    files = dict(re.findall(r'```python title="(\w+)\.py"\n(.*?)```', PAGE.read_text(), flags=re.DOTALL))
    assert sorted(files) == ["conftest", "test_counter", "test_network", "test_patience", "test_quota", "test_settings"]
    del files["test_settings"]
    pytester.makepyfile(**files)
    pytester.runpytest_subprocess("-p", "no:cacheprovider", *plugins).assert_outcomes(passed=5)
