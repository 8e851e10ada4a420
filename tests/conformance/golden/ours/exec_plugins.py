"""Exec plugins: what they print, what they get, and policies that allow or refuse them."""

from __future__ import annotations

import base64
import json
import tempfile
from contextlib import chdir, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from kubeloop.config import Config, ExecPolicy, load_exec_credential
from kubeloop.config.exec_config import API_VERSIONS
from kubeloop.config.exec_output import parse_exec_credential
from kubeloop.config.exec_policy import AllowedPlugins, clean_command
from kubeloop.config.exec_process import find_program
from kubeloop.errors import ConfigError, CredentialError
from kubeloop.transport.connecting.tls import TLSContexts

from .kubeconfigs import KNOWN, settings
from .refused import REFUSED

_GROUP = "client.authentication.k8s.io/"


def exec_credentials(case: dict[str, Any]) -> Any:
    """Read what a plugin prints, and return the credential and how often two requests would run the plugin."""
    version = f"{_GROUP}{case['version']}"
    if version not in API_VERSIONS:
        return REFUSED
    output = base64.b64decode(case["bytes"]) if "bytes" in case else _filled(case["output"]).encode()
    try:
        credential, expires = parse_exec_credential(output, version)
        if (pair := credential.certificate) is not None:
            TLSContexts(Config(host="https://h", ca_data=KNOWN["ca.pem"])).use_client_certificate(pair)
    except (ValueError, CredentialError):
        return REFUSED
    is_kept = expires is None or datetime.now(UTC) <= expires
    return {
        "authorization": credential.authorization or "",
        "certificate": pair is not None,
        "runs": 1 if is_kept else 2,
    }


def exec_info(case: dict[str, Any]) -> Any:
    """Turn what a plugin gets from its client into a config."""
    try:
        result = settings(load_exec_credential(case["info"]).config)
    except ConfigError:
        return REFUSED
    for name in ("namespace", "tls", "headers"):
        result.pop(name, None)
    return result


def exec_policies(case: dict[str, Any]) -> Any:
    """Ask a policy about a plugin."""
    with tempfile.TemporaryDirectory() as name:
        folder = str(Path(name).resolve())
        listed = case["allowlist"]
        entries = None if listed is None else tuple(entry.replace("$DIR", folder) for entry in listed)
        try:
            policy = ExecPolicy(case["policy"], entries)
        except ConfigError:
            return REFUSED
        _write_programs(Path(folder))
        find = partial(find_program, path=case["path"].replace("$DIR", folder))
        command = clean_command(case["command"].replace("$DIR", folder))
        program = None
        with chdir(folder):
            with suppress(OSError):
                program = find(command)
            refusal = AllowedPlugins(policy, find).refusal(command, program)
        return {"policy": "allowed" if refusal is None else "denied"}


def _write_programs(folder: Path) -> None:
    for file, mode in (("bin/plugin", 0o755), ("other/plugin", 0o755), ("bin/plain", 0o644)):
        path = folder / file
        path.parent.mkdir(exist_ok=True)
        path.touch(mode)


def _filled(text: str) -> str:
    for name, data in KNOWN.items():
        text = text.replace(f"$PEM({name})", json.dumps(data.decode())[1:-1])
    return text
