"""The programs of the page on the machinery of informers print what the page shows, and its picture is readable.

tests/integration/test_examples.py runs the deletion of a pod on the real API server.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from kubeloop.testing import APIServer
from tests.support.markdown import ROOT, printed, programs

PAGE = ROOT / "docs" / "explanation" / "informers.md"
PICTURE = PAGE.with_suffix(".svg")
PICTURES = sorted(PAGE.parent.glob("*.svg"))
PROGRAMS = programs(PAGE)
SVG = "{http://www.w3.org/2000/svg}"


def run(title: str, kubeconfig: Path | None = None) -> list[str]:
    """Run a program of the page and return the lines that it prints."""
    environment = os.environ if kubeconfig is None else {**os.environ, "KUBECONFIG": str(kubeconfig)}
    command = [sys.executable, "-c", PROGRAMS[title]]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=60)
    return done.stdout.splitlines()


async def run_on_a_server(title: str) -> list[str]:
    async with APIServer().listen() as listener:
        return await asyncio.to_thread(run, title, listener.kubeconfig)


def test_the_deletion_of_a_pod_takes_the_steps_that_the_page_shows() -> None:
    assert asyncio.run(run_on_a_server("pod_deletion.py")) == printed(PAGE, "pod_deletion.py")


def test_a_missed_deletion_is_reported_as_the_page_shows() -> None:
    assert run("missed_deletion.py") == printed(PAGE, "missed_deletion.py")


def test_the_programs_are_those_that_the_tests_run() -> None:
    assert sorted(PROGRAMS) == ["missed_deletion.py", "pod_deletion.py"]


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.stem)
def test_the_page_shows_each_picture_and_each_picture_describes_itself(picture: Path) -> None:
    assert f"]({picture.name})" in PAGE.read_text(encoding="utf-8")
    root = ElementTree.parse(picture).getroot()
    labels = [root.find(f"{SVG}{name}") for name in ("title", "desc")]
    assert all(label is not None and label.text for label in labels)
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == " ".join(str(label.get("id")) for label in labels if label is not None)


def test_the_picture_of_the_deletion_has_the_steps_that_the_program_prints() -> None:
    steps = [line.split() for line in printed(PAGE, "pod_deletion.py")]
    texts = [each.text for each in ElementTree.parse(PAGE.with_name("pod-deletion.svg")).iter(f"{SVG}text")]
    for row, kinds in {
        "watch": ("MODIFIED", "DELETED"),
        "queue": ("Updated", "Deleted"),
        "handler": ("on_update", "on_delete"),
    }.items():
        printed_kinds = [words[1].partition("(")[0] for words in steps if words[0] == row]
        assert [text for text in texts if text in kinds] == printed_kinds


def test_each_part_in_the_picture_is_explained_on_the_page() -> None:
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    names = [
        each.text or "" for each in ElementTree.parse(PICTURE).iter(f"{SVG}text") if each.get("class", "")[:4] == "name"
    ]
    assert len(names) == 15
    assert [name for name in names if name not in text] == []
