"""The description of waiting tasks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from kubeloop.testing.virtual_time import in_virtual_time, settle
from kubeloop.testing.waiting_tasks import describe_tasks


async def wait_for(event: asyncio.Event) -> None:
    await event.wait()


@in_virtual_time
async def test_each_task_has_a_line_with_the_functions_that_wait_for_each_other() -> None:
    event = asyncio.Event()
    tasks = [asyncio.create_task(wait_for(event), name=f"worker-{number}") for number in (10, 9)]
    await settle()
    own, first, second = describe_tasks(asyncio.get_running_loop()).strip("\n").splitlines()
    assert own.startswith("  Task-")
    for line, number in ((first, 9), (second, 10)):
        assert line.startswith(f"  worker-{number}: wait_for (test_waiting_tasks.py:13) > Event.wait (locks.py:")
    event.set()
    await asyncio.wait(tasks)


@in_virtual_time
async def test_a_generator_of_other_code_is_named_too() -> None:
    async def numbers() -> AsyncIterator[int]:
        await asyncio.Event().wait()
        yield 1

    async def read() -> None:
        async for _ in numbers():
            pass

    task = asyncio.create_task(read(), name="reader")
    await settle()
    (line,) = [line for line in describe_tasks(asyncio.get_running_loop()).splitlines() if "reader" in line]
    assert "read (test_waiting_tasks.py:" in line
    task.cancel()
    await asyncio.wait([task])


def test_a_loop_without_tasks_has_an_empty_description() -> None:
    loop = asyncio.new_event_loop()
    try:
        assert describe_tasks(loop) == ""
    finally:
        loop.close()
