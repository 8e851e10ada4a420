"""The errors of decoding: which object, which field and why; never a value of the body, which may be a secret."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import Raw

from kubeloop.errors import DecodeError, Unreadable
from kubeloop.objects.accepted_kinds import accepts_kind
from kubeloop.objects.json import scan
from kubeloop.objects.json.decoder import decoder
from kubeloop.objects.json.encode import rewrite
from kubeloop.objects.reflection import Shape, fields_of
from kubeloop.objects.type_guards import is_dict, is_list

__all__ = ["BROKEN", "broken", "explained", "is_truncated", "misfit", "unreadable"]

BROKEN = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)
"""The errors that msgspec raises for bytes that are not JSON, and for JSON deeper than the recursion limit."""


def broken(what: str, data: bytes | str | Raw, error: Exception) -> DecodeError:
    """Return the error for bytes that are not JSON.

    Neither the error nor its cause keeps any of the bytes, which may be a secret.

    Args:
        what: The name of the object in the message.
        data: The bytes.
        error: The error that msgspec raised; one of `BROKEN`.
    """
    if isinstance(error, RecursionError):
        return DecodeError(f"{what}: not readable as JSON: nested too deeply (see sys.getrecursionlimit)")
    said = str(error)
    if isinstance(error, UnicodeDecodeError):
        error.object, error.args = b"", ()
    data = data if isinstance(data, str) else bytes(data)
    start = bytes(data[:64] if isinstance(data, bytes) else data[:64].encode(errors="replace")).lstrip()[:1]
    looks = " (it looks like HTML)" if start == b"<" else " (it is empty)" if not data else ""
    # msgspec names the position of every other error.
    place = f" (byte {len(data)})" if is_truncated(error) and data else ""
    return DecodeError(f"{what}: not readable as JSON{looks}: {said}{place}")


def is_truncated(error: Exception) -> bool:
    """Return whether msgspec raised this error for a text that ends too early."""
    return str(error) == "Input data was truncated"


def unreadable(data: bytes, cls: Any, error: DecodeError, place: str = "") -> Unreadable:
    """Return the error for an object that its class cannot read, with its namespace, name and uid if these can be read.

    The identity of an object of another kind is left out.

    Args:
        data: The object.
        cls: The class.
        error: The reason why the object cannot be read.
        place: A text before the message.
    """
    known = scan.identity(data)
    api_version, kind = known.pop("api_version", ""), known.pop("kind", "")
    if getattr(cls, "__kind_head__", ()) and not accepts_kind(cls, api_version, kind):
        known = {}
    return Unreadable(f"{place}{error}", **known)


def misfit(cls: Any, tree: dict[str, Any], error: Exception, fixed: Any) -> DecodeError:
    """Return the error for an object with a field that its class cannot hold.

    Args:
        cls: The class.
        tree: The object as plain data, for its name.
        error: The error that msgspec raised.
        fixed: The data for which msgspec raised it, in which the keys of its path are looked up.
    """
    return DecodeError(f"{_name_of(cls, tree)}: {_with_keys(explained(error), fixed, cls)}")


def _name_of(cls: Any, data: dict[str, Any]) -> str:
    """Return the name of the class, with the namespace and name of the object if it has them."""
    metadata = data.get("metadata")
    meta = metadata if is_dict(metadata) else dict[str, Any]()
    name = "/".join(part for part in (meta.get("namespace"), meta.get("name")) if isinstance(part, str) and part)
    return f"{cls.__name__} {name}" if name else str(cls.__name__)


def explained(error: Exception) -> str:
    """Return msgspec's message with the path first: `spec.priority: expected int, got str`."""
    text = str(error).replace("`", "")
    text = text[:1].lower() + text[1:]
    found = re.fullmatch(r"(.*) - at \$\.?(.*)", text, re.DOTALL)
    return f"{found[2]}: {found[1]}" if found and found[2] else text.removesuffix(" - at $")


def _with_keys(text: str, tree: Any, cls: Any) -> str:
    """Return a message with keys of maps instead of msgspec's `[...]`: the key of the first entry that does not fit."""
    path, colon, rest = text.partition(": ")
    shape: Shape | None = Shape("object", cls, model=cls)
    done = ""
    for step in re.findall(r"\[[^\[\]]*\]|[^.\[]+", path) if "[...]" in path else ():
        if shape is not None and shape.category == "object" and is_dict(tree):
            field = next((one for one in fields_of(shape.model).values() if one.wire == step), None)
            tree, shape = tree.get(step), field.shape if field is not None else None
            done += f".{step}"
            continue
        shape = shape.item if shape is not None else None
        if shape is not None and is_list(tree) and step[1:-1].isdigit():
            tree, done = tree[int(step[1:-1])], done + step
        elif shape is not None and is_dict(tree) and step == "[...]":
            key = next((key for key, value in tree.items() if not _is_readable(value, shape)), "...")
            tree, done = tree.get(key), f"{done}[{key!r}]"
        else:
            return text
    return f"{done[1:]}{colon}{rest}" if done else text


def _is_readable(value: Any, shape: Shape) -> bool:
    try:
        decoder(shape.hint | None if shape.optional else shape.hint).decode(rewrite(value))
    except msgspec.ValidationError:
        return False
    return True
