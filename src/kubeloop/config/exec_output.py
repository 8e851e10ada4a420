"""Reading what an exec plugin prints, on stdout (an `ExecCredential`) and on stderr (for people); pure.

Reference: client-go plugin/pkg/client/auth/exec/exec.go, refreshCredsLocked, whose decoder reads JSON and YAML.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, cast

from kubeloop.config.credential import ClientCertificate, Credential
from kubeloop.errors import DecodeError
from kubeloop.meta.times import parse_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

__all__ = ["parse_exec_credential", "without_secrets"]

_SHOWN = 800
_visible = re.compile(r"[\x21-\x7e]+").fullmatch
# A word with the name of a secret in it, and what follows. Looked for where words begin, and without going back, so
# that it takes time in proportion to the text.
_ASSIGNED = re.compile(
    r"""(?ix) (
        (?<!\w) (?=\w*?(?:token|password|passwd|secret|key|authorization|bearer|code)) \w++ ["']?+
        (?: [ \t]++ (?:[=:]\s*+)? | [=:]\s*+ )
        (?: (?:bearer|basic) \s++ )?
    ) [^\s,;]++"""
)
_SECRET_NAME = re.compile(r"(?i)token|passw|secret|key|credential")
_WORD = re.compile(r"[^\s=,:;'\"]+")
_LONG = re.compile(r"[A-Za-z0-9_+/=.-]{24,}")


def parse_exec_credential(output: bytes, api_version: str) -> tuple[Credential, datetime | None]:
    """Read an `ExecCredential`.

    Args:
        output: What the plugin wrote to stdout: JSON, or YAML of which the first document counts.
        api_version: The version that it is configured to speak.

    Returns:
        The credential, and when it expires; None when the plugin does not say, so that it is good for ever.

    Raises:
        ValueError: Something else, or a credential with nothing in it. The message has nothing of the output in it.
    """
    document = _document(output)
    if not isinstance(document, dict):
        what = f"{len(output)} bytes that are no object of JSON or YAML" if output.strip() else "nothing"
        # Not TypeError: the plugin is at fault, not the caller.
        raise ValueError(f"it printed {what}, expected an ExecCredential")  # noqa: TRY004
    credential = cast("dict[str, object]", document)
    if credential.get("kind") != "ExecCredential":
        raise ValueError("it printed another kind than ExecCredential")
    if credential.get("apiVersion") != api_version:
        raise ValueError(f"it printed another apiVersion than {api_version}, which it is configured to use")
    status = credential.get("status")
    if not isinstance(status, dict):
        raise ValueError("its ExecCredential has no status")  # noqa: TRY004
    return _from_status(cast("dict[str, object]", status))


def _document(output: bytes) -> object:
    """Read JSON, else the first document of YAML, as Go's decoder does; None for neither."""
    try:
        return json.loads(output)
    except (ValueError, RecursionError):
        from kubeloop.meta import yaml

    try:
        return yaml.load_first(output)
    except DecodeError:
        return None


def without_secrets(text: str, args: Sequence[str], env_values: Iterable[str]) -> str:
    """Cut what a plugin wrote for people to its end, and blank out what may be a secret in it.

    Args:
        text: What it wrote.
        args: The plugin's arguments: those that look like a secret, or follow the name of one, are blanked out.
        env_values: What it was given in its environment: blanked out.
    """
    secrets = {*env_values, *_secret_arguments(args)}
    shown = text.strip()
    for secret in sorted((secret for secret in secrets if len(secret) >= 6), key=len, reverse=True):
        shown = shown.replace(secret, "***")
    shown = _LONG.sub(_blank, _ASSIGNED.sub(r"\1***", shown))
    return f"…{shown[-_SHOWN:]}" if len(shown) > _SHOWN else shown


def _secret_arguments(args: Sequence[str]) -> Iterator[str]:
    for before, arg in zip(("", *args), args, strict=False):
        if _SECRET_NAME.search(before) or _SECRET_NAME.search(arg):
            yield arg
        # Words with a digit: passwords and keys mostly have one, sub-commands and options mostly have none.
        yield from (word for word in _WORD.findall(arg) if any(char.isdigit() for char in word))


def _blank(match: re.Match[str]) -> str:
    word = match[0]
    # Paths, host names and option names are long too, and are what people need to see.
    plain = all(part.isalpha() or len(part) < 16 for part in re.split(r"[/._=-]", word))
    return word if plain and not word.startswith("eyJ") else "***"


def _from_status(status: dict[str, object]) -> tuple[Credential, datetime | None]:
    token, certificate, key = (_text(status, name) for name in ("token", "clientCertificateData", "clientKeyData"))
    if not (token or certificate or key):
        raise ValueError("its ExecCredential has neither a token nor a client certificate")
    if bool(certificate) != bool(key):
        raise ValueError("its ExecCredential has only one of clientCertificateData and clientKeyData")
    if token and not _visible(token):
        raise ValueError("its token has characters that cannot stand in a header")
    pair = ClientCertificate(certificate.encode(), key.encode()) if certificate else None
    return Credential(f"Bearer {token}" if token else None, pair), _expiry(_text(status, "expirationTimestamp"))


def _expiry(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return parse_time(text)
    except ValueError:
        raise ValueError("its expirationTimestamp is not a time (RFC 3339)") from None


def _text(status: dict[str, object], name: str) -> str:
    value = status.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"its {name} is not a string")
    return value or ""
