"""Reading typed fields out of a parsed document, with messages that name the file and the field and never a value.

Only what kubeconfigs need. Null is absent, as in Go; unknown fields are nobody's business.
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
    """The fields of one mapping in a file. False when it is empty or absent."""

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
        """Make an error that names the file and where in it this mapping stands."""
        return ConfigError(f"{self.file}: {self.path}: {message}" if self.path else f"{self.file}: {message}")

    def names(self) -> KeysView[str]:
        """Return the names of all fields, as written."""
        return self._values.keys()

    def has(self, name: str) -> bool:
        """Return whether there is something of this name, an empty mapping included."""
        return self._values.get(name) is not None

    def text(self, name: str) -> str:
        """Return a text, `""` when absent."""
        value = self._values.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self._wrong(name, "a string (quote it)")
        if not _is_text(value):
            raise self._wrong(name, "Unicode text, without lone surrogates")
        return value

    def flag(self, name: str) -> bool:
        """Return a boolean, False when absent."""
        value = self._values.get(name)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false")
        return value

    def data(self, name: str) -> bytes | None:
        """Return what a text holds in base64, None when absent or empty.

        As Go's decoder has it: padded, in the standard alphabet, line breaks anywhere and no other white space.
        """
        text = self.text(name).replace("\r", "").replace("\n", "")
        if not text:
            return None
        try:
            if len(text) % 4 == 0:  # else Python overlooks some padding that is too long
                return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            pass
        # Not as the cause of another: its frames hold the value.
        raise self._wrong(name, "base64")

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts, empty when absent."""
        found: list[str] = []
        for item in self._items(name):
            if not isinstance(item, str) or not _is_text(item):
                raise self._wrong(name, "a list of strings")
            found.append(item)
        return tuple(found)

    def child(self, name: str) -> Fields:
        """Return a mapping, an empty one when absent."""
        value = self._values.get(name)
        return Fields({} if value is None else value, self.file, self._at(name))

    def children(self, name: str) -> list[Fields]:
        """Return a list of mappings, empty when absent. Null items are skipped."""
        items = enumerate(self._items(name))
        return [Fields(item, self.file, f"{self._at(name)}[{at}]") for at, item in items if item is not None]

    def value(self, name: str) -> object:
        """Return JSON of any shape as it is, None when absent."""
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
    """Return whether this can be written in UTF-8: an escape in YAML can bring half of a surrogate pair."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
