"""Kubeconfig files after a change."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

from kubeloop.config import KubeconfigData, modify_kubeconfig, read_kubeconfig
from kubeloop.errors import ConfigError
from kubeloop.meta import yaml
from kubeloop.testing import virtual_time

from .refused import REFUSED

__all__ = ["kubeconfig_changes", "without_empty", "written"]


def kubeconfig_changes(case: dict[str, Any]) -> Any:
    """Write files, change them, and return the content of each file afterwards, without empty values."""
    with tempfile.TemporaryDirectory() as folder:
        if not _change(case, folder):
            return REFUSED
        contents = {path.name: _content(path, folder) for path in Path(folder).iterdir()}
    return {"files": contents, "ours": contents}


def written(case: dict[str, Any]) -> dict[str, str]:
    """Return the text of each file after the change; no texts if the change is refused."""
    with tempfile.TemporaryDirectory() as folder:
        if not _change(case, folder):
            return {}
        return {path.name: path.read_text().replace(folder, "$DIR") for path in sorted(Path(folder).iterdir())}


def _change(case: dict[str, Any], folder: str) -> bool:
    for name, text in case["files"].items():
        Path(folder, name).write_text(text.replace("$DIR", folder))
    listed = os.pathsep.join(path.replace("$DIR", folder) for path in case["env"])

    def change(data: KubeconfigData) -> None:
        put = yaml.load(case["put"].replace("$DIR", folder)) or {}
        for section, field in (("clusters", "cluster"), ("users", "user"), ("contexts", "context")):
            data.section(section).update({item["name"]: item[field] for item in put.get(section, ())})
            for name in case["remove"].get(section, ()):
                data.section(section).pop(name, None)
        if case["current"] is not None:
            data.current_context = case["current"]

    with patch.dict(os.environ, {"KUBECONFIG": listed, "HOME": "/nonexistent"}, clear=True):
        try:
            virtual_time.run(modify_kubeconfig(change))
        except ConfigError:
            return False
    return True


def _content(path: Path, folder: str) -> Any:
    return without_empty(read_kubeconfig(path).document(), folder)


def without_empty(value: Any, folder: str) -> Any:
    """Return JSON data without empty values, with `$DIR` in place of the folder."""
    if isinstance(value, str):
        return value.replace(folder, "$DIR") or None
    if isinstance(value, list):
        kept = (without_empty(each, folder) for each in value)
        return [each for each in kept if each is not None] or None
    if isinstance(value, dict):
        kept_fields = ((name, without_empty(each, folder)) for name, each in value.items())
        return {name: each for name, each in kept_fields if each is not None} or None
    return value or None
