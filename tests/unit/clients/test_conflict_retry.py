"""retry_on_conflict, retry_on_error and Backoff: the cases of client-go's util/retry, and of wait.Backoff."""

from __future__ import annotations

import asyncio
import math
from random import Random

import pytest

import kubeloop
from kubeloop.errors import StatusDetails
from kubeloop.testing.virtual_time import elapsed, in_virtual_time


def conflict() -> kubeloop.Conflict:
    return kubeloop.Conflict(StatusDetails(code=409, reason="Conflict", message="changed"))


class Function:
    """Raises the errors one after the other, then returns 7."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.calls = 0

    async def __call__(self) -> int:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return 7


@in_virtual_time
async def test_a_function_that_succeeds_is_called_once() -> None:
    function = Function()
    assert await kubeloop.retry_on_conflict(function) == 7
    assert function.calls == 1


@in_virtual_time
async def test_conflicts_are_repeated_with_pauses() -> None:
    function = Function(conflict(), conflict())
    backoff = kubeloop.Backoff(1.0, factor=3.0, steps=3)
    assert await kubeloop.retry_on_conflict(function, backoff=backoff) == 7
    assert (function.calls, elapsed()) == (3, 4.0)


@in_virtual_time
async def test_the_last_conflict_is_raised_at_once() -> None:
    errors = [conflict() for _ in range(3)]
    function = Function(*errors)
    with pytest.raises(kubeloop.Conflict) as raised:
        await kubeloop.retry_on_conflict(function, backoff=kubeloop.Backoff(1.0, steps=3))
    assert raised.value is errors[-1]
    assert raised.value.__notes__ == ["gave up after 3 attempts"]
    assert (function.calls, elapsed()) == (3, 2.0)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("other"),
        kubeloop.AlreadyExists(StatusDetails(code=409, reason="AlreadyExists", message="there")),
        asyncio.CancelledError(),
    ],
    ids=["other", "exists", "cancelled"],
)
@in_virtual_time
async def test_what_is_no_conflict_is_raised_at_once(error: BaseException) -> None:
    function = Function(error)
    with pytest.raises(type(error)) as raised:
        await kubeloop.retry_on_conflict(function)
    assert raised.value is error
    assert function.calls == 1


@in_virtual_time
async def test_a_cancelled_pause_ends_the_calls() -> None:
    function = Function(*[conflict() for _ in range(5)])
    task = asyncio.create_task(kubeloop.retry_on_conflict(function, backoff=kubeloop.Backoff(60.0)))
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert function.calls == 1


@in_virtual_time
async def test_classes_and_functions_decide_which_errors_are_repeated() -> None:
    short = kubeloop.Backoff(0.1, steps=4)
    assert await kubeloop.retry_on_error(Function(OSError(), ValueError()), (OSError, ValueError), backoff=short) == 7
    assert await kubeloop.retry_on_error(Function(OSError("a")), lambda error: "a" in str(error), backoff=short) == 7
    with pytest.raises(OSError, match="b"):
        await kubeloop.retry_on_error(Function(OSError("b")), lambda error: "a" in str(error), backoff=short)


def test_the_pauses_grow_to_the_cap_and_keep_their_number() -> None:
    backoff = kubeloop.Backoff(1.0, factor=2.0, steps=6, cap=5.0)
    assert list(backoff) == [1.0, 2.0, 4.0, 5.0, 5.0]
    assert list(backoff) == [1.0, 2.0, 4.0, 5.0, 5.0]
    assert list(kubeloop.Backoff(9.0, steps=2, cap=5.0)) == [5.0]
    assert list(kubeloop.Backoff(1.0, factor=0.0, steps=3)) == [1.0, 1.0]
    assert list(kubeloop.Backoff(1.0, steps=1)) == []


def test_jitter_is_added_to_each_pause_and_does_not_accumulate() -> None:
    backoff = kubeloop.Backoff(1.0, factor=2.0, jitter=0.5, steps=50, cap=4.0)
    pauses = list(backoff.delays(Random(1)))
    assert pauses == list(backoff.delays(Random(1)))
    assert 1.0 <= pauses[0] <= 1.5
    assert all(4.0 <= pause <= 6.0 for pause in pauses[2:])


def test_the_named_backoffs_are_those_of_client_go() -> None:
    named = [kubeloop.DEFAULT_RETRY, kubeloop.DEFAULT_BACKOFF]
    assert named == [
        kubeloop.Backoff(0.01, jitter=0.1, steps=5),
        kubeloop.Backoff(0.01, factor=5.0, jitter=0.1, steps=4),
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        {"duration": -1.0},
        {"duration": math.inf},
        {"duration": 1.0, "factor": -1.0},
        {"duration": 1.0, "jitter": math.nan},
        {"duration": 1.0, "steps": 0},
        {"duration": 1.0, "cap": -1.0},
    ],
)
def test_impossible_numbers_are_refused(arguments: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="of a Backoff"):
        kubeloop.Backoff(**arguments)  # type: ignore[arg-type]
