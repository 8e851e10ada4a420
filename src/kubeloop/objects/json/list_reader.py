"""`ListReader`: reads a LIST while its body arrives, so that neither the body nor a long computation is needed.

No scanner in Python is as fast as the decoder. So the end of the last whole item is guessed: where the text between the
first two items, up to the first key of the second, occurs last. The decoder checks the guess: a text that begins with
an item and is a list of values within brackets ends with an item. Only where guesses fail, brackets are counted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Generator, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from kubeloop.errors import DecodeError, Unreadable
from kubeloop.objects.json import scan
from kubeloop.objects.json.decode import TypeMeta
from kubeloop.objects.json.decode_errors import BROKEN, broken
from kubeloop.objects.json.decoder import decoder

__all__ = ["ItemReader", "ListReader", "guess_items"]

L = TypeVar("L")

_LEAST_BYTES = 32 * 1024
_LONGEST_GUESS = 1 << 20
"""The size of a text without a guess from which brackets are counted, which takes 16 ms per MiB."""
_LONGEST_HEAD = 4 << 20
_GUESSES = 4
_BEFORE, _WITHIN, _AFTER = "before the items", "within the items", "after the items"
_first_key = re.compile(rb'\{[ \t\r\n]*+"[^"\\]*+"[ \t\r\n]*+:').match
_byte = re.compile(r"\(byte (\d+)\)")


class ItemReader(Protocol[L]):
    """How the items of one class of lists are read."""

    def whole(self, body: bytes) -> L:
        """Read a whole LIST at once.

        Raises:
            DecodeError: The body is not such a list.
        """
        ...

    def begin(self, listing: L) -> None:
        """Take the list without its items; called before the first item, if the list names its kind before them."""
        ...

    def many(self, text: bytes) -> Sequence[Any]:
        """Read a JSON list of items.

        Raises:
            ValidationError: An item does not fit.
            DecodeError: The text is not JSON, or an item does not fit; msgspec's error of this name, or ours.
        """
        ...

    def one(self, raw: bytes) -> Any:
        """Read one item.

        Raises:
            DecodeError: The item cannot be read.
        """
        ...

    def describe(self, raw: bytes, error: DecodeError, where: str) -> Unreadable:
        """Return the error of an item that cannot be read, with the item's identity."""
        ...

    def attach(self, listing: L, items: Sequence[Any], unreadable: Mapping[str, Unreadable]) -> L:
        """Return the list with its items."""
        ...


