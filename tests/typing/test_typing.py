"""Programs that type checkers accept and refuse: mypy and pyright, both strict, on programs as users write them.

A line of `cases/` that ends in `# error` must be reported by both, `# error: pyright` only by pyright; every other line
by neither.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kubeloop.cli import main
from tests.support.core_schemas import large_definition
from tests.support.type_checkers import ROOT, Reports, mypy, pyright

CASES = sorted(path.name for path in (Path(__file__).parent / "cases").glob("*.py"))
CHECKERS: dict[str, Callable[..., Reports]] = {"mypy": mypy, "pyright": pyright}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's project: the cases, and the output of `kubeloop generate` for the test CRDs and for a large one."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(Path(__file__).parent / "cases", folder / "cases")
    crds = sorted(str(path) for path in (ROOT / "tests" / "support" / "crds").glob("*.yaml"))
    large = folder / "large.json"
    large.write_text(json.dumps(large_definition()))
    logins = str(Path(__file__).parent / "logins.yaml")
    assert main(["generate", "--crd", *crds, logins, str(large), "--out", str(folder / "generated")]) == 0
    return folder


@pytest.fixture(scope="module", params=sorted(CHECKERS))
def reports(request: pytest.FixtureRequest, project: Path) -> tuple[str, Reports]:
    return request.param, CHECKERS[request.param](project, "cases", "generated")


@pytest.mark.parametrize("name", CASES)
def test_a_checker_reports_what_is_wrong_and_nothing_else(
    name: str, project: Path, reports: tuple[str, Reports]
) -> None:
    checker, found = reports
    expected = set[int]()
    for number, line in enumerate((project / "cases" / name).read_text().splitlines(), 1):
        marker = re.search(r"# error(?:: (\w+))?", line)
        if marker and marker[1] in (None, checker):
            expected.add(number)
    reported = found.get(name, {})
    unexpected = {line: messages for line, messages in reported.items() if line not in expected}
    assert unexpected == {}, f"{checker} reports more in {name}"
    assert sorted(expected - set(reported)) == [], f"{checker} overlooks lines of {name}"


def test_generated_custom_models_are_strict(project: Path, reports: tuple[str, Reports]) -> None:
    checker, found = reports
    assert {name: dict(lines) for name, lines in found.items() if name not in CASES} == {}, checker
