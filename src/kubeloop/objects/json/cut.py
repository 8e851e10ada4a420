"""Cut single values out of the JSON of an object, without decoding the rest: in one pass, at a fifth of its cost."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Raw

from kubeloop.objects.type_guards import is_dict

__all__ = ["ABSENT", "names_in", "value_in"]

ABSENT: Any = msgspec.UNSET
"""The value of a path at which there is nothing."""

# Characters that msgspec refuses in the name of a field.
_not_a_field = re.compile(r'["\\\x00-\x1f]').search
_names = msgspec.json.Decoder(dict[str, Raw]).decode
_parse = msgspec.json.decode


def names_in(body: bytes | Raw) -> list[str]:
    """Return the names of the members of an object.

    Raises:
        msgspec.DecodeError: The text is not JSON.
    """
    return [*_names(body)]


def value_in(body: bytes | Raw, path: tuple[str, ...]) -> Any:
    """Return the decoded value at a path of names; `ABSENT` if there is nothing, or a part of the path is no object.

    Args:
        body: The JSON of an object.
        path: The names; a path without names is the whole value.

    Raises:
        msgspec.DecodeError: The text is not JSON.
        UnicodeDecodeError: The value is not UTF-8.
        RecursionError: The value is nested too deeply.
    """
    if not path:
        return _parse(body)
    if _not_a_field("".join(path)):
        found = value_in(body, path[:-1])
        return found.get(path[-1], ABSENT) if is_dict(found) else ABSENT
    try:
        found = _decoder(path).decode(body)
    except msgspec.ValidationError:  # a part of the path is no object
        return ABSENT
    for _ in path:
        if found is ABSENT:
            break
        found = found.value
    return found


@lru_cache(maxsize=256)
def _decoder(path: tuple[str, ...]) -> msgspec.json.Decoder[Any]:
    """Return the decoder of nested structs with one member each, which skips all other members."""
    hint: Any = Any
    for name in reversed(path):
        hint = msgspec.defstruct("_Member", [("value", hint | msgspec.UnsetType, ABSENT)], rename={"value": name})
    return msgspec.json.Decoder(hint)
