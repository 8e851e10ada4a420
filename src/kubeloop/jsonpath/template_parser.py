"""Parse a template into parts, in time proportional to its length.

Reference: client-go util/jsonpath/parser.go. What client-go accepts and then fails on, or executes otherwise than it
reads, is refused here: unknown words and operators, a step below 1, and `range` and `end` that do not pair up.
"""

from __future__ import annotations

import re
from typing import NoReturn

from kubeloop.jsonpath.path_node import (
    Action,
    Descent,
    Field,
    Filter,
    JSONPathError,
    Literal,
    Node,
    OutsideText,
    Part,
    RangeBlock,
    Slice,
    Union,
    Wildcard,
    shown,
)

__all__ = ["parse_template"]

MAX_DEPTH = 100
"""How deep ranges can be nested."""
_MAX_INT64 = 2**63 - 1
_word = re.compile(r"[^ \t\r\n.,\[\]$@{}]*")
_field = re.compile(r"(?:\\.|\\\Z|[^ \t\r\n.,\[\]$@{}\\])*", re.DOTALL)
_number = re.compile(r"[+-]?[\d.]*")
_integer = re.compile(r"[+-]?[0-9]+")
_decimal = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_quoted_key = re.compile(r"'([^']*)'")
_slice = re.compile(r"(-?[0-9]*)(:-?[0-9]*)?(:-?[0-9]*)?")
_comparison = re.compile(r"([^!<>=]+)([!<>=]+)(.+)")
_escape = re.compile(
    r"\\(?:(?P<plain>[abfnrtv\\'\"])|x(?P<byte>[0-9a-fA-F]{2})|(?P<octal>[0-7]{3})"
    r"|u(?P<short>[0-9a-fA-F]{4})|U(?P<long>[0-9a-fA-F]{8}))"
)
_PLAIN_ESCAPES = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, "'": 39, '"': 34}
_OPERATORS = ("==", "!=", "<", "<=", ">", ">=")


def parse_template(template: str) -> tuple[Part, ...]:
    """Return the parts of a template.

    Raises:
        JSONPathError: The template is not valid. The message names the position and the next step.
    """
    return _nested(template, _Parser(template, template, 0).actions())


class _Braces:
    """One pair of braces: its nodes, and the words `range` and `end` in it."""

    def __init__(self, position: int) -> None:
        self.position = position
        self.nodes: list[Node] = []
        self.words: list[str] = []


def _nested(template: str, flat: list[OutsideText | _Braces]) -> tuple[Part, ...]:
    """Return the parts with each range as a block."""
    levels: list[list[Part]] = [[]]
    opened: list[_Braces] = []
    for each in flat:
        if isinstance(each, OutsideText):
            levels[-1].append(each)
        elif each.words == []:
            levels[-1].append(Action(tuple(each.nodes)))
        elif each.words == ["range"]:
            if len(opened) == MAX_DEPTH:
                _refuse(template, each.position, f"expected at most {MAX_DEPTH} ranges in each other, got more")
            opened.append(each)
            levels.append([])
        elif each.words == ["end"] and not each.nodes:
            if not opened:
                _refuse(template, each.position, "not in a range, so there is nothing to end; remove {end}")
            body = tuple(levels.pop())
            levels[-1].append(RangeBlock(tuple(opened.pop().nodes), body))
        else:
            _refuse(template, each.position, "expected {range EXPRESSION} or {end}, got a mixture of both")
    if opened:
        _refuse(template, opened[-1].position, "the range has no end; add {end} after its body")
    return tuple(levels[0])


def _refuse(template: str, position: int, problem: str) -> NoReturn:
    raise JSONPathError(f"invalid JSONPath {shown(template)}: {problem} (position {position})")


