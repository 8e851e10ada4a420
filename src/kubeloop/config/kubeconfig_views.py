"""`minify`, `flatten` and `redact`: copies of a kubeconfig to pass on or to show.

Reference: client-go tools/clientcmd/api/helpers.go.
"""

from __future__ import annotations

import base64
import os
import re
from typing import TYPE_CHECKING, Any, cast

from kubeloop.config.files import read_file
from kubeloop.config.kubeconfig_data import SECTIONS
from kubeloop.config.server_url import without_userinfo
from kubeloop.errors import ConfigError

if TYPE_CHECKING:
    from kubeloop.config.kubeconfig_data import KubeconfigData

__all__ = ["flatten", "minify", "redact"]

_OMITTED, _REDACTED = "DATA+OMITTED", "REDACTED"
_FILES = {
    "clusters": ("certificate-authority",),
    "users": ("client-certificate", "client-key"),
}
_SECRET_OPTION = re.compile(
    "(--?[^=]*(?:token|secret|password|passwd|credential|key))(=.+)?", re.IGNORECASE | re.DOTALL
)
_SECRET_NAME = re.compile("token|secret|password|passwd|credential|key$", re.IGNORECASE)


def minify(data: KubeconfigData) -> KubeconfigData:
    """Return a copy with only the current context, its cluster and its user.

    Raises:
        ConfigError: There is no current context, or the context, its cluster or its user does not exist.

    Reference: client-go MinifyConfig.
    """
    smaller = data.copy()
    if not data.current_context:
        raise ConfigError("cannot minify a kubeconfig without a current-context: choose a context")
    context = data.contexts.get(data.current_context)
    if context is None:
        raise ConfigError(f'cannot minify: the context "{data.current_context}" does not exist')
    chosen = {"contexts": data.current_context, "clusters": context.get("cluster"), "users": context.get("user")}
    for section, field in SECTIONS.items():
        stanzas = smaller.section(section)
        if (name := chosen[section]) and name not in stanzas:
            raise ConfigError(f'cannot minify: context "{data.current_context}": the {field} "{name}" does not exist')
        for other in stanzas.keys() - {name}:
            del stanzas[other]
    return smaller


def flatten(data: KubeconfigData) -> KubeconfigData:
    """Return a copy that contains the certificates and keys of the files that it names, and so needs no other file.

    The files of tokens stay files, because tokens in files are renewed.

    Raises:
        ConfigError: A file cannot be read, or a stanza has both a file and data.

    Reference: client-go FlattenConfig.
    """
    flat = data.copy()
    for section, names in _FILES.items():
        for name, stanza in flat.section(section).items():
            for field in names:
                _flatten(stanza, field, flat.file_of(section, name), f'{SECTIONS[section]} "{name}"')
    return flat


def _flatten(stanza: dict[str, Any], field: str, file: str | None, owner: str) -> None:
    if not (path := stanza.get(field)):
        return
    if stanza.get(f"{field}-data"):
        raise ConfigError(f"{owner}: expected {field} or {field}-data, got both")
    path = os.path.join(os.path.dirname(os.path.abspath(file)) if file else "", path)
    try:
        content = read_file(path)
    except OSError as error:
        raise ConfigError(f"{owner}: cannot read {field} {path}: {error.strerror or error}") from error
    # The data has the position of the file name.
    fields = list(stanza.items())
    stanza.clear()
    for key, value in fields:
        if key == field:
            stanza[f"{field}-data"] = base64.b64encode(content).decode("ascii")
        elif key != f"{field}-data":
            stanza[key] = value


def redact(data: KubeconfigData) -> KubeconfigData:
    """Return a copy to show: certificates and keys are `DATA+OMITTED`, tokens and passwords `REDACTED`.

    Reference: client-go RedactSecrets and ShortenConfig. Intended difference: the tokens and secrets in the settings of
        an auth-provider, secrets in the environment and the options of an exec plugin (`--client-secret=...`), and user
        information in URLs are redacted too.
    """
    shown = data.copy()
    for stanza in (*shown.clusters.values(), *shown.users.values()):
        for field in ("certificate-authority-data", "client-certificate-data", "client-key-data"):
            if stanza.get(field):
                stanza[field] = _OMITTED
        for field in ("token", "password"):
            if stanza.get(field):
                stanza[field] = _REDACTED
        for field in ("server", "proxy-url"):
            if stanza.get(field):
                stanza[field] = without_userinfo(stanza[field])
        _redact_provider(stanza.get("auth-provider") or {})
        _redact_variables(stanza.get("exec") or {})
        _redact_options(stanza.get("exec") or {})
    return shown


def _redact_provider(provider: dict[str, Any]) -> None:
    settings: Any = provider.get("config")
    if isinstance(settings, dict):
        for name, value in cast("dict[str, Any]", settings).items():
            if value and _SECRET_NAME.search(name):
                settings[name] = _REDACTED


def _redact_variables(plugin: dict[str, Any]) -> None:
    variables: list[dict[str, str] | None] = plugin.get("env") or []
    for variable in variables:
        if variable and variable.get("value") and _SECRET_NAME.search(variable.get("name") or ""):
            variable["value"] = _REDACTED


def _redact_options(plugin: dict[str, Any]) -> None:
    """Redact the values of options with a secret name: `--name=value`, or `--name` and the next argument."""
    arguments: list[str] = plugin.get("args") or []
    is_secret = False
    for at, argument in enumerate(arguments):
        if is_secret and not argument.startswith("-"):
            arguments[at] = _REDACTED
        option = _SECRET_OPTION.fullmatch(argument)
        if option is not None and option[2]:
            arguments[at] = f"{option[1]}={_REDACTED}"
        is_secret = option is not None and not option[2]
