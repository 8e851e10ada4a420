"""Parsing YAML into events as go-yaml does: with libyaml where it agrees, otherwise with `_GoParser`.

libyaml parses almost all texts as go-yaml v2, which began as its translation. Texts that it refuses, that are nested
deeply (its cost per token grows with the depth) or that it is known to parse differently go to `_GoParser`.
"""

from __future__ import annotations

import re
from typing import Any, Protocol, cast

import yaml
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner, ScannerError
from yaml.tokens import ScalarToken, TagToken

__all__ = ["EventSource", "fast_source", "go_source"]

# Mixins that find each other's methods at run time only.
_Reader: Any = Reader
_Scanner: Any = Scanner
_Parser: Any = Parser
_BLANK_OR_END = "\0 \t\r\n\x85\u2028\u2029"
_BREAKS = "\r\n\x85\u2028\u2029"
_KEY_LENGTH = 1024
# A tag of a lone "!", a directive, a byte-order mark.
_READ_OTHERWISE = re.compile(r"!(?=[\s,\[\]{}]|$)|^%|\ufeff", re.MULTILINE)


class EventSource(Protocol):
    """A source of parsing events."""

    def get_event(self) -> Any:
        """Return the next event.

        Raises:
            YAMLError: The text is not YAML.
        """


def fast_source(text: str) -> EventSource | None:
    """Return libyaml's parser; None without libyaml, or if libyaml parses this text differently."""
    parser: Any = getattr(getattr(yaml, "cyaml", None), "CParser", None)  # missing without libyaml
    if parser is None or _READ_OTHERWISE.search(text):
        return None
    return cast("EventSource", parser(text))


def go_source(text: str) -> EventSource:
    """Return a parser with the rules of go-yaml."""
    return _GoParser(text)


