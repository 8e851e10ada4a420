"""`retry_on_conflict` and `retry_on_error`: call a function again after errors that pass, and the pauses in between.

Reference: client-go util/retry (OnError, RetryOnConflict, DefaultRetry, DefaultBackoff); apimachinery wait.Backoff.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterator
from random import Random
from typing import TypeVar

from kubeloop._kit import waiting
from kubeloop._kit.backoff import jitter as with_jitter
from kubeloop._kit.value import Value
from kubeloop.errors import Conflict

__all__ = ["DEFAULT_BACKOFF", "DEFAULT_RETRY", "Backoff", "retry_on_conflict", "retry_on_error"]

T = TypeVar("T")

Retriable = type[Exception] | tuple[type[Exception], ...] | Callable[[Exception], bool]
"""Which errors lead to another call: classes, or a function that returns whether one does."""


class Backoff(Value, frozen=True):
    """How often a function is called, and the pauses between the calls. Iterating yields the pauses in seconds.

    >>> list(kubeloop.Backoff(1.0, factor=2.0, steps=5, cap=3.0))
    [1.0, 2.0, 3.0, 3.0]

    A Backoff is a value: each iteration starts with the first pause, and several tasks may share one.

    Attributes:
        duration: The first pause in seconds.
        factor: The factor between a pause and the next; 1, or 0 as in Go, for equal pauses.
        jitter: The largest part of a pause that is added to it at random; 0 for none.
        steps: How often the function is called; there is one pause less.
        cap: The longest pause in seconds before jitter; None for no limit.

    Raises:
        ValueError: A number is negative or not finite, or `steps` is less than 1.

    Reference: apimachinery wait.Backoff. Intended difference: `cap` limits the pauses and not their number. In Go,
        reaching it sets Steps to 0, and the calls end one pause later.
    """

    duration: float
    factor: float = 1.0
    jitter: float = 0.0
    steps: int = 5
    cap: float | None = None

    def __post_init__(self) -> None:
        for name in ("duration", "factor", "jitter", "cap"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < math.inf:
                raise ValueError(f"expected {name} of a Backoff to be 0 or more, got {value}")
        if self.steps < 1:
            raise ValueError(f"expected at least 1 step of a Backoff, got {self.steps}")

    def delays(self, random: Random | None = None) -> Iterator[float]:
        """Yield the pauses in seconds.

        Args:
            random: The source of the jitter; None for a new one. A generator with a seed repeats the pauses.
        """
        # The randomness only spreads the calls.
        chance = Random() if random is None else random  # noqa: S311
        limit = math.inf if self.cap is None else self.cap
        pause = min(self.duration, limit)
        for _ in range(self.steps - 1):
            yield with_jitter(pause, self.jitter, chance) if self.jitter else pause
            pause = min(pause * (self.factor or 1.0), limit)

    def __iter__(self) -> Iterator[float]:
        return self.delays()


DEFAULT_RETRY = Backoff(0.01, factor=1.0, jitter=0.1, steps=5)
"""For a conflict where others change other parts of the object: short pauses of equal length."""

DEFAULT_BACKOFF = Backoff(0.01, factor=5.0, jitter=0.1, steps=4)
"""For a conflict where others may change the same part: pauses that grow quickly."""


async def retry_on_conflict(
    function: Callable[[], Awaitable[T]], *, backoff: Backoff = DEFAULT_RETRY, random: Random | None = None
) -> T:
    """Call a function that reads, changes and writes an object, and call it again after a `Conflict`.

        async def retire() -> core_v1.ConfigMap:
            draft = (await config_maps.get("paint")).draft()
            del draft.data["color"]
            return await config_maps.update(draft)

        await kubeloop.retry_on_conflict(retire)

    The function must read the object each time. For one object, `edit` does all this with less code and smaller
    requests. `AlreadyExists` has the same HTTP status, and is no conflict.

    Args:
        function: Called without arguments.
        backoff: How often it is called, and the pauses.
        random: The source of the jitter; None for a new one.

    Returns:
        The result of the first call that succeeds.

    Raises:
        Conflict: The last call met a conflict too. A note says how many calls there were.

    Reference: client-go retry.RetryOnConflict.
    """
    return await retry_on_error(function, Conflict, backoff=backoff, random=random)


async def retry_on_error(
    function: Callable[[], Awaitable[T]],
    retriable: Retriable,
    *,
    backoff: Backoff = DEFAULT_BACKOFF,
    random: Random | None = None,
) -> T:
    """Call a function, and call it again after errors that pass.

    Args:
        function: Called without arguments.
        retriable: The classes of the errors after which it is called again, or a function that is called with the error
            and returns whether it is. Cancellation always ends the calls.
        backoff: How often the function is called, and the pauses.
        random: The source of the jitter; None for a new one.

    Returns:
        The result of the first call that succeeds.

    Raises:
        Exception: That of the last call, or the first one that is not retriable.

    Reference: client-go retry.OnError.
    """
    pauses = backoff.delays(random)
    while True:
        try:
            return await function()
        except Exception as error:
            if not _is_retriable(error, retriable):
                raise
            pause = next(pauses, None)
            if pause is None:
                error.add_note(f"gave up after {backoff.steps} attempt{'s' if backoff.steps > 1 else ''}")
                raise
        await waiting.sleep(pause)


def _is_retriable(error: Exception, retriable: Retriable) -> bool:
    if isinstance(retriable, (type, tuple)):
        return isinstance(error, retriable)
    return retriable(error)
