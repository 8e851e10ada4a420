"""Adding text of an input to Python source: literals, docstrings and comments; and the check of the result.

Inputs may be hostile, and generated files are imported. Names pass `schema.identifier`, other text passes a function
here, and `check_source` parses each generated file again: only imports, classes, functions and assignments are allowed.
"""

from __future__ import annotations

import ast
import json
import textwrap
from collections.abc import Iterator

from kubeloop.codegen.layout import WIDTH
from kubeloop.codegen.schema import SchemaError

__all__ = ["check_source", "docstring", "literal", "map_entry", "printable", "used_names"]

_STATEMENTS = (
    *(ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef, ast.Assign, ast.AnnAssign),
    *(ast.Return, ast.Pass, ast.If, ast.Expr),
)
_FORBIDDEN_NAMES = frozenset({"__builtins__", "__import__", "compile", "eval", "exec", "open"})


def literal(text: str) -> str:
    """Return a string literal in double quotes, on one line, in which every character can be seen."""
    return printable(json.dumps(text, ensure_ascii=False))


def printable(text: str) -> str:
    """Return `text` on one line: what is not printable (line breaks, controls, surrogates) as Python's escapes."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else _escaped(letter) for letter in text)


def _escaped(letter: str) -> str:
    code = ord(letter)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def docstring(text: str, indent: str = "") -> list[str]:
    """Return a description as the lines of a docstring, one paragraph after the other; no lines for an empty text."""
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n")]
    safe = [printable(part.replace("\\", "\\\\")).replace('"""', '\\"\\"\\"') for part in paragraphs]
    if not any(safe):
        return []
    width = WIDTH - len(indent)
    if len(safe) == 1 and len(safe[0]) <= width - 6 and not safe[0].endswith('"'):
        return [f'{indent}"""{safe[0]}"""']
    filled = "\n\n".join(textwrap.fill(part, width, break_long_words=False, break_on_hyphens=False) for part in safe)
    return [f'{indent}"""', *(f"{indent}{line}" if line else "" for line in filled.split("\n")), f'{indent}"""']


def map_entry(name: str, text: str) -> Iterator[str]:
    """Yield the lines of one entry of a map of texts; a long text is divided at its spaces."""
    line = f"    {literal(name)}: {literal(text)},"
    if len(line) <= WIDTH:
        yield line
        return
    yield f"    {literal(name)}: ("
    parts = textwrap.wrap(text, WIDTH - 11, break_long_words=False, break_on_hyphens=False)
    for part in parts[:-1]:
        yield f"        {literal(part + ' ')}"
    yield f"        {literal(parts[-1])}"
    yield "    ),"


def used_names(code: str) -> set[str]:
    """Return the names that code reads; what docstrings and literals say does not count.

    Raises:
        SchemaError: Its brackets are nested deeper than Python allows.
    """
    try:
        nodes = ast.walk(ast.parse(code))
    except (SyntaxError, RecursionError, MemoryError):
        raise SchemaError("types nested too deeply for Python") from None
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def check_source(name: str, text: str) -> None:
    """Check that a generated file holds what emitters write, and nothing else.

    Args:
        name: The file's name, for the message.
        text: Its text.

    Raises:
        SchemaError: The text is not Python, or has a statement that no emitter writes.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise SchemaError(f"{printable(name)}: what was generated is no Python: {error}") from None
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and not _is_expected(node):
            raise SchemaError(f"{printable(name)}: line {node.lineno}: an unexpected statement in what was generated")
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in _FORBIDDEN_NAMES:
            raise SchemaError(f"{printable(name)}: line {node.lineno}: {node.id} in what was generated")


def _is_expected(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Constant(value=value)):
            return isinstance(value, str) or value is Ellipsis
        case ast.Expr():
            return False
        case ast.If(test=ast.Name(id=name)):
            return name == "TYPE_CHECKING"
        case ast.If():
            return False
        case _:
            return isinstance(statement, _STATEMENTS)