class _Parser:
    """Reads one text: a template, or an expression inside of it.

    Args:
        template: The whole template, for errors.
        text: The text to read.
        offset: The position of the text in the template, for errors.
    """

    def __init__(self, template: str, text: str, offset: int) -> None:
        self._template = template
        self._text = text
        self._offset = offset
        self._position = 0

    def actions(self) -> list[OutsideText | _Braces]:
        """Return the texts and braces."""
        parts: list[OutsideText | _Braces] = []
        while self._position < len(self._text):
            opening = self._text.find("{", self._position)
            end = len(self._text) if opening < 0 else opening
            if end > self._position:
                parts.append(OutsideText(self._text[self._position : end]))
            self._position = end + 1
            if opening >= 0:
                parts.append(self._braces())
        return parts

    def _braces(self) -> _Braces:
        found = _Braces(self._offset + self._position - 1)
        while True:
            text, start = self._text, self._position
            character = text[start : start + 1]
            if character == "}":
                self._position += 1
                return found
            if character in ("", "\r", "\n"):
                self._fail("the braces are not closed; add }", found.position)
            if text.startswith("[?(", start):
                self._filter(found)
            elif text.startswith("..", start):
                self._descent(found)
            elif character in " @$":
                self._position += 1
            elif character == "[":
                self._brackets(found)
            elif character in "\"'":
                found.nodes.append(Literal(self._quoted(character)))
            elif character == ".":
                self._position += 1
                found.nodes.append(self._member())
            elif character in "+-" or character.isdecimal():
                found.nodes.append(Literal(self._number()))
            elif character == "_" or character.isalpha():
                self._identifier(found)
            else:
                self._fail(f"unexpected character {character!r}; write a field as .name or ['name']", start)

    def _fail(self, problem: str, position: int | None = None) -> NoReturn:
        _refuse(self._template, self._position + self._offset if position is None else position, problem)

    def _member(self) -> Node:
        name = self._take(_field)
        return Wildcard() if name == "*" else Field(name.replace("\\", ""))

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._position)
        self._position = match.end() if match is not None else self._position
        return match[0] if match is not None else ""

    def _identifier(self, found: _Braces) -> None:
        start = self._position
        word = self._take(_word)
        if word in ("true", "false"):
            found.nodes.append(Literal(word == "true"))
        elif word in ("range", "end"):
            found.words.append(word)
        else:
            self._fail(f"unknown word {shown(word)}; write a field as .{word}", self._offset + start)

    def _descent(self, found: _Braces) -> None:
        if found.nodes and isinstance(found.nodes[-1], Descent):
            self._fail("expected a field after .., got another ..")
        self._position += 2
        found.nodes.append(Descent())
        following = self._text[self._position : self._position + 1]
        if following == "_" or following.isalpha() or following.isdecimal():
            found.nodes.append(self._member())

    def _number(self) -> int | float:
        start = self._position
        text = self._take(_number)
        if _integer.fullmatch(text) and len(text) < 25 and -_MAX_INT64 - 1 <= int(text) <= _MAX_INT64:
            return int(text)
        if _decimal.fullmatch(text) and (number := float(text)) not in (float("inf"), float("-inf")):
            return number
        return self._fail(f"expected a number, got {shown(text)}", self._offset + start)

    def _quoted(self, quote: str) -> str:
        start = self._position
        end = self._text.find(quote, start + 1)
        while end >= 0 and self._text[end - 1] == "\\":
            end = self._text.find(quote, end + 1)
        if end < 0 or self._text.find("\n", start, end) >= 0:
            self._fail(f"the quoted text is not closed; add {quote}", self._offset + start)
        self._position = end + 1
        return self._unquoted(self._text[start + 1 : end], quote, self._offset + start)

    def _unquoted(self, text: str, quote: str, position: int) -> str:
        if "\\" not in text:
            return text
        found = bytearray()
        index = 0
        while index < len(text):
            if text[index] != "\\":
                following = text.find("\\", index)
                end = len(text) if following < 0 else following
                found += text[index:end].encode("utf-8", "surrogatepass")
                index = end
                continue
            match = _escape.match(text, index)
            escaped = None if match is None else _escaped_bytes(match, quote)
            if match is None or escaped is None:
                self._fail(f"invalid escape in a quoted text: {text[index : index + 10]!r}", position + 1 + index)
            found += escaped
            index = match.end()
        return found.decode("utf-8", "replace")

    def _brackets(self, found: _Braces) -> None:
        start = self._position
        end = self._text.find("]", start)
        if end < 0 or self._text.find("\n", start, end) >= 0:
            self._fail("the bracket is not closed; add ]", self._offset + start)
        self._position = end + 1
        text = self._text[start + 1 : end]
        if "," in text:
            choices: list[tuple[Node, ...]] = []
            at = start + 1
            for part in text.split(","):
                choices.append(self._inner(f"[{part.strip(' ')}]", self._offset + at - 1))
                at += len(part) + 1
            found.nodes.append(Union(tuple(choices)))
        elif key := _quoted_key.fullmatch(text):
            found.nodes.extend(self._inner(f".{key[1]}", self._offset + start + 1))
        else:
            found.nodes.append(self._slice(text, self._offset + start))

    def _slice(self, text: str, position: int) -> Slice:
        match = _slice.fullmatch(":" if text == "*" else text)
        if match is None:
            self._fail(f"expected a position, a slice, * or a name in single quotes, got {shown(text)}", position)
        first, second, third = (self._index(each, position) for each in match.groups(""))
        if third is not None and third < 1:
            self._fail(f"expected a step of at least 1, got {third}", position)
        if match[2] is None:
            return Slice(first, (first or 0) + 1, None, single=True)
        return Slice(first, second, third, single=False)

    def _index(self, text: str, position: int) -> int | None:
        digits = text.removeprefix(":")
        if not digits:
            return None
        if digits == "-" or len(digits) > 20 or not -_MAX_INT64 - 1 <= int(digits) <= _MAX_INT64:
            self._fail(f"expected a position, got {shown(digits)}", position)
        return int(digits)

    def _filter(self, found: _Braces) -> None:
        start = self._position
        end = self._end_of_filter(start + 3)
        if self._text[end + 1 : end + 2] != "]":
            self._fail("expected ] after the condition", self._offset + end + 1)
        self._position = end + 2
        text, at = self._text[start + 3 : end], self._offset + start + 3
        comparison = _comparison.fullmatch(text)
        if comparison is None:
            found.nodes.append(Filter(self._inner(text, at), "exists", ()))
            return
        left, operator, right = comparison.groups()
        if operator not in _OPERATORS:
            self._fail(f"unknown operator {shown(operator)}; use one of {' '.join(_OPERATORS)}", at + len(left))
        found.nodes.append(Filter(self._inner(left, at), operator, self._inner(right, at + len(left) + len(operator))))

    def _end_of_filter(self, start: int) -> int:
        """Return the position of the parenthesis that closes a condition: the first one that no quotes contain."""
        quote = ""
        is_closed = False
        for position in range(start, len(self._text)):
            character = self._text[position]
            if character == "\n":
                break
            if character in "\"'":
                if not quote:
                    quote = character
                elif character == quote and self._text[position - 1] != "\\":
                    is_closed = True
            elif character == ")" and (is_closed or not quote):
                return position
        return self._fail("the condition is not closed; add )]", self._offset + start - 3)

    def _inner(self, text: str, offset: int) -> tuple[Node, ...]:
        """Return the nodes of an expression inside an expression."""
        first = _Parser(self._template, f"{{{text}}}", offset - 1).actions()[0]
        if not isinstance(first, _Braces) or first.words:
            _refuse(self._template, offset, "expected a value, got range or end, which need braces of their own")
        return tuple(first.nodes)


def _escaped_bytes(match: re.Match[str], quote: str) -> bytes | None:
    """Return the bytes of an escape sequence of Go; None if it is not valid."""
    if plain := match["plain"]:
        return None if plain in "\"'" and plain != quote else bytes((_PLAIN_ESCAPES[plain],))
    if byte := match["byte"]:
        return bytes((int(byte, 16),))
    if octal := match["octal"]:
        return bytes((int(octal, 8),)) if int(octal, 8) < 256 else None
    point = int(match["short"] or match["long"], 16)
    return None if 0xD800 <= point < 0xE000 or point > 0x10FFFF else chr(point).encode()
