"""Reading text from outside the package takes linear time: regular expressions and the functions that use them (F2).

The regular expressions are found in the source, with the way in which each is used, so that a new one is measured too.
"""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import kubeloop
from kubeloop._kit.text import safe_text
from kubeloop.config.exec_output import without_secrets
from kubeloop.config.server_url import without_userinfo
from kubeloop.wire.redaction import Redaction
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers, Response, parse_warnings
from tests.support.results import error_of

SOURCE = Path(kubeloop.__file__).parent
# These packages, which stand apart from the others, read the output of their own programs.
OWN_WORDS = ("testing",)
WAYS = {"match", "fullmatch", "search", "sub", "findall", "finditer", "split"}
SMALL, LARGE = 2_000, 16_000


@dataclass(frozen=True)
class Found:
    """A regular expression in the source, and how it is used."""

    where: str
    pattern: re.Pattern[Any]
    ways: frozenset[str]


def _patterns() -> Iterator[Found]:
    for path in sorted(SOURCE.rglob("*.py")):
        where = path.relative_to(SOURCE)
        text = path.read_text()
        if where.parts[0] in OWN_WORDS or "re." not in text:
            continue
        tree = ast.parse(text)
        used: dict[str, set[str]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr in WAYS:
                used.setdefault(node.value.id, set()).add(node.attr)
        parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=way), args=[ast.Constant(), *_]):
                    pass
                case _:
                    continue
            flags = [ast.unparse(each) for each in node.args[1:] + [kw.value for kw in node.keywords]]
            flags = [each for each in flags if each.startswith("re.")]
            value: Any = node.args[0].value  # type: ignore[attr-defined]
            pattern = re.compile(value, eval(flags[0], {"re": re}) if flags else 0)
            if way != "compile":
                ways = {way}
            elif isinstance(parents[node], ast.Attribute):
                ways = {parents[node].attr}  # type: ignore[attr-defined]
            else:
                ways = used.get(ast.unparse(parents[node].targets[0]), {"search"})  # type: ignore[attr-defined]
            yield Found(f"{where}:{node.lineno}", pattern, frozenset(ways))


PATTERNS = list(_patterns())


def _attacks(source: str) -> list[str]:
    """Return pieces to repeat: single characters, the words of the pattern itself, and both together."""
    words = {*re.findall(r"[A-Za-z]{2,}", source)} | {"eyJ", "Bearer ", "value: ", "got ", "map[a:", "//"}
    singles = list("aA0_-.:=/\\\"`'{[(<,@% \n\t+e")
    return [*singles, *(f"{word}{end}" for word in sorted(words) for end in ("", *"a-. :=[0"))]


def _cpu(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def grows_too_fast(work: Callable[[str], object], piece: str, *, prefix: str = "", suffix: str = "") -> bool:
    """Compare CPU time at n and 8n, best of three. A time of a few milliseconds at 8n is not compared.

    What seems to grow too fast is measured at 16n too: where memory is allocated in another way from some size on, one
    step is steep though the work is linear; quadratic work is steep in both.
    """

    def text(size: int) -> str:
        return prefix + (piece * (size // len(piece) + 1))[:size] + suffix

    tiny, small, large = text(SMALL // 8), text(SMALL), text(LARGE)
    if _cpu(lambda: work(small)) > 0.02 and _grows(work, tiny, small):
        return True  # cubic, or worse: the large one would take for ever
    if _cpu(lambda: work(large)) <= 0.01 or not _grows(work, small, large):
        return False
    larger = text(2 * LARGE)
    return all(_ratio(work, large, larger) >= 3 for _ in range(3))


def _grows(work: Callable[[str], object], small: str, large: str) -> bool:
    """Return whether the ratio is not that of linear work in each of several measurements: a busy machine disturbs
    some.
    """
    return all(_ratio(work, small, large) >= 16 for _ in range(3))


def _ratio(work: Callable[[str], object], small: str, large: str) -> float:
    return min(_cpu(lambda: work(large)) for _ in range(3)) / max(
        min(_cpu(lambda: work(small)) for _ in range(3)), 1e-5
    )


def test_the_regular_expressions_are_found() -> None:
    assert len(PATTERNS) > 40
    assert sum(found.where.startswith("wire/redaction.py") for found in PATTERNS) >= 5


def _used(found: Found) -> Callable[[Any], None]:
    is_bytes = isinstance(found.pattern.pattern, bytes)

    def work(text: Any) -> None:
        given = text.encode() if is_bytes else text
        for way in found.ways:
            if way == "sub":
                found.pattern.sub(lambda match: match[0], given)
            elif way == "finditer":
                list(found.pattern.finditer(given))
            else:
                getattr(found.pattern, way)(given)

    return work


@pytest.mark.parametrize("found", PATTERNS, ids=[found.where for found in PATTERNS])
def test_a_regular_expression_is_linear(found: Found) -> None:
    source = found.pattern.pattern
    source = source.decode() if isinstance(source, bytes) else source
    work = _used(found)
    for piece in _attacks(source):
        for suffix in ("", "\0"):
            assert not grows_too_fast(work, piece, suffix=suffix), repr(piece)


SECRET = Request("PUT", "/api/v1/namespaces/a/secrets/s", body=b'{"data": {"k": "aaaa", "l": "token"}}')


def _warnings(text: str) -> None:
    redaction = Redaction(SECRET)
    for warning in parse_warnings(Headers([("Warning", f'299 - "{text}"'), ("Warning", text)])):
        redaction(warning.text)


def _error(text: str) -> None:
    error_of(Response(500, body=text.encode()), SECRET)


READERS: dict[str, Callable[[str], object]] = {
    "safe_text": safe_text,
    "redaction": lambda text: Redaction(None, ["Bearer aaaa"])(text),
    "redaction of a confidential response": lambda text: Redaction(SECRET)(text),
    "warnings": _warnings,
    "error": _error,
    "plugin's stderr": lambda text: without_secrets(text, ["--token", "aaaaaa"], ["bbbbbb"]),
    "address": without_userinfo,
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("prefix", ["", "eyJaaaaaaaa.", 'token "', "Bearer "])
def test_a_reader_of_outside_text_is_linear(reader: str, prefix: str) -> None:
    for piece in [
        "eyJ-",
        "eyJaaaaa.",
        "token",
        "token ",
        "key=",
        "a",
        " ",
        '"',
        "\\",
        "{",
        "map[a:",
        "value: ",
        "a.",
        "//",
    ]:
        assert not grows_too_fast(READERS[reader], piece, prefix=prefix), repr(piece)


@pytest.mark.parametrize("piece", ["eyJ-", "token ", '"', "x", "{", "value: "])
def test_all_texts_of_one_response_together_are_bounded(piece: str) -> None:
    """(F2) A hundred causes of 60 KB each took a hundred times as long as one."""
    text = (piece * 60_000)[:60_000]
    redaction, one = Redaction(SECRET), Redaction(SECRET)
    first = _cpu(lambda: one(text))
    assert _cpu(lambda: [redaction(text) for _ in range(100)]) < max(20 * first, 0.2)


def test_a_response_to_a_request_with_very_many_values_is_described_by_its_size() -> None:
    """(F2) Each of the values would have to be searched for."""
    body = b'{"data": [%s]}' % b",".join(b'"v%d"' % number for number in range(5000))
    assert Redaction(Request("PUT", SECRET.target, body=body))("cannot use v17 here") == "<19 bytes>"
