"""What minify, flatten and redact make of kubeconfig files, and the number of problems in the files."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

from kubeloop.config import flatten, minify, read_kubeconfig, redact, validate_kubeconfig
from kubeloop.errors import ConfigError, EmptyConfig

from .kubeconfig_changes import without_empty
from .kubeconfigs import filled
from .refused import REFUSED

__all__ = ["kubeconfig_views"]


def kubeconfig_views(case: dict[str, Any]) -> Any:
    """Write files, and return each view of their content without empty values."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in case["files"].items():
            Path(folder, name).write_text(filled(text, folder))
        listed = os.pathsep.join(filled(path, folder) for path in case["env"])
        with patch.dict(os.environ, {"KUBECONFIG": listed, "HOME": "/nonexistent"}, clear=True):
            result: dict[str, Any] = {"problems": _problems()}
            for view in (minify, flatten, redact):
                try:
                    result[view.__name__] = without_empty(view(read_kubeconfig()).document(), folder)
                except ConfigError:
                    result[view.__name__] = REFUSED
    return result


def _problems() -> int:
    try:
        return len(validate_kubeconfig())
    except EmptyConfig:
        return 1
