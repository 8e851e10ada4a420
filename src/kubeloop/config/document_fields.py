"""Reading typed fields of a kubeconfig, with errors that name the file and the field but never the value.

Null means absent, as in Go, and unknown fields are ignored.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, cast

from kubeloop.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, KeysView

__all__ = ["Fields"]


class Fields:
    """The fields of one mapping in a file. An empty or absent mapping is false."""

    __slots__ = ("_values", "file", "path")

    def __init__(self, value: object, file: str, path: str) -> None:
        self.file = file
        self.path = path
        if not isinstance(value, dict):
            raise self.error("must be a mapping")
        self._values = cast("dict[str, object]", value)
        if not all(map(_is_text, self._values)):
            raise self.error("must have names that are Unicode text")

    def __bool__(self) -> bool:
        return bool(self._values)

    def __repr__(self) -> str:
        return f"<Fields {self.path or '.'} of {self.file}>"

    def error(self, message: str) -> ConfigError:
        """Return an error that names the file and the path of this mapping."""
        return ConfigError(f"{self.file}: {self.path}: {message}" if self.path else f"{self.file}: {message}")

    def names(self) -> KeysView[str]:
        """Return the names of all fields as the file spells them."""
        return self._values.keys()

    def has(self, name: str) -> bool:
        """Return whether a field is present and not null; it may be empty."""
        return self._values.get(name) is not None

    def text(self, name: str) -> str:
        """Return a text; `""` if it is absent."""
        value = self._values.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self._wrong(name, "a string (quote it)")
        if not _is_text(value):
            raise self._wrong(name, "Unicode text, without lone surrogates")
        return value

    def flag(self, name: str) -> bool:
        """Return a boolean; False if it is absent."""
        value = self._values.get(name)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false")
        return value

    def data(self, name: str) -> bytes | None:
        """Return the bytes of a base64 text; None if it is absent or empty.

        As in Go: padded, in the standard alphabet, with line breaks anywhere and no other white space.
        """
        text = self.text(name).replace("\r", "").replace("\n", "")
        if not text:
            return None
        try:
            if len(text) % 4 == 0:  # otherwise Python accepts too much padding
                return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            pass
        # Raised outside of `except`, because the frames of the other exception contain the value.
        raise self._wrong(name, "base64")

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts; empty if it is absent."""
        found: list[str] = []
        for item in self._items(name):
            if not isinstance(item, str) or not _is_text(item):
                raise self._wrong(name, "a list of strings")
            found.append(item)
        return tuple(found)

    def child(self, name: str) -> Fields:
        """Return a mapping; empty if it is absent."""
        value = self._values.get(name)
        return Fields({} if value is None else value, self.file, self._at(name))

    def children(self, name: str) -> list[Fields]:
        """Return a list of mappings without null items; empty if it is absent."""
        items = enumerate(self._items(name))
        return [Fields(item, self.file, f"{self._at(name)}[{at}]") for at, item in items if item is not None]

    def value(self, name: str) -> object:
        """Return a JSON value of any type unchanged; None if it is absent."""
        return self._values.get(name)

    def _items(self, name: str) -> Iterator[object]:
        value = self._values.get(name)
        if value is None:
            return iter(())
        if not isinstance(value, list):
            raise self._wrong(name, "a list")
        return iter(cast("list[object]", value))

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def _wrong(self, name: str, wanted: str) -> ConfigError:
        return ConfigError(f"{self.file}: {self._at(name)} must be {wanted}")


def _is_text(value: str) -> bool:
    """Return whether a text can be encoded as UTF-8; an escape in YAML can contain a lone surrogate."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
