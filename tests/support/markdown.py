"""The Markdown pages of the project and the Python code in them."""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_HIDDEN = ("/.", "/node_modules/", "/target/")
_BLOCK = re.compile(r'^```python(?: title="([^"\n]+)")?\n(.*?)^```', re.MULTILINE | re.DOTALL)


def pages() -> list[Path]:
    """Return all Markdown files of the project, sorted."""
    return sorted(
        page for page in ROOT.rglob("*.md") if not any(part in f"/{page.relative_to(ROOT)}" for part in _HIDDEN)
    )


@dataclass(frozen=True)
class Fence:
    """A block of Python code in a page; `line` is the line of its opening fence, `title` the name of its file or ""."""

    page: Path
    line: int
    code: str
    title: str = ""

    @property
    def name(self) -> str:
        """The fence as a module's name: the page and the line."""
        page = self.page.relative_to(ROOT).with_suffix("")
        return re.sub(r"\W+", "_", f"{page}_{self.line}").lower()

    @property
    def tree(self) -> ast.Module:
        """The parsed code, in which `await` is allowed outside a function."""
        flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        tree = compile(self.code, str(self.page), "exec", flags, dont_inherit=True)
        assert isinstance(tree, ast.Module)
        return tree

    @property
    def module(self) -> str:
        """The code as a module with the page's line numbers; code with a top-level await is in a function."""
        code = self.code
        opening = ""
        if self._awaits:
            opening = "async def page() -> None:"
            code = "".join(f"    {line}" if line.strip() else line for line in code.splitlines(keepends=True))
        return "\n" * (self.line - 1) + f"{opening}\n" + code

    @property
    def _awaits(self) -> bool:
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        return bool(
            compile(self.code, str(self.page), "exec", flags, dont_inherit=True).co_flags & inspect.CO_COROUTINE
        )


def fences(page: Path) -> list[Fence]:
    """Return the blocks of Python code in a page."""
    text = page.read_text(encoding="utf-8")
    return [
        Fence(page, text.count("\n", 0, match.start()) + 1, match[2], match[1] or "") for match in _BLOCK.finditer(text)
    ]


def programs(page: Path) -> dict[str, str]:
    """Return the blocks of Python code that have a title, by title."""
    return {fence.title: fence.code for fence in fences(page) if fence.title}


def names_of(page: Path, defined: str, old: str = "", new: str = "") -> dict[str, Any]:
    """Run the block of Python code in a page that defines a function or a class, and return its names.

    `old` is a part of the code that the test replaces by `new`, for instance a path.
    """
    definition = re.compile(rf"^(?:async def|def|class) {defined}\b", re.MULTILINE)
    [code] = (fence.code for fence in fences(page) if definition.search(fence.code))
    assert old in code
    names: dict[str, Any] = {}
    exec(compile(code.replace(old, new) if old else code, str(page), "exec", dont_inherit=True), names)
    return names


def printed(page: Path, command: str) -> list[str]:
    """Return the lines that a page shows below a command, which stands at the end of a line that begins with `$`."""
    found = re.search(
        rf"^    \$ .*{re.escape(command)}\n((?:    .*\n)+)", page.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert found is not None, f"{page} shows no output of {command!r}"
    return inspect.cleandoc(found[1]).splitlines()
