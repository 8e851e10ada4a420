"""`kubeloop config set|unset`: change one field of a kubeconfig, which a path such as `clusters.dev.server` names.

Reference: kubectl pkg/cmd/config: set.go, unset.go, navigation_step_parser.go.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from kubeloop._kit.near_names import did_you_mean
from kubeloop._kit.raising import raise_alone
from kubeloop._kit.text import printable
from kubeloop.cli.config_setters import add_flag, boolean_of
from kubeloop.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kubeloop.config import KubeconfigData

__all__ = ["add_properties"]

_CURRENT = "current-context"
_ANY_NAME = "*"
# The type of a value, the fields below, or None for a list, which can only be unset.
_Kind: TypeAlias = "type[str | bytes | bool] | Mapping[str, _Kind] | None"
_FIELDS: Mapping[str, Mapping[str, _Kind]] = {
    "clusters": {
        "server": str,
        "tls-server-name": str,
        "insecure-skip-tls-verify": bool,
        "certificate-authority": str,
        "certificate-authority-data": bytes,
        "proxy-url": str,
        "disable-compression": bool,
        "extensions": None,
    },
    "users": {
        "client-certificate": str,
        "client-certificate-data": bytes,
        "client-key": str,
        "client-key-data": bytes,
        "token": str,
        "tokenFile": str,
        "as": str,
        "as-uid": str,
        "as-groups": None,
        "as-user-extra": None,
        "username": str,
        "password": str,
        "auth-provider": {"name": str, "config": {_ANY_NAME: str}},
        "exec": {
            "command": str,
            "apiVersion": str,
            "interactiveMode": str,
            "installHint": str,
            "provideClusterInfo": bool,
            "args": None,
            "env": None,
        },
        "extensions": None,
    },
    "contexts": {"cluster": str, "user": str, "namespace": str, "extensions": None},
}
_ABOUT = (
    "The property is current-context, or a path such as contexts.NAME.namespace or users.NAME.exec.command. The name "
    "of an entry may contain dots."
)


def add_properties(add: Callable[[str, str, Any], argparse.ArgumentParser]) -> None:
    """Add the subcommands.

    Args:
        add: The function that adds a subcommand with a name, a description and a function that runs it.
    """
    setter = add("set", "set one field of a kubeconfig", _set)
    setter.epilog = _ABOUT
    setter.add_argument("property", metavar="PROPERTY")
    setter.add_argument("value", metavar="VALUE", help="the value; certificates and keys in base64")
    add_flag(setter, "--set-raw-bytes", "the value of a certificate or key is not in base64")
    unsetter = add("unset", "remove one field or entry of a kubeconfig", _unset)
    unsetter.epilog = _ABOUT
    unsetter.add_argument("property", metavar="PROPERTY")


def _set(options: argparse.Namespace) -> int:
    if not options.value:
        raise ConfigError('expected a value, got an empty text: "kubeloop config unset" removes a property')
    section, name, fields, kind = _parsed(options.property)
    if kind not in (str, bytes, bool):
        raise ConfigError(
            f"cannot set {options.property}: expected a path to one value, such as contexts.NAME.namespace"
        )
    value = _value(options, kind)

    def change(data: KubeconfigData) -> None:
        if section == _CURRENT:
            data.current_context = options.value
            return
        stanza: dict[str, Any] = data.section(section).setdefault(name, {})
        for field in fields[:-1]:
            if not isinstance(stanza.get(field), dict):
                stanza[field] = {}
            stanza = stanza[field]
        stanza[fields[-1]] = value

    _modify(options, change)
    print(printable(f'Property "{options.property}" set.'))
    return 0


def _unset(options: argparse.Namespace) -> int:
    section, name, fields, _ = _parsed(options.property)

    def change(data: KubeconfigData) -> None:
        if section == _CURRENT:
            data.current_context = ""
            return
        stanzas: dict[str, Any] = data.section(section)
        if not name:
            stanzas.clear()
        elif not fields:
            stanzas.pop(name, None)
        elif name not in stanzas:
            raise ConfigError(f'cannot unset {options.property}: there is no "{name}"{did_you_mean(name, stanzas)}')
        else:
            stanza: dict[str, Any] = stanzas[name]
            for field in fields[:-1]:
                below: dict[str, Any] = stanza.get(field) or {}
                stanza = below
            stanza.pop(fields[-1], None)

    _modify(options, change)
    print(printable(f'Property "{options.property}" unset.'))
    return 0


def _parsed(path: str) -> tuple[str, str, Sequence[str], _Kind]:
    """Split a property into the list, the name of the entry, the fields and the type of the value.

    Name and fields may be empty. The name ends before the first part that is a field of an entry, as in kubectl,
    because it may contain dots. The type is a mapping if there are fields below, and None for a list.
    """
    section, *parts = path.split(".")
    if section == _CURRENT and not parts:
        return section, "", [], str
    if section not in _FIELDS:
        _unknown(path, section, (_CURRENT, *_FIELDS))
    kind: _Kind = _FIELDS[section]
    end = next((at for at in range(1, len(parts)) if parts[at] in _FIELDS[section]), len(parts))
    fields: list[str] = []
    rest = parts[end:]
    while rest:
        if not isinstance(kind, Mapping):
            _unknown(path, rest[0], ())
        if _ANY_NAME not in kind and rest[0] not in kind:
            _unknown(path, rest[0], kind)
        if _ANY_NAME in kind:
            # The key of a setting may contain dots.
            kind, part, rest = kind[_ANY_NAME], ".".join(rest), []
        else:
            kind, part, rest = kind[rest[0]], rest[0], rest[1:]
        fields.append(part)
    return section, ".".join(parts[:end]), fields, kind


def _unknown(path: str, part: str, known: Iterable[str]) -> NoReturn:
    near = did_you_mean(part, known) or f"; there are: {', '.join(known) or 'none'}"
    raise ConfigError(f'there is no property {path}: unknown field "{part}"{near}')


def _value(options: argparse.Namespace, kind: _Kind) -> str | bool:
    value: str = options.value
    if kind is bool:
        try:
            return boolean_of(value)
        except argparse.ArgumentTypeError:
            raise ConfigError(f"cannot set {options.property}: expected true or false, got {value!r}") from None
    if kind is str:
        return value
    if options.set_raw_bytes:
        return base64.b64encode(value.encode()).decode("ascii")
    try:
        base64.b64decode(value, validate=True)
    except ValueError:
        # The value may be a key, so neither the message nor the traceback contains it.
        raise_alone(ConfigError(f"cannot set {options.property}: expected base64; --set-raw-bytes accepts other text"))
    return value


def _modify(options: argparse.Namespace, change: Callable[[KubeconfigData], None]) -> None:
    from kubeloop.config import modify_kubeconfig

    asyncio.run(modify_kubeconfig(change, options.kubeconfig))
