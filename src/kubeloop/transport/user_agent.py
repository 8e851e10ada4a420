"""The default `User-Agent` of requests, in the form of client-go.

Reference: client-go rest/config.go, DefaultKubernetesUserAgent. Intended difference: the name and version of kubeloop
replace `kubernetes/` and a commit.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import PurePath

from kubeloop.version import __version__

__all__ = ["default_user_agent"]

_MACHINES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64", "i386": "386", "i686": "386"}


def default_user_agent(component: str = "") -> str:
    """Return `program/unknown (os/arch) kubeloop/version`, because the program's version is not known.

    Args:
        component: The part of the program that sends the requests, appended after a `/`. API servers log user agents,
            and name the owner of fields after their beginning.

    Reference: client-go rest/config.go, DefaultKubernetesUserAgent, AddUserAgent.
    """
    program = re.sub(r"[^A-Za-z0-9._+-]", "_", PurePath(sys.argv[0] if sys.argv else "").name) or "unknown"
    system = "windows" if sys.platform == "win32" else sys.platform
    agent = f"{program}/unknown ({system}/{_machine()}) kubeloop/{__version__}"
    return f"{agent}/{component}" if component else agent


def _machine() -> str:
    if sys.platform == "win32":
        import platform

        machine = platform.machine()
    else:
        machine = os.uname().machine  # `platform` takes a millisecond to load
    return _MACHINES.get(machine, machine.lower()) or "unknown"
