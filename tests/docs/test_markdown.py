"""Checks of the documentation: the Python code parses and names what exists, and links and make targets exist.

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
