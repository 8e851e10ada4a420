"""A stream has to be entered before it is read."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from kubeloop._kit.must_enter import MustEnter


@asynccontextmanager
async def opening(log: list[str], *, suppresses: bool = False) -> AsyncGenerator[str]:
    log.append("opened")
    try:
        yield "stream"
    except ValueError:
        log.append("failed")
        if not suppresses:
            raise
    finally:
        log.append("closed")


async def test_entering_opens_and_leaving_closes() -> None:
    log: list[str] = []
    async with MustEnter(opening(log), "a log", "async with log") as stream:
        assert stream == "stream"
        assert log == ["opened"]
    assert log == ["opened", "closed"]


async def test_an_exception_reaches_the_stream_and_the_caller() -> None:
    log: list[str] = []
    with pytest.raises(ValueError, match="x"):
        async with MustEnter(opening(log), "a log", "async with log"):
            raise ValueError("x")
    assert log == ["opened", "failed", "closed"]


async def test_an_exception_that_the_stream_suppresses_is_suppressed() -> None:
    async with MustEnter(opening([], suppresses=True), "a log", "async with log"):
        raise ValueError("x")


def test_iterating_without_entering_says_what_to_write() -> None:
    with pytest.raises(RuntimeError, match=r"^a log is read inside of its block, .*: async with log$"):
        aiter(MustEnter(opening([]), "a log", "async with log"))