class ListReader(Generic[L]):
    """Reads one LIST whose body arrives in pieces. A body that is no list is kept as a whole, to say what is wrong.

    Args:
        what: The name of the list's class, for messages.
        items: Reads the items.
        least_bytes: The size from which bytes are searched for items. Larger texts need fewer calls of the decoder. A
            body of less than eight times this size is read as a whole.
    """

    __slots__ = (
        "_gap", "_head", "_items", "_least_bytes", "_left_out", "_number", "_pieces", "_place", "_read", "_scans",
        "_separator", "_size", "_unread", "_wanted", "_what",
    )  # fmt: skip

    def __init__(self, what: str, items: ItemReader[L], *, least_bytes: int = _LEAST_BYTES) -> None:
        self._what = what
        self._least_bytes = least_bytes
        self._read = items
        self._place = _BEFORE
        self._pieces: list[bytes | memoryview] = []
        self._size = self._left_out = self._number = 0
        self._wanted: float = 8 * least_bytes
        self._head = b""
        self._items: list[Any] = []
        self._unread: dict[str, Unreadable] = {}
        self._separator: bytes | None = None
        self._gap = 0
        self._scans = False

    @property
    def body(self) -> bytes:
        """What is left of the body: all of it before the first item, and then what is around the items."""
        return self._head + b"".join(self._pieces)

    def feed(self, data: bytes | memoryview) -> None:
        """Take the bytes that have arrived, and read the items that they complete. Keep pieces small: 64 KiB.

        Raises:
            DecodeError: The body is not such a list, whatever follows.
        """
        self._pieces.append(data)
        self._size += len(data)
        if self._size >= self._wanted:
            self._advance()

    def finishing(self) -> Generator[None, None, L]:
        """Return the list, after the last byte.

        Raises:
            DecodeError: The body is not such a list, or is cut off.
        """
        yield from ()
        return self._finish()

    def _finish(self) -> L:
        if self._place is _BEFORE:
            return self._read.whole(self.body)
        text = b"".join(self._pieces)
        if self._place is _WITHIN:
            text = self._take_items(text)
        if self._place is _WITHIN:
            text = self._scan(self._leave_out(text, scan.skip_space(text, 0)))
        if self._place is _WITHIN:
            raise self._broken(text)
        self._pieces = [text]
        try:
            listing = self._read.whole(self._head + text)
        except DecodeError as error:
            raise self._moved(error, len(self._head)) from error.__cause__
        if _has_items(self._head + text, len(self._head)):
            return listing  # Of two members with the same name, the last one counts.
        return self._read.attach(listing, self._items, self._unread)

    def _advance(self) -> None:
        before = self._size
        text = b"".join(self._pieces)
        if self._place is _BEFORE:
            text = self._take_head(text)
        if self._place is _WITHIN and text:
            text = self._take_items(text)
        self._size = len(text)
        self._pieces = [text]
        # A text in which nothing was found is searched again when it is twice as long.
        self._wanted = self._least_bytes if self._size < before else 2 * before
        if self._place is _BEFORE and self._size > _LONGEST_HEAD:
            self._wanted = math.inf  # no list, which is read as a whole at its end

    # What is taken of the text that is held; the rest is returned.

    def _take_head(self, text: bytes) -> bytes:
        start = _start_of_items(text)
        if start is None:
            return text
        self._begin(text[:start])
        self._head = text[:start]
        self._place = _WITHIN
        return text[start:]

    def _begin(self, head: bytes) -> None:
        """Check the kind of a list that names it before its items, so that not all of another list is read."""
        without_items = head + b"]}"
        try:
            said = decoder(TypeMeta).decode(without_items)
        except (msgspec.ValidationError, *BROKEN):
            return
        if said.kind:
            self._read.begin(self._read.whole(without_items))

    def _take_items(self, text: bytes) -> bytes:
        text = self._leave_out(text, scan.skip_space(text, 0))
        if not self._number and text.startswith(b"]"):
            self._place = _AFTER
            return text
        if self._scans or (self._separator is None and not self._learn(text)):
            return self._scan(text) if self._scans else text
        separator = self._separator
        assert separator is not None
        at = text.rfind(separator)
        if at < 0 and len(text) < _LONGEST_GUESS:
            return text
        for _ in range(_GUESSES):
            if at < 0:
                break
            if self._read_many(memoryview(text)[: at + 1]):
                return self._leave_out(text, at + self._gap)
            at = text.rfind(separator, 0, at + len(separator) - 1)
        rest = self._scan(text)
        self._scans = len(rest) < len(text)
        return rest

    def _learn(self, text: bytes) -> bool:
        """Learn what is between two items, from the first two; return whether they have arrived."""
        first = _first_key(text)
        try:
            end = scan.end_of_value(text, 0)
        except scan.Malformed:
            return False
        at = scan.skip_space(text, end)
        second = _first_key(text, scan.skip_space(text, at + 1))
        if text[at : at + 1] != b"," or first is None or second is None:
            self._scans = at < len(text)
            return False
        self._separator = text[end - 1 : second.end()]
        self._gap = second.start() - end + 1
        return True

    def _scan(self, text: bytes) -> bytes:
        """Read the items that are complete by their brackets, and find the end of the list."""
        bounds: list[tuple[int, int]] = []
        at = 0
        while True:
            try:
                end = scan.end_of_value(text, at)
            except scan.Malformed:
                break
            after = scan.skip_space(text, end)
            mark = text[after : after + 1]
            if not mark:
                break
            if mark not in (b",", b"]"):
                raise self._broken(text)
            bounds.append((at, end))
            if mark == b"]":
                at = after
                self._place = _AFTER
                break
            at = scan.skip_space(text, after + 1)
        if bounds and not self._read_many(text[bounds[0][0] : bounds[-1][1]]):
            for start, end in bounds:
                self._read_one(text[start:end])
        return self._leave_out(text, at)

    def _leave_out(self, text: bytes, size: int) -> bytes:
        self._left_out += size
        return text[size:]

    def _read_many(self, text: bytes | memoryview) -> bool:
        """Read items with commas between them; return False if the text is not that, or cannot be decoded."""
        listed = b"".join((b"[", text, b"]"))
        try:
            items = self._read.many(listed)
        except (DecodeError, msgspec.ValidationError, *BROKEN):
            try:
                raws = decoder(list[msgspec.Raw]).decode(listed)
            except BROKEN:
                return False
            for raw in raws:
                self._read_one(bytes(raw))
            return True
        self._items.extend(items)
        self._number += len(items)
        return True

    def _read_one(self, raw: bytes) -> None:
        try:
            self._items.append(self._read.one(raw))
        except DecodeError as error:
            problem = self._read.describe(raw, error, f"item {self._number} of {self._what}: ")
            self._unread[problem.key or f"#{self._number}"] = problem
        self._number += 1

    def _broken(self, text: bytes) -> DecodeError:
        """Return the error of items that are not JSON."""
        before = b"[0," if self._number else b"["
        try:
            msgspec.json.decode(before + text)
        except BROKEN as error:
            return self._moved(broken(self._what, before + text, error), 0, len(self._head) - len(before))
        return DecodeError(f"{self._what}: not readable as JSON: the list of items does not end")

    def _moved(self, error: DecodeError, start: int, by: int = 0) -> DecodeError:
        """Return an error whose position counts the items that were left out of the text."""

        def move(found: re.Match[str]) -> str:
            at = int(found[1])
            return f"(byte {at + self._left_out + by if at >= start else at})"

        return DecodeError(_byte.sub(move, str(error)))


