"""The page of the newcomer's tasks shows the programs, which are not longer than those with other libraries."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.newcomer import LIBRARIES, PAGE, ROOT, TASKS, lines, program, rendered, source


def test_the_page_shows_the_programs_and_their_lines() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert rendered(page) == page, "`python -m tools.newcomer` writes the page"


def test_each_task_has_a_program_with_each_library() -> None:
    for library in ("lightkube", "kr8s"):
        assert sorted(path.stem for path in (ROOT / "bench/newcomer" / library).glob("*.py")) == sorted(TASKS)


@pytest.mark.parametrize("task", TASKS)
def test_a_task_takes_no_more_lines_than_with_other_libraries(task: str) -> None:
    ours, *others = (lines(program(task, library)) for library in LIBRARIES)
    assert ours <= min(others)


def test_docstrings_comments_and_empty_lines_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text('"""Say\n\nmuch."""\n\nimport sys\n\n\n# nothing\nprint(sys.argv)\n')
    assert source(path) == "import sys\n\n\n# nothing\nprint(sys.argv)\n"
    assert lines(path) == 2


def test_the_page_is_linked() -> None:
    assert "(docs/explanation/newcomers-tasks.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
