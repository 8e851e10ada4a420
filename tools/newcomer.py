"""The newcomer's tasks: their programs, how their lines are counted, and the page that shows them.

`python -m tools.newcomer` writes the programs and the table into the page.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/explanation/newcomers-tasks.md"
LIBRARIES = ("kubeloop", "lightkube", "kr8s")
TASKS = {
    "09_list_by_label": "list the pods with a label",
    "10_apply_file": "apply a file",
    "11_follow_pods": "watch the pods with a label",
    "12_wait": "wait until a pod is ready",
    "13_patch_scale_evict": "patch, scale and evict",
    "14_apply_dict": "apply a dictionary",
}
"""The name of each program, and its task."""
BLOCK = re.compile(r"(?P<begin><!-- (?P<name>table|programs) -->\n).*?(?P<end><!-- end -->)", re.DOTALL)


def program(task: str, library: str) -> Path:
    """Return the path of the program for a task."""
    return (ROOT / "examples" if library == "kubeloop" else ROOT / "bench/newcomer" / library) / f"{task}.py"


def source(path: Path) -> str:
    """Return the code of a program without its docstring."""
    text = path.read_text(encoding="utf-8")
    docstring, *_ = ast.parse(text).body
    assert isinstance(docstring, ast.Expr)
    return "\n".join(text.splitlines()[docstring.end_lineno :]).strip() + "\n"


def lines(path: Path) -> int:
    """Count the lines of a program, without its docstring, comments and empty lines."""
    found = (line.strip() for line in source(path).splitlines())
    return sum(1 for line in found if line and not line.startswith("#"))


def rendered(page: str) -> str:
    """Return the page with the present programs and their numbers of lines."""
    blocks = {"table": _table(), "programs": _programs()}
    return BLOCK.sub(lambda found: f"{found['begin']}\n{blocks[found['name']]}\n\n{found['end']}", page)


def _table() -> str:
    rows = [f"| task | {' | '.join(LIBRARIES)} |", "|---" * (len(LIBRARIES) + 1) + "|"]
    for task, what in TASKS.items():
        cells = (f"[{lines(path)}]({_link(path)})" for path in (program(task, library) for library in LIBRARIES))
        rows.append(f"| {what} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _programs() -> str:
    parts: list[str] = []
    for task, what in TASKS.items():
        parts.append(f"### {what[0].upper()}{what[1:]}")
        for library in LIBRARIES:
            # The checks of Python in pages concern programs with kubeloop; other libraries are not installed for them.
            language = "python" if library == "kubeloop" else "py"
            path = program(task, library)
            parts.append(f"With {library}, {lines(path)} lines:\n\n```{language}\n{source(path)}```")
    return "\n\n".join(parts)


def _link(path: Path) -> str:
    return f"../../{path.relative_to(ROOT).as_posix()}"


if __name__ == "__main__":
    PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
