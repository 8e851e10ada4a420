"""Event handlers: which objects are accepted as handlers, their names, and which of them are async."""

from __future__ import annotations

import functools
import logging

import pytest

from kubeloop.cache.handlers.event_handler import calls_of_functions, calls_of_handler
from tests.support.things import Thing


def plain(obj: Thing) -> None: ...


async def slow(obj: Thing) -> None: ...


def with_extra(extra: int, obj: Thing) -> None: ...


async def slow_with_extra(extra: int, obj: Thing) -> None: ...


class Callable:
    def __call__(self, obj: Thing) -> None: ...

    def method(self, obj: Thing) -> None: ...

    async def slow_method(self, obj: Thing) -> None: ...


class SlowCallable:
    async def __call__(self, obj: Thing) -> None: ...


class InheritedSlowCallable(SlowCallable): ...


@pytest.mark.parametrize(
    ("function", "is_async", "name"),
    [
        (plain, False, "plain"),
        (slow, True, "slow"),
        (functools.partial(with_extra, 1), False, "with_extra"),
        (functools.partial(slow_with_extra, 1), True, "slow_with_extra"),
        (Callable(), False, "Callable"),
        (SlowCallable(), True, "SlowCallable"),
        (InheritedSlowCallable(), True, "InheritedSlowCallable"),
        (Callable().method, False, "Callable.method"),
        (Callable().slow_method, True, "Callable.slow_method"),
        ([].append, False, "list.append"),
        (logging.getLogger("x").info, False, "Logger.info"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_names_functions_and_recognizes_async_ones(function: object, is_async: bool, name: str):
    calls = calls_of_functions(function, None, None)  # type: ignore[arg-type]
    assert calls.is_async is is_async
    assert calls.name == f"on_add={name}"
    assert repr(calls) == f"<HandlerCalls on_add={name}>"


def test_one_async_function_makes_the_handler_async():
    assert calls_of_functions(plain, None, slow).is_async


def test_names_all_functions_that_were_given():
    assert calls_of_functions(plain, None, slow).name == "on_add=plain, on_delete=slow"


def test_a_detailed_handler_is_named_after_its_class():
    class Handler:
        def on_add(self, obj: Thing, is_in_initial_list: bool) -> None: ...
        async def on_update(self, old: Thing, new: Thing) -> None: ...
        def on_delete(self, obj: object) -> None: ...

    calls = calls_of_handler(Handler())
    assert calls.name.endswith("Handler")
    assert calls.is_detailed
    assert calls.is_async
