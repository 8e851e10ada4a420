"""The list of tests that do not run on the API server in Python names tests that exist."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.integration.only_real import ONLY_REAL, is_only_real

FOLDER = Path(__file__).resolve().parents[1] / "integration"


@pytest.mark.parametrize("key", ONLY_REAL)
def test_an_exception_names_a_test_that_exists(key: str) -> None:
    module, _, test = key.partition("::")
    tree = ast.parse((FOLDER / f"{module}.py").read_text())
    functions = {each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert test.partition("[")[0] in {"", *functions}
    assert ONLY_REAL[key]


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("test_a.py::test_one", True),
        ("test_a.py::test_two[json-../a.py::b/c]", True),
        ("test_b.py::test_one[x-json]", True),
        ("test_b.py::test_one_more", False),
        ("test_c.py::test_one[json-x]", True),
        ("test_c.py::test_one[json-y]", False),
        ("test_d.py::test_one", False),
    ],
)
def test_a_key_covers_a_module_a_test_or_some_of_its_parameters(test: str, expected: bool) -> None:
    assert is_only_real(f"tests/integration/{test}", ["test_a", "test_b::test_one", "test_c::test_one[x]"]) is expected