def guess_items(text: bytes) -> list[memoryview]:
    """Cut a JSON list of objects where the first key of the first object follows the end of an object.

    If each piece is a JSON value, the pieces are the items. This saves the scan of a decoder that looks for them.
    """
    view = memoryview(text)
    first = _first_key(text, 1)
    if first is None:
        return [view[1:-1]]
    separator = b"}," + first[0]
    pieces: list[memoryview] = []
    end = len(text) - 1
    while (at := text.rfind(separator, 0, end) + 1) > 0:  # twice as fast as find
        pieces.append(view[at + 1 : end])
        end = at
    pieces.append(view[1:end])
    pieces.reverse()
    return pieces


def _is_items(key: bytes) -> bool:
    if key == b'"items"':
        return True
    return b"\\" in key and msgspec.json.decode(key, type=str) == "items"


def _start_of_items(text: bytes) -> int | None:
    """Return the position of the first item of a LIST; None if it has not arrived, or if this is no list."""
    at = scan.skip_space(text, 0)
    mark = b"{"
    try:
        while text[at : at + 1] == mark:
            mark = b","
            key, at = scan.key_at(text, scan.skip_space(text, at + 1))
            if _is_items(key) and text[at : at + 1] == b"[":
                return at + 1
            at = scan.skip_space(text, scan.end_of_value(text, at))
    except (scan.Malformed, msgspec.MsgspecError, UnicodeDecodeError):
        pass
    return None


def _has_items(text: bytes, after: int) -> bool:
    """Return whether an object has a member `items` whose value begins after a position."""
    if b'"items"' not in text[after:] and b"\\" not in text[after:]:
        return False
    return any(_is_items(key) and start > after for key, start, _ in scan.members(text))
