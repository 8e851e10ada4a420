"""Intended differences in reading responses: where framing is in doubt, the connection is closed."""

from __future__ import annotations

import re
from typing import Any

from .entry import Difference, Names, refused

__all__ = ["INTENDED"]

_MIB = 1 << 20
_TOKEN = r"!#$%&'*+.^_`|~0-9A-Za-z-"


def _output(case: Any) -> str:
    return "".join(piece if isinstance(piece, str) else piece[0] * piece[1] for piece in case["output"])


def _heads(case: Any) -> list[str]:
    """Return the heads of the interim responses and of the final one, each up to its empty line or to the end."""
    heads: list[str] = []
    rest = _output(case)
    while True:
        head, _, rest = rest.partition("\r\n\r\n")
        heads.append(f"{head}\r\n")
        if re.match(r"HTTP/1\.[01] 1(?!01)\d\d", head) is None:
            return heads


def _body(case: Any) -> str:
    return _output(case)[sum(len(head) + 2 for head in _heads(case)) :]


def _after_chunks(case: Any) -> str:
    """Return the text after the data of the last chunk that is whole and well-formed."""
    rest = _body(case)
    while (size := re.match(r"(?!0+[;\r])([0-9a-fA-F]+)(?:;.*)?\r\n", rest)) is not None:
        rest = rest[size.end() + int(size[1], 16) :]
        if not rest.startswith("\r\n"):
            return rest
        rest = rest[2:]
    return rest


def _refused_for(pattern: str) -> Names:
    """Cover responses that ours refuses and whose heads match this pattern; ^ and $ are at the ends of the lines."""
    search = re.compile(pattern, re.IGNORECASE | re.MULTILINE).search
    return lambda case, go, ours: refused(ours) and not refused(go) and any(map(search, _heads(case)))


def _given_up_for(pattern: str) -> Names:
    """Cover responses whose body ours refuses because it matches this pattern, while Go reads on."""
    search = re.compile(pattern).search
    return lambda case, go, ours: ours["end"] == "broken" and "end" in go and search(_body(case)) is not None


