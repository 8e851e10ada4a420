"""The length of a body and the life of a connection, from the headers; and what is ambiguous."""

from __future__ import annotations

import pytest

from kubeloop.serving.refusal import Refusal
from kubeloop.serving.request_framing import CHUNKED, NO_BODY, Framing, read_framing

Pairs = list[tuple[str, str]]


def framing(*pairs: tuple[str, str], is_old: bool = False) -> Framing:
    return read_framing([("Host", "a"), *pairs], is_old=is_old)


@pytest.mark.parametrize(
    ("pairs", "length"),
    [
        ([], NO_BODY),
        ([("Content-Length", "0")], 0),
        ([("content-length", "00012")], 12),
        ([("CONTENT-LENGTH", "9" * 18)], int("9" * 18)),
        ([("Transfer-Encoding", "chunked")], CHUNKED),
        ([("transfer-encoding", "Chunked")], CHUNKED),
    ],
)
def test_the_length_of_the_body(pairs: Pairs, length: int) -> None:
    assert framing(*pairs).length == length


@pytest.mark.parametrize(
    ("pairs", "is_old", "status", "message"),
    [
        ([("Content-Length", "1"), ("content-length", "1")], False, 400, "more than one Content-Length"),
        ([("Transfer-Encoding", "chunked")] * 2, False, 400, "more than one Transfer-Encoding"),
        ([("Content-Length", "1"), ("Transfer-Encoding", "chunked")], False, 400, "both Content-Length and"),
        ([("Transfer-Encoding", "chunked")], True, 400, "HTTP/1.0"),
        ([("Transfer-Encoding", "gzip, chunked")], False, 501, "other than chunked"),
        ([("Transfer-Encoding", "identity")], False, 501, "other than chunked"),
        ([("Transfer-Encoding", "")], False, 501, "other than chunked"),
        ([("Transfer-Encoding", "\x0bchunked")], False, 501, "other than chunked"),
        *[
            ([("Content-Length", text)], False, 400, "not a number of bytes")
            for text in ("", "+1", "-1", "1 1", "1, 1", "0x1", "1.0", "²", "٣", "1" * 19)
        ],
        ([("Host", "b")], False, 400, "one Host"),
        ([("Host", "b")], True, 400, "one Host"),
        ([("Expect", "a-miracle")], False, 417, "100-continue"),
    ],
)
def test_what_is_refused(pairs: Pairs, is_old: bool, status: int, message: str) -> None:
    with pytest.raises(Refusal, match=message) as caught:
        framing(*pairs, is_old=is_old)
    assert caught.value.status == status


def test_only_old_clients_may_send_no_host() -> None:
    with pytest.raises(Refusal, match="one Host"):
        read_framing([], is_old=False)
    assert read_framing([], is_old=True).length == NO_BODY


@pytest.mark.parametrize(
    ("options", "is_old", "keeps_alive"),
    [
        ([], False, True),
        (["keep-alive"], False, True),
        (["close"], False, False),
        (["Close"], False, False),
        (["TE, close"], False, False),
        (["upgrade", "close"], False, False),
        (["closed"], False, True),
        ([], True, False),
        (["Keep-Alive"], True, True),
        (["keep-alive, close"], True, False),
    ],
)
def test_whether_the_connection_is_kept(options: list[str], is_old: bool, keeps_alive: bool) -> None:
    assert framing(*(("Connection", each) for each in options), is_old=is_old).keeps_alive is keeps_alive


def test_expectations() -> None:
    assert framing(("Expect", "100-Continue")).expects_continue
    assert not framing(("Expect", "100-continue"), is_old=True).expects_continue
    assert not framing(("Expect", "whatever"), is_old=True).expects_continue
    assert not framing().expects_continue
