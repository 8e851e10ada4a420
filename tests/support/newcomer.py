"""The newcomer's tasks: their programs, and how their lines are counted."""

from __future__ import annotations

import ast
from pathlib import Path

__all__ = ["LIBRARIES", "ROOT", "TASKS", "lines", "program", "source"]

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = ("kubeloop", "lightkube", "kr8s")
TASKS = {
    "09_list_by_label": "List the pods that have a label",
    "10_apply_file": "Apply a file of manifests",
    "11_follow_pods": "Follow pods until one is deleted",
    "12_wait": "Wait until a pod is ready",
    "13_patch_scale_evict": "Patch and scale a Deployment, and evict a pod",
    "14_apply_dict": "Apply an object that is a dictionary",
}
"""The name of each program, and its task."""


def program(task: str, library: str) -> Path:
    """Return the program of a task."""
    return (ROOT / "examples" if library == "kubeloop" else ROOT / "bench/newcomer" / library) / f"{task}.py"


def source(path: Path) -> str:
    """Return the code of a program without its docstring."""
    text = path.read_text(encoding="utf-8")
    docstring, *_ = ast.parse(text).body
    assert docstring.end_lineno is not None
    return "\n".join(text.splitlines()[docstring.end_lineno :]).strip() + "\n"


def lines(path: Path) -> int:
    """Count the lines of a program, without its docstring and empty lines."""
    return sum(1 for line in source(path).splitlines() if line.strip())