INTENDED: list[Difference] = [
    Difference(
        "responses",
        "A response with two Content-Length fields is refused, also when they are equal: something on the way "
        "has put together what does not belong together (C11).",
        _refused_for(r"^content-length:(.*\r\n)+content-length:"),
    ),
    Difference(
        "responses",
        "A response with both Content-Length and Transfer-Encoding is refused (RFC 9112, section 6.1, allows "
        "it): two readers could find two different ends (C11).",
        _refused_for(r"^content-length:(.*\r\n)+transfer-encoding:|^transfer-encoding:(.*\r\n)+content-length:"),
    ),
    Difference(
        "responses",
        "A Transfer-Encoding in a response of HTTP/1.0 is refused. Go ignores it and delivers the chunks as "
        "they are; RFC 9112, section 6.1, calls the framing faulty.",
        _refused_for(r"^HTTP/1\.0 (.*\r\n)+transfer-encoding:"),
    ),
    Difference(
        "responses",
        "Versions other than 1.0 and 1.1 are refused; Go reads any digits.",
        _refused_for(r"\AHTTP/(?!1\.[01] )"),
    ),
    Difference(
        "responses",
        "Each line of a head ends in CR LF, and neither of the two stands elsewhere. Go takes LF for an end "
        "of line, and CR for a character of the reason.",
        _refused_for(r"\r(?!\n)|(?<!\r)\n"),
    ),
    Difference(
        "responses",
        "A header that continues on the next line is refused: RFC 9112, section 5.2, deprecates this. Go "
        "joins the lines.",
        _refused_for(r"^[ \t]"),
    ),
    Difference(
        "responses",
        "The name of a header is a token: no white space stands in it or before the colon, where two readers "
        "could see two different names (RFC 9112, section 5.1). Go keeps it as a part of the name, and drops "
        "some from interim responses.",
        _refused_for(rf"^[{_TOKEN}]+[ \t]+[{_TOKEN} \t]*:"),
    ),
    Difference(
        "responses",
        "A status has three digits, the first of which is not zero, after one space.",
        _refused_for(r"\AHTTP/1\.[01] ([ 0+-])"),
    ),
    Difference(
        "responses",
        "A switch to another protocol is refused unless the request asked for it; Go delivers it, and what "
        "follows as its body.",
        _refused_for(r"\AHTTP/1\.[01] 101[ \r]"),
    ),
    Difference(
        "responses",
        "The status line has at most 8,192 bytes; Go bounds only the head, at ten MiB.",
        _refused_for(r"\A.{8191}"),
    ),
    Difference(
        "responses",
        "The heads of a response, the interim ones with it, have at most one MiB; Go's bound is ten.",
        lambda case, go, ours: refused(ours) and "status" in go and sum(map(len, _heads(case))) > _MIB,
    ),
    Difference(
        "responses",
        "A head that does not end is refused after one MiB; Go waits for ten.",
        lambda case, go, ours: refused(ours) and go == {"waits": True} and sum(map(len, _heads(case))) > _MIB,
    ),
    Difference(
        "responses",
        "A response has at most 10,000 headers; Go bounds only their bytes.",
        lambda case, go, ours: refused(ours) and not refused(go) and _heads(case)[-1].count("\n") > 10_000,
    ),
    Difference(
        "responses",
        "A response has at most 100 interim responses before it; Go bounds only their bytes.",
        lambda case, go, ours: refused(ours) and not refused(go) and len(_heads(case)) > 101,
    ),
    Difference(
        "responses",
        "A Content-Length has at most 18 digits: no body is longer, and no counter overflows. Go takes 63 "
        "bits and any zeros.",
        _refused_for(r"^content-length: *\d{19}"),
    ),
    Difference(
        "responses",
        "A chunk of 2**63 bytes and more is refused; Go reads on until the connection ends.",
        lambda case, go, ours: (
            ours["end"] == "broken"
            and go["end"] in {"broken", "waits"}
            and re.search(r"(\A|\r\n)[89a-f][0-9a-f]{15}\r\n", _body(case)) is not None
        ),
    ),
    Difference(
        "responses",
        "NUL in the extension of a chunk is refused.",
        _given_up_for(r"(\A|\r\n)[0-9a-f]+;[^\r\n]*\x00"),
    ),
    Difference(
        "responses",
        "A trailer is read as strictly as a header: its name is a token, it has one line, and that ends in CR LF.",
        _given_up_for(rf"(\A|\r\n)0\r\n((?!\r\n)[^\n]*\n)*([{_TOKEN}]+[ \t]+[{_TOKEN}]*:|[ \t]|[^\n]*(?<!\r)\n)"),
    ),
    Difference(
        "responses",
        "Trailers are dropped, whatever the header Trailer says of them; Go refuses the names of framing "
        "headers in it.",
        lambda case, go, ours: (
            refused(go)
            and "status" in ours
            and re.search(
                r"^trailer: (content-length|transfer-encoding|trailer)\r$",
                _heads(case)[-1],
                re.IGNORECASE | re.MULTILINE,
            )
            is not None
        ),
    ),
    Difference(
        "responses",
        "What cannot become a head is refused at its first byte that is wrong; Go waits for the end of the line.",
        lambda case, go, ours: go == {"waits": True} and refused(ours) and not _heads(case)[-1].startswith("HTTP/1."),
    ),
    Difference(
        "responses",
        "A chunk that does not end in CR LF is refused at its first byte that is wrong; Go waits for the second.",
        lambda case, go, ours: (
            ours["end"] == "broken" and go["end"] == "waits" and _after_chunks(case) not in {"", "\r"}
        ),
    ),
    Difference(
        "responses",
        "A trailer that is wrong is refused at the end of its line; Go waits for the end of all of them.",
        lambda case, go, ours: (
            ours["end"] == "broken"
            and go["end"] == "waits"
            and (trailers := re.match(r"0+(?:;.*)?\r\n(.+)", _after_chunks(case), re.DOTALL)) is not None
            and "\r\n\r\n" not in trailers[1]
            and re.search(rf"\A([{_TOKEN}]+:[^\x00-\x08\x0a-\x1f\x7f]*\r\n)*\Z", trailers[1]) is None
        ),
    ),
    Difference(
        "responses",
        "A head is judged when all of it is there. One that never ends is waited for until the silence bound, "
        "though a line of it is wrong already; Go refuses it at that line.",
        lambda case, go, ours: (
            refused(go)
            and ours == {"waits": True}
            and case["end"] == "open"
            and "\r\n\r\n" not in _output(case)[sum(len(head) + 2 for head in _heads(case)[:-1]) :]
        ),
    ),
]
