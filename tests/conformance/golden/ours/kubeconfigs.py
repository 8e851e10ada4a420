"""Kubeconfig files, down to the settings of the connection."""

from __future__ import annotations

import base64
import os
import tempfile
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any
from unittest.mock import patch

from kubeloop.config import Config, load_config
from kubeloop.config.config_arguments import seconds_of
from kubeloop.errors import ConfigError, CredentialError
from kubeloop.testing import virtual_time
from kubeloop.transport.authentication import Authenticated
from kubeloop.transport.connecting.tls import TLSContexts
from kubeloop.wire.request import Request
from tests.support.scripted_transport import ScriptedResponse, ScriptedTransport

from .refused import REFUSED

_FIXTURES = Path(__file__).parent.parent / "fixtures"
KNOWN = {path.name: path.read_bytes() for path in sorted(_FIXTURES.iterdir())}


def kubeconfig(case: dict[str, Any]) -> Any:
    """Write files, load them as kubectl would, and return the connection settings."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in case["files"].items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(filled(text, folder).encode())
        listed = os.pathsep.join(path.replace("$DIR", folder) for path in case.get("env", ()))
        environment = {"KUBECONFIG": listed, "HOME": "/nonexistent"}
        overrides = {name: case[name] for name in ("context", "cluster", "user", "namespace") if name in case}
        with patch.dict(os.environ, environment, clear=True):
            try:
                overrides |= _overrides(case.get("overrides", {}), folder)
                explicit = case["explicit"].replace("$DIR", folder) if "explicit" in case else None
                return _unfilled(settings(load_config(explicit, **overrides)), folder)
            except (ConfigError, ArgumentTypeError):
                return REFUSED


def _overrides(given: dict[str, Any], folder: str) -> dict[str, Any]:
    """Return overrides as a command line passes them: files and texts filled, and the timeout parsed."""
    overrides = {name: filled(value, folder) if isinstance(value, str) else value for name, value in given.items()}
    for name in ("ca_data", "cert_data", "key_data"):
        if name in overrides:
            overrides[name] = overrides[name].encode()
    if overrides.get("timeout"):
        overrides["timeout"] = seconds_of(overrides["timeout"])
    return overrides


def settings(config: Config) -> dict[str, Any]:
    """Return the settings of a client, in the form of Go's."""
    result: dict[str, Any] = {"host": config.host.rstrip("/"), "namespace": config.namespace}
    for name in ("token", "token_file", "username", "password", "ca_file", "cert_file", "key_file", "tls_server_name"):
        if value := getattr(config, name):
            result[name] = value
    if "token_file" in result:
        result.pop("token", None)
    for name in ("ca_data", "cert_data", "key_data"):
        if value := getattr(config, name):
            result[name] = _fixture(value)
    if config.insecure_skip_tls_verify:
        result["insecure"] = True
    if config.disable_compression:
        result["disable_compression"] = True
    if config.timeout:
        result["timeout"] = config.timeout
    if config.proxy_url:
        result["proxy"] = config.proxy_url.rstrip("/")
    if (plugin := config.exec) is not None:
        result["exec"] = {
            "command": plugin.command,
            "args": list(plugin.args),
            "env": [list(pair) for pair in plugin.env],
            "api_version": plugin.api_version,
            "interactive_mode": plugin.interactive_mode,
            "provide_cluster_info": plugin.provide_cluster_info,
            "install_hint": plugin.install_hint,
        }
    result["tls"] = {"usable": _is_usable(config)}
    if result["tls"]["usable"] and config.exec is None:
        result["headers"] = virtual_time.run(_sent(config))
    return result


def _is_usable(config: Config) -> bool:
    given = (config.ca_data, config.ca_file, config.cert_data, config.cert_file, config.key_data, config.key_file)
    try:
        # Reading the system's authorities takes long, and does not concern the kubeconfig.
        if config.is_tls and any(given):
            TLSContexts(config)
    except (ConfigError, CredentialError):
        return False
    return True


async def _sent(config: Config) -> dict[str, Any]:
    """Return the headers of a request that identify the user."""
    transport = ScriptedTransport(ScriptedResponse.of({}), checked=False)
    try:
        await Authenticated(transport, config).request(Request("GET", "/"))
    except CredentialError:
        return REFUSED
    headers = transport.requests[0].headers
    get_all = getattr(headers, "get_all", lambda name: [headers[name]])
    return {
        name.lower(): get_all(name)
        for name in headers
        if name.lower() == "authorization" or name.lower().startswith("impersonate-")
    }


def _fixture(data: bytes) -> str:
    return next((f"$PEM({name})" for name, known in KNOWN.items() if known == data), data.decode("utf-8", "replace"))


def filled(text: str, folder: str) -> str:
    """Return a text with the fixtures and the folder in place of `$PEM(...)`, `$B64(...)` and `$DIR`."""
    for name, data in KNOWN.items():
        text = text.replace(f"$PEM({name})", data.decode())
        text = text.replace(f"$B64({name})", base64.b64encode(data).decode())
    return text.replace("$DIR", folder)


def _unfilled(value: Any, folder: str) -> Any:
    if isinstance(value, str):
        return value.replace(folder, "$DIR")
    if isinstance(value, dict):
        return {key: _unfilled(each, folder) for key, each in value.items()}
    return value
