"""Checks of the documentation: the Python code parses, and all names, files, links and make targets exist.

`test_types.py` checks the types of the code. Whole programs run against the real API server in
tests/integration/test_examples.py.
"""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

import kubeloop
from tests.support.markdown import ROOT, fences, pages

PAGES = pages()
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)
CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
DOTTED = re.compile(r"kubeloop(?:\.\w+)+")
FILE = re.compile(r"(?:[\w-]+/)*[\w-]+\.pyi?|(?:bench|docs|examples|requirements|src|tests|tools)/[\w./-]*")
# A row of a table of the changelog: `| before | now |`.
CHANGED = re.compile(r"^\| (`.*) \| (.*) \|$", re.MULTILINE)
CHANGELOG = ROOT / "CHANGELOG.md"
MADE = re.compile(r"(?:^ {4}|`)make ([a-z][a-z -]*)", re.MULTILINE)


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_python_on_the_page_parses_and_names_only_what_exists(page: Path) -> None:
    for fence in fences(page):
        for node in ast.walk(fence.tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "kubeloop":
                assert hasattr(kubeloop, node.attr), f"line {node.lineno}: kubeloop.{node.attr}"
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kubeloop"):
                module = importlib.import_module(node.module or "")
                for alias in node.names:
                    known = hasattr(module, alias.name) or importlib.import_module(f"{node.module}.{alias.name}")
                    assert known


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_on_the_page_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in link and not link.startswith(("#", "mailto:")):
            assert (page.parent / link.partition("#")[0]).exists(), link


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_make_targets_on_the_page_exist(page: Path) -> None:
    targets = set(TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    for words in MADE.findall(page.read_text(encoding="utf-8")):
        assert set(words.split()) <= targets, words


def codes(text: str) -> list[str]:
    """Return the texts in backquotes outside code blocks."""
    return CODE.findall(FENCE.sub("", text))


def exists(name: str) -> bool:
    """Return whether a dotted name is a module or leads from a module to an attribute."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        for part in parts[count:]:
            found = getattr(found, part, None)
        return found is not None
    return False


@pytest.mark.parametrize(("name", "known"), [
    ("kubeloop.cache", True),
    ("kubeloop.cache.store.indexer.Indexer.by_index", True),
    ("kubeloop.Pod", False),
    ("kubeloop.cache.store.indexer.Indexer.by_colour", False),
    ("kubeloop.nowhere.Pod", False),
])  # fmt: skip
def test_a_name_exists_if_python_finds_it(name: str, known: bool) -> None:
    assert exists(name) is known


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_names_in_backquotes_on_the_page_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    if page == CHANGELOG:  # the first column has the former names
        text = CHANGED.sub(r"\2", text)
    for code in codes(text):
        for name in DOTTED.findall(code):
            assert exists(name), name


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_in_backquotes_on_the_page_exist(page: Path) -> None:
    own = {fence.title for fence in fences(page)}
    for code in codes(page.read_text(encoding="utf-8")):
        if FILE.fullmatch(code) and code not in own:
            assert any((top / code).exists() for top in (page.parent, ROOT, ROOT / "src/kubeloop")), code


def test_former_names_in_the_changelog_no_longer_exist() -> None:
    rows = CHANGED.findall(CHANGELOG.read_text(encoding="utf-8"))
    former = [name for before, _ in rows for code in codes(before) for name in DOTTED.findall(code)]

    assert former
    assert [name for name in former if exists(name)] == []
