"""`InformerStatistics`: what an informer holds and how far it is behind, as values and as a table for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from kubeloop._kit.aligned_rows import aligned_rows
from kubeloop._kit.durations import in_seconds
from kubeloop._kit.text import counted
from kubeloop._kit.value import Value
from kubeloop.cache.handlers.shared_processor import HandlerStatistics

__all__ = ["InformerState", "InformerStatistics", "described"]

InformerState = Literal["new", "syncing", "synced", "disconnected", "stopped"]
"""`new` before the start, `syncing` until the first list is in the store; after that `disconnected` from a failure to
list or watch until the next success."""


class InformerStatistics(Value, frozen=True):
    """An informer at one moment.

    Attributes:
        name: The name of the informer, with its resource, namespace and selectors.
        state: See `InformerState`.
        objects: The number of objects in the store.
        memory_bytes: The bytes that the informer takes. This is an estimate from some objects, which becomes better
            with each call; see `SharedInformer.memory`.
        unreadable: The number of objects that exist and cannot be read.
        resource_version: The resourceVersion of the store: of the last list, change or bookmark that readers see.
        relists: The number of lists after the first, by what led to them: the name of the error that ended the watch,
            or `closed` if the server ended it.
        heard_seconds: The seconds since the server last sent news of the objects, bookmarks included; None before that,
            or outside of the loop.
        lag_seconds: How long the oldest change has been here that a handler has not seen; 0 if all handlers have seen
            all changes. Where changes wait for the store itself, this is how long the informer has been busy without a
            break. The time from the write until the change arrives is not part of it, because no clock measures it.
        queued: The number of changes that wait for the store.
        handlers: The handlers, in the order in which they were added.
        last_error: What is wrong; `""` if all is well.
    """

    name: str
    state: InformerState
    objects: int
    memory_bytes: int
    unreadable: int
    resource_version: str
    relists: Mapping[str, int]
    heard_seconds: float | None
    lag_seconds: float
    queued: int
    handlers: tuple[HandlerStatistics, ...]
    last_error: str

    @property
    def backlog(self) -> int:
        """The number of events that wait for handlers."""
        return sum(handler.backlog for handler in self.handlers)

    @property
    def backlog_seconds(self) -> float:
        """How long the oldest of these events has waited."""
        return max((handler.backlog_seconds for handler in self.handlers), default=0.0)


_COLUMNS = (
    "INFORMER", "STATE", "OBJECTS", "MEMORY", "UNREADABLE", "VERSION", "RELISTS", "HEARD", "LAG", "QUEUED", "BACKLOG",
)  # fmt: skip


def described(informers: Iterable[InformerStatistics]) -> str:
    """Return a table with a line per informer, and below it a line per problem."""
    known = list(informers)
    lines = [line.rstrip() for line in aligned_rows([_COLUMNS, *map(_row, known)])]
    notes = [f"{informer.name}: {note}" for informer in known for note in _notes(informer)]
    return "\n".join([*lines, *([""] if notes else []), *notes])


def _row(informer: InformerStatistics) -> tuple[str, ...]:
    return (
        informer.name,
        informer.state,
        str(informer.objects),
        _in_binary_units(informer.memory_bytes),
        str(informer.unreadable),
        informer.resource_version or "-",
        str(sum(informer.relists.values())),
        "-" if informer.heard_seconds is None else f"{in_seconds(informer.heard_seconds)} ago",
        in_seconds(informer.lag_seconds),
        str(informer.queued),
        str(informer.backlog),
    )


def _in_binary_units(size_bytes: int) -> str:
    """Return a size as people write it: `"12 KiB"`, `"3.4 MiB"`."""
    size, units = size_bytes / 1024, ["KiB", "MiB"]
    while size >= 1024 and units[1:]:
        size /= 1024
        del units[0]
    return f"{size:.0f} {units[0]}" if size >= 9.95 else f"{size:.1f} {units[0]}"


def _notes(informer: InformerStatistics) -> Iterator[str]:
    if informer.last_error:
        yield informer.last_error
    if informer.relists:
        yield "listed again after " + ", ".join(f"{reason} ({count})" for reason, count in informer.relists.items())
    for handler in informer.handlers:
        if handler.error:
            yield f"the event handler {handler.name} was removed: {handler.error}"
        elif handler.backlog:
            yield (
                f"{counted(handler.backlog, 'event')} in the backlog of the event handler {handler.name}, "
                f"the oldest for {in_seconds(handler.backlog_seconds)}"
            )