class _GoParser(_Reader, _Scanner, _Parser):  # type: ignore[misc]  # PyYAML has no types of its own here
    r"""PyYAML's parser with go-yaml's rules for tabs, plain scalars, tags and simple keys.

    The cost of a token does not depend on the depth, because possible keys are checked only when needed.

    Reference: go.yaml.in/yaml/v2 scannerc.go. Intended differences: a plain scalar in brackets may contain a question
        mark (`[http://a/?b]`), as in YAML 1.2, and two escapes in double quotes may form one character
        (`"\ud83d\ude00"`), as in JSON.
    """

    allow_simple_key: bool

    def __init__(self, text: str) -> None:
        self._level_of: dict[int, int] = {}
        _Reader.__init__(self, text)
        _Scanner.__init__(self)
        _Parser.__init__(self)

    def need_more_tokens(self) -> bool:
        if self.done:
            return False
        if not self.tokens:
            return True
        level = self._level_of.get(self.tokens_taken)
        return level is not None and self._is_possible_key(level)

    def stale_possible_simple_keys(self) -> None:
        """Do nothing, because `_is_possible_key` checks keys when needed."""

    def _is_possible_key(self, level: int) -> bool:
        key = self.possible_simple_keys.get(level)
        if key is None:
            return False
        if key.line == self.line and self.index - key.index <= _KEY_LENGTH:
            return True
        self._forget_key(level)
        return False

    def _forget_key(self, level: int) -> None:
        key = self.possible_simple_keys.pop(level, None)
        if key is None:
            return
        self._level_of.pop(key.token_number, None)
        if key.required:
            raise ScannerError("while scanning a simple key", key.mark, "could not find expected ':'", self.get_mark())

    def save_possible_simple_key(self) -> None:
        _Scanner.save_possible_simple_key(self)
        if self.allow_simple_key:
            self._level_of[self.tokens_taken + len(self.tokens)] = self.flow_level

    def remove_possible_simple_key(self) -> None:
        self._forget_key(self.flow_level)

    def fetch_value(self) -> None:
        if self._is_possible_key(self.flow_level):
            self._level_of.pop(self.possible_simple_keys[self.flow_level].token_number, None)
        _Scanner.fetch_value(self)

    def scan_to_next_token(self) -> None:
        if self.index == 0 and self.peek() == "\ufeff":
            self.forward()
        while True:
            while self.peek() == " " or (self.peek() == "\t" and (self.flow_level or not self.allow_simple_key)):
                self.forward()
            if self.peek() == "#":
                while self.peek() not in "\0" + _BREAKS:
                    self.forward()
            if not self.scan_line_break():
                return
            if not self.flow_level:
                self.allow_simple_key = True

    def scan_plain(self) -> ScalarToken:
        chunks: list[str] = []
        start = end = self.get_mark()
        indent = self.indent + 1
        ends = ",[]{}" if self.flow_level else ""
        joint = ""
        leading_blanks = False
        # go-yaml: a plain scalar ends at a comment, and a colon ends it only before a blank.
        while not self._is_document_indicator() and self.peek() != "#":
            length = 0
            while (letter := self.peek(length)) not in _BLANK_OR_END:
                if letter in ends or (letter == ":" and self.peek(length + 1) in _BLANK_OR_END):
                    break
                length += 1
            if length:
                chunks += [joint, self.prefix(length)]
                self.forward(length)
                joint, leading_blanks, end = "", False, self.get_mark()
                self.allow_simple_key = False
            if self.peek() not in " \t" + _BREAKS:
                break
            joint, leading_blanks = self._scan_blanks(start, indent, joint, leading_blanks=leading_blanks)
            if not self.flow_level and self.column < indent:
                break
        if leading_blanks:
            self.allow_simple_key = True
        return ScalarToken("".join(chunks), True, start, end)

    def _is_document_indicator(self) -> bool:
        return self.column == 0 and self.prefix(3) in ("---", "...") and self.peek(3) in _BLANK_OR_END

    def _scan_blanks(self, start: Any, indent: int, joint: str, *, leading_blanks: bool) -> tuple[str, bool]:
        """Skip blanks and line breaks; return the text that replaces them, and whether there was a line break."""
        spaces: list[str] = [joint]
        first, more = "", list[str]()
        while (letter := self.peek()) in " \t" + _BREAKS:
            if letter in _BREAKS:
                if leading_blanks:
                    more.append(self.scan_line_break())
                else:
                    first, leading_blanks = self.scan_line_break(), True
                continue
            if letter == "\t" and leading_blanks and self.column < indent:
                problem = "found a tab character that violates indentation"
                raise ScannerError("while scanning a plain scalar", start, problem, self.get_mark())
            if not leading_blanks:
                spaces.append(letter)
            self.forward()
        if not leading_blanks:
            return "".join(spaces), False
        return (first + "".join(more) if first != "\n" else "".join(more) or " "), True

    def scan_block_scalar_indicators(self, start_mark: Any) -> tuple[bool | None, int | None]:
        chomping: bool | None = None
        increment: int | None = None
        for _ in range(2):
            letter = self.peek()
            if chomping is None and letter in "+-":
                chomping = letter == "+"
            elif increment is None and letter in "0123456789":
                increment = int(letter)
            else:
                break
            self.forward()
        if increment == 0:
            problem = "found an indentation indicator equal to 0"
            raise ScannerError("while scanning a block scalar", start_mark, problem, self.get_mark())
        return chomping, increment

    def scan_block_scalar_ignored_line(self, start_mark: Any) -> None:
        while self.peek() in " \t":
            self.forward()
        _Scanner.scan_block_scalar_ignored_line(self, start_mark)

    def scan_block_scalar_indentation(self) -> Any:
        found = _Scanner.scan_block_scalar_indentation(self)
        self._refuse_tab()
        return found

    def scan_block_scalar_breaks(self, indent: int) -> Any:
        found = _Scanner.scan_block_scalar_breaks(self, indent)
        if self.column < indent:
            self._refuse_tab()
        return found

    def _refuse_tab(self) -> None:
        if self.peek() == "\t":
            problem = "found a tab character where an indentation space is expected"
            raise ScannerError("while scanning a block scalar", self.get_mark(), problem, self.get_mark())

    def scan_directive_name(self, start_mark: Any) -> str:
        name: str = _Scanner.scan_directive_name(self, start_mark)
        if name not in ("YAML", "TAG"):
            problem = "found unknown directive name"
            raise ScannerError("while scanning a directive", start_mark, problem, self.get_mark())
        return name

    def scan_yaml_directive_value(self, start_mark: Any) -> tuple[int, int]:
        version: tuple[int, int] = _Scanner.scan_yaml_directive_value(self, start_mark)
        if version != (1, 1):
            problem = "found incompatible YAML document"
            raise ScannerError("while scanning a directive", start_mark, problem, self.get_mark())
        return version

    def scan_flow_scalar(self, style: str) -> ScalarToken:
        start = self.get_mark()
        try:
            token: ScalarToken = _Scanner.scan_flow_scalar(self, style)
            if not token.value.isascii():
                # Two escapes may form one character, as in JSON; a half alone is invalid.
                token.value = token.value.encode("utf-16", "surrogatepass").decode("utf-16")
        except (ValueError, OverflowError):
            problem = "found invalid Unicode character escape code"
            raise ScannerError("while scanning a quoted scalar", start, problem, start) from None
        return token

    def scan_tag(self) -> TagToken:
        start = self.get_mark()
        handle: str | None = None
        if self.peek(1) == "<":
            self.forward(2)
            suffix: str = self.scan_tag_uri("tag", start)
            if self.peek() != ">":
                raise ScannerError("while scanning a tag", start, "did not find the expected '>'", self.get_mark())
            self.forward()
        else:
            length = 1
            while self.peek(length).isalnum() or self.peek(length) in "-_":
                length += 1
            if self.peek(length) == "!":
                handle = self.scan_tag_handle("tag", start)
            else:
                handle = "!"
                self.forward()
            suffix = "" if handle == "!" and self._ends_tag() else self.scan_tag_uri("tag", start)
        if not self._ends_tag():
            problem = "did not find expected whitespace or line break"
            raise ScannerError("while scanning a tag", start, problem, self.get_mark())
        if handle == "!" and not suffix:
            handle, suffix = None, "!"
        return TagToken((handle, suffix), start, self.get_mark())

    def _ends_tag(self) -> bool:
        return self.peek() in _BLANK_OR_END
