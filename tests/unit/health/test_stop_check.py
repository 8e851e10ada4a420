from __future__ import annotations

import asyncio

import pytest

from kubeloop.errors import Unhealthy
from kubeloop.health import not_stopping


def test_the_check_fails_once_the_program_was_told_to_end() -> None:
    stop = asyncio.Event()
    check = not_stopping(stop)
    check()
    stop.set()
    with pytest.raises(Unhealthy, match=r"^the process is shutting down$"):
        check()
