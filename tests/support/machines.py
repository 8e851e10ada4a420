"""Machines of lists and watches in a state that a test begins with, and errors to report to them."""

from __future__ import annotations

from typing import Any

from kubeloop import errors
from kubeloop.listwatch.list_watch_machine import ListWatchMachine
from kubeloop.listwatch.machine_steps import DeliverList, OpenWatch, ReadPage
from kubeloop.listwatch.paging import Page
from kubeloop.listwatch.reopen_or_raise import ReopenOrRaise
from kubeloop.listwatch.reopen_or_relist import ReopenOrRelist
from tests.support.chance import Drawing
from tests.support.things import api_error

EXPIRED = api_error(errors.Expired, 410, "Expired")
INTERNAL = api_error(errors.InternalError, 500, "InternalError")
FORBIDDEN = api_error(errors.Forbidden, 403, "Forbidden")
TOO_LARGE = api_error(errors.GatewayTimeout, 504, "Timeout", cause="ResourceVersionTooLarge")
REFUSED = errors.ConnectError("connection refused")
LOST = errors.ConnectionLost("cut")
SILENT = errors.ServerSilent("nothing came for 180 s")


def informer(share: float = 0.0, **options: Any) -> ListWatchMachine:
    return ListWatchMachine("0", ReopenOrRelist(), Drawing(share), **options)


def watch(start: str = "5", share: float = 0.0) -> ListWatchMachine:
    return ListWatchMachine(start, ReopenOrRaise(), Drawing(share))


def listed(
    machine: ListWatchMachine, version: str = "100", *, now: float = 0.0, is_complete: bool = True
) -> ListWatchMachine:
    assert isinstance(machine.next(now), ReadPage)
    machine.page_read(version, "")
    assert machine.next(now) == DeliverList(version)
    machine.list_delivered(is_complete=is_complete)
    return machine


def opened(machine: ListWatchMachine, now: float = 0.0, left: float | None = None) -> OpenWatch:
    step = machine.next(now, left)
    assert isinstance(step, OpenWatch)
    machine.watch_opened(now)
    return step


def page_of(machine: ListWatchMachine, now: float = 0.0) -> Page:
    step = machine.next(now)
    assert isinstance(step, ReadPage)
    return step.page


def streaming(share: float = 0.0, **options: Any) -> ListWatchMachine:
    return informer(share, streams_lists=True, **options)


def streamed(
    machine: ListWatchMachine, version: str = "100", *, now: float = 0.0, is_complete: bool = True
) -> ListWatchMachine:
    """Stream a list of one object, and deliver it."""
    assert opened(machine, now).sends_initial_events
    machine.list_streamed(2, now)
    machine.list_complete(version, now)
    assert machine.next(now) == DeliverList(version, is_streamed=True)
    machine.list_delivered(is_complete=is_complete)
    return machine
