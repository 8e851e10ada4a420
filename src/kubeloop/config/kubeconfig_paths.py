"""Which kubeconfig files are read and written: an argument, the variable `KUBECONFIG`, or the home directory.

Reference: client-go tools/clientcmd/config.go, PathOptions.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["default_kubeconfig", "expanded", "kubeconfig_paths"]


def kubeconfig_paths(kubeconfig: str | os.PathLike[str] | None = None) -> list[str]:
    """Return the paths of the kubeconfig files in order of precedence; the files may be missing.

    Args:
        kubeconfig: The path of the only file, where `~` is the home directory. None, or the empty text of an option
            `--kubeconfig=`, means the files in the variable `KUBECONFIG`, or else `~/.kube/config`.
    """
    if kubeconfig:
        return [expanded(kubeconfig)]
    if listed := os.environ.get("KUBECONFIG", ""):
        return list(dict.fromkeys(path for path in listed.split(os.pathsep) if path))
    try:
        return [str(Path.home() / ".kube" / "config")]
    except RuntimeError:
        # There is no home directory. (client-go looks into the current one, where anybody may have put a kubeconfig.)
        return []


def default_kubeconfig(paths: Sequence[str]) -> str | None:
    """Return the file for new entries: the first that exists, or else the last. None means that there are no paths.

    Reference: client-go PathOptions.GetDefaultFilename.
    """
    return next((path for path in paths if os.path.exists(path)), paths[-1] if paths else None)


def expanded(path: str | os.PathLike[str]) -> str:
    """Return a path with `~` replaced by the home directory.

    A shell does this for a word that begins with `~`, but not for one like `--kubeconfig=~/config`.
    """
    return os.path.expanduser(os.fspath(path))
