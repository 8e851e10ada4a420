"""The steps that the machine returns to its consumer, and what follows the failure of one."""

from __future__ import annotations

from kubeloop._kit.value import Value
from kubeloop.listwatch.paging import Page
from kubeloop.listwatch.watch_end import NextAction

__all__ = ["Decision", "DeliverList", "OpenWatch", "ReadEvents", "ReadPage", "Step", "Wait"]


class Wait(Value, frozen=True):
    """Do nothing until a time."""

    until: float


class ReadPage(Value, frozen=True):
    """Read a page of a list, and report to `page_read` or `list_failed`. Keep it until `DeliverList`.

    A page that `is_first` begins the list: drop the pages before it.
    """

    page: Page


class DeliverList(Value, frozen=True):
    """Deliver the list of the pages that were read, and report to `list_delivered` or `list_failed`.

    A streamed list is delivered while its watch is open, and a failure is reported to `watch_ended`.
    """

    version: str
    is_streamed: bool = False


class OpenWatch(Value, frozen=True):
    """Open a watch with bookmarks, and report to `watch_opened` or `watch_ended`.

    Attributes:
        version: The resourceVersion to watch from.
        timeout_seconds: When the server should end the watch; more than 0.
        give_up_at: The time at which the consumer ends the watch, or the attempt to open it.
        sends_initial_events: Whether the watch begins with the objects of a list, which ends with a bookmark that
            `ends_initial_events`. Keep these objects, and report them to `list_streamed` and the bookmark to
            `list_complete`. An earlier list that was not delivered does not count.
    """

    version: str
    timeout_seconds: int
    give_up_at: float
    sends_initial_events: bool = False


class ReadEvents(Value, frozen=True):
    """Wait for events of the open watch, deliver them, and report to `watch_ended` when there are no more.

    Attributes:
        give_up_at: As in `OpenWatch`. While a list is streamed, each event moves it.
    """

    give_up_at: float


Step = Wait | ReadPage | DeliverList | OpenWatch | ReadEvents


class Decision(Value, frozen=True):
    """What follows a list that failed, or a watch that ended.

    Attributes:
        action: What follows. After RAISE the consumer raises the error; a further `next()` tries again.
        pause: Seconds until then.
        is_failure: Whether it is worth a warning.
    """

    action: NextAction
    pause: float
    is_failure: bool
