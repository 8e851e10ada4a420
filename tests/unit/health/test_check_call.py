"""What a check returns or raises becomes the text of an error."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from kubeloop.errors import Unhealthy
from kubeloop.health.check_call import called, error_of
from kubeloop.testing.virtual_time import in_virtual_time


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def raising(error: BaseException) -> Callable[[], None]:
    def check() -> None:
        raise error

    return check


async def awaited(outcome: Any) -> str:
    assert asyncio.iscoroutine(outcome)
    task = asyncio.create_task(outcome)
    await asyncio.wait([task])
    return error_of(task)


ERRORS = [
    (Unhealthy("the queue is stuck"), "the queue is stuck"),
    (Unhealthy(), "Unhealthy"),
    (ValueError("no ports"), "ValueError: no ports"),
    (KeyError("a"), "KeyError: 'a'"),
    (TimeoutError(), "TimeoutError"),
    (GeneratorExit(), "GeneratorExit"),
    (BaseExceptionGroup("two", [ValueError("a")]), "ExceptionGroup: two (1 sub-exception)"),
    (Unprintable(), "Unprintable"),
    (OSError("Bearer abcdefgh.ijkl\x1b[31m"), "OSError: Bearer <hidden>\\x1b[31m"),
]


@pytest.mark.parametrize(("error", "text"), ERRORS, ids=[type(error).__name__ for error, _ in ERRORS])
def test_whatever_a_plain_check_raises_is_its_error(error: BaseException, text: str) -> None:
    assert called(raising(error)) == text


@pytest.mark.parametrize(("error", "text"), ERRORS, ids=[type(error).__name__ for error, _ in ERRORS])
@in_virtual_time
async def test_whatever_an_async_check_raises_is_its_error(error: BaseException, text: str) -> None:
    async def check() -> None:
        raise error

    assert await awaited(called(check)) == text


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_the_end_of_the_program_is_no_error_of_a_check(kind: type[BaseException]) -> None:
    with pytest.raises(kind):
        called(raising(kind()))


def test_a_cancellation_that_a_plain_check_raises_is_its_error() -> None:
    assert called(raising(asyncio.CancelledError())) == "CancelledError"


@in_virtual_time
async def test_an_async_check_that_cancels_itself_has_failed() -> None:
    async def check() -> None:
        raise asyncio.CancelledError

    assert await awaited(called(check)) == "the check was cancelled"


@pytest.mark.parametrize("returned", [None, True, 0, "", [], NotImplemented], ids=repr)
@in_virtual_time
async def test_a_check_passes_whatever_it_returns(returned: object) -> None:
    async def check() -> object:
        return returned

    assert called(lambda: returned) == ""
    assert await awaited(called(check)) == ""


@in_virtual_time
async def test_a_check_that_returns_false_has_failed() -> None:
    async def check() -> bool:
        return False

    assert called(lambda: False) == "the check returned False"
    assert await awaited(called(check)) == "the check returned False"


@in_virtual_time
async def test_a_plain_function_may_return_an_awaitable() -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.set_exception(ValueError("late"))
    assert await awaited(called(lambda: future)) == "ValueError: late"


def test_a_long_text_is_cut() -> None:
    assert called(raising(Unhealthy("x" * 1024))) == "x" * 1024
    assert called(raising(Unhealthy("x" * 1025))) == f"{'x' * 1024}… (1025 characters)"
