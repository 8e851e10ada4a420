"""Check docstrings, comments, strings and documentation for wordings that plain technical English does not have.

`python -m tools.wording` prints `file:line: "found": use ...` for each and exits with 1 if there are any.
Code between backticks is not checked; paths as arguments limit the check to the files below them.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

CHECKED = ("src", "docs", "examples", "tools", "tests", "bench", "README.md", "CHANGELOG.md", "CONTRIBUTING.md")
# Hidden folders, the word list, generated files, and this program and its test, whose strings are the wordings.
EXCLUDED = re.compile(
    r".*/\..*|docs/design/conventions\.md|tools/wording\.py|tests/unit/test_wording\.py|src/kubeloop/models/.*"
    r"|src/kubeloop/clients/groups/.*|src/kubeloop/cache/informers/.*|examples/custom_resource/generated/.*"
)

_RATE = "second|minute|hour|group|handler|class|event|kind|verb|resource|request|object|module|task|item|namespace"

WORDS: Sequence[tuple[str, str]] = (
    ("says? if", "return whether, check whether"),
    ("tells? (?:if|whether|which|how|why|who|what)", "return, report, show"),
    (r"(?:is|are|was|were) (?:told|not told|never told)", "is reported"),
    ("told already|already told", "already reported"),
    ("takes? note", "record"),
    ("(?:is|are|was|were) due", "expected, expired, or the deadline"),
    ("what of", "name the part"),
    ("(?:to|can|could|cannot) be had", "is available, is unavailable"),
    ("stands? still|stood still", "stops, is stuck, makes no progress"),
    ("here lives?", "contains, defines"),
    ("what (?:came|comes|arrived|arrives)", "name the thing: the response, the bytes"),
    ("(?:goes|went|going) on", "continues, resumes"),
    ("answer(?:s|ed|ing)?", "response, responds"),
    ("time-outs?", "timeout"),
    ("of late", "recently"),
    ("(?:hand|hands|handed|handing) out", "return"),
    ("(?:give|gives|gave|given|giving) (?:back|up again)", "return"),
    ("(?:send|sends|sent|sending) (?:once more|again)|once more|anew", "again, retry, retried"),
    ("wire names?", "field name"),
    ("(?:is|are|was) gone|went away", "was deleted, was closed, no longer exists"),
    ("(?:run|runs|ran) out", "expired"),
    ("works? (?:them |it )?off|worked off", "process, handle"),
    ("does not exist yet|(?:is|are) not there(?: yet)?", "is not implemented, is missing"),
    ("of no (?:use|meaning)", "is useless, is ignored"),
    ("has it that", "says"),
    ("whoever", "name the caller, the user, the task"),
    ("as it likes|as they like", "for any time, any value"),
    ("beside the usual", "in addition to"),
    ("on its way", "in flight, running"),
    (r"(?:a|an|one|once|each|two|three|\d+) \w+ an? (?:" + _RATE + ")", "per"),
    ("seconds? a second|times a second|bytes a second", "per second"),
)
# Only at the beginning of a docstring, where another verb belongs.
FIRST_WORDS: Sequence[tuple[str, str]] = (
    ("Gives?", "Return"),
    ("Says?", "Return, Report"),
    ("Tells?", "Return, Report"),
    ("Have", "Return"),
    ("Make", "Create, Build"),
    ("Get", "Return, Read"),
    ("Let", "Allow, or the effect"),
    ("What", "name the thing"),
    ("Whether", "Return whether"),
    ("How", "Return the number of, or name the thing"),
)


def _compiled(words: Sequence[tuple[str, str]], form: str, flags: int = 0) -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(form.format(each.replace(" ", r"\s+")), flags), use) for each, use in words]


_words = _compiled(WORDS, r"(?<![\w-])(?:{})(?![\w-])", re.IGNORECASE)
_first_words = _compiled(FIRST_WORDS, r"\s*(?:{})(?![\w-])")
_code = re.compile(r"``?[^`\n]+``?")
_fence = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)


def findings(text: str, *, is_docstring: bool = False) -> Iterator[tuple[int, str, str]]:
    """Yield what a text contains: the number of line breaks before it, the wording, and what to use instead."""
    text = _code.sub(_blank, text)
    if is_docstring:
        for pattern, use in _first_words:
            if (match := pattern.match(text)) is not None:
                yield text.count("\n", 0, match.end()), match[0].strip(), use
    for pattern, use in _words:
        for match in pattern.finditer(text):
            yield text.count("\n", 0, match.start()), re.sub(r"\s+", " ", match[0]), use


def texts_of_python(source: str) -> Iterator[tuple[int, str, bool]]:
    """Yield the texts of a program: their line, the text, and whether it is the docstring of a function."""
    tree = ast.parse(source)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
        and not any(getattr(each, "attr", getattr(each, "id", "")) in _NOUNS for each in node.decorator_list)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value, id(node) in docstrings
    yield from _comments(source)


_NOUNS = frozenset({"property", "cached_property", "fixture"})


def _comments(source: str) -> Iterator[tuple[int, str, bool]]:
    """Yield the comments, those of consecutive lines as one text."""
    start, lines = 0, list[str]()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        line = token.start[0]
        if lines and line != start + len(lines):
            yield start, "\n".join(lines), False
            lines = []
        if not lines:
            start = line
        lines.append(token.string.lstrip("# "))
    if lines:
        yield start, "\n".join(lines), False


def check(path: Path) -> list[str]:
    """Return the findings of one file, as lines to print."""
    content = path.read_text(encoding="utf-8")
    name = path.relative_to(ROOT).as_posix()
    texts = texts_of_python(content) if path.suffix == ".py" else [(1, _fence.sub(_blank, content), False)]
    found = {
        (line + below, f'{name}:{line + below}: "{wording}": use {use}')
        for line, text, is_docstring in texts
        for below, wording, use in findings(text, is_docstring=is_docstring)
    }
    return [text for _, text in sorted(found)]


def _blank(match: re.Match[str]) -> str:
    """Return as many blanks as a match has characters, with its line breaks, so that lines keep their numbers."""
    return re.sub(r"[^\n]", " ", match[0])


def files() -> Iterator[Path]:
    """Yield the files to check, in order."""
    for each in CHECKED:
        top = ROOT / each
        for path in [top] if top.is_file() else sorted([*top.rglob("*.py"), *top.rglob("*.md")]):
            if not EXCLUDED.fullmatch(path.relative_to(ROOT).as_posix()):
                yield path


def main() -> int:
    """Print the findings, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", help="check only the files below these paths")
    paths = tuple(parser.parse_args().paths)
    found = [
        each
        for path in files()
        if not paths or path.relative_to(ROOT).as_posix().startswith(paths)
        for each in check(path)
    ]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
