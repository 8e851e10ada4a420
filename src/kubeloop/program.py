"""`run`: a whole program that needs one clientset."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from kubeloop.clients.clientset import Clientset
from kubeloop.config.load import load_config

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from kubeloop.config.config import Config

__all__ = ["run"]

T = TypeVar("T")


def run(main: Callable[[Clientset], Coroutine[Any, Any, T]], config: Config | None = None) -> T:
    """Run a coroutine function with a clientset in an event loop of its own, and close both in the end.

        async def main(clientset: kubeloop.Clientset) -> None:
            async for pod in clientset.core_v1.pods(kubeloop.DEFAULT).iterate():
                print(pod.metadata.name)

        kubeloop.run(main)

    It is `asyncio.run` and `async with Clientset(config)`, for scripts. Ctrl+C cancels `main`. A controller that has to
    end at SIGTERM uses these two and `until_signalled`.

    Args:
        main: The coroutine function, which is called once.
        config: The configuration; None for that of `load_config()`.

    Returns:
        What `main` returned.

    Raises:
        ConfigError: There is no configuration, or it cannot be used.
        RuntimeError: An event loop runs in this thread.
    """

    async def with_clientset() -> T:
        async with Clientset(load_config() if config is None else config) as clientset:
            return await main(clientset)

    coroutine = with_clientset()
    try:
        return asyncio.run(coroutine)
    finally:
        coroutine.close()  # if no loop has run it
