"""Parsing the stdout of an exec plugin (an `ExecCredential`), and masking secrets in its stderr; no I/O.

Reference: client-go plugin/pkg/client/auth/exec/exec.go, refreshCredsLocked, whose decoder reads JSON and YAML.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from kubeloop.config.credential import ClientCertificate, Credential
from kubeloop.errors import DecodeError
from kubeloop.meta.times import parse_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["json_or_yaml", "parse_exec_credential", "without_secrets"]

_SHOWN = 800
# Go's zero time, which means that there is no time.
_NO_TIME = datetime(1, 1, 1, tzinfo=UTC)
_visible = re.compile(r"[\x21-\x7e]+").fullmatch
# A word that contains the name of a secret, and the word or quoted text after it. Words that are also plain English
# count only before `=` or `:`. Without backtracking, so that the time is linear.
_ASSIGNED = re.compile(
    r"""(?ix) (
        (?<!\w)
        (?: (?=\w*?(?:token|password|passwd|passphrase|secret|key|authorization|bearer|code)) \w++ ["']?+
            (?: [ \t]++ (?:[=:]\s*+)? | [=:]\s*+ )
        |   (?: pass|pwd|pw|pin|otp|session|cookie|set-cookie ) ["']?+ [ \t]*+ [=:]\s*+
        )
        (?: (?:bearer|basic) \s++ )?
    ) (?: "[^"\n]*+" | '[^'\n]*+' | [^\s,;]++ )"""
)
_USER = re.compile(r"(?<=://)[^\s/\"']*@")
_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_SECRET_NAME = re.compile(r"(?i)token|passw|secret|key|credential")
_WORD = re.compile(r"[^\s=,:;'\"]+")
_LONG = re.compile(r"[A-Za-z0-9_+/=.-]{24,}")


def parse_exec_credential(output: bytes, api_version: str) -> tuple[Credential, datetime | None]:
    """Parse an `ExecCredential`.

    Args:
        output: The stdout of the plugin: JSON, or YAML whose first document is read.
        api_version: The version of the plugin's configuration.

    Returns:
        The credential, and the time when it expires; None if it does not expire.

    Raises:
        ValueError: The output is not an `ExecCredential`, or contains no credential. The message quotes no output.
    """
    try:
        document = json_or_yaml(output)
    except DecodeError:
        document = None
    if not isinstance(document, dict):
        what = f"{len(output)} bytes that are not a JSON or YAML object" if output.strip() else "nothing"
        # Not TypeError, because the plugin is wrong and not the caller.
        raise ValueError(f"expected an ExecCredential, got {what}")  # noqa: TRY004
    credential = cast("dict[str, object]", document)
    # As in Go, a missing kind is that of the configured type; a missing apiVersion is an error.
    if credential.get("kind", "") not in ("ExecCredential", ""):
        raise ValueError("expected an ExecCredential, got another kind")
    if credential.get("apiVersion") != api_version:
        raise ValueError(f"expected the configured apiVersion {api_version}, got another apiVersion")
    status = credential.get("status")
    if not isinstance(status, dict):
        raise ValueError("the ExecCredential has no status")  # noqa: TRY004
    return _from_status(cast("dict[str, object]", status))


def json_or_yaml(data: bytes) -> object:
    """Parse JSON, or the first document of YAML, as the decoder of client-go: text that begins with `{` is JSON.

    Raises:
        DecodeError: The text is neither.
    """
    if data.lstrip().startswith(b"{"):
        try:
            return json.loads(data.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            raise DecodeError("not JSON") from None
    from kubeloop.meta import yaml

    return yaml.load_first(data)


def without_secrets(text: str, args: Sequence[str], env_values: Iterable[str]) -> str:
    """Return the end of a plugin's stderr with possible secrets masked.

    Args:
        text: The stderr.
        args: The arguments of the plugin. Those that look like a secret or follow the name of a secret are masked.
        env_values: The values of the configured environment, which are masked.
    """
    secrets = {*env_values, *_secret_arguments(args)}
    shown = text.strip()
    for secret in sorted((secret for secret in secrets if len(secret) >= 6), key=len, reverse=True):
        shown = shown.replace(secret, "***")
    shown = _USER.sub("***@", _KEY.sub("***", shown))
    shown = _LONG.sub(_blank, _ASSIGNED.sub(r"\1***", shown))
    return f"…{shown[-_SHOWN:]}" if len(shown) > _SHOWN else shown


def _secret_arguments(args: Sequence[str]) -> Iterator[str]:
    for before, arg in zip(("", *args), args, strict=False):
        if _SECRET_NAME.search(before) or _SECRET_NAME.search(arg):
            yield arg
        # Mask words with a digit: most passwords and keys have one, most subcommands and options have none.
        yield from (word for word in _WORD.findall(arg) if any(char.isdigit() for char in word))


def _blank(match: re.Match[str]) -> str:
    word = match[0]
    # Paths, host names and option names are long too, but useful to read.
    plain = all(part.isalpha() or (len(part) < 16 and not _is_random(part)) for part in re.split(r"[/._=-]", word))
    return word if plain and not word.startswith("eyJ") else "***"


def _is_random(part: str) -> bool:
    return (
        len(part) >= 8 and any(map(str.isdigit, part)) and any(map(str.islower, part)) and any(map(str.isupper, part))
    )


def _from_status(status: dict[str, object]) -> tuple[Credential, datetime | None]:
    token, certificate, key = (_text(status, name) for name in ("token", "clientCertificateData", "clientKeyData"))
    if not (token or certificate or key):
        raise ValueError("the ExecCredential has neither a token nor a client certificate")
    if bool(certificate) != bool(key):
        raise ValueError("the ExecCredential has only one of clientCertificateData and clientKeyData")
    if token and not _visible(token):
        raise ValueError("the token contains characters that a header cannot contain")
    pair = ClientCertificate(certificate.encode(), key.encode()) if certificate else None
    return Credential(f"Bearer {token}" if token else None, pair), _expiry(status.get("expirationTimestamp"))


def _expiry(value: object) -> datetime | None:
    if value is None:
        return None
    try:
        time = parse_time(value) if isinstance(value, str) else None
    except ValueError:
        time = None
    if time is None:
        raise ValueError("the expirationTimestamp is not a time (RFC 3339)")
    return None if time == _NO_TIME else time


def _text(status: dict[str, object], name: str) -> str:
    value = status.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"the {name} is not a string")
    return value or ""
