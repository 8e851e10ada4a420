"""Text from outside the package: masked, printable, limited in length (F11)."""

from __future__ import annotations

import copy
import pickle

import pytest

from kubeloop import errors
from kubeloop._kit.text import counted, mask_tokens, printable, reason_of, safe_text
from kubeloop.errors import APIError, KubeloopError, StatusCause, StatusDetails, TransportError, UnreadableWriteResponse
from kubeloop.transport.base import UpgradeRefused
from kubeloop.wire.protobuf.wire_format import Malformed
from kubeloop.wire.response import Response
from tests.unit.test_errors import tree

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrIn0.c2lnbmF0dXJl"
NASTY = f"a\nERROR forged\x1b[2J\x07\x00\u202e\ud800\x85 Bearer {TOKEN}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain, with ümlauts and 漢字", "plain, with ümlauts and 漢字"),
        ("two\nlines\r\n", "two\\nlines\\r\\n"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("lone \ud800 surrogate", "lone \\ud800 surrogate"),
        ("right \u202e to left", "right \\u202e to left"),
        ("\u2028", "\\u2028"),
    ],
)
def test_what_is_not_printable_is_escaped(text: str, expected: str) -> None:
    assert printable(text) == safe_text(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"token {TOKEN}.", "token <hidden>"),
        (f"x-{TOKEN}", "x-<hidden>"),
        (f"a.b.{TOKEN}", "a.b.<hidden>"),
        (f"eyJ.eyJ-.{TOKEN} and more", "eyJ.eyJ-.<hidden> and more"),
        ("Bearer abcd1234", "Bearer <hidden>"),
        ("KeyJournal.v1.example.com", "KeyJournal.v1.example.com"),
        ("eyJhbGciOi.one dot", "eyJhbGciOi.one dot"),
    ],
)
def test_what_looks_like_a_token_is_masked(text: str, expected: str) -> None:
    assert mask_tokens(text) == safe_text(text) == expected


@pytest.mark.parametrize("size", [4_000, 4_090, 65_530, 65_536, 200_000])
def test_a_text_is_bounded_and_no_cut_shows_a_part_of_a_token(size: int) -> None:
    shown = safe_text("x " * (size // 2) + TOKEN + "y" * 10_000)
    assert len(shown) < 4_200
    assert "eyJ" not in shown


@pytest.mark.parametrize("shown_of_token", range(0, len(TOKEN), 3))
def test_no_cut_shows_a_part_of_a_token_behind_one_that_was_masked(shown_of_token: int) -> None:
    """Masking moves the position of the cut inside the text that is shown."""
    window = 64 * 1024
    text = "Bearer " + "a" * (window - shown_of_token - 8) + " " + TOKEN + "y" * 10_000
    assert text[:window].endswith(TOKEN[:shown_of_token])
    assert safe_text(text) == f"… ({len(text)} characters)"


def test_a_text_that_is_looked_at_as_a_whole_is_not_cut() -> None:
    assert safe_text("Bearer " + "a" * (64 * 1024 - 12) + " last") == "Bearer <hidden> last"


@pytest.mark.parametrize(("size", "shown"), [(9, "x" * 9), (10, "x" * 10), (11, "x" * 10 + "… (11 characters)")])
def test_a_text_is_cut_at_the_limit(size: int, shown: str) -> None:
    assert safe_text("x" * size, 10) == shown


def _nasty(kind: type[KubeloopError]) -> KubeloopError:
    if issubclass(kind, APIError):
        return kind(StatusDetails(400, NASTY, NASTY, NASTY, causes=(StatusCause(NASTY, NASTY, NASTY),)), path=NASTY)
    if issubclass(kind, UpgradeRefused):
        return kind(Response(403), method=NASTY, path=NASTY, message=NASTY)
    if issubclass(kind, (TransportError, UnreadableWriteResponse)):
        return kind(NASTY, method=NASTY, path=NASTY)
    return kind(NASTY)


@pytest.mark.parametrize("kind", sorted({*tree(), Malformed}, key=lambda kind: kind.__name__))
def test_every_exception_can_be_printed_and_forges_nothing(kind: type[KubeloopError]) -> None:
    error = _nasty(kind)
    error.add_note(NASTY)
    for each in (error, copy.copy(error), pickle.loads(pickle.dumps(error))):
        for said in (str(each), repr(each), f"{each}", *each.__notes__, *map(str, each.args)):
            said.encode("utf-8")
            assert said.isprintable()
            assert TOKEN not in said


def test_a_message_is_bounded() -> None:
    assert len(str(errors.DecodeError("x" * 1_000_000))) < 5_000


def test_one_thing_has_no_plural():
    assert [counted(number, "event") for number in (0, 1, 2)] == ["0 events", "1 event", "2 events"]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("a\nb"), "a\\nb"),
        (TimeoutError(), "no response in time"),
        (RuntimeError(), "RuntimeError"),
    ],
    ids=["message", "timeout", "no message"],
)
def test_the_reason_of_an_error_is_never_empty(error: Exception, reason: str) -> None:
    assert reason_of(error) == reason
