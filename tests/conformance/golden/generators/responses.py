"""Responses of a server, well-formed and not: all bytes that follow a request on the connection.

A case is `{"method": …, "output": […], "end": "close" | "open"}`. The output is a list of texts, one character per
byte, and of pairs `[text, times]`. After the output the server closes the connection, or leaves it open and is silent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random
from typing import Any

from .picked_responses import EARLY, EMPTY, EVENTS, HELLO, JSON, OK, OLD, TOO_MANY, TRAILER, case, picked

__all__ = ["responses"]

Case = dict[str, Any]

COUNT = 3000

ODD_VALUES = ("\x00", "\xe9", "a\rb", "5")
# Bytes with a meaning somewhere in a response.
SPECIAL = '\r\n \t:;,="\x00\x0b\x0c\x1f\x7f\x80\xe9\xff0159afAFxgX/.-+_hH()@'


def responses(random: Random) -> Iterator[Case]:
    """Yield 3,000 different responses: each rule of RFC 9112 and its neighbors first, then random ones."""
    seen: set[str] = set()
    for made in _all(random):
        # The text, not the bytes: an output of eleven million bytes is two pieces.
        if (key := repr(made)) not in seen:
            seen.add(key)
            yield made
        if len(seen) == COUNT:
            return


def _all(random: Random) -> Iterator[Case]:
    yield from picked()
    yield from _cuts(random)
    for _ in range(150):
        yield _composed(random)
    while True:
        yield _mutated(random)


def _cuts(random: Random) -> Iterator[Case]:
    """Yield well-formed responses that end too early."""
    for whole in (HELLO, JSON, EVENTS, TRAILER, OLD, EARLY):
        for end in ("close", "open"):
            for size in sorted(random.sample(range(len(whole)), 22)):
                yield case(whole[:size], end=end)
    yield case(end="close")
    yield case(method="POST", end="close")
    for size in range(0, 40, 8):
        yield case(f"{OK}Content-Length: 5\r\n\r\n"[:size], method="HEAD", end="close")


def _composed(random: Random) -> Case:
    """Combine a response from parts that are nearly always valid."""

    def one(good: Iterable[str], bad: Iterable[str]) -> str:
        return random.choice([*good]) if random.random() < 0.85 else random.choice([*bad])

    version = one(("1.1", "1.1", "1.1", "1.0"), ("1.2", "2.0", "0.9", "1.", "1.11"))
    status = one(("200", "200", "201", "404", "500", "204", "304", "101"), ("100", "600", "20", "2000", "2x0"))
    body = random.choice(["", "hello", "x" * 40, "\r\n\r\n", "0\r\n\r\n", HELLO])
    framed = random.random()
    fields: list[str] = []
    if framed < 0.4:
        fields.append(f"Content-Length: {one((str(len(body)),), (str(len(body) + 1), '0', '-1', 'x', ''))}")
    elif framed < 0.8:
        fields.append(f"Transfer-Encoding: {one(('chunked',), ('gzip', 'gzip, chunked', 'identity', 'Chunked'))}")
        body = _chunked(random, body)
    for _ in range(random.randrange(4)):
        name = one(("X-A", "X-B", "Content-Type", "Date", "Warning"), ("X A", "", "X-\xe9", "Content-Length", "X-A "))
        colon = one((": ", ":"), (" : ", " ", ""))
        fields.append(f"{name}{colon}{one(('a', 'b c', ''), ODD_VALUES)}")
    if random.random() < 0.3:
        fields.append(f"Connection: {random.choice(['close', 'keep-alive', 'close, x', 'upgrade'])}")
    random.shuffle(fields)
    line = one(("\r\n",), ("\n", "\r", "\r\n "))
    head = "".join(f"{field}{line}" for field in (f"HTTP/{version} {status}{one((' OK', ' '), ('', ' a'))}", *fields))
    before = "HTTP/1.1 100 Continue\r\n\r\n" * random.choice([0, 0, 0, 0, 1, 2])
    after = random.choice(["", "", "", "", "\r\n", "x", HELLO])
    return case(
        f"{before}{head}\r\n{body}{after}",
        method=random.choice(["GET", "GET", "GET", "POST", "HEAD"]),
        end=random.choice(["open", "open", "close"]),
    )


def _chunked(random: Random, body: str) -> str:
    parts: list[str] = []
    while body:
        size = random.randint(1, len(body))
        extension = random.choice(["", "", "", ";a", ";a=b", ' ;a="b"'])
        written = random.choice([f"{size:x}", f"{size:X}", f"{size:04x}"])
        parts.append(f"{written}{extension}\r\n{body[:size]}\r\n")
        body = body[size:]
    trailer = random.choice(["", "", "", "X-A: b\r\n", "X-A: b\r\nX-B: c\r\n", "X A: b\r\n"])
    return f"{''.join(parts)}0\r\n{trailer}\r\n"


def _mutated(random: Random) -> Case:
    """Change a well-formed response in one to three places."""
    text = random.choice([HELLO, JSON, EVENTS, EVENTS, TRAILER, EMPTY, OLD, EARLY, TOO_MANY, f"{HELLO}{EVENTS}"])
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        at = random.randrange(len(text) + 1)
        form = random.randrange(7)
        if form == 0:
            text = text[:at] + random.choice(SPECIAL) + text[at:]
        elif form == 1:
            text = text[:at] + random.choice(SPECIAL) + text[at + 1 :]
        elif form == 2:
            text = text[:at] + text[at + random.choice([1, 1, 1, 2, 8]) :]
        elif form == 3:
            text = text[:at] + text[max(0, at - random.choice([1, 2, 8, 20])) :]
        elif form == 4:
            lines = text.split("\r\n")
            lines.insert(random.randrange(len(lines)), lines[random.randrange(len(lines))])
            text = "\r\n".join(lines)
        elif form == 5:
            lines = text.split("\r\n")
            del lines[random.randrange(len(lines))]
            text = "\r\n".join(lines)
        else:
            text = (
                text[:at] + chr(ord(text[at]) ^ 1 << random.randrange(8)) + text[at + 1 :] if at < len(text) else text
            )
    method = random.choice(["GET", "GET", "GET", "GET", "POST", "HEAD"])
    return case(text, method=method, end=random.choice(["open", "close"]))
