"""The operations of a file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kubeloop.testing.apiserver.storage.journal_file import JournalFile


def test_a_new_file_is_private_and_empty(tmp_path: Path) -> None:
    file = JournalFile(tmp_path / "journal")
    assert (file.size, (tmp_path / "journal").stat().st_mode & 0o777) == (0, 0o600)
    file.close()


def test_what_was_appended_is_in_the_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    file = JournalFile(path)
    file.append(b"one ")
    file.append(b"two")
    assert (path.read_bytes(), file.size) == (b"one two", 7)
    file.close()
    again = JournalFile(path)
    again.append(b"!")
    again.sync()
    again.close()
    assert path.read_bytes() == b"one two!"


def test_a_cut_file_goes_on_at_its_new_end(tmp_path: Path) -> None:
    file = JournalFile(tmp_path / "journal")
    file.append(b"one two")
    file.truncate(3)
    file.append(b"!")
    assert (tmp_path / "journal").read_bytes() == b"one!"
    file.close()


def test_a_short_write_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda descriptor, data, offset: write(descriptor, data[:3], offset))
    file = JournalFile(tmp_path / "journal")
    file.append(b"one two three")
    assert ((tmp_path / "journal").read_bytes(), file.size) == (b"one two three", 13)
    file.close()
