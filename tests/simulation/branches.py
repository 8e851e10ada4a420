"""Which branches of `kubeloop.listwatch` the worlds take.

`install` must be called before the modules are imported: it compiles them with a counter at each decision. A decision
is a condition (`if`, `while`, a conditional expression, a comprehension's `if`), each operand of `and` and `or`, and
the body of each function. A branch that no world can take is listed in `NOT_TAKEN`, with the reason.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any

__all__ = ["NOT_TAKEN", "Branches"]

PACKAGE = "kubeloop.listwatch"
COUNTER = "__count_branch__"

Branch = tuple[str, int, str, str]
"""The module, the line, what is decided, and how."""

NOT_TAKEN: dict[tuple[str, str, str], str] = {
    ("list_watch_machine", "state is _State.LISTED", "true"): "no queue refuses a list that was streamed",
    ("list_watch_machine", "opened_at is not None", "true"): "as the line above",
    ("list_watch_machine", "opened_at is not None", "false"): "as the line above",
    ("list_watch_machine", "is_delivering", "true"): "as the line above",
    ("list_watch_machine", "was_delivering", "true"): "as the line above",
    ("list_watch_machine", "self._silent_at < self._opening.give_up_at", "false"): "five minutes of events without "
    "the bookmark that ends a list, and no pause of ten seconds",
    ("streaming_list", "annotations is not None", "false"): "the annotations of models are never None",
    ("list_watch_machine", "self._opened_at is None", "true"): "silence ends the opening of a watch long before",
    ("reopen_or_relist", "self._first is None", "true"): "an internal error has been recorded when this is asked",
    ("watch_end", "self.open_seconds is not None", "false"): "asked of watches that were open",
}
"""Branches that no world takes, by module, condition and outcome, with the reason."""


class Branches(MetaPathFinder):
    """Counts the branches that are taken.

    Attributes:
        known: All branches of the modules that were imported.
        taken: How often each was taken.
    """

    def __init__(self) -> None:
        self.known: set[Branch] = set()
        self.taken: Counter[Branch] = Counter()

    def install(self) -> None:
        """Compile the modules of the package with counters when they are imported.

        Raises:
            RuntimeError: One of them has been imported already.
        """
        if any(name.startswith(PACKAGE) for name in sys.modules):
            raise RuntimeError(f"{PACKAGE} was imported before its branches could be counted")
        sys.meta_path.insert(0, self)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not name.startswith(PACKAGE):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(name, spec.origin, self)
        return spec

    def missed(self) -> list[Branch]:
        """Return the branches that were not taken and are not explained, in order."""
        return sorted(
            branch for branch in self.known - self.taken.keys() if (branch[0], branch[2], branch[3]) not in NOT_TAKEN
        )

    def report(self) -> list[str]:
        """Return the coverage as lines of text."""
        taken = len(self.known & self.taken.keys())
        explained = len(self.known) - taken - len(self.missed())
        lines = [
            f"branches of {PACKAGE}: {taken} of {len(self.known)} taken, {explained} explained, "
            f"{len(self.missed())} missed"
        ]
        lines += [f"    missed: {module}:{line} {what} is {how}" for module, line, what, how in self.missed()]
        return lines


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, branches: Branches) -> None:
        super().__init__(name, path)
        self._branches = branches

    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> CodeType:
        module = str(path).rpartition("/")[2].removesuffix(".py")
        tree = _Counters(module, self._branches.known).visit(ast.parse(data))
        code: CodeType = compile(ast.fix_missing_locations(tree), path, "exec", optimize=_optimize)
        return code

    def get_code(self, fullname: str) -> CodeType | None:
        # Without the cache of compiled files, which other runs use.
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)

    def exec_module(self, module: ModuleType) -> None:
        taken = self._branches.taken

        def count(branch: Branch, value: Any = None) -> Any:
            if branch[3]:
                taken[branch] += 1
            else:
                taken[(*branch[:3], "true" if value else "false")] += 1
            return value

        module.__dict__[COUNTER] = count
        super().exec_module(module)


class _Counters(ast.NodeTransformer):
    """Puts a counter around each condition and at the beginning of each function."""

    def __init__(self, module: str, known: set[Branch]) -> None:
        self._module = module
        self._known = known

    def visit_If(self, node: ast.If) -> Any:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return node
        self.generic_visit(node)
        node.test = self._condition(node.test)
        return node

    def visit_While(self, node: ast.While) -> Any:
        self.generic_visit(node)
        node.test = self._condition(node.test)
        return node

    def visit_IfExp(self, node: ast.IfExp) -> Any:
        self.generic_visit(node)
        node.test = self._condition(node.test)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> Any:
        texts = [ast.unparse(value) for value in node.values]
        self.generic_visit(node)
        node.values = [
            value if isinstance(value, ast.Constant) or text.isupper() else self._condition(value, text)
            for value, text in zip(node.values, texts, strict=True)
        ]
        return node

    def visit_comprehension(self, node: ast.comprehension) -> Any:
        self.generic_visit(node)
        node.ifs = [self._condition(test) for test in node.ifs]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        is_declared = len(body) == 1 and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
        if node.name in ("__repr__", "__str__") or is_declared:
            return node
        self.generic_visit(node)
        call = self._call((self._module, node.lineno, f"{node.name}()", "called"))
        node.body.insert(len(node.body) - len(body), ast.copy_location(ast.Expr(call), node))
        return node

    def _condition(self, test: ast.expr, text: str | None = None) -> ast.expr:
        if isinstance(test, ast.Call) and isinstance(test.func, ast.Name) and test.func.id == COUNTER:
            return test
        what = text or _plain(test)
        for how in ("true", "false"):
            self._known.add((self._module, test.lineno, what, how))
        return ast.copy_location(self._call((self._module, test.lineno, what, ""), test), test)

    def _call(self, branch: Branch, *values: ast.expr) -> ast.expr:
        if branch[3]:
            self._known.add(branch)
        return ast.Call(ast.Name(COUNTER, ast.Load()), [ast.Constant(branch), *values], [])


class _Plain(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        is_counter = isinstance(node.func, ast.Name) and node.func.id == COUNTER
        return node.args[1] if is_counter and len(node.args) > 1 else node


def _plain(test: ast.expr) -> str:
    """Return a condition as it stands in the source, without counters."""
    return ast.unparse(_Plain().visit(ast.parse(ast.unparse(test), mode="eval")))
