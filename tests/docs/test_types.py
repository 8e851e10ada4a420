"""mypy and pyright, both strict, accept the Python code of the documentation and the examples.

The code is copied into a project of its own, so that the checkers see kubeloop as users do.
"""

from __future__ import annotations

import ast
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.markdown import ROOT, Fence, fences, pages
from tests.support.type_checkers import Reports, mypy, pyright

FENCES = [fence for page in pages() for fence in fences(page)]
# The modules that code imports: of packages, and of other blocks of code, which have a title.
IMPORTED = {
    node.module for fence in FENCES for node in ast.walk(fence.tree) if isinstance(node, ast.ImportFrom) and node.module
}
CHECKERS: dict[str, Callable[..., Reports]] = {"mypy": mypy, "pyright": pyright}


def test_the_pages_that_users_read_first_have_code_to_check() -> None:
    assert {"README.md", "docs/how-to/objects.md"} <= {str(fence.page.relative_to(ROOT)) for fence in FENCES}


def test_a_fence_keeps_the_line_numbers_of_its_page() -> None:
    fence = Fence(ROOT / "page.md", 3, "import asyncio\n\nawait asyncio.sleep(0)\n")
    assert fence.module.splitlines()[2:] == [
        "async def page() -> None:",
        "    import asyncio",
        "",
        "    await asyncio.sleep(0)",
    ]


@pytest.mark.parametrize("checker", sorted(CHECKERS))
def test_a_checker_accepts_all_code_of_the_documentation_and_the_examples(checker: str, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "examples", folder, ignore=shutil.ignore_patterns("__pycache__"))
    for fence in FENCES:
        (folder / f"{fence.name}.py").write_text(fence.module, encoding="utf-8")
        if fence.title.removesuffix(".py") in IMPORTED:
            assert not (folder / fence.title).exists(), f"two blocks of code have the title {fence.title}"
            (folder / fence.title).write_text(fence.module, encoding="utf-8")
    programs = sorted(path.name for path in folder.glob("*.py"))

    reports = CHECKERS[checker](folder, *programs, "create_ports")

    errors = [
        f"{name}:{line}: {message}"
        for name, lines in reports.items()
        for line, messages in lines.items()
        for message in messages
    ]
    assert errors == [], "\n".join(errors)
