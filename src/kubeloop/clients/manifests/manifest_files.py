"""The objects of manifest files: which files a path means, and what they contain.

Reference: cli-runtime resource.ExpandPathsToFileVisitors, resource.FileExtensions and resource.FlattenListVisitor.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kubeloop.clients.manifests.unfolded_list import unfold
from kubeloop.errors import DecodeError
from kubeloop.wire.documents import read_documents

if TYPE_CHECKING:
    from kubeloop.objects.model import Kind
    from kubeloop.scheme import Scheme
    from kubeloop.unstructured import Unstructured

__all__ = ["load_manifests"]

_EXTENSIONS = (".json", ".yaml", ".yml")


def load_manifests(
    *paths: str | os.PathLike[str], recursive: bool = False, scheme: Scheme | None = None
) -> list[Kind | Unstructured]:
    """Read the objects of files and folders, in YAML or JSON.

        objects = kubeloop.load_manifests("crds.yaml", "deploy/")

    Lists are unfolded: a `v1 List` or a `ConfigMapList` counts as its items. An object of a kind that the scheme knows
    has its class, with unknown fields kept; any other is an `Unstructured`.

    Args:
        paths: Files with any name, and folders. Of a folder, the files `*.json`, `*.yaml` and `*.yml` are read in the
            order of their names.
        recursive: Whether the folders within a folder are read too, each in its place among the names. Links to folders
            are not followed.
        scheme: The scheme that maps kinds to classes. None means the built-in kinds.

    Returns:
        The objects in the order of the paths and documents. An empty file has none.

    Raises:
        DecodeError: A document cannot be read. The message names the file, the number of the document and its line;
            notes name the other files that cannot be read.
        FileNotFoundError: A path does not exist, or a folder contains no such file.
        OSError: A file cannot be read.
        TypeError: No path was passed, or a value that is no path.

    Reference: kubectl's `--filename` and `--recursive`.
    """
    if not paths:
        raise TypeError("load_manifests() needs the path of a file or a folder")
    found: list[Kind | Unstructured] = []
    problems: list[str] = []
    for path in paths:
        for file in _files(path, recursive=recursive):
            try:
                found.extend(_objects(file, scheme))
            except DecodeError as error:
                problems.append(f"{file}: {error}")
    if problems:
        failure = DecodeError(problems[0])
        for problem in problems[1:]:
            failure.add_note(problem)
        raise failure
    return found


def _files(path: str | os.PathLike[str], *, recursive: bool) -> list[Path]:
    start = Path(path)
    if not start.is_dir():
        return [start]
    found = list(_below(start, recursive=recursive))
    if not found:
        hint = "" if recursive else "; recursive=True reads the folders within it"
        raise FileNotFoundError(f"expected files named *.json, *.yaml or *.yml, got none: folder {start}{hint}")
    return found


def _below(folder: Path, *, recursive: bool) -> Iterator[Path]:
    with os.scandir(folder) as scan:
        entries = sorted(scan, key=lambda entry: entry.name)
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if recursive:
                yield from _below(folder / entry.name, recursive=True)
        elif entry.name.endswith(_EXTENSIONS) and not entry.is_dir():
            yield folder / entry.name


def _objects(file: Path, scheme: Scheme | None) -> list[Kind | Unstructured]:
    data = file.read_bytes()
    documents = read_documents(data, scheme)
    found: list[Kind | Unstructured] = []
    number = 0
    while True:
        number += 1
        try:
            document = next(documents, None)
        except DecodeError as error:
            text = str(error)
            # A text that is not YAML is no document yet, so that its error has no number.
            raise DecodeError(text if text.startswith("document ") else f"document {number}: {text}") from error
        if document is None:
            return found
        _, line, obj = document
        for each in unfold(obj):
            if isinstance(each, DecodeError):
                raise DecodeError(f"document {number}, line {line}: {each}") from each
            found.append(each)
